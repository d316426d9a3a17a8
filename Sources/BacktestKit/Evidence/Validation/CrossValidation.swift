public import BacktestCore

/// Chooses parameters on part of history, tries them on the rest, and does so for many ways of
/// cutting it: what comes out is a distribution, never one number.
///
///     let grid = ParameterGrid(["fast": [5, 10, 20], "slow": [50, 100, 200]])
///     var plan = CrossValidationPlan(.combinatorial)
///     plan.purging = Purging(purge: 5, embargo: 10)
///     let study = CrossValidation(SMACrossover.definition, grid: grid, on: feed, plan: plan)
///     let result = try study.run()
///     print(result.distribution(of: "sharpe")?.median ?? .nan)
///
/// Each candidate runs once over all bars, and its returns on the train bars of a split are those
/// of that run. Test returns are by default those of a run of each test fold that starts flat with
/// warm indicators and is closed at its end (`CrossValidationPlan.Boundary`). Results do not depend
/// on the number of threads.
/// > M. López de Prado, *Advances in Financial Machine Learning*, 2018, ch. 7 and 12.
public struct CrossValidation: Sendable {
  /// The strategy.
  public var definition: StrategyDefinition
  /// The values to search.
  public var grid: ParameterGrid
  /// The market.
  public var feed: Feed
  /// The rules of each run; its window and its warm-up are not used.
  public var configuration: BacktestConfiguration
  /// How history is cut, and what is maximised.
  public var plan: CrossValidationPlan
  /// The regimes to leave out; only `by-regime` needs them.
  public var regimes: CrossValidationRegimes?
  /// Called with the run of each candidate, and with each test.
  package var onTrial: TrialObserver?
  /// The runs that are done already; their numbers depend on everything above.
  package var finished: (any FinishedUnits)?

  /// A cross-validation on a market that is laid out already.
  public init(
    _ definition: StrategyDefinition, grid: ParameterGrid, on feed: Feed,
    configuration: BacktestConfiguration = BacktestConfiguration(), plan: CrossValidationPlan,
    regimes: CrossValidationRegimes? = nil
  ) {
    self.definition = definition
    self.grid = grid
    self.feed = feed
    self.configuration = configuration
    self.plan = plan
    self.regimes = regimes
  }

  /// Runs all candidates, chooses in each split, and tests the choices.
  ///
  /// - Parameters:
  ///   - threads: the number of parallel runs; `nil` is the number of processors.
  ///   - progress: called after each run with the number of runs done and of all runs, one call at
  ///     a time, on any thread.
  /// - Throws: `EvidenceError` when the plan does not fit the bars, the strategy or the metrics,
  ///   which is known before the first run.
  public func run(
    threads: Int? = nil, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(EvidenceError) -> CrossValidationResult {
    let study = try PreparedCrossValidation(self)
    return try study.result(threads: threads, progress: progress)
  }

  /// The number of units into which `measure` divides the runs over all bars.
  ///
  /// - Throws: `EvidenceError` as `run` does.
  package func unitCount() throws(EvidenceError) -> Int {
    try PreparedCrossValidation(self).searchCount
  }

  /// Runs the candidates of a shard over all bars, which `finished` keeps. What splits choose, and
  /// so what they test, is known once all shards are done.
  ///
  /// - Throws: `EvidenceError` as `run` does.
  package func measure(
    _ shard: Shard, threads: Int? = nil,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(EvidenceError) -> ShardProgress {
    let study = try PreparedCrossValidation(self)
    return try measureUnits(
      of: shard, total: study.searchCount, from: 0, finished, threads: threads, progress: progress
    ) { (unit) throws(EvidenceError) in
      _ = try study.searched(unit)
    }
  }
}

/// How a cross-validation cuts history, what it maximises, and how a test begins and ends.
///
///     var plan = CrossValidationPlan(.purgedKFold)
///     plan.foldCount = 5
///     plan.objective = "calmar"
public struct CrossValidationPlan: Hashable, Sendable {
  /// How history is cut.
  public var method: Method
  /// The number of folds, for methods that have some.
  public var foldCount = 6
  /// The number of folds that each split of `combinatorial` tests.
  public var testFoldCount = 2
  /// How many bars folds have when they cannot all have the same number.
  public var foldSizes = FoldSizes.remainderLast
  /// What is left out around test bars.
  public var purging = Purging()
  /// The timeframes of `by-timeframe`, each as long as that of the data or longer.
  public var timeframes: [Timeframe] = []
  /// The bar of the feed, from 0, with which the first fold begins; `nil` is the first whose return
  /// every candidate can earn: the longest warm-up of all candidates plus 1.
  public var skip: Int?
  /// The name of the metric by which parameters are chosen, a metric of returns.
  public var objective = "sharpe"
  /// How a test begins and ends.
  public var boundary = Boundary.liquidate

  /// A plan with everything else by default.
  public init(_ method: Method) { self.method = method }

  /// How history is cut.
  public enum Method: String, Hashable, Sendable, CaseIterable {
    /// Each fold is tested once, and all others train.
    case purgedKFold = "purged-k-fold"
    /// Every choice of some folds is tested, and all others train.
    case combinatorial
    /// Each market regime is tested, and all others train. Regimes are those seen in hindsight.
    case byRegime = "by-regime"
    /// Each instrument is tested by itself, and the runs on each of the others train.
    case byAsset = "by-asset"
    /// Bars of each length are tested, and bars of the other lengths train.
    case byTimeframe = "by-timeframe"
    /// Each calendar year is tested, and all others train.
    case byYear = "by-year"

    /// What is tested, in one word: `fold`, `regime`.
    package var unit: String {
      switch self {
      case .purgedKFold, .combinatorial: "fold"
      case .byRegime: "regime"
      case .byAsset: "asset"
      case .byTimeframe: "timeframe"
      case .byYear: "year"
      }
    }
  }

  /// How a test begins and ends.
  public enum Boundary: String, Hashable, Sendable, CaseIterable {
    /// Each uninterrupted stretch of test bars that is one fold is a run of its own: it starts
    /// flat, with indicators that have seen all bars before it, and is closed at its last close,
    /// with costs.
    case liquidate
    /// Test returns are cut out of the run over all bars, positions included, as papers do that
    /// know columns of returns only.
    case carry
  }
}

/// Labels of regimes for a cross-validation that leaves one out.
public struct CrossValidationRegimes: Sendable {
  /// What the regimes are called: `bull/bear 20 %`.
  public let name: String
  /// The labels, of which those in hindsight count: a split describes the past.
  public let labels: RegimeLabels
  /// When each labelled bar closed, ascending.
  public let closeTimes: [Timestamp]

  /// The regimes of a price series.
  ///
  /// - Throws: `EvidenceError` when the prices cannot be used.
  public init(
    _ classifier: some RegimeClassifier, of series: RegimeSeries
  ) throws(EvidenceError) {
    name = classifier.name
    labels = try classifier.labels(for: series)
    closeTimes = series.times
  }
}
