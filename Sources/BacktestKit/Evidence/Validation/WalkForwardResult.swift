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
  /// How the searched parameters moved, in the order of the grid.
  package var stability: [ParameterStability]
  /// Bars after the last test window, which no fold tests.
  public var droppedTailBars: Int
  /// What to know of windows, choices and folds; `caveats` has it together with those of the run.
  package var planCaveats: [ResultCaveat]

  /// What to know before trusting the figures, of the folds and of the stitched run, the most
  /// serious first.
  public var caveats: [ResultCaveat] {
    ResultCaveat.mostSeriousFirst(planCaveats + stitched.caveats)
  }

  /// Whether nothing was chosen or trained on train windows: one candidate, in every fold the same
  /// strategy. How it did there is then no promise that could be kept.
  package var choosesNothing: Bool {
    candidates.count == 1 && folds.allSatisfy { $0.source == nil }
  }
  /// The number of different sets of parameters that folds chose.
  public var distinctChoices: Int { Set(folds.map(\.choice)).count }
  /// The in-sample objective of each candidate, fold by fold; `nil` where it was not tried or has
  /// none.
  public var candidateScores: [[Double?]] {
    folds.map { fold in
      var scores = [Double?](repeating: nil, count: candidates.count)
      for (candidate, value) in zip(fold.tried, fold.triedInSample) { scores[candidate] = value }
      return scores
    }
  }
  /// The instants of the feed that a range of evaluation bars covers.
  package func instants(of evaluation: Range<Int>) -> Range<Int> {
    (evaluation.lowerBound + skip)..<(evaluation.upperBound + skip)
  }
}

// How much of the in-sample promise was kept
extension WalkForwardResult {
  /// `stitchedObjective / meanInSample`; `nil` where that says nothing, for the reason in
  /// `efficiencyAbsence`.
  public var efficiency: Double? {
    guard efficiencyAbsence == nil, let stitchedObjective, let meanInSample else { return nil }
    return stitchedObjective / meanInSample
  }

  /// Why there is no efficiency; `nil` where there is one.
  public var efficiencyAbsence: String? {
    let name = objective.title
    if objective.higherIsBetter != true { return "more of \(name) is not better" }
    guard let meanInSample else { return "no fold has an in-sample \(name)" }
    if meanInSample <= 0 { return "the mean in-sample \(name) is not positive" }
    guard let stitchedObjective else { return "there is no out-of-sample \(name)" }
    return stitchedObjective < 0 ? "the out-of-sample \(name) is negative" : nil
  }

  /// The line through the objectives of the folds out of sample over those in sample; `nil` with
  /// fewer than three folds that have both, or where nothing was chosen.
  public var degradation: OverfittingProbability.Degradation? {
    guard !choosesNothing else { return nil }
    return OverfittingProbability.Degradation(folds.map { ($0.inSample, $0.outOfSample) })
  }

  /// How `efficiency` is defined, in one line.
  package static let efficiencyDefinition =
    "objective of the stitched out-of-sample run / mean in-sample objective of the chosen "
    + "parameters; undefined unless that mean is positive, the other is not negative, and more is "
    + "better"
}

/// One fold of a walk-forward: what was chosen on the train window, and how it did on the test
/// window.
public struct WalkForwardFold: Sendable {
  /// The number of the fold, from 0.
  public var index: Int
  /// The train window as bars of the evaluation axis.
  public var train: Range<Int>
  /// The test window as bars of the evaluation axis.
  public var test: Range<Int>
  /// The session dates of the first and last bar of the train window.
  public var trainDates: ClosedRange<CivilDate>
  /// The session dates of the first and last bar of the test window.
  public var testDates: ClosedRange<CivilDate>
  /// Where the strategy of the fold comes from, where folds have their own.
  package var source: FoldSource?
  /// The position of the chosen parameters among all candidates.
  public var choice: Int
  /// The chosen parameters, complete.
  public var parameters: StrategyParameters
  /// The number of candidates that were tried.
  public var candidateCount: Int
  /// The number of candidates tried for which the objective does not exist on the train window;
  /// they rank below all others.
  public var nullCount: Int
  /// The candidates that were tried, as positions among all candidates, ascending.
  public var tried: [Int]
  /// The objective of each of these on the train window; `nil` where it does not exist.
  public var triedInSample: [Double?]
  /// The objective of the chosen parameters on the train window; `nil` where it does not exist.
  public var inSample: Double?
  /// The objective of the chosen parameters on the test window; `nil` where it does not exist.
  public var outOfSample: Double?
  /// Whether the chosen parameters' returns on the train window are all the same, so that an
  /// objective that does not exist counts as 0 in the mean over folds.
  public var isFlatInSample: Bool
  /// Whether the returns on the test window are all the same, so that an objective that does not
  /// exist counts as 0 in the mean over folds.
  public var isFlatOutOfSample: Bool
  /// The run on the test window; `nil` when an earlier fold had lost all money.
  public var result: BacktestResult?
  /// How the run on the test window did.
  public var metrics: PerformanceMetrics?

  /// Whether no candidate had an objective, so that the first was taken.
  public var isArbitraryChoice: Bool { nullCount == candidateCount }
  /// The trades that the test window closed, or that its end closed at the mark.
  public var tradeCount: Int { result?.trades.count { !$0.isOpen } ?? 0 }
}
