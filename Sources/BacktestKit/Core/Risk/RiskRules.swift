/// What a run may not exceed, and what happens where it would.
///
///     configuration.risk.leverage = 1.5
///     configuration.risk.drawdown = DrawdownGuard(reduceAt: 0.1, haltAt: 0.2)
///
/// Limits are checked when an order is submitted, at last closes and after everything submitted
/// before it. They cut or refuse what an order opens; what it closes always passes. Each breach is
/// a ``RiskBreach`` of the result.
public struct RiskRules: Hashable, Sendable {
  /// What happens to an order beyond a limit.
  public var onLimit = LimitRule.cut
  /// Symbols in which nothing may be opened.
  public var restrictedSymbols: [String] = []
  /// Whether short positions are refused.
  public var isLongOnly = false
  /// The most units that one order may open.
  public var orderQuantity: Double?
  /// The most money for which one order may open.
  public var orderNotional: Double?
  /// The most orders of a session that may open anything.
  public var ordersPerSession: Int?
  /// The largest value of one position, as a share of equity.
  public var position: Double?
  /// The largest sum of absolute position values, in account currency.
  public var grossExposure: Double?
  /// The largest absolute value of long less short positions, in account currency.
  public var netExposure: Double?
  /// The largest sum of absolute position values, as a multiple of equity.
  public var leverage: Double?
  /// The largest absolute value of long less short positions, as a multiple of equity.
  public var netLeverage: Double?
  /// The most that may be traded in a session, as a multiple of equity.
  public var turnoverPerSession: Double?
  /// The largest loss that the positions exceed with a small probability.
  public var valueAtRisk: ValueAtRiskLimit?
  /// When moves of prices stop entries.
  public var circuitBreaker: CircuitBreaker?
  /// What a drawdown of equity leads to.
  public var drawdown: DrawdownGuard?
  /// The loss of the initial capital, as a fraction, at which everything is closed and nothing is
  /// opened any more.
  public var killSwitch: Double?

  /// Rules without limits.
  public init() {}

  /// Whether there is any rule.
  package var isActive: Bool { self != RiskRules() }

  /// Whether equity has to be watched from close to close.
  var watchesEquity: Bool {
    drawdown != nil || killSwitch != nil || circuitBreaker?.scope == .universe
  }

  /// What happens to an order beyond a limit.
  public enum LimitRule: String, Hashable, Sendable, CaseIterable {
    /// It opens as much as the limit allows, down to the lot.
    case cut
    /// It opens nothing.
    case reject
  }
}

/// A limit of the value at risk of all positions, over one bar.
///
/// The returns that today's positions would have had over the past bars are the sample from which
/// the method forecasts. Under exponential weights, bars weigh `decay^age`, and the mean is 0.
public struct ValueAtRiskLimit: Hashable, Sendable {
  /// The largest loss, as a share of equity.
  public var limit: Double
  /// How the loss is forecast.
  public var rule: ValueAtRisk

  /// A limit on the loss that a rule forecasts.
  public init(_ limit: Double, _ rule: ValueAtRisk = ValueAtRisk(.historical)) {
    self.limit = limit
    self.rule = rule
  }
}

/// A stop of entries after a large move, up or down.
public struct CircuitBreaker: Hashable, Sendable {
  /// The move of the close that sets it off, as a fraction.
  public var move: Double
  /// Within how many bars the move counts.
  public var bars: Int
  /// For how many bars nothing may be opened after it.
  public var haltBars: Int
  /// Whose move it is.
  public var scope: Scope

  /// Whose move sets the breaker off, and where entries stop.
  public enum Scope: String, Hashable, Sendable, CaseIterable {
    /// Each instrument stops entries in itself.
    case instrument
    /// The mean of the returns of all instruments stops all entries.
    case universe
  }

  /// A breaker that stops entries for `haltBars` bars after a move within `bars`.
  public init(move: Double, bars: Int = 1, haltBars: Int = 1, scope: Scope = .instrument) {
    self.move = move
    self.bars = bars
    self.haltBars = haltBars
    self.scope = scope
  }
}

/// What a drawdown of equity from its peak leads to, seen at every close.
public struct DrawdownGuard: Hashable, Sendable {
  /// The drawdown from which targets are scaled; `nil` is none.
  public var reduceAt: Double?
  /// The factor of targets meanwhile. Those stated before are traded to it.
  public var scale: Double
  /// The drawdown at which everything is closed at the next open; `nil` is none.
  public var haltAt: Double?
  /// For how many sessions nothing may be opened then; afterwards the peak begins anew.
  public var coolDownSessions: Int

  /// A guard with two levels, either of which may be left out.
  public init(
    reduceAt: Double? = nil, scale: Double = 0.5, haltAt: Double? = nil, coolDownSessions: Int = 20
  ) {
    self.reduceAt = reduceAt
    self.scale = scale
    self.haltAt = haltAt
    self.coolDownSessions = coolDownSessions
  }
}

/// One time that a limit was met.
public struct RiskBreach: Hashable, Sendable, BitwiseCopyable {
  /// When.
  public var time: Timestamp
  /// Which limit.
  public var limit: Limit
  /// The instrument; `nil` for a limit of the whole account.
  public var instrument: InstrumentID?
  /// The order; `nil` for a limit that no order met.
  public var order: OrderID?
  /// What the limited number would have been, or was.
  public var value: Double
  /// The limit.
  public var bound: Double
  /// What was done.
  public var action: Action

  /// A limit, in the order in which orders are checked against them.
  public enum Limit: String, Hashable, Sendable, BitwiseCopyable, CaseIterable {
    /// The list of symbols in which nothing may be opened.
    case restricted
    /// Short positions are refused.
    case longOnly = "long-only"
    /// Units of one order.
    case orderQuantity = "order-quantity"
    /// Money of one order.
    case orderNotional = "order-notional"
    /// Orders of a session.
    case ordersPerSession = "orders-per-session"
    /// The value of one position.
    case position = "position"
    /// Gross exposure in money.
    case grossExposure = "gross-exposure"
    /// Net exposure in money.
    case netExposure = "net-exposure"
    /// Gross exposure over equity.
    case leverage = "leverage"
    /// Net exposure over equity.
    case netLeverage = "net-leverage"
    /// What is traded in a session.
    case turnoverPerSession = "turnover-per-session"
    /// The loss that positions exceed with a small probability.
    case valueAtRisk = "value-at-risk"
    /// A move of prices.
    case circuitBreaker = "circuit-breaker"
    /// A drawdown from which targets are scaled.
    case drawdownReduce = "drawdown-reduce"
    /// A drawdown at which everything is closed.
    case drawdownHalt = "drawdown-halt"
    /// The loss at which trading ends.
    case killSwitch = "kill-switch"

    /// Why an order is refused by it.
    var reason: RejectionReason { RejectionReason(rawValue: rawValue) ?? .killSwitch }
  }

  /// What was done at a limit.
  public enum Action: String, Hashable, Sendable, BitwiseCopyable {
    /// The order opened less than it would have, or only closed what was held.
    case cut
    /// The order was refused.
    case rejected
    /// Targets were scaled down.
    case reduced
    /// Targets were scaled up to what was stated again.
    case restored
    /// Positions were closed, and nothing may be opened.
    case closed
    /// Positions may be opened again.
    case resumed
  }
}
