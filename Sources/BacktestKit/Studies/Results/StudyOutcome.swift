public import BacktestCore
public import BacktestEvidence

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
  /// All runs, where the study asks for replicates; this one is that in the middle.
  public internal(set) var replicates: StudyReplicateOutcomes?
  /// How the same policy ends under the accounting of its training, where that is another.
  public internal(set) var trainersAccounting: TrainersAccounting?

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

  /// What a reader must know before believing the figures, of the policies' training and of the
  /// run, the gravest first.
  public var limits: [ResultLimit] { ResultLimit.gravestFirst(trainingLimits + result.limits) }

  /// Whether it is a run or a walk-forward, as the result file says it.
  var kind: ResultRecord.Kind { walkForward == nil ? .run : .walkForward }
}

/// All runs of a study with replicates.
public struct StudyReplicateOutcomes: Sendable {
  /// How their metrics are spread, and which of them is shown.
  public let summary: Replicates
  /// The runs in the order of the study.
  public let outcomes: [StudyOutcome]
}

/// A policy under the accounting of the environments in which policies are trained.
public struct TrainersAccounting: Hashable, Sendable {
  /// Money for each unit of money by which weights change.
  public let fee: Double
  /// The equity at the end.
  public let finalEquity: Double
}
