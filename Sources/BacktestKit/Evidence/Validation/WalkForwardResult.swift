public import BacktestCore

/// What a walk-forward found: each fold, the out-of-sample pieces as one run, and how much of the
/// in-sample promise was kept.
///
///     let study = WalkForward(SMACrossover.definition, grid: grid, on: feed, plan: plan)
///     let result = try study.run()
///     print(result.metrics.sharpe, result.efficiency)
///     for fold in result.folds { print(fold.testDates, fold.parameters, fold.inSample) }
public struct WalkForwardResult: Sendable {
  /// The name of the strategy.
  public var strategy: String
  /// What was asked for.
  public var plan: WalkForwardPlan
  /// The values that were searched.
  public var grid: ParameterGrid
  /// The rules of each run.
  public var configuration: BacktestConfiguration
  /// The metric by which parameters were chosen.
  public var objective: MetricDefinition
  /// The bar of the feed with which the evaluation axis begins: evaluation bar `e` is the feed's
  /// instant `skip + e`.
  public var skip: Int
  /// The number of bars on the evaluation axis.
  public var barCount: Int
  /// Every set of parameters that the strategy accepts, in grid order.
  public var candidates: [StrategyParameters]
  /// The number of combinations of the grid that the strategy does not accept.
  public var infeasibleCount: Int
  /// The folds in order of time.
  public var folds: [WalkForwardFold]
  /// The out-of-sample pieces as one run: one curve over all test bars with its base point, all
  /// orders, fills and trades with order numbers that stay unique, and the account at the end.
  ///
  /// Under `carry: returns` the curve is the chained one, while quantities and money of orders,
  /// fills, trades and ledger are those of each fold, which begins with the initial cash.
  public var stitched: BacktestResult
  /// The metrics of the stitched run.
  public var metrics: PerformanceMetrics
  /// The objective of the stitched run; `nil` where it does not exist.
  public var stitchedObjective: Double?
  /// The mean over folds of the in-sample objective of the chosen parameters; a flat fold counts
  /// as 0, a fold whose objective does not exist for another reason is left out.
  public var meanInSample: Double?
  /// The mean over folds of the out-of-sample objective, with the same rule; `nil` after ruin.
  public var meanOutOfSample: Double?
  /// `stitchedObjective / meanInSample`; `nil` where the denominator is not positive.
  public var efficiency: Double?
  /// How the searched parameters moved, in the order of the grid.
  public var stability: [ParameterStability]
  /// Bars after the last test window, which no fold tests.
  public var droppedTailBars: Int
  /// What a reader should know before believing the figures.
  public var warnings: [String]

  /// How `efficiency` is defined, in one line.
  public static let efficiencyDefinition =
    "objective of the stitched out-of-sample run over the mean in-sample objective of the chosen "
    + "parameters; none where that mean is not positive"

  /// Whether nothing was chosen or trained on train windows: one candidate, in every fold the same
  /// strategy. How it did there is then no promise that could be kept.
  public var choosesNothing: Bool {
    candidates.count == 1 && folds.allSatisfy { $0.source == nil }
  }
  /// The number of different sets of parameters that folds chose.
  public var distinctChoices: Int { Set(folds.map(\.choice)).count }
  /// The instants of the feed that a range of evaluation bars covers.
  public func instants(of evaluation: Range<Int>) -> Range<Int> {
    (evaluation.lowerBound + skip)..<(evaluation.upperBound + skip)
  }
}
