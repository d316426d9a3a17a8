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
      efficiency: stitchedObjective.flatMap { value in
        inSample.flatMap { $0 > 0 ? value / $0 : nil }
      },
      stability: request.grid.dimensions.map {
        ParameterStability(of: $0, chosen: choices.map { candidates[$0.candidate] })
      },
      droppedTailBars: schedule.droppedTailBars,
      warnings: warnings(choices, scores, stitched))
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
      candidateCount: draws[number].count, nullCount: choice.nullCount,
      inSample: choice.score.value, outOfSample: score?.value,
      isFlatInSample: choice.score.isFlat, isFlatOutOfSample: score?.isFlat ?? false, result: run,
      metrics: run?.metrics)
  }

  /// The mean of the contributions that there are.
  private func mean(_ contributions: [Double?]) -> Double? {
    let values = contributions.compactMap { $0 }
    return values.isEmpty ? nil : values.compensatedSum { $0 } / Double(values.count)
  }

  private func warnings(
    _ choices: [FoldChoice], _ scores: [FoldObjective.Score?], _ stitched: BacktestResult
  ) -> [String] {
    var warnings: [String] = []
    func warn(_ count: Int, of total: Int, _ text: String) {
      if count > 0 { warnings.append("\(count) of \(total) folds \(text)") }
    }
    let count = folds.count
    if let time = stitched.ruinedAt { warnings.append("the account was lost at \(time)") }
    if let time = stitched.overflowedAt {
      warnings.append("equity grew beyond the largest number at \(time)")
    }
    if skip <= warmup {
      warnings.append(
        "the evaluation begins at bar \(skip), before the end of the longest warm-up "
          + "(\(warmup) bars)")
    }
    if objective.metric.higherIsBetter == nil {
      warnings.append(
        "\(objective.metric.name) has no better direction; larger values were taken as better")
    }
    warn(
      zip(choices, draws).count { $0.nullCount == $1.count }, of: count,
      "had no candidate with an in-sample objective and used the first candidate")
    let inSample = choices.map(\.score)
    let outOfSample = scores.compactMap { $0 }
    for (scores, place) in [(inSample, "in sample"), (outOfSample, "out of sample")] {
      let missing = scores.filter { $0.value == nil }
      let flat = missing.count { $0.contribution != nil }
      warn(flat, of: count, "are flat \(place) and count as 0 in the mean")
      warn(
        missing.count - flat, of: count, "have no objective \(place) and are left out of its mean")
    }
    if plan.boundary == .liquidate {
      let left = stitched.trades.count { $0.isOpen }
      if left > 0 {
        warnings.append(
          "\(NumberText.count(left, "position")) could not be closed at the end of the fold")
      }
    }
    if schedule.droppedTailBars > 0 {
      warnings.append(
        "\(NumberText.count(schedule.droppedTailBars, "bar")) after the last test window are not "
          + "tested")
    }
    return warnings
  }
}

/// The metric by which folds choose, taken from a run as `BacktestResult.metrics` takes it.
struct FoldObjective: Sendable {
  /// The objective of a run.
  struct Score: Sendable {
    /// The metric; `nil` where it does not exist.
    var value: Double?
    /// Whether all returns are the same, so that a fold without a value counts as 0.
    var isFlat: Bool
    /// Whether the account was lost.
    var isRuined = false

    /// What the fold adds to a mean; `nil` leaves it out.
    var contribution: Double? { value ?? (isFlat && !isRuined ? 0 : nil) }
  }

  let evaluator: ObjectiveEvaluator
  /// Whether the series differ in their bars, so that the last point of each session counts.
  private let bySession: Bool

  var metric: MetricDefinition { evaluator.metric }

  init(_ name: String, universe: Universe, riskFree: Double) throws(EvidenceError) {
    let barsPerYear = universe.barsPerYear
    bySession = barsPerYear == nil
    evaluator = try ObjectiveEvaluator(
      name, barsPerYear: barsPerYear ?? universe.series[0].calendar?.sessionsPerYear,
      riskFree: riskFree)
  }

  /// The objective of a run.
  func score(_ run: BacktestResult) -> Score {
    let curve =
      bySession ? run.curve.lastPointOfEachSession(dates: run.sessionDates).curve : run.curve
    let equity = Array(curve.equity)
    let trades = metric.needs.contains(.roundTrips) ? run.trades : nil
    let value = evaluator.value(equity: equity, roundTrips: trades)
    guard value == nil else { return Score(value: value, isFlat: false) }
    let returns = simpleReturns(ofEquity: equity)
    return Score(
      value: nil, isFlat: returns.allSatisfy { $0 == returns[0] },
      isRuined: run.ruinedAt != nil)
  }
}
