import BacktestCore
import BacktestEvidence

/// Runs a study: reads its bars, runs or walks forward, splits by regimes, and hands everything
/// to the report and the result files.
///
///     let study = try Study(path: "study.yaml", catalogue: .standard)
///     let outcome = try StudyRunner(study).run()
///     print(outcome.metrics.sharpe ?? .nan)
///     try outcome.write(to: "Reports/study")
public struct StudyRunner: Sendable {
  /// What is asked for.
  public var study: Study
  /// How many runs go on at a time; `nil` takes one for each processor.
  public var threads: Int?
  /// Called after each run of a walk-forward with the number of runs done and of all runs, one
  /// call at a time, on any thread; a checkpoint that is found or trained counts as a run.
  public var progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?
  /// Whether the user asked to stop; asked while a checkpoint is trained.
  public var isInterrupted: @Sendable () -> Bool = { false }

  /// A runner of a study.
  public init(
    _ study: Study, threads: Int? = nil,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) {
    self.study = study
    self.threads = threads
    self.progress = progress
  }

  /// One run over all bars with the study's parameters, or one for each replicate.
  ///
  /// - Throws: `StudyError` when the data cannot be used or ends within the warm-up, or a policy
  ///   cannot decide in the market.
  public func run() throws(StudyError) -> StudyOutcome {
    if let replicates = study.replicates, replicates.checkpoints.isEmpty {
      throw .replicates(
        "'seeds' stand in the checkpoints of a walk-forward; a run has 'checkpoints'")
    }
    let market = try StudyMarket(study)
    return try replicated { (study, _, _) throws(StudyError) in
      try run(study, market)
    }
  }

  private func run(_ study: Study, _ market: StudyMarket) throws(StudyError) -> StudyOutcome {
    let decider = try StudyDecider(study.strategy, in: market)
    let strategy = decider.definition.make(study.strategy.parameters)
    let warmup = study.configuration.warmup ?? strategy.warmup
    let bars = market.feed.instants.count
    guard bars >= 2, warmup < bars else { throw .tooFewBars(bars: bars, warmup: warmup) }
    let result = Self.run(strategy, study, market)
    try decider.checkProcesses()
    var outcome = try outcome(study, market, result, walkForward: nil)
    if let (configuration, fee) = study.trainersAccounting(decider, in: market) {
      var other = study
      other.configuration = configuration
      let trainers = Self.run(strategy, other, market)
      outcome.trainersAccounting = TrainersAccounting(
        fee: fee, finalEquity: trainers.curve.equity.last ?? 0)
    }
    return outcome
  }

  /// A walk-forward by the study's plan, or one for each replicate.
  ///
  /// - Throws: `StudyError` when the data cannot be used, the study has no plan, the plan does not
  ///   fit the data, or the checkpoint of a fold is not there.
  public func walkForward() throws(StudyError) -> StudyOutcome {
    guard let part = study.walkForward else {
      throw .missing(key: "walk-forward", study: study.path, purpose: "a walk-forward")
    }
    let market = try StudyMarket(study)
    return try replicated { (study, seed, progress) throws(StudyError) in
      let decider = try StudyDecider(study.strategy, in: market)
      var walk = WalkForward(
        decider.definition, grid: part.grid, on: market.feed,
        configuration: study.configuration, plan: part.plan)
      if let training = part.training, let policy = study.strategy.policies.first {
        let checkpoints = FoldCheckpoints(
          study: study, policy: policy, training: training, market: market, seed: seed,
          isInterrupted: isInterrupted)
        walk.strategyOfFold = { (fold) throws(WalkForwardError) in
          try checkpoints.strategy(of: fold)
        }
      }
      let result: WalkForwardResult
      do throws(WalkForwardError) {
        // A program in another process decides for one run at a time.
        result = try walk.run(threads: decider.hasProcess ? 1 : threads, progress: progress)
      } catch {
        throw .walkForward(error)
      }
      try decider.checkProcesses()
      return try outcome(study, market, result.stitched, walkForward: result)
    }
  }

  private func outcome(
    _ study: Study, _ market: StudyMarket, _ result: BacktestResult,
    walkForward: WalkForwardResult?
  ) throws(StudyError) -> StudyOutcome {
    var benchmark: BenchmarkCurve?
    do throws(ReturnsError) {
      benchmark = try market.benchmark.map { (series) throws(ReturnsError) in
        try BenchmarkCurve(series)
      }
    } catch {
      throw .benchmark("\(error)")
    }
    if study.benchmark?.hold == .equalParts {
      benchmark = BenchmarkCurve.buyAndHold(result)
      guard benchmark != nil else {
        throw .benchmark("equal parts cannot be held: a price is not above zero")
      }
    }
    // Whether a policy has an edge is only said against what holding would have brought.
    if benchmark == nil, !study.strategy.policies.isEmpty {
      benchmark = BenchmarkCurve.buyAndHold(result)
    }
    do throws(RegimeError) {
      let regimes = try study.regimes.map { (choice) throws(RegimeError) in
        try Self.analysis(result, market.regimeSeries, choice.classifier)
      }
      return StudyOutcome(
        study: study, market: market, result: result, walkForward: walkForward,
        benchmark: benchmark, regimes: regimes)
    } catch {
      throw .regimes(error)
    }
  }

  // The existential is opened once for each run, and the loop inside is generic.
  private static func run(
    _ strategy: some Strategy, _ study: Study, _ market: StudyMarket
  ) -> BacktestResult {
    Backtest(
      strategy, on: market.feed, configuration: study.configuration,
      name: study.strategy.definition.name
    ).run()
  }

  private static func analysis(
    _ result: BacktestResult, _ series: BarSeries, _ classifier: some RegimeClassifier
  ) throws(RegimeError) -> RegimeAnalysis {
    try RegimeAnalysis(result, series: series, classifier: classifier)
  }
}
