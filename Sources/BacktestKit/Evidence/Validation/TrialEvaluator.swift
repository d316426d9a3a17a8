import BacktestCore

/// Measures the trials of a tuning, all over the same bars.
struct TrialEvaluator: Sendable {
  private let tuning: ParameterTuning
  let objective: MetricDefinition
  /// The longest warm-up that a trial may have.
  private let warmup: Int
  /// The place of the objective among the metrics of a run.
  private let column: Int

  init(_ tuning: ParameterTuning) throws(EvidenceError) {
    self.tuning = tuning
    objective = try Metrics.named(tuning.plan.objective)
    guard let column = RunMeasure.names.firstIndex(of: objective.name) else {
      throw .needsMoreThanReturns(metric: objective.name)
    }
    self.column = column
    guard tuning.plan.pruner == .none || tuning.plan.walkForward != nil else {
      throw .tuning("'pruning' compares trials after each fold; add 'evaluate: walk-forward'")
    }
    // The ends of all ranges have the longest warm-up.
    let corners = tuning.space.corners(limit: 256).compactMap {
      try? tuning.space.parameters($0, of: tuning.definition)
    }
    warmup = try PreparedWalkForward.longestWarmup(
      of: corners, tuning.definition, on: tuning.feed.universe)
  }

  /// A trial as it was kept, or measured now.
  func finished(
    _ trial: TuningTrial, earlier: [TuningTrial]
  ) throws(EvidenceError) -> TuningTrial {
    guard trial.state != .infeasible else { return trial }
    if let bytes = tuning.finishedUnits?.bytes(of: trial.number),
      let kept = trial.adding(kept: bytes)
    {
      return kept
    }
    let measured = try measure(trial, earlier)
    tuning.finishedUnits?.add(measured.bytes, of: trial.number)
    return measured
  }

  private func measure(
    _ trial: TuningTrial, _ earlier: [TuningTrial]
  ) throws(EvidenceError) -> TuningTrial {
    var trial = trial
    let own = try PreparedWalkForward.longestWarmup(
      of: [trial.parameters], tuning.definition, on: tuning.feed.universe)
    guard own <= warmup else {
      trial.state = .infeasible
      return trial
    }
    let grid = ParameterGrid([], fixed: trial.parameters.values)
    guard var plan = tuning.plan.walkForward else {
      trial.folds = [try value(over: grid)]
      return trial
    }
    plan.objective = tuning.plan.objective
    plan.skip = plan.skip ?? warmup + 1
    plan.carry = .returns
    if plan.boundary == .carry { plan.boundary = .liquidate }
    var walk = WalkForward(
      tuning.definition, grid: grid, on: tuning.feed, configuration: tuning.configuration,
      plan: plan)
    walk.onTrial = tuning.onTrial
    let prepared = try PreparedWalkForward(walk)
    for fold in prepared.folds.indices {
      trial.folds.append(try prepared.testScore(fold).contribution)
      let isLast = fold + 1 == prepared.folds.count
      guard !isLast, let mean = trial.mean(ofFirst: fold + 1) else { continue }
      if tuning.plan.pruner.ends(
        mean, after: fold + 1, earlier, isBetterHigher: objective.higherIsBetter ?? true)
      {
        trial.state = .pruned
        return trial
      }
    }
    return trial
  }

  /// The objective of a run over all bars.
  private func value(over grid: ParameterGrid) throws(EvidenceError) -> Double? {
    var configuration = tuning.configuration
    configuration.warmup = max(warmup, configuration.warmup ?? 0)
    var plan = ParameterSweepPlan()
    plan.objective = tuning.plan.objective
    var sweep = ParameterSweep(
      tuning.definition, grid: grid, on: tuning.feed, configuration: configuration, plan: plan)
    sweep.onTrial = tuning.onTrial
    let measured = try PreparedSweep(sweep).finishedUnit(0).metrics[column]
    return measured.isNaN ? nil : measured
  }
}

extension PreparedWalkForward {
  /// Runs the first candidate on the test window of a fold, which begins with the initial cash.
  func testScore(_ fold: Int) throws(EvidenceError) -> FoldObjective.Score {
    let run = try tested(0, of: fold)
    let score = objective.score(run)
    report(run, score.value, candidate: 0, fold: fold, isTest: true)
    return score
  }
}

extension TuningTrial {
  /// The state, the values as text, and the folds: what a journal keeps.
  var bytes: [UInt8] {
    let key = Array(values.map(\.description).joined(separator: "\n").utf8)
    let folds = folds.flatMap { fold in
      withUnsafeBytes(of: (fold ?? .nan).bitPattern.littleEndian) { Array($0) }
    }
    return Array(state.rawValue.utf8) + [0] + key + [0] + folds
  }

  /// The trial with what `bytes` gave; `nil` where they are of other values.
  func adding(kept bytes: [UInt8]) -> TuningTrial? {
    let parts = bytes.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[2].count.isMultiple(of: 8),
      let state = State(rawValue: String(decoding: parts[0], as: UTF8.self)),
      String(decoding: parts[1], as: UTF8.self)
        == values.map(\.description).joined(separator: "\n")
    else { return nil }
    var trial = self
    trial.state = state
    let words = Array(parts[2])
    trial.folds = stride(from: 0, to: words.count, by: 8).map { start in
      let word = (0..<8).reduce(UInt64(0)) { $0 | UInt64(words[start + $1]) << UInt64(8 * $1) }
      let value = Double(bitPattern: word)
      return value.isNaN ? nil : value
    }
    return trial
  }
}
