import BacktestCore

extension PreparedWalkForward {
  /// Puts choices and test runs together.
  func result(_ choices: [FoldChoice], _ runs: [BacktestResult?]) -> WalkForwardResult {
    var stitcher = FoldStitcher(
      plan: plan, configuration: request.configuration, feed: request.feed,
      firstInstant: folds[0].test.lowerBound + skip)
    for (windows, run) in zip(folds, runs) { stitcher.append(run, barCount: windows.test.count) }
    let stitched = stitcher.result(strategy: request.definition.name)

    let scores = runs.map { $0.map(objective.score) }
    let stitchedObjective = objective.score(stitched).value
    let inSample = mean(choices.map(\.score.contribution))
    let isRuined = stitched.ruinedAt != nil
    return WalkForwardResult(
      strategy: request.definition.name, plan: plan, grid: request.grid,
      configuration: request.configuration, objective: objective.metric, skip: skip,
      barCount: dates.count, candidates: candidates, infeasibleCount: infeasibleCount,
      folds: folds.indices.map { fold(number: $0, choices[$0], runs[$0], scores[$0]) },
      stitched: stitched, metrics: stitched.metrics, stitchedObjective: stitchedObjective,
      meanInSample: inSample,
      meanOutOfSample: isRuined ? nil : mean(scores.map { $0?.contribution }),
      stability: request.grid.dimensions.map {
        ParameterStability(of: $0, chosen: choices.map { candidates[$0.candidate] })
      },
      droppedTailBars: schedule.droppedTailBars,
      planCaveats: caveats(choices, scores))
  }

  private func fold(
    number: Int, _ choice: FoldChoice, _ run: BacktestResult?, _ score: FoldObjective.Score?
  ) -> WalkForwardFold {
    let (windows, period) = (folds[number], period(number))
    return WalkForwardFold(
      index: number, train: windows.train, test: windows.test,
      trainDates: period.trainDates, testDates: period.testDates,
      source: strategies[number].source,
      choice: choice.candidate, parameters: candidates[choice.candidate],
      candidateCount: draws[number].count, nullCount: choice.nullCount, tried: choice.tried,
      triedInSample: choice.values,
      inSample: choice.score.value, outOfSample: score?.value,
      isFlatInSample: choice.score.isFlat, isFlatOutOfSample: score?.isFlat ?? false, result: run,
      metrics: run?.metrics)
  }

  /// The mean of the contributions that there are.
  private func mean(_ contributions: [Double?]) -> Double? {
    let values = contributions.compactMap { $0 }
    return values.isEmpty ? nil : values.compensatedSum { $0 } / Double(values.count)
  }
}

/// The metric by which folds choose, taken from a run as `BacktestResult.metrics` takes it.
struct FoldObjective: Sendable {
  /// The objective of a run.
  struct Score: Sendable {
    /// The metric; `nil` where it does not exist.
    var value: Double?
    /// Whether all returns are the same, so that a fold without a value counts as 0. One return
    /// that is not 0 is too few to tell.
    var isFlat: Bool
    /// Whether the account was lost.
    var isRuined = false

    /// What the fold adds to a mean; `nil` leaves it out.
    var contribution: Double? { value ?? (isFlat && !isRuined ? 0 : nil) }
  }

  /// The evaluator; of a universe with several calendars that of all bars, because a window has its
  /// own number of sessions a year.
  let evaluator: ObjectiveEvaluator
  private let sessions: UniverseSessions

  var metric: MetricDefinition { evaluator.metric }

  init(_ name: String, universe: Universe, riskFree: Double) throws(EvidenceError) {
    sessions = UniverseSessions(universe)
    evaluator = try ObjectiveEvaluator(
      name, barsPerYear: sessions.barsPerYear ?? sessions.perYear, riskFree: riskFree)
  }

  /// The objective of a run.
  func score(_ run: BacktestResult) -> Score {
    let (equity, evaluator) = measured(run)
    let trades = metric.needs.contains(.roundTrips) ? run.trades : nil
    let value = evaluator.value(equity: equity, roundTrips: trades)
    guard value == nil else { return Score(value: value, isFlat: false) }
    let returns = simpleReturns(ofEquity: equity)
    return Score(
      value: nil, isFlat: returns.allSatisfy { $0 == returns[0] && (returns.count > 1 || $0 == 0) },
      isRuined: run.ruinedAt != nil)
  }

  /// The equity that counts, and what measures it.
  private func measured(_ run: BacktestResult) -> (equity: [Double], by: ObjectiveEvaluator) {
    guard sessions.barsPerYear == nil else { return (Array(run.curve.equity), evaluator) }
    let (curve, dates) = run.curve.lastPointOfEachSession(dates: run.sessionDates)
    guard sessions.areCounted, let first = dates.first, let last = dates.last,
      let perYear = sessions.perYear(from: first, through: last),
      let own = try? ObjectiveEvaluator(
        metric.name, barsPerYear: perYear, riskFree: evaluator.riskFree)
    else { return (Array(curve.equity), evaluator) }
    return (Array(curve.equity), own)
  }
}
