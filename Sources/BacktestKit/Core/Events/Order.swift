/// The number of an order, from 1 in order of submission.
public struct OrderID: Hashable, Comparable, Sendable, BitwiseCopyable {
  /// The number.
  public var number: Int32

  /// The order with a number.
  @inlinable
  public init(_ number: Int) { self.number = Int32(truncatingIfNeeded: number) }

  /// Submission order.
  @inlinable
  public static func < (a: OrderID, b: OrderID) -> Bool { a.number < b.number }
}

/// An instruction to trade.
///
///     Order(spx, quantity: 100, kind: .limit(90), timeInForce: .day)
///     Order(spx, quantity: -100, kind: .trailingStop(.percent(5)))
public struct Order: Hashable, Sendable, BitwiseCopyable {
  /// Its number; 0 where it has none yet.
  package var assignedID = OrderID(0)
  /// What to trade.
  public var instrument: InstrumentID
  /// Units to trade: positive buys, negative sells.
  public var quantity: Double
  /// At what price it may trade.
  public var kind: Kind
  /// Whether it closes what is held and opens nothing: an exit that goes out together with its
  /// entry waits until the entry has filled. Sales in a cash account are so by themselves.
  public var reduceOnly = false
  /// Whether a limit order only rests: it is refused where the last price would fill it as it
  /// becomes live, and it never trades better than its limit.
  public var postOnly = false
  /// Whether the engine made it, to answer a margin call or to give back borrowed shares.
  public internal(set) var isLiquidation = false
  /// The one-cancels-other group: when one order of a group fills, in part or whole, the others
  /// are cancelled at that instant; 0 is no group.
  package var group: Int32 = 0
  /// How long it lives.
  public var timeInForce: TimeInForce
  /// The exit of the study that it is; `nil` for all other orders.
  public internal(set) var exitRule: ExitRule?
  /// Whether a fill makes the others of its group smaller, where it would cancel them otherwise.
  package var reducesGroup = false
  /// The order on which it depends: the entry to which an exit belongs; 0 is none.
  package var parent = OrderID(0)
  /// When it was submitted.
  public var submitted = Timestamp.distantPast

  /// Its number, which it gets when it is submitted.
  public var id: OrderID? { assignedID.number == 0 ? nil : assignedID }

  /// Whether the rules of the run made it, so that no strategy changes it.
  var isOfRules: Bool { isLiquidation || exitRule != nil }

  /// Whether it is live as it is submitted, whatever the latency is.
  var isLiveAtOnce: Bool { isOfRules && exitRule != .timeExit }

  /// What it shares with its relatives: the parent on which they depend, else their group.
  var relation: Int32 { parent.number != 0 ? parent.number : -abs(group) }

  /// An order to trade `quantity` units, positive to buy and negative to sell.
  public init(
    _ instrument: InstrumentID, quantity: Double, kind: Kind = .market,
    timeInForce: TimeInForce = .goodTilCancelled, group: Int32 = 0, reduceOnly: Bool = false,
    postOnly: Bool = false
  ) {
    self.instrument = instrument
    self.quantity = quantity
    self.kind = kind
    self.timeInForce = timeInForce
    self.group = group
    self.reduceOnly = reduceOnly
    self.postOnly = postOnly
  }
}

extension Order {
  /// An exit that the run attaches to positions.
  public enum ExitRule: String, Hashable, Sendable, BitwiseCopyable, CaseIterable {
    /// The stop at a distance from the average entry price.
    case stopLoss = "stop-loss"
    /// A limit at a distance from the average entry price.
    case takeProfit = "take-profit"
    /// Such a limit for a part of the position.
    case scaleOut = "scale-out"
    /// The stop behind the best price.
    case trailingStop = "trailing-stop"
    /// The stop at the average entry price, where there is no stop-loss that moves there.
    case breakEven = "break-even"
    /// The market order that ends a position in time.
    case timeExit = "time-exit"

    /// Whether it takes a profit on a part or all of a position.
    var isProfitTarget: Bool { self == .takeProfit || self == .scaleOut }
  }
}

/// The end of an order's life, or a notable moment in it.
public struct OrderOutcome: Hashable, Sendable, BitwiseCopyable {
  /// Whose outcome it is.
  public var order: OrderID
  /// When it happened.
  public var time: Timestamp
  /// What happened.
  public var kind: Kind
  /// Units filled so far, signed as the order.
  public var filledQuantity: Double

  /// An outcome from its parts.
  package init(order: OrderID, time: Timestamp, kind: Kind, filledQuantity: Double) {
    self.order = order
    self.time = time
    self.kind = kind
    self.filledQuantity = filledQuantity
  }

  /// What can become of an order.
  public enum Kind: Hashable, Sendable, BitwiseCopyable {
    /// Filled whole.
    case filled
    /// The strategy withdrew it, or an exit did that closed the position for which a target had
    /// made it.
    case cancelled
    /// Another order of its group filled.
    case cancelledByGroup
    /// Its time in force ended.
    case expired
    /// The entry to which it belongs ended without a fill.
    case parentGone
    /// What it would trade is traded no more.
    case delisted
    /// An exit whose position is closed already, and which no waiting entry can give another.
    case nothingToReduce
    /// Buying power did not cover it; it was made smaller and went on with that many units.
    case cut(to: Double)
    /// It was refused.
    case rejected(RejectionReason)
    /// The run ended while it was live.
    case stillLive
  }
}

/// Why an order was refused.
public enum RejectionReason: String, Hashable, Sendable, BitwiseCopyable, CaseIterable {
  /// Not even one lot is covered by buying power.
  case buyingPower = "buying-power"
  /// A cash account cannot open a short position.
  case shortNotAllowed = "short-not-allowed"
  /// There are no shares to borrow, so that none can be sold short.
  case noShares = "no-shares-to-borrow"
  /// Nothing may be opened in the instrument.
  case restricted
  /// The rules of the run refuse short positions.
  case longOnly = "long-only"
  /// The order would open more units than one may.
  case orderQuantity = "order-quantity"
  /// The order would open more money than one may.
  case orderNotional = "order-notional"
  /// The session has as many orders as it may.
  case ordersPerSession = "orders-per-session"
  /// The position would be too large a share of equity.
  case position = "position"
  /// Gross exposure would be too large.
  case grossExposure = "gross-exposure"
  /// Net exposure would be too large.
  case netExposure = "net-exposure"
  /// Gross exposure over equity would be too large.
  case leverage = "leverage"
  /// Net exposure over equity would be too large.
  case netLeverage = "net-leverage"
  /// The session would trade more than it may.
  case turnoverPerSession = "turnover-per-session"
  /// The positions could lose too much over a bar.
  case valueAtRisk = "value-at-risk"
  /// Prices have moved too far.
  case circuitBreaker = "circuit-breaker"
  /// A drawdown has stopped entries for some sessions.
  case drawdownHalt = "drawdown-halt"
  /// The loss of capital has ended trading.
  case killSwitch = "kill-switch"
  /// The quantity is zero after rounding to the lot, or not finite.
  case noQuantity = "no-quantity"
  /// A limit, trigger or trail that is not positive and finite.
  case badPrice = "bad-price"
  /// Terms that contradict one another: post-only without a resting limit.
  case badTerms = "bad-terms"
  /// A post-only order that the last price would fill as it becomes live.
  case postOnly = "post-only"
  /// The slippage model has not enough history.
  case noHistory = "no-history"
  /// The instrument has not traded yet, so that there is no price.
  case noPrice = "no-price"
  /// The instrument's last bar is older than the rule for stale prices allows.
  case stalePrice = "stale-price"
  /// The instrument was delisted, or has become another.
  case delisted
  /// The account was ruined.
  case ruined = "ruined"
  /// Money beyond the largest number would change hands, or the account reached such an amount.
  case overflow = "overflow"
  /// Under weights accounting nothing is ordered: only weights can be stated.
  case weightsAccounting = "weights-accounting"
}

/// The position that is stated for an instrument.
@usableFromInline
struct PositionTarget: BitwiseCopyable, Equatable, Sendable {
  @usableFromInline var measure: Measure
  /// A share of equity, money, or units, by the measure.
  @usableFromInline var value: Double

  /// In what a target is stated.
  @usableFromInline
  enum Measure: UInt8, BitwiseCopyable, Sendable {
    case none, weight, value, quantity
  }

  @usableFromInline
  init(_ measure: Measure, _ value: Double) {
    self.measure = measure
    self.value = value
  }
}

/// A target stated during one decision.
struct TargetRequest: BitwiseCopyable, Sendable {
  var instrument: Int
  /// The number of the request within its decision.
  var number: Int
  var target: PositionTarget
}

/// What shall be different about an order; NaN for what stays.
package struct OrderChange: BitwiseCopyable, Sendable {
  /// The order.
  package var order: OrderID
  /// Units in all, filled ones included, signed.
  package var quantity = Double.nan
  /// The limit price.
  package var limit = Double.nan
  /// The stop or touch price.
  package var trigger = Double.nan
  /// How far a trailing stop stays behind.
  package var trail: Order.Trail?

  /// The change in words.
  package var text: String {
    var parts: [String] = []
    if !quantity.isNaN { parts.append("\(quantity) units") }
    if !limit.isNaN { parts.append("limit \(limit)") }
    if !trigger.isNaN { parts.append("trigger \(trigger)") }
    if let trail { parts.append("trail \(trail)") }
    return parts.joined(separator: ", ")
  }
}

/// What a strategy asked for during one decision, in the order in which it asked.
enum TradingRequest: BitwiseCopyable, Sendable {
  case submit(Order)
  case cancel(OrderID)
  case cancelAll(InstrumentID?)
  case modify(OrderChange)
  case schedule(Timestamp, tag: Int)
}

/// A trade that happened: what an order got, and what it cost.
public struct Fill: Hashable, Sendable, BitwiseCopyable {
  /// The order that filled.
  public var order: OrderID
  /// What was traded.
  public var instrument: InstrumentID
  /// Whether the fill happened on the way through a bar, so that its exact time is not known and
  /// the bar's close time stands for it.
  public var isIntrabar: Bool
  /// Whether it filled the last units of its order.
  var completesOrder = true
  /// The bar's row in its series.
  public var row: Int32
  /// When: the bar's open time for fills at the open, else its close time.
  public var time: Timestamp
  /// Units traded: positive bought, negative sold.
  public var quantity: Double
  /// The price before slippage.
  public var reference: Double
  /// The price paid or received.
  public var price: Double
  /// Money lost to slippage: |price - reference| x |quantity| x multiplier.
  public var slippage: Double
  /// Money paid as commission.
  public var commission: Double
  /// Money paid as tax: stamp duty on a purchase, sell tax on a sale.
  public var tax: Double

  /// A fill from its parts.
  package init(
    order: OrderID, instrument: InstrumentID, isIntrabar: Bool, time: Timestamp, row: Int32,
    quantity: Double, reference: Double, price: Double, slippage: Double, commission: Double,
    tax: Double = 0
  ) {
    self.order = order
    self.instrument = instrument
    self.isIntrabar = isIntrabar
    self.time = time
    self.row = row
    self.quantity = quantity
    self.reference = reference
    self.price = price
    self.slippage = slippage
    self.commission = commission
    self.tax = tax
  }

  /// Money paid for the trade in all: slippage, commission and tax.
  public var cost: Double { slippage + commission + tax }

  /// Whether two fills are one trade, whatever is charged for it. Sums that were made in another
  /// order end in other digits.
  func isSameTrade(as other: Fill) -> Bool {
    func isSame(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-10 * max(abs(a), abs(b)) }
    return order == other.order && instrument == other.instrument && row == other.row
      && time == other.time && isSame(quantity, other.quantity) && isSame(price, other.price)
      && isSame(reference, other.reference)
  }
}
