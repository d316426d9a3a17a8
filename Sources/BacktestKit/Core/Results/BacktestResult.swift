/// The exact history of a run: what was ordered, what traded, what the account was worth.
public struct BacktestResult: Sendable {
  /// The name of the strategy.
  public var strategy: String
  /// The rules of the run.
  public var configuration: BacktestConfiguration
  /// The instruments and their series.
  public var universe: Universe
  /// Equity at the base point and at each instant after it.
  public var curve: EquityCurve
  /// Every order in order of submission, with the quantity asked for.
  public var orders: [Order]
  /// What became of the orders, in order of time.
  public var outcomes: [OrderOutcome]
  /// Every fill in order of time.
  public var fills: [Fill]
  /// Round trips in order of exit, those still open at the end last and marked.
  public var trades: [RoundTrip]
  /// Every movement of cash.
  public var ledger: [LedgerEntry]
  /// The strategy's remarks.
  public var notes: [StrategyNote]
  /// What the strategy expected, in the order in which it was written down.
  public var forecasts: [StrategyForecast]
  /// What trained policies wanted, in the order in which they decided; empty for strategies that
  /// are programs.
  public var decisions: [StrategyDecision]
  /// The account at the end.
  public var account: Account
  /// What happened how often.
  public var counts: RunCounts
  /// How often policies were asked and did not decide, policy by policy.
  public var decisionTallies: [DecisionTally] = []
  /// When equity was gone; `nil` in a run that kept some.
  public var ruinedAt: Timestamp?

  package init(
    strategy: String, configuration: BacktestConfiguration, universe: Universe, curve: EquityCurve,
    orders: [Order], outcomes: [OrderOutcome], fills: [Fill], trades: [RoundTrip],
    ledger: [LedgerEntry], notes: [StrategyNote], forecasts: [StrategyForecast],
    decisions: [StrategyDecision], account: Account, counts: RunCounts,
    decisionTallies: [DecisionTally] = [], ruinedAt: Timestamp? = nil
  ) {
    self.strategy = strategy
    self.configuration = configuration
    self.universe = universe
    self.curve = curve
    self.orders = orders
    self.outcomes = outcomes
    self.fills = fills
    self.trades = trades
    self.ledger = ledger
    self.notes = notes
    self.forecasts = forecasts
    self.decisions = decisions
    self.account = account
    self.counts = counts
    self.decisionTallies = decisionTallies
    self.ruinedAt = ruinedAt
  }
}

extension Engine {
  /// The result of the run so far, with open positions at their marks.
  ///
  /// - Parameter strategy: the name under which the result goes.
  public func result(strategy: String) -> BacktestResult {
    var log = log
    for slot in trading.book.slotsInSubmissionOrder() {
      let live = trading.book[slot]
      log.record(live.order.id, .stillLive, at: clock, filled: live.filledQuantity)
    }
    let last = max(instant, baseInstant)
    for (index, position) in trading.account.positions.enumerated() where !position.isFlat {
      let row = trading.lastRow(index)
      let series = feed.universe.series[index]
      log.trades.append(
        position.roundTrip(
          InstrumentID(index), isLong: position.quantity > 0, exitTime: series.closeTimes[row],
          exitRow: row, isOpen: true))
      if row == series.count - 1, series.closeTimes[row] < feed.instants[last] {
        log.counts.stalePositions += 1
      }
    }
    if holdsWeights { bookWeights(at: last, in: &log) }
    // A ruined run is measured to its planned end: the curve stays at zero.
    let count = (ruinedAt == nil ? last + 1 : endInstant) - baseInstant
    var points = points
    if needsEquityPoint {
      // In the middle of an instant its point is still to come; this is its value so far.
      let (equity, grossExposure) = trading.account.valuation
      points.set(last - baseInstant, equity: equity, grossExposure: grossExposure)
    }
    let columns = points.columns(count)
    return BacktestResult(
      strategy: strategy, configuration: configuration, universe: feed.universe,
      curve: EquityCurve(
        times: feed.instants.rows(baseInstant..<(baseInstant + count)), equity: columns.equity,
        grossExposure: columns.grossExposure),
      orders: log.orders, outcomes: log.outcomes, fills: log.fills, trades: log.trades,
      ledger: log.ledger, notes: trading.notes, forecasts: trading.forecasts,
      decisions: trading.decisions, account: trading.account, counts: log.counts,
      decisionTallies: trading.tallies, ruinedAt: ruinedAt)
  }
}
