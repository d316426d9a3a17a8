/// How orders trade against bars, and what trading costs.
///
///     var rules = ExecutionRules()
///     rules.slippage = BasisPointSlippage(basisPoints: 1)
///     rules.commission = PerShareCommission(perShare: 0.005, minimumPerOrder: 1)
///     rules.participation = 0.1
public struct ExecutionRules: Sendable {
  /// Where market orders fill.
  public var marketFill = MarketFill.nextOpen
  /// What a limit order needs to fill inside a bar.
  public var limitFill = LimitFill.touch
  /// Whether a limit order that the open already betters fills at the open instead of its price.
  public var improvesOnGaps = true
  /// In which order prices are visited inside a bar.
  public var intrabarPath = IntrabarPath.pessimistic
  /// What trailing stops follow.
  public var trail = TrailRule.closedBars
  /// The largest share of a bar's volume that all our orders of the instrument may take together;
  /// `nil` is no limit.
  public var participation: Double?
  /// The time from submission until an order is live.
  public var latency = TimeSpan.zero
  /// The most that a random delay adds to the latency of each order, drawn uniformly.
  public var latencyJitter = TimeSpan.zero
  /// The seed of the random delays.
  public var latencySeed: UInt64 = 0
  /// The longest time since an instrument's last bar at which it can still be ordered; `nil` is no
  /// limit.
  public var staleAfter: TimeSpan?
  /// When targets are turned into quantities.
  public var sizing = TargetSizing.atDecision
  /// What happens to an order that buying power does not cover.
  public var shortfall = ShortfallRule.cut
  /// How far a trade moves the price.
  public var slippage: any SlippageModel = NoSlippage()
  /// What the broker charges.
  public var commission: any CommissionModel = NoCommission()
  /// What is taxed; each of them is charged.
  public var taxes: [any TransactionTax] = []
  /// The schedule from which commission and taxes were taken, for reports.
  public internal(set) var feeSchedule: FeeSchedule?
  /// What some instruments cost instead, each entry over those before it.
  public var instrumentCosts: [InstrumentCosts] = []

  /// The default rules: next open, touch, pessimistic, unlimited, without costs.
  public init() {}
}

extension ExecutionRules {
  /// Where market orders fill.
  public enum MarketFill: String, Sendable, CaseIterable {
    /// At the first open at or after the order became live.
    case nextOpen = "next-open"
    /// At the first close after the order became live.
    case nextClose = "next-close"
    /// At the close on which the strategy decided: the strategy trades at a price that it has
    /// already seen, and a report of such a run says so.
    case sameClose = "same-close"
  }

  /// What a limit order needs to fill inside a bar.
  public enum LimitFill: Hashable, Sendable {
    /// The bar reaches the price.
    case touch
    /// The bar goes that many ticks beyond the price; beyond it at all when there is no tick.
    case through(ticks: Int)
  }

  /// In which order prices are visited inside a bar, whose true path is not known.
  public enum IntrabarPath: String, Sendable, CaseIterable {
    /// Triggered stops first, nearest to the open first; then limits, nearest first.
    case pessimistic
    /// Open, high, low, close.
    case openHighLowClose = "open-high-low-close"
    /// Open, low, high, close.
    case openLowHighClose = "open-low-high-close"
    /// The extreme nearer to the open first; on a tie the low.
    case nearestExtremeFirst = "nearest-extreme-first"
  }

  /// What trailing stops follow.
  public enum TrailRule: String, Sendable, CaseIterable {
    /// The best prices of closed bars: a bar moves the stop when it has closed.
    case closedBars = "closed-bars"
    /// Prices along the path inside a bar as well.
    case intrabar
  }

  /// When targets are turned into quantities.
  public enum TargetSizing: String, Sendable, CaseIterable {
    /// At the decision, with its equity and close.
    case atDecision = "decision"
    /// At the match, with the equity and price of that moment, costs included, so that a weight of
    /// 1 ends with no cash.
    case atFill = "fill"
  }

  /// What happens to an order that buying power does not cover.
  public enum ShortfallRule: String, Sendable, CaseIterable {
    /// It is made smaller, down to the lot, and that is recorded.
    case cut
    /// It is refused.
    case reject
  }
}
