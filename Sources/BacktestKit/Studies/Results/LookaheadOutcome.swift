import BacktestCore
public import BacktestEvidence

/// What a look-ahead analysis of a study found.
public struct LookaheadOutcome: Sendable {
  /// The study.
  public let study: Study
  /// The verdict on the strategy, with the study's own parameters.
  public let strategy: LookaheadVerdict
  /// The verdicts on what each regime says at the time, in the order of the study.
  public let regimes: [LookaheadVerdict]
  /// How the strategy depends on the bars before its first decision; `nil` where the bars are too
  /// few to leave some out.
  public let warmup: WarmupSensitivity?
  /// The strategy as it is, and with everything that it asks for one close later.
  package let delay: DecisionDelay

  /// Whether something was known too early.
  public var hasLookahead: Bool { strategy.hasLookahead || regimes.contains(where: \.hasLookahead) }
}

/// What a strategy comes to as it is, and with its decisions one close later.
package struct DecisionDelay: Sendable {
  /// The metrics as it is.
  package let asIs: PerformanceMetrics
  /// The metrics one close later.
  package let oneCloseLater: PerformanceMetrics

  init(_ strategy: some Strategy, on feed: Feed, _ configuration: BacktestConfiguration) {
    asIs = Backtest(strategy, on: feed, configuration: configuration).run().metrics
    oneCloseLater =
      Backtest(DelayedStrategy(strategy, bars: 1), on: feed, configuration: configuration)
      .run().metrics
  }
}
