/// What a run has written down so far: columns that only grow.
package struct RunLog: Sendable {
  package var orders: [Order] = []
  package var outcomes: [OrderOutcome] = []
  package var fills: [Fill] = []
  package var trades: [RoundTrip] = []
  package var ledger: [LedgerEntry] = []
  package var counts = RunCounts()

  package init(
    orders: [Order] = [], outcomes: [OrderOutcome] = [], fills: [Fill] = [],
    trades: [RoundTrip] = [], ledger: [LedgerEntry] = [], counts: RunCounts = RunCounts()
  ) {
    self.orders = orders
    self.outcomes = outcomes
    self.fills = fills
    self.trades = trades
    self.ledger = ledger
    self.counts = counts
  }

  /// How long the columns are, so that a run can go back to an earlier moment.
  struct Lengths: Sendable {
    var orders, outcomes, fills, trades, ledger: Int
    var counts: RunCounts
  }

  var lengths: Lengths {
    Lengths(
      orders: orders.count, outcomes: outcomes.count, fills: fills.count, trades: trades.count,
      ledger: ledger.count, counts: counts)
  }

  /// Forgets what was written after an earlier moment.
  mutating func truncate(to lengths: Lengths) {
    orders.removeLast(orders.count - lengths.orders)
    outcomes.removeLast(outcomes.count - lengths.outcomes)
    fills.removeLast(fills.count - lengths.fills)
    trades.removeLast(trades.count - lengths.trades)
    ledger.removeLast(ledger.count - lengths.ledger)
    counts = lengths.counts
  }

  mutating func record(
    _ order: OrderID, _ kind: OrderOutcome.Kind, at time: Timestamp, filled: Double = 0
  ) {
    outcomes.append(OrderOutcome(order: order, time: time, kind: kind, filledQuantity: filled))
  }
}

/// How often a run met something that a reader of its result should know.
public struct RunCounts: Hashable, Sendable, BitwiseCopyable {
  /// Bars on which the set of fills depends on the assumed path inside the bar.
  public var ambiguousBars = 0
  /// Orders made smaller because buying power did not cover them.
  public var cutOrders = 0
  /// Orders that were refused.
  public var rejectedOrders = 0
  /// Open positions at the end whose series had ended before.
  public var stalePositions = 0

  /// All zero.
  public init() {}
}
