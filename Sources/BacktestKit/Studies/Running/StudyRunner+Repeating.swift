import BacktestEvidence

extension StudyRunner {
  /// Does again what a result records, with what was asked for beside its study.
  ///
  /// - Throws: `StudyError` as the job did that made the result.
  package func repeating(_ record: ResultRecord) throws(StudyError) -> StudyOutcome {
    var runner = self
    // Only the command for regimes splits by those that a study does not name.
    if runner.study.regimes.isEmpty, record.asked.hasRegimes {
      runner.study.regimes = StudyRegimes.standard
    }
    runner.monteCarlo = record.asked.monteCarlo.map { markets in
      var monteCarlo = MonteCarlo()
      monteCarlo.markets = markets.count
      monteCarlo.scheme = .stationary(meanBlock: markets.meanBlock)
      monteCarlo.seed = UInt64(markets.seed)
      return monteCarlo
    }
    guard record.kind == .sensitivity else { return try runner.outcome(of: record.kind) }
    return try runner.sensitivity(
      of: Set(record.asked.sensitivity.compactMap(SensitivityPlan.Part.init)))
  }
}
