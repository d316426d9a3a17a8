import BacktestCore
import BacktestEvidence
import BacktestPolicies

extension StudyRunner {
  /// An outcome with the intervals of its main figures.
  func withIntervals(_ outcome: StudyOutcome) -> StudyOutcome {
    var outcome = outcome
    let rows = max(outcome.metrics.sample.count, outcome.result.trades.count)
    let bootstrap = Bootstrap(
      draws: draws ?? Self.draws(1_000, affordableFor: rows), seed: study.seed)
    // The names and the rules are known to be right.
    outcome.intervals = try? bootstrap.intervals(
      of: Metrics.headlineNames, in: outcome.metrics, threads: threads)
    return outcome
  }

  /// How the features of each policy differ from those of its training, on the measured sessions;
  /// `nil` for folds with their own checkpoints, whose training is not that of the study's.
  static func featureDrifts(_ outcome: StudyOutcome) -> [FeatureDrift?] {
    let policies = outcome.study.strategy.policies
    guard !policies.isEmpty, !outcome.foldsHaveWeights else { return [] }
    let days = Set(outcome.metrics.sample.pointDates ?? outcome.result.sessionDates)
    // At the end of the last fold nothing is decided any more.
    let end = outcome.walkForward == nil ? nil : outcome.result.curve.times.last
    // Whether they fit the market is known since they ran in it.
    return policies.map { try? $0.featureDrift(in: outcome.market.feed, on: days, before: end) }
  }

  /// As many resamples as are wanted of up to 10,000 rows; fewer, but at least 200, where the rows
  /// are so many that the user would wait.
  static func draws(_ wanted: Int, affordableFor rows: Int) -> Int {
    min(wanted, max(200, wanted * 10_000 / max(rows, 1)))
  }
}
