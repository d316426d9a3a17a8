import BacktestCore

extension PreparedCrossValidation {
  /// Searches, chooses, tests, and joins paths.
  func result(
    threads: Int?, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?
  ) throws(EvidenceError) -> CrossValidationResult {
    let tested = testPlan
    // Which tests are needed is known once splits have chosen; each segment has one at least.
    let total = searchCount + tested.segments.count
    let searched = try search(threads: threads) { progress?($0, total) }
    let choices = choices(searched, threads: threads)
    let runs = try tests(of: choices, in: tested, searched, threads: threads) { done, needed in
      progress?(searchCount + done, searchCount + needed)
    }
    let outcomes = parallelMap(count: splits.count, threads: threads) { (split) throws(Never) in
      outcome(split, choices[split], tested, runs)
    }
    var result = CrossValidationResult(
      strategy: request.definition.name, plan: plan, grid: request.grid,
      configuration: request.configuration, objective: metric, markets: axes.map(\.market),
      candidates: candidates, infeasibleCount: infeasibleCount, splits: outcomes,
      paths: paths(choices, runs, threads: threads),
      regimes: plan.method == .byRegime ? request.regimes?.name : nil)
    result.trainScores = trainScores(searched, threads: threads)
    result.growth = growth(of: result.paths, runs, threads: threads)
    if axes.count == 1, candidates.count > 1 {
      result.overfitting = try overfitting(searched[0], threads: threads)
    }
    return result
  }

  /// More scores than these are not kept.
  private static let scoreLimit = 20_000

  private func trainScores(_ searched: [RangeObjective], threads: Int?) -> [[Double?]] {
    guard candidates.count > 1, axes.count == 1, splits.count * candidates.count <= Self.scoreLimit
    else { return [] }
    return parallelMap(count: splits.count, threads: threads) { (split) throws(Never) in
      let train = splits.rows(at: split)?.train ?? []
      return candidates.indices.map { searched[0].value(of: $0, on: train) }
    }
  }

  private func overfitting(
    _ searched: RangeObjective, threads: Int?
  ) throws(EvidenceError) -> Result<OverfittingProbability, StatisticAbsence> {
    let blocks = 16
    let rows = searched.columns[0].count
    guard rows >= 2 * blocks else {
      return .failure(.tooFewReturns(rows, needed: 2 * blocks))
    }
    return try OverfittingProbability.estimate(
      trials: searched.columns, blocks: blocks, threads: threads)
  }

  private func growth(
    of paths: [CrossValidationPath], _ runs: TestRuns, threads: Int?
  ) -> PathGrowth? {
    guard !paths.isEmpty else { return nil }
    let axis = axes[0]
    let base = axis.feed.universe.sessionDate(of: axis.feed.instants[axis.points[0]])
    return PathGrowth(dates: [base] + axis.dates, pathCount: paths.count, threads: threads) {
      returns(of: paths[$0], runs)
    }
  }

  /// The returns of a history, one for each bar; 0 for bars that no split tests.
  private func returns(of path: CrossValidationPath, _ runs: TestRuns) -> [Double] {
    switch splits {
    case .folds: return path.choices.indices.flatMap { runs.run($0, path.choices[$0]).returns }
    case .groups(let groups):
      var all = [Double](repeating: 0, count: axes[0].count)
      for piece in pieces(groups, path.choices, runs) {
        all.replaceSubrange(
          piece.start..<piece.start + piece.returns.count, with: piece.returns)
      }
      return all
    case .markets: return []
    }
  }

  /// The returns of groups of bars, each with its first bar, in order of time.
  private func pieces(
    _ groups: GroupSplits, _ choices: [Int], _ runs: TestRuns
  ) -> [(start: Int, returns: [Double])] {
    let tested = testPlan
    var pieces: [(start: Int, returns: [Double])] = []
    for split in groups.indices {
      for segment in segments(of: split, in: tested) {
        pieces.append(
          (tested.segments[segment].bars.lowerBound, runs.run(segment, choices[split]).returns))
      }
    }
    return pieces.sorted { $0.start < $1.start }
  }

  private func outcome(
    _ split: Int, _ choice: RangeObjective.Choice, _ tested: TestPlan, _ runs: TestRuns
  ) -> CrossValidationSplitResult {
    let positions = segments(of: split, in: tested)
    let own = positions.map { tested.segments[$0] }
    let parts = positions.map { runs.run($0, choice.candidate) }
    let rows = splits.rows(at: split)
    let market = own[0].market
    let dates = axes[market].dates
    let others = axes.indices.filter { $0 != market }
    tell(.crossValidation(split: split, isTest: true), choice.candidate, parts, on: own)
    return CrossValidationSplitResult(
      index: split, name: splits.testName(split), rows: rows,
      testDates: dates[own[0].bars.lowerBound]...dates[own[own.count - 1].bars.upperBound - 1],
      trainCount: rows?.trainCount ?? others.reduce(0) { $0 + axes[$1].count },
      testCount: own.reduce(0) { $0 + $1.bars.count }, choice: choice.candidate,
      parameters: candidates[choice.candidate], nullCount: choice.nullCount,
      inSample: choice.value,
      test: figures(of: parts.flatMap(\.returns), in: axes[market]))
  }

  private func figures(of returns: [Double], in axis: ValidationAxis) -> CrossValidationFigures {
    let evaluator = axis.evaluator
    return CrossValidationFigures(
      objective: evaluator.value(returns: returns),
      ratios: CoreRatios(
        returns: returns, barsPerYear: evaluator.barsPerYear, riskFree: evaluator.riskFree))
  }

  /// Joins the test folds to histories.
  private func paths(
    _ choices: [RangeObjective.Choice], _ runs: TestRuns, threads: Int?
  ) -> [CrossValidationPath] {
    switch splits {
    case .folds(let splits):
      let paths = splits.paths()
      return parallelMap(count: paths.count, threads: threads) { (index) throws(Never) in
        let chosen = paths[index].map { choices[$0].candidate }
        let returns = chosen.indices.flatMap { runs.run($0, chosen[$0]).returns }
        return CrossValidationPath(
          index: index, splits: paths[index], choices: chosen,
          test: figures(of: returns, in: axes[0]))
      }
    case .groups(let groups):
      let chosen = choices.map(\.candidate)
      return [
        CrossValidationPath(
          index: 0, splits: Array(groups.indices), choices: chosen,
          test: figures(of: pieces(groups, chosen, runs).flatMap(\.returns), in: axes[0]))
      ]
    case .markets: return []
    }
  }
}

extension ValidationAxis {
  /// What a result says of the market.
  fileprivate var market: CrossValidationMarket {
    CrossValidationMarket(
      name: name, barCount: count, skip: points[0] + 1, warmup: warmup,
      dates: dates[0]...dates[count - 1],
      barsPerYear: evaluator.barsPerYear, barDates: dates)
  }
}
