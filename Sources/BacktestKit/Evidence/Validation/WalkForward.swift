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
  public var strategyOfFold: (@Sendable (FoldPeriod) throws(WalkForwardError) -> FoldStrategy)?

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
  ///   - threads: how many runs go on at a time; `nil` takes one for each processor.
  ///   - progress: called after each run with the number of runs done and of all runs, one call at
  ///     a time, on any thread; making the strategy of a fold counts as a run.
  /// - Throws: `WalkForwardError` when the plan does not fit the bars, the strategy or the metrics,
  ///   or the strategy of a fold cannot be made; always before the first run.
  public func run(
    threads: Int? = nil, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(WalkForwardError) -> WalkForwardResult {
    var study = try WalkForwardStudy(self)
    let made = strategyOfFold == nil ? 0 : study.folds.count
    let total = made + study.searchCount + study.folds.count
    try study.prepareStrategies { progress?($0, total) }
    let ready = study
    let choices = ready.search(threads: threads) { progress?(made + $0, total) }
    let results = ready.runTests(choices, threads: threads) {
      progress?(made + ready.searchCount + $0, total)
    }
    return study.result(choices, results)
  }

  /// The windows that a run would use, with the bar of the feed at which their axis begins.
  ///
  /// - Throws: `WalkForwardError` as `run` does.
  public func schedule() throws(WalkForwardError) -> (schedule: WalkForwardSchedule, skip: Int) {
    let study = try WalkForwardStudy(self)
    return (study.schedule, study.skip)
  }
}
