/// What came of a study.
public struct StudyOutcome: Sendable {
  /// What was asked for.
  public let study: Study
  /// The bars.
  public let market: StudyMarket
  /// The run, or the stitched out-of-sample run of a walk-forward.
  public let result: BacktestResult
  /// The folds, where the study walked forward.
  public let walkForward: WalkForwardResult?
  /// What the run is held against.
  public let benchmark: BenchmarkCurve?
  /// The run by regimes.
  public let regimes: [RegimeAnalysis]
  /// The forecasts held against what came; `nil` where there were none.
  public let forecasts: ForecastEvaluation?
  /// How the run did.
  public let metrics: PerformanceMetrics

  init(
    study: Study, market: StudyMarket, result: BacktestResult, walkForward: WalkForwardResult?,
    benchmark: BenchmarkCurve?, regimes: [RegimeAnalysis]
  ) {
    self.study = study
    self.market = market
    self.result = result
    self.walkForward = walkForward
    self.benchmark = benchmark
    self.regimes = regimes
    forecasts = ForecastEvaluation(result)
    metrics = walkForward?.metrics ?? result.metrics
  }

  /// Whether it is a run or a walk-forward, as the result file says it.
  var kind: ResultRecord.Kind { walkForward == nil ? .run : .walkForward }
}
