import BacktestStudies

extension StudyRunner {
  /// A runner with few resamples, for tests that look at other things than the bounds of intervals:
  /// without the optimiser resamples take most of the time of a study.
  static func quick(_ study: Study, threads: Int? = nil) -> StudyRunner {
    var runner = StudyRunner(study, threads: threads)
    runner.draws = 20
    return runner
  }
}
