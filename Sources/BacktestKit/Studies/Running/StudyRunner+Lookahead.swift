import BacktestCore
import BacktestEvidence

extension StudyRunner {
  /// A look-ahead analysis of the study's strategy with its own parameters, and of its regimes.
  ///
  /// Programs in other processes decide in each run anew, after the message that begins one.
  ///
  /// - Parameters:
  ///   - cuts: how many instants are cut at.
  ///   - seed: chooses them, and the order of the returns after them; `nil` takes the study's.
  /// - Throws: `StudyError` as `run()` does, and where two runs over the same bars differ.
  public func lookahead(cuts: Int = 50, seed: UInt64? = nil) throws(StudyError) -> LookaheadOutcome
  {
    let market = try readMarket()
    let programs = try study.strategy.programs(interrupt)
    let strategy = try study.strategy.make(sharing: programs, in: market)
    let seed = seed ?? study.seed
    let definition = study.strategy.definition(sharing: programs)
    // A program in another process decides for one run at a time.
    let threads = programs.isEmpty ? threads : 1
    let verdict = try verdict(
      on: definition, study.strategy.parameters, in: market, cuts, seed, threads)
    let universe = try market.regimeUniverse(study.regimeSettings)
    let classifiers = try study.regimes.map { (choice) throws(StudyError) in
      try study.classifier(of: choice)
    }
    let regimes = try StudyError.wrapping(.regimes) {
      try classifiers.map { try Self.check($0, on: universe, cuts, seed, threads) }
    }
    stageProgress?(.measuring, 0, 0)
    let warmup = try? WarmupSensitivity(
      definition, study.strategy.parameters, on: market.universe,
      configuration: study.configuration)
    let delay = DecisionDelay(strategy, on: market.feed, study.configuration)
    try programs.check()
    return LookaheadOutcome(
      study: study, strategy: verdict, regimes: regimes, warmup: warmup, delay: delay)
  }

  /// The same search of the study's strategy with other parameters than its own.
  func lookahead(
    with parameters: [StrategyParameters], cuts: Int = 50
  ) throws(StudyError) -> [LookaheadVerdict] {
    guard !parameters.isEmpty else { return [] }
    let market = try readMarket()
    let programs = try study.strategy.programs(interrupt)
    let definition = study.strategy.definition(sharing: programs)
    let threads = programs.isEmpty ? threads : 1
    let verdicts = try parameters.map { (one) throws(StudyError) in
      try verdict(on: definition, one, in: market, cuts, study.seed, threads)
    }
    try programs.check()
    return verdicts
  }

  private func verdict(
    on definition: StrategyDefinition, _ parameters: StrategyParameters, in market: StudyMarket,
    _ cuts: Int, _ seed: UInt64, _ threads: Int?
  ) throws(StudyError) -> LookaheadVerdict {
    try StudyError.wrapping(study.strategy.isPolicy ? .policy : .strategy) {
      var proof = LookaheadProof(
        definition, parameters, on: market.universe, configuration: study.configuration)
      (proof.cutCount, proof.seed) = (cuts, seed)
      return try proof.run(threads: threads) { done, total in
        stageProgress?(.cutting, done, total)
      }
    }
  }

  /// Whether what a regime says at the time depends on later bars.
  private static func check(
    _ classifier: any RegimeClassifier, on universe: Universe, _ cuts: Int, _ seed: UInt64,
    _ threads: Int?
  ) throws -> LookaheadVerdict {
    try LookaheadProof.check(
      classifier.name, on: universe, cuts: cuts, seed: seed, threads: threads
    ) { universe in
      let series = try RegimeSeries(equalPartsOf: universe)
      let labels = try classifier.labels(for: series)
      return [
        TimedValues(
          classifier.name, times: series.times,
          values: labels.causal.map { $0.map(Double.init) })
      ]
    }
  }
}
