import BacktestCore
import BacktestEvidence

extension StudyRunner {
  /// An outcome with the intervals of its main figures.
  func withIntervals(_ outcome: StudyOutcome) -> StudyOutcome {
    var outcome = outcome
    let rows = max(outcome.metrics.sample.count, outcome.result.trades.count)
    let bootstrap = Bootstrap(
      draws: draws ?? Self.affordableDraws(of: rows), seed: study.seed)
    // The names and the rules are known to be right.
    outcome.intervals = try? bootstrap.intervals(
      of: Metrics.headlineNames, in: outcome.metrics, threads: threads)
    return outcome
  }

  /// As many resamples as intervals need, fewer where the rows are so many that the user would
  /// wait.
  private static func affordableDraws(of rows: Int) -> Int {
    min(1_000, max(200, 10_000_000 / max(rows, 1)))
  }
}
