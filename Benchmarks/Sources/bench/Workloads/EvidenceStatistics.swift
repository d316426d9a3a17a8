import BacktestKit

/// W8: the statistics by which a result is believed, each on the data that it is usually given.
///
/// A part is a function from the data to its figure in seconds; a new one takes one line in
/// `parts`.
struct EvidenceStatistics: Workload {
  static let name = "W8"

  private static var parts: [(EvidenceSample, Int) throws -> Measurement] {
    [
      backtestOverfitting,
      superiorPredictiveAbility,
      lookahead,
      combinatorialSplits,
      crossValidation,
      hiddenMarkovModel,
      bootstrapOfSharpe,
      bootstrapOfTwenty,
      bootstrapOfHeadline,
    ]
  }

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let sample = EvidenceSample(isSmoke: data.isSmoke)
    return try Self.parts.map { try $0(sample, repeats) }
  }

  /// The seconds that `body` takes, with numbers of its result that show it was computed.
  static func seconds(
    _ engine: String, repeats: Int, _ body: () throws -> [(name: String, value: Double)]
  ) rethrows -> Measurement {
    var (measurement, extras) = try Measurement.rate(
      "s", units: 1, repeats: repeats, body: body)
    measurement.engine = engine
    measurement.value = measurement.time.wall
    measurement.cpuValue = measurement.time.cpu
    measurement.extras = extras
    return measurement
  }
}

/// The returns that the parts of W8 work on.
struct EvidenceSample {
  /// Daily returns of 64 strategies over 4,781 days that have one market in common.
  let trials: [[Double]]
  /// Daily returns of one strategy over 5,030 days.
  let returns: [Double]

  init(isSmoke: Bool) {
    var random = NormalStream(seed: 8)
    let rows = isSmoke ? 400 : 4_781
    let market = (0..<rows).map { _ in 0.0002 + 0.01 * random.next() }
    trials = (0..<64).map { _ in market.map { 0.7 * $0 + 0.005 * random.next() } }
    returns = (0..<(isSmoke ? 400 : 5_030)).map { _ in 0.0002 + 0.01 * random.next() }
  }
}

extension EvidenceStatistics {
  /// The probability of backtest overfitting from all 12,870 halves of 16 blocks.
  private static func backtestOverfitting(
    _ sample: EvidenceSample, repeats: Int
  ) throws -> Measurement {
    try seconds("pbo_16_blocks", repeats: repeats) {
      let result = try OverfittingProbability.estimate(
        trials: sample.trials, blocks: 16, threads: 1
      ).get()
      return [("pbo", result.probability), ("slope", result.degradation?.slope ?? .nan)]
    }
  }

  /// Reality Check and SPA with 10,000 draws.
  private static func superiorPredictiveAbility(
    _ sample: EvidenceSample, repeats: Int
  ) throws -> Measurement {
    try seconds("spa_10000_draws", repeats: repeats) {
      let test = try SuperiorityTest.run(
        trials: sample.trials, scheme: .stationary(meanBlock: 20), draws: 10_000, seed: 1,
        threads: 1
      ).get()
      return [("p_spa", test.studentised.consistent), ("p_reality_check", test.realityCheck)]
    }
  }
}
