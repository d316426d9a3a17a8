import BacktestCore

/// A sweep that was checked: everything that its runs need is known.
struct PreparedSweep: Sendable {
  let request: ParameterSweep
  let objective: MetricDefinition
  /// The sets that are tried, in grid order, with their numbers in the grid.
  let sets: [StrategyParameters]
  let numbers: [Int]
  let combinationCount: Int
  let acceptedCount: Int
  let configuration: BacktestConfiguration
  let measure: RunMeasure
  let sharedSeries: SharedSeries?

  /// The number of sets that are measured and kept together. It follows from their number alone,
  /// so that nothing depends on threads.
  let unitSize: Int
  /// The number of blocks from which the probability of overfitting is taken.
  private var blocks: Int { MeasuredSets.blocks(for: sets.count) }

  var unitCount: Int { (sets.count + unitSize - 1) / unitSize }

  init(_ request: ParameterSweep) throws(EvidenceError) {
    self.request = request
    objective = try Metrics.named(request.plan.objective)
    guard !objective.needs.contains(.benchmark) else {
      throw .needsMoreThanReturns(metric: objective.name)
    }
    let (accepted, size) = try request.grid.numberedCandidates(of: request.definition)
    combinationCount = size
    acceptedCount = accepted.count
    let tried = try Self.tried(accepted.count, request.plan)
    sets = tried.map { accepted[$0].parameters }
    numbers = tried.map { accepted[$0].number }
    unitSize = min(max((tried.count + 255) / 256, 1), 256)

    let longest = try PreparedWalkForward.longestWarmup(
      of: sets, request.definition, on: request.feed.universe)
    configuration = try Self.configuration(
      request, warmup: max(longest, request.configuration.warmup ?? 0))
    measure = RunMeasure(request.feed, configuration)
    if objective.needs.contains(.calendar), measure.barsPerYear == nil {
      throw .noCalendar(metric: objective.name)
    }
    sharedSeries = request.sharesSeries ? SharedSeries(request.feed) : nil
  }

  /// The positions of the sets that are tried among those that the strategy accepts.
  private static func tried(
    _ count: Int, _ plan: ParameterSweepPlan
  ) throws(EvidenceError) -> [Int] {
    guard case .random(let wanted) = plan.search else { return Array(0..<count) }
    guard wanted >= 1 else { throw .emptySearch(count: wanted) }
    guard wanted < count else { return Array(0..<count) }
    var random = Randomness(seed: plan.seed, stream: "sweep")
    return random.sample(wanted, from: count).sorted()
  }

  /// The rules of each run, whose first decision is the same for all.
  private static func configuration(
    _ request: ParameterSweep, warmup: Int
  ) throws(EvidenceError) -> BacktestConfiguration {
    var configuration = request.configuration
    let bars = request.feed.instants.count
    let bounds = (configuration.window ?? 0..<bars).clamped(to: 0..<bars)
    // The base point lies at the first decision, at which every set is warm.
    let first = max(bounds.lowerBound, warmup + 1)
    guard first + 2 <= bounds.upperBound else {
      throw .tooShortToSweep(bars: bounds.upperBound, warmup: warmup)
    }
    configuration.window = first..<bounds.upperBound
    configuration.warmup = nil
    return configuration
  }

  /// The sets of a unit as they were kept, or measured now.
  func finishedUnit(_ unit: Int) throws(EvidenceError) -> MeasuredSets {
    let count = min(unitSize, sets.count - unit * unitSize)
    if let bytes = request.finishedUnits?.bytes(of: unit),
      let kept = MeasuredSets(
        bytes: bytes, count: count, sessionCount: measure.sessionCount, blocks: blocks)
    {
      return kept
    }
    let measured = try measureUnit(unit)
    request.finishedUnits?.add(measured.bytes, of: unit)
    return measured
  }

  /// Runs and measures the sets of a unit.
  private func measureUnit(_ unit: Int) throws(EvidenceError) -> MeasuredSets {
    var measured = MeasuredSets(sessionCount: measure.sessionCount, blocks: blocks)
    for index in unit * unitSize..<min((unit + 1) * unitSize, sets.count) {
      let run = try simulate(sets[index])
      let (metrics, sessions) = measure.values(of: run)
      measured.append(metrics, sessions: sessions)
      request.onTrial?(
        Trial(
          .sweep, parameters: sets[index], dates: measure.sessionDates,
          returns: sessions.map { Float($0) }, metricNames: RunMeasure.names, metricValues: metrics)
      )
    }
    return measured
  }

  private func simulate(_ parameters: StrategyParameters) throws(EvidenceError) -> BacktestResult {
    do throws(StrategyError) {
      let strategy = try request.definition.make(parameters, for: request.feed.universe)
      return drive(strategy)
    } catch {
      throw .universe(error)
    }
  }

  /// Opens the strategy's type once for the whole run.
  private func drive<S: Strategy>(_ strategy: S) -> BacktestResult {
    var engine = Engine(
      feed: request.feed, configuration: configuration, sharing: sharedSeries)
    var strategy = strategy
    engine.run(&strategy)
    return engine.result(strategy: request.definition.name)
  }

  /// Puts the units together, in order, and runs the best set once more.
  func result(_ units: [MeasuredSets]) throws(EvidenceError) -> ParameterSweepResult {
    var all = MeasuredSets(sessionCount: measure.sessionCount, blocks: blocks)
    all.reserve(sets.count)
    for unit in units { all.append(unit) }
    var result = ParameterSweepResult(
      strategy: request.definition.name, grid: request.grid, configuration: configuration,
      plan: request.plan, objective: objective, sets: sets, numbers: numbers,
      combinationCount: combinationCount, infeasibleCount: combinationCount - acceptedCount,
      dates: measure.firstDate...measure.lastDate, returnCount: measure.returnCount,
      measured: all)
    let shown = result.best ?? 0
    result.shownRun = try simulate(sets[shown])
    if let best = result.best, let run = result.shownRun {
      result.evidence = try SearchEvidence(
        all.summary, chosen: best, returns: measure.values(of: run).sessions)
    }
    return result
  }
}
