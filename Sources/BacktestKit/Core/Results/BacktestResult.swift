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
  public var outcomes: [OrderOutcome] { outcomeTable.rows }
  /// Every fill in order of time.
  public var fills: [Fill]
  /// Round trips in order of exit, those still open at the end last and marked.
  public var trades: [RoundTrip] { tradeTable.rows }
  /// Every movement of cash.
  public var ledger: [LedgerEntry] { ledgerTable.rows }
  /// The strategy's remarks.
  public var notes: [StrategyNote]
  /// What the strategy expected, in the order in which it was written down.
  public var forecasts: [StrategyForecast]
  /// What trained policies wanted, in the order in which they decided; empty for strategies that
  /// are programs.
  public var decisions: [DecisionRecord]
  /// The account at the end.
  public var account: Account
  /// What happened how often.
  public var counts: RunCounts
  /// How often policies were asked and did not decide, policy by policy.
  public var decisionTallies: [DecisionTally] = []
  /// When equity was gone; `nil` in a run that kept some.
  public var ruinedAt: Timestamp?

  package let tradeTable: DerivedTable<RoundTrip>
  package let outcomeTable: DerivedTable<OrderOutcome>
  package let ledgerTable: DerivedTable<LedgerEntry>

  package init(
    strategy: String, configuration: BacktestConfiguration, universe: Universe, curve: EquityCurve,
    orders: [Order], fills: [Fill], notes: [StrategyNote],
    forecasts: [StrategyForecast], decisions: [DecisionRecord], account: Account, counts: RunCounts,
    decisionTallies: [DecisionTally] = [], ruinedAt: Timestamp? = nil,
    tradeTable: DerivedTable<RoundTrip>, outcomeTable: DerivedTable<OrderOutcome>,
    ledgerTable: DerivedTable<LedgerEntry>
  ) {
    self.strategy = strategy
    self.configuration = configuration
    self.universe = universe
    self.curve = curve
    self.orders = orders
    self.fills = fills
    self.notes = notes
    self.forecasts = forecasts
    self.decisions = decisions
    self.account = account
    self.counts = counts
    self.decisionTallies = decisionTallies
    self.ruinedAt = ruinedAt
    self.tradeTable = tradeTable
    self.outcomeTable = outcomeTable
    self.ledgerTable = ledgerTable
  }
}
