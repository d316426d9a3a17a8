public import BacktestCore

/// Chooses parameters on one stretch of history, tries them on the next, and moves on: what comes
/// out was never seen by the choice.
///
///     let grid = ParameterGrid(["fast": [5, 10, 20], "slow": [50, 100, 200]])
///     let plan = WalkForwardPlan(train: .bars(756), test: .bars(126))
///     let study = WalkForward(SMACrossover.definition, grid: grid, on: feed, plan: plan)
///     let result = try study.run()
///     print(result.stitchedObjective, result.meanInSample, result.efficiency)
///
/// Every run on bars `a..<b` is fed all bars before `a`, decides for the first time at the close of
/// `a - 1`, and has `b - a` returns. Results do not depend on the number of threads.
/// > R. Pardo, *The Evaluation and Optimization of Trading Strategies*, 2nd ed., 2008.
public struct WalkForward: Sendable {
  /// The strategy.
  public var definition: StrategyDefinition
  /// The values to search.
  public var grid: ParameterGrid
  /// The market.
  public var feed: Feed
  /// The rules of each run; a window in it bounds the evaluation axis, its warm-up is not used.
  public var configuration: BacktestConfiguration
  /// The windows, the objective, the search and how folds are joined.
  public var plan: WalkForwardPlan
  /// Makes the strategy of a fold, where each fold has its own, such as a network that was trained
  /// on its train window; `nil` takes `definition` for all.
  ///
  /// It is called once for each fold, in order of time, before the first run. What it makes takes
  /// the same parameters as `definition` and warms up no longer.
  package var strategyOfFold: (@Sendable (FoldPeriod) throws(EvidenceError) -> FoldStrategy)?
  /// Whether indicators that several runs need are computed once (`SharedSeries`). Results are the
  /// same; it costs 8 bytes for each bar and distinct indicator.
  public var sharesSeries = true
  /// Called with each candidate on each train window, and with each test window.
  package var onTrial: TrialObserver?
  /// What the search found already; the numbers of its units depend on everything above.
  package var finishedUnits: (any FinishedUnits)?

  /// A walk-forward on a market that is laid out already.
  public init(
    _ definition: StrategyDefinition, grid: ParameterGrid, on feed: Feed,
    configuration: BacktestConfiguration = BacktestConfiguration(), plan: WalkForwardPlan
  ) {
    self.definition = definition
    self.grid = grid
    self.feed = feed
    self.configuration = configuration
    self.plan = plan
  }

  /// Searches each train window, runs each test window and joins the pieces.
  ///
  /// - Parameters:
  ///   - threads: the number of parallel runs; `nil` is the number of processors.
  ///   - progress: called after each run with the number of runs done and of all runs, one call at
  ///     a time, on any thread; making the strategy of a fold counts as a run.
  /// - Throws: `EvidenceError` when the plan does not fit the bars, the strategy or the metrics,
  ///   or a strategy cannot be made for the universe, which is known before the first run.
  public func run(
    threads: Int? = nil, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(EvidenceError) -> WalkForwardResult {
    var study = try PreparedWalkForward(self)
    let made = strategyOfFold == nil ? 0 : study.folds.count
    let total = made + study.searchCount + study.folds.count
    try study.prepareStrategies(of: Array(study.folds.indices)) { progress?($0, total) }
    let ready = study
    let choices = try ready.search(threads: threads) { progress?(made + $0, total) }
    let results = try ready.runTests(choices, threads: threads) {
      progress?(made + ready.searchCount + $0, total)
    }
    for (fold, run) in results.enumerated() {
      guard let run else { continue }
      ready.report(
        run, ready.objective.score(run).value, candidate: choices[fold].candidate, fold: fold,
        isTest: true)
    }
    return study.result(choices, results)
  }

  /// The number of units into which `measure` divides the search.
  ///
  /// - Throws: `EvidenceError` as `run` does.
  package func unitCount() throws(EvidenceError) -> Int {
    FoldSearchUnits(of: try PreparedWalkForward(self)).count
  }

  /// Tries the candidates of a shard on the train windows, which `finishedUnits` keeps. What is
  /// tested is known once all shards are done.
  ///
  /// - Parameter first: the number of this walk-forward's first unit in the whole job.
  /// - Throws: `EvidenceError` as `run` does.
  package func measure(
    _ shard: Shard, from first: Int = 0, threads: Int? = nil,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(EvidenceError) -> ShardProgress {
    var study = try PreparedWalkForward(self)
    let units = FoldSearchUnits(of: study)
    let left = shard.units(of: units.count, from: first).filter {
      finishedUnits?.bytes(of: $0) == nil
    }
    try study.prepareStrategies(of: Set(left.map(units.fold(of:))).sorted()) { _ in }
    let ready = study
    return try measureUnits(
      of: shard, total: units.count, from: first, finishedUnits, threads: threads,
      progress: progress
    ) { (unit) throws(EvidenceError) in
      _ = try ready.searchedUnit(unit, of: units)
    }
  }

  /// The windows that a run would use, with the bar of the feed at which their axis begins.
  ///
  /// - Throws: `EvidenceError` as `run` does.
  package func schedule() throws(EvidenceError) -> (schedule: WalkForwardSchedule, skip: Int) {
    let study = try PreparedWalkForward(self)
    return (study.schedule, study.skip)
  }
}

/// What a walk-forward does: its windows, what it maximises, how it searches, and how folds are
/// joined.
///
///     var plan = WalkForwardPlan(train: .years(3), test: .months(6))
///     plan.objective = "calmar"
///     plan.search = .random(count: 200)
public struct WalkForwardPlan: Hashable, Sendable {
  /// The windows on the evaluation axis.
  public var windows: WalkForwardWindows
  /// The bar of the feed, from 0, with which the evaluation axis begins; `nil` is the first whose
  /// return every candidate can earn: the longest warm-up of all candidates plus 1.
  public var skip: Int?
  /// The name of the metric by which parameters are chosen.
  public var objective = "sharpe"
  /// Which candidates each fold tries.
  public var search = Search.grid
  /// The seed of random search.
  public var seed: UInt64 = 0
  /// With what a fold begins.
  public var carry = Carry.equity
  /// What happens to positions at the end of a fold.
  public var boundary = Boundary.liquidate

  /// A plan with windows of two lengths, rolling, everything else by default.
  public init(train: WalkForwardLength, test: WalkForwardLength) {
    windows = WalkForwardWindows(train: train, test: test)
  }

  /// Which candidates a fold tries.
  public enum Search: Hashable, Sendable {
    /// All of them.
    case grid
    /// So many, drawn for each fold without replacement in the order of the random stream
    /// `search/<fold>`; all of them when there are no more.
    case random(count: Int)
  }

  /// With what a fold begins.
  public enum Carry: String, Hashable, Sendable, CaseIterable {
    /// With the equity that the folds before it left.
    case equity
    /// With the initial cash; the folds' returns are chained.
    case returns
  }

  /// What happens to positions at the end of a fold.
  public enum Boundary: String, Hashable, Sendable, CaseIterable {
    /// They are closed at the fold's last close, with costs.
    case liquidate
    /// They are valued at the mark without costs, and the next fold starts flat with that money.
    /// Their round trips count, and are flagged as `marked`.
    case mark
    /// They go over into the next fold, whose strategy starts afresh.
    case carry
  }
}

/// When a fold trains and when it tests: all that is known before its strategy is made.
package struct FoldPeriod: Hashable, Sendable {
  /// The number of the fold, from 0.
  package var index: Int
  /// The session dates of the first and last bar of the train window, without the gap.
  package var trainDates: ClosedRange<CivilDate>
  /// The session dates of the first and last bar of the test window.
  package var testDates: ClosedRange<CivilDate>
}

/// The strategy of one fold, where each fold has its own: one that was made from the train window
/// by other means than a search of parameters, such as a network trained on it.
package struct FoldStrategy: Sendable {
  /// The strategy; its parameters and its warm-up are those of the walk-forward's own definition.
  package var definition: StrategyDefinition
  /// Where it comes from; `nil` where that is not known.
  package var source: FoldSource?

  /// A strategy and where it comes from.
  package init(_ definition: StrategyDefinition, source: FoldSource? = nil) {
    self.definition = definition
    self.source = source
  }
}

/// The file from which the strategy of a fold was made.
package struct FoldSource: Hashable, Sendable {
  /// The file as the user named it.
  package var path: String
  /// The SHA-256 digest of its bytes, in hexadecimal digits.
  package var digest: String
  /// The last day of the data from which it was made; `nil` where nobody says it.
  package var trainedUntil: CivilDate?

  /// A file, its digest, and how much of history it knows.
  package init(path: String, digest: String, trainedUntil: CivilDate? = nil) {
    self.path = path
    self.digest = digest
    self.trainedUntil = trainedUntil
  }
}
