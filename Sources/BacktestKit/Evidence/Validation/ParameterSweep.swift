public import BacktestCore

/// Runs every set of parameters of a grid on the same bars and measures each in full: what the
/// surface around a good set looks like, and how many sets were tried to find it.
///
///     let grid = ParameterGrid(["fast": [5, 10, 20], "slow": [50, 100, 200]])
///     let result = try ParameterSweep(SMACrossover.definition, grid: grid, on: feed).run()
///     if let best = result.best {
///       print(result.sets[best], result.neighbourhood(of: best), result.sets.count)
///     }
///
/// The best of many sets is a choice made after the fact, on the bars by which it is judged. Its
/// figures say little without the number of sets, the deflated Sharpe ratio and its neighbourhood.
///
/// All sets are measured over the same bars: the base point is the bar at which the longest warm-up
/// of all sets ends, as in a walk-forward; a longer warm-up or a later window of the configuration
/// moves it back. Results do not depend on the number of threads.
public struct ParameterSweep: Sendable {
  /// The strategy.
  public var definition: StrategyDefinition
  /// The values to try.
  public var grid: ParameterGrid
  /// The market.
  public var feed: Feed
  /// The rules of each run.
  public var configuration: BacktestConfiguration
  /// The objective, the search, and what counts as near the best.
  public var plan: ParameterSweepPlan
  /// Whether indicators that several runs need are computed once (`SharedSeries`). Results are the
  /// same; it costs 8 bytes for each bar and distinct indicator.
  public var sharesSeries = true
  /// Called with each set as soon as it is measured.
  package var onTrial: TrialObserver?
  /// Keeps what was measured, so that a sweep which was killed goes on where it stopped.
  package var finishedUnits: (any FinishedUnits)?

  /// A sweep on a market that is laid out already.
  public init(
    _ definition: StrategyDefinition, grid: ParameterGrid, on feed: Feed,
    configuration: BacktestConfiguration = BacktestConfiguration(),
    plan: ParameterSweepPlan = ParameterSweepPlan()
  ) {
    self.definition = definition
    self.grid = grid
    self.feed = feed
    self.configuration = configuration
    self.plan = plan
  }

  /// Runs and measures every set.
  ///
  /// Of each set only its metrics and a few sums are kept: a hundred thousand sets take some
  /// hundred megabytes.
  ///
  /// - Parameters:
  ///   - threads: the number of parallel runs; `nil` is the number of processors.
  ///   - progress: called with the number of sets done and of all sets, one call at a time, on any
  ///     thread.
  /// - Throws: `EvidenceError` when the grid does not fit the strategy, the bars end within the
  ///   warm-up, or the objective cannot be measured; all of it is known before the first run.
  public func run(
    threads: Int? = nil, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(EvidenceError) -> ParameterSweepResult {
    let sweep = try PreparedSweep(self)
    let (size, total) = (sweep.unitSize, sweep.sets.count)
    let units = try parallelMap(
      count: sweep.unitCount, threads: threads,
      progress: { done in progress?(min(done * size, total), total) }
    ) { (unit) throws(EvidenceError) in
      try sweep.finishedUnit(unit)
    }
    return try sweep.result(units)
  }

  /// The number of units into which `measure` divides the sweep.
  ///
  /// - Throws: `EvidenceError` as `run` does.
  package func unitCount() throws(EvidenceError) -> Int { try PreparedSweep(self).unitCount }

  /// Measures the sets of a shard, which `finishedUnits` keeps.
  ///
  /// - Throws: `EvidenceError` as `run` does.
  package func measure(
    _ shard: Shard, threads: Int? = nil,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(EvidenceError) -> ShardProgress {
    let sweep = try PreparedSweep(self)
    return try measureUnits(
      of: shard, total: sweep.unitCount, from: 0, finishedUnits, threads: threads,
      progress: progress
    ) { (unit) throws(EvidenceError) in
      _ = try sweep.finishedUnit(unit)
    }
  }
}

/// What a sweep maximises, which sets it tries, and what it counts as near the best.
public struct ParameterSweepPlan: Hashable, Sendable {
  /// The name of the metric by which sets are ranked: any metric of a run.
  public var objective = "sharpe"
  /// Which sets are tried.
  public var search = WalkForwardPlan.Search.grid
  /// The seed of a random search.
  public var seed: UInt64 = 0
  /// The share of the best objective by which a neighbour may be worse and still counts as near it.
  public var tolerance = 0.1

  /// The plan of a whole grid by Sharpe ratio.
  public init() {}
}
