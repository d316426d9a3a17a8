import BacktestCore

extension PreparedCrossValidation {
  /// Bars of a market that a choice is tested on without interruption.
  struct Segment: Hashable, Sendable {
    var market: Int
    var bars: Range<Int>
  }

  /// What a split tests: its segments, as positions among all of them.
  struct TestPlan: Sendable {
    var segments: [Segment] = []
    /// The position of the first segment of each split; folds have one segment each instead.
    var firstOfSplit: [Int] = []
  }

  /// All segments: the folds, the runs of each group, or the markets.
  var testPlan: TestPlan {
    var plan = TestPlan()
    switch splits {
    case .folds(let splits):
      plan.segments = splits.folds.map { Segment(market: 0, bars: $0) }
    case .groups(let splits):
      for split in splits {
        plan.firstOfSplit.append(plan.segments.count)
        plan.segments += split.test.map { Segment(market: 0, bars: $0) }
      }
    case .markets:
      for market in axes.indices {
        plan.firstOfSplit.append(market)
        plan.segments.append(Segment(market: market, bars: 0..<axes[market].count))
      }
    }
    return plan
  }

  /// The segments that a split tests.
  func segments(of split: Int, in plan: TestPlan) -> [Int] {
    switch splits {
    case .folds(let splits): return splits.testFolds(at: split)
    case .groups, .markets:
      let end = split + 1 < plan.firstOfSplit.count ? plan.firstOfSplit[split + 1] : nil
      return Array(plan.firstOfSplit[split]..<(end ?? plan.segments.count))
    }
  }

  /// Runs every candidate over all bars of every market.
  func search(
    threads: Int?, progress: @escaping @Sendable (Int) -> Void
  ) throws(EvidenceError) -> [RangeObjective] {
    let count = candidates.count
    let runs = try parallelMap(
      count: searchCount, threads: threads, progress: progress
    ) { (unit) throws(EvidenceError) in
      try searched(unit)
    }
    return axes.indices.map { market in
      let own = runs[(market * count)..<((market + 1) * count)]
      return RangeObjective(
        axes[market].evaluator, columns: own.map(\.returns), ruinedRows: own.map(\.ruinedRow))
    }
  }

  /// The number of runs of candidates over all bars.
  var searchCount: Int { axes.count * candidates.count }

  /// The run of a candidate over all bars of a market.
  func searched(_ unit: Int) throws(EvidenceError) -> MeasuredReturns {
    let (market, candidate) = unit.quotientAndRemainder(dividingBy: candidates.count)
    let all = Segment(market: market, bars: 0..<axes[market].count)
    let run = try measured(unit, candidate, on: all, .hold)
    tell(.crossValidation(split: market, isTest: false), candidate, [run], on: [all])
    return run
  }

  /// The choice of each split.
  func choices(
    _ searched: [RangeObjective], threads: Int?
  ) -> [RangeObjective.Choice] {
    parallelMap(count: splits.count, threads: threads) { (split) throws(Never) in
      guard let rows = splits.rows(at: split) else {
        return bestOnOthers(than: split, searched)
      }
      return searched[0].best(on: rows.train)
    }
  }

  /// The candidate with the best mean over all other markets; a flat one counts as 0 there.
  private func bestOnOthers(
    than market: Int, _ searched: [RangeObjective]
  ) -> RangeObjective.Choice {
    var choice = RangeObjective.Choice(candidate: 0, value: nil, nullCount: 0)
    let others = axes.indices.filter { $0 != market }
    for candidate in candidates.indices {
      let values = others.map { other -> Double? in
        let objective = searched[other]
        return objective.value(of: candidate, on: [0..<axes[other].count])
          ?? (objective.isFlat(candidate) ? 0 : nil)
      }
      let known = values.compactMap(\.self)
      let mean =
        known.count == values.count ? known.compensatedSum { $0 } / Double(known.count) : nil
      if mean == nil { choice.nullCount += 1 }
      if metric.isBetter(mean, than: choice.value) {
        (choice.candidate, choice.value) = (candidate, mean)
      }
    }
    return choice
  }

  /// The returns of chosen candidates on segments.
  struct TestRuns: Sendable {
    /// Positions in `runs` by segment and candidate.
    fileprivate var places: [Int: Int] = [:]
    fileprivate var runs: [MeasuredReturns] = []
    fileprivate var candidateCount = 1

    /// The returns of a candidate on a segment.
    func run(_ segment: Int, _ candidate: Int) -> MeasuredReturns {
      runs[places[segment * candidateCount + candidate] ?? 0]
    }
  }

  /// Tests each choice on the segments of its split.
  ///
  /// - Parameter progress: called with the number of tests done and of all tests.
  func tests(
    of choices: [RangeObjective.Choice], in plan: TestPlan, _ searched: [RangeObjective],
    threads: Int?, progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
  ) throws(EvidenceError) -> TestRuns {
    let count = candidates.count
    var keys: Set<Int> = []
    for (split, choice) in choices.enumerated() {
      for segment in segments(of: split, in: plan) {
        keys.insert(segment * count + choice.candidate)
      }
    }
    let wanted = keys.sorted()
    var tests = TestRuns(candidateCount: count)
    for (place, key) in wanted.enumerated() { tests.places[key] = place }
    tests.runs = try parallelMap(
      count: wanted.count, threads: threads, progress: { progress($0, wanted.count) }
    ) { (place) throws(EvidenceError) in
      let (position, candidate) = wanted[place].quotientAndRemainder(dividingBy: count)
      let segment = plan.segments[position]
      guard self.plan.boundary == .liquidate else {
        return searched[segment.market].part(segment.bars, of: candidate)
      }
      return try measured(searchCount + wanted[place], candidate, on: segment, .close)
    }
    return tests
  }

  /// The returns of a unit of work: those that were kept, or those of a run.
  private func measured(
    _ unit: Int, _ candidate: Int, on segment: Segment,
    _ windowEnd: BacktestConfiguration.WindowEndRule
  ) throws(EvidenceError) -> MeasuredReturns {
    if let bytes = request.finished?.bytes(of: unit),
      let kept = MeasuredReturns(bytes: bytes, count: segment.bars.count)
    {
      return kept
    }
    let axis = axes[segment.market]
    var configuration = request.configuration
    configuration.warmup = nil
    configuration.window = axis.instants(of: segment.bars)
    configuration.onWindowEnd = windowEnd
    let strategy: any Strategy
    do throws(StrategyError) {
      strategy = try request.definition.make(candidates[candidate], for: axis.feed.universe)
    } catch {
      throw .universe(error)
    }
    let engine = Engine(
      feed: axis.feed, configuration: configuration, sharing: axis.sharedSeries)
    let run = axis.measured(drive(engine, by: strategy), over: segment.bars)
    request.finished?.add(run.bytes, of: unit)
    return run
  }

  /// Opens the strategy's type once for the whole run.
  private func drive<S: Strategy>(_ engine: Engine, by strategy: S) -> BacktestResult {
    var (engine, strategy) = (engine, strategy)
    engine.run(&strategy)
    return engine.result(strategy: request.definition.name)
  }

  /// Tells the observer of an evaluation by its returns from session to session.
  func tell(
    _ origin: Trial.Origin, _ candidate: Int, _ runs: [MeasuredReturns], on segments: [Segment]
  ) {
    guard let onTrial = request.onTrial, let market = segments.first?.market else { return }
    let axis = axes[market]
    var days: [CivilDate] = []
    var sessions: [Float] = []
    var growth = 1.0
    for (segment, run) in zip(segments, runs) {
      for (bar, value) in zip(segment.bars, run.returns) {
        growth *= 1 + value
        guard bar + 1 == segment.bars.upperBound || axis.dates[bar + 1] != axis.dates[bar] else {
          continue
        }
        days.append(axis.dates[bar])
        sessions.append(Float(growth - 1))
        growth = 1
      }
    }
    let value = axis.evaluator.value(returns: runs.flatMap(\.returns))
    var trial = Trial(
      origin, parameters: candidates[candidate], dates: days, returns: sessions,
      metricNames: [metric.name], metricValues: [value ?? .nan])
    trial.market = axis.name.isEmpty ? nil : axis.name
    onTrial(trial)
  }
}

extension RangeObjective {
  /// Whether a candidate never earned or lost anything.
  fileprivate func isFlat(_ candidate: Int) -> Bool {
    ruinedRows[candidate] == nil && columns[candidate].allSatisfy { $0 == columns[candidate][0] }
  }

  /// The returns of a candidate on some rows.
  fileprivate func part(_ rows: Range<Int>, of candidate: Int) -> MeasuredReturns {
    let row = ruinedRows[candidate].flatMap { rows.contains($0) ? $0 - rows.lowerBound : nil }
    return MeasuredReturns(returns: Array(columns[candidate][rows]), ruinedRow: row)
  }
}
