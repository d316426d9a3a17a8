import BacktestCore
public import BacktestEvidence

extension StudyRunner {
  /// What a Monte Carlo is made of.
  package struct MonteCarlo: Sendable {
    /// The number of synthetic markets.
    package var markets = 200
    /// How bars are drawn; `nil` takes the optimal blocks of absolute returns.
    package var scheme: ResamplingScheme?
    /// The seed of the markets; `nil` takes the study's.
    package var seed: UInt64?

    /// The defaults.
    package init() {}
  }

  /// The study's strategy, with its own parameters, on its bars and on synthetic markets made of
  /// them.
  ///
  ///     let outcome = try StudyRunner(study).monteCarlo(markets: 200)
  ///     print(outcome.monteCarlo?.markets["sharpe"]?.quantile(0.05) ?? .nan)
  ///
  /// - Parameters:
  ///   - markets: how many, at least one.
  ///   - scheme: how bars are drawn; `nil` takes the optimal blocks of absolute returns.
  ///   - seed: of the markets; `nil` takes the study's.
  /// - Throws: `StudyError` as `run()` does, and when the bars cannot be drawn together.
  public func monteCarlo(
    markets: Int = 200, scheme: ResamplingScheme? = nil, seed: UInt64? = nil
  ) throws(StudyError) -> StudyOutcome {
    var runner = self
    runner.monteCarlo = MonteCarlo()
    runner.monteCarlo?.markets = markets
    runner.monteCarlo?.scheme = scheme
    runner.monteCarlo?.seed = seed
    return try runner.run()
  }

  /// An outcome with the Monte Carlo that is asked for.
  func withMonteCarlo(_ outcome: StudyOutcome) throws(StudyError) -> StudyOutcome {
    guard let asked = monteCarlo else { return outcome }
    guard asked.markets > 0 else {
      throw StudyError(.data, "a Monte Carlo needs at least one synthetic market")
    }
    let study = outcome.study
    let market = outcome.market
    let seed = asked.seed ?? study.seed
    let synthetic = try StudyError.wrapping(.data) {
      try SyntheticMarkets(market.universe, scheme: asked.scheme, seed: seed)
    }
    let programs = try study.strategy.programs(interrupt)
    let strategy = try study.strategy.make(sharing: programs, in: market)
    let warmup = study.configuration.warmup ?? strategy.warmup
    guard warmup < synthetic.barCount else {
      throw StudyError(
        .data,
        "the series have \(NumberText.count(synthetic.barCount, "close")) in common, but the "
          + "warm-up takes \(warmup)")
    }
    let progress = stageProgress
    let count = asked.markets
    // A program in another process decides for one run at a time.
    let values = try parallelMap(
      count: count, threads: programs.isEmpty ? threads : 1,
      progress: { done in progress?(.resampling, done, count) }
    ) { (index) throws(StudyError) in
      let other = market.replacing(synthetic.market(index))
      let strategy = try study.strategy.make(sharing: programs, in: other)
      return Self.metrics(of: strategy, study, other).all.map(\.value)
    }
    try programs.check()
    var outcome = outcome
    // Like is compared with like: the same bars in their own order.
    let isCut = market.universe.series.contains { $0.count > synthetic.barCount }
    let actual =
      isCut
      ? Self.metrics(of: strategy, study, market.replacing(synthetic.source)) : outcome.metrics
    let (trades, absence) = Self.reshuffled(outcome.result, seed: seed, threads: threads)
    outcome.monteCarlo = MonteCarloOutcome(
      markets: MonteCarloResult(synthetic, actual: actual, values: values),
      trades: trades, tradesAbsence: absence)
    return outcome
  }

  // The existential is opened once for each run, and the loop inside is generic.
  private static func metrics<S: Strategy>(
    of strategy: S, _ study: Study, _ market: StudyMarket
  ) -> PerformanceMetrics {
    Backtest(strategy, on: market.feed, configuration: study.configuration).run().metrics
  }

  private static func reshuffled(
    _ result: BacktestResult, seed: UInt64, threads: Int?
  ) -> (MonteCarloOutcome.ReshuffledTrades?, absence: String?) {
    do throws(EvidenceError) {
      let reshuffle = try TradeReshuffle(result)
      guard reshuffle.returns.count >= Bootstrap.leastCount else {
        return (nil, "\(IntervalAbsence.tooFewTrades(reshuffle.returns.count))")
      }
      let trades = MonteCarloOutcome.ReshuffledTrades(
        permuted: reshuffle.permuted(seed: seed, threads: threads),
        drawn: reshuffle.drawnWithReplacement(seed: seed, threads: threads))
      return (trades, nil)
    } catch {
      return (nil, error.description)
    }
  }
}
