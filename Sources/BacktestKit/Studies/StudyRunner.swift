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
  /// call at a time, on any thread.
  public var progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?

  /// A runner of a study.
  public init(
    _ study: Study, threads: Int? = nil,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) {
    self.study = study
    self.threads = threads
    self.progress = progress
  }

  /// One run over all bars with the study's parameters.
  ///
  /// - Throws: `StudyError` when the data cannot be used or ends within the warm-up.
  public func run() throws(StudyError) -> StudyOutcome {
    let market = try StudyMarket(study)
    let strategy = study.strategy.definition.make(study.strategy.parameters)
    let warmup = study.configuration.warmup ?? strategy.warmup
    let bars = market.feed.instants.count
    guard bars >= 2, warmup < bars else { throw .tooFewBars(bars: bars, warmup: warmup) }
    let result = Self.run(strategy, study, market)
    return try outcome(market, result, walkForward: nil)
  }

  /// A walk-forward by the study's plan.
  ///
  /// - Throws: `StudyError` when the data cannot be used, the study has no plan or the plan does
  ///   not fit the data.
  public func walkForward() throws(StudyError) -> StudyOutcome {
    guard let part = study.walkForward else {
      throw .missing(key: "walk-forward", study: study.path, purpose: "a walk-forward")
    }
    let market = try StudyMarket(study)
    let walk = WalkForward(
      study.strategy.definition, grid: part.grid, on: market.feed,
      configuration: study.configuration, plan: part.plan)
    let result: WalkForwardResult
    do throws(WalkForwardError) {
      result = try walk.run(threads: threads, progress: progress)
    } catch {
      throw .walkForward(error)
    }
    return try outcome(market, result.stitched, walkForward: result)
  }

  private func outcome(
    _ market: StudyMarket, _ result: BacktestResult, walkForward: WalkForwardResult?
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
