@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

/// Reality Check and SPA against a reference computed apart, on the same resamples exactly, and on
/// other resamples within what chance allows.
struct SuperiorityTests {
  /// Trials that all lose to the benchmark give no sign of superiority, however they are centred.
  @Test func nothingSpeaksForTrialsThatLose() throws {
    var random = Randomness(seed: 5, stream: "losers")
    let trials = (0..<4).map { _ in (0..<120).map { _ in random.nextUnit() * 0.01 - 0.02 } }
    let test = try SuperiorityTest.run(trials: trials, draws: 50).get()
    for outcome in [test.studentised, test.plain] {
      #expect(outcome.lower == 1 && outcome.consistent == 1 && outcome.upper == 1)
    }
  }

  @Test func givenResamplesGiveExactProbabilities() throws {
    let oracle = try StatisticsOracle("31_fixed_bootstrap.json")
    let data = try CrossoverReturns(
      from: "2017-01-03", to: "2018-12-31", fast: [5, 10, 20], slow: [30, 50])
    #expect(data.market.count == 452)
    let indices = try Self.drawnRows(452)
    #expect(indices.count == 200)
    let found = try SuperiorityTest.run(
      trials: data.columns, benchmark: data.market, indices: indices, meanBlock: 8
    ).get()
    for (outcome, key) in [
      (found.studentised, "spa_studentized"), (found.plain, "rc_unstudentized"),
    ] {
      let expected = oracle[key]
      #expect(isNear(outcome.statistic, expected["statistic"].number, relative: 1e-10))
      #expect(outcome.lower == expected["p_lower"].number)
      #expect(outcome.consistent == expected["p_consistent"].number)
      #expect(outcome.upper == expected["p_upper"].number)
    }
    #expect(found.realityCheck == oracle["rc_unstudentized"]["p_upper"].number)
    let columns = try ExcessColumns(trials: data.columns, benchmark: data.market)
    let statistics = columns.statistics(.stationary(meanBlock: 8))
    for (place, statistic) in statistics.enumerated() {
      #expect(isNear(statistic.mean, oracle["mean"].numbers[place], relative: 1e-10))
      #expect(isNear(statistic.deviation, oracle["omega"].numbers[place], relative: 1e-10))
      #expect(statistic.isKept == (oracle["keep"][place].number != 0))
    }
  }

  /// The rows of each resample of the reference: blocks `start+rows`, about a ring.
  private static func drawnRows(_ rows: Int) throws -> [[Int]] {
    try Fixture.text("oracles/31_bootstrap_blocks.txt").split(separator: "\n").map { line in
      line.split(separator: " ").flatMap { block -> [Int] in
        let parts = block.split(separator: "+").compactMap { Int($0) }
        return (0..<(parts.count > 1 ? parts[1] : 1)).map { (parts[0] + $0) % rows }
      }
    }
  }

  @Test(arguments: [
    ("sp500_vs_hold", false), ("sp500_vs_cash", false),
    ("sp500_longshort_vs_cash_odd_penalised", true),
  ])
  func otherResamplesAgreeWithinChance(name: String, short: Bool) throws {
    let oracle = try StatisticsOracle("07_spa.json")[name]
    let data = try CrossoverReturns(short: short)
    let penalty = oracle["input"]["penalise_odd_columns_per_day"].number
    let trials = data.columns.enumerated().map { place, column in
      place.isMultiple(of: 2) ? column : column.map { $0 - penalty }
    }
    let draws = TestBuild.isOptimised ? 10_000 : 200
    let found = try SuperiorityTest.run(
      trials: trials, benchmark: name.hasSuffix("hold") ? data.market : nil,
      scheme: .stationary(meanBlock: 20), draws: draws, seed: 7
    ).get()
    let exact = oracle["deterministic"]
    let names = [5, 10, 15, 20, 25, 30, 40, 50].flatMap { fast in
      [60, 80, 100, 120, 150, 180, 200, 250].map { "\(fast)/\($0)" }
    }
    #expect(
      isNear(
        found.plain.statistic, exact["rc_statistic_sqrt_n_max_mean"].number, relative: 1e-9))
    #expect(
      isNear(
        found.studentised.statistic, exact["spa_statistic_studentized"].number, relative: 1e-9))
    #expect(names[found.plain.best] == exact["best_mean_column"].text)
    #expect(found.keptTrials == Int(exact["n_kept_consistent"].number))
    for (outcome, key) in [
      (found.studentised, "own_studentized_hansen"), (found.plain, "own_unstudentized_white_rc"),
    ] {
      let (mean, deviation) = (oracle[key]["mean"], oracle[key]["sd_between_seeds"])
      for (value, p) in [
        (outcome.lower, "p_lower"), (outcome.consistent, "p_consistent"),
        (outcome.upper, "p_upper"),
      ] {
        let expected = mean[p].number
        let spread = deviation[p].number
        let chance = spread * spread + expected * (1 - expected) / Double(draws)
        #expect(abs(value - expected) <= 4 * chance.squareRoot(), "\(key) \(p) \(value)")
      }
      #expect(outcome.lower <= outcome.consistent && outcome.consistent <= outcome.upper)
    }
    // White's test of another program, on the same data.
    let arch = oracle["arch_SPA_studentize_False"]
    let expected = arch["mean"]["upper"].number
    let spread = arch["sd_between_seeds"]["upper"].number
    let chance = spread * spread + expected * (1 - expected) / Double(draws)
    #expect(abs(found.realityCheck - expected) <= 4 * chance.squareRoot())
  }

  @Test func resultsDoNotDependOnThreads() throws {
    let trials = Array(repeating: try CrossoverReturns().columns, count: 3).flatMap { $0 }
    func test(_ threads: Int) throws -> SuperiorityTest {
      try SuperiorityTest.run(trials: trials, draws: 10, threads: threads).get()
    }
    let one = try test(1)
    #expect(try one == test(2))
    // Copies of trials are harmless.
    let once = try SuperiorityTest.run(trials: Array(trials.prefix(64)), draws: 10).get()
    #expect(one.studentised == once.studentised && one.trials == 192)
  }

  @Test func stepsFindEachTrialThatIsBetter() throws {
    var random = Randomness(seed: 3)
    let rows = 500
    let noise = (0..<6).map { _ in (0..<rows).map { _ in random.nextUnit() - 0.5 } }
    let trials = noise.enumerated().map { place, column in
      // The fourth is far better, the second clearly, the others not.
      column.map { $0 + (place == 3 ? 0.5 : place == 1 ? 0.1 : 0) }
    }
    let found = try StepwiseTest.run(trials: trials, level: 0.05, draws: 200).get()
    #expect(found.superior.contains(3) && found.superior.contains(1))
    #expect(found.superior.count <= 3 && found.criticalValues.count >= 1)
    #expect(found.criticalValues == found.criticalValues.sorted(by: >))
    let none = try StepwiseTest.run(
      trials: noise.map { $0.map { $0 - 1 } }, level: 0.05, draws: 200
    ).get()
    #expect(none.superior.isEmpty && none.criticalValues.count == 1)
    #expect(throws: EvidenceError.invalidLevel(1)) {
      _ = try StepwiseTest.run(trials: noise, level: 1)
    }
  }

  /// The same resamples as above, on which a reference computed apart goes through the same steps.
  @Test func givenResamplesGiveTheStepsOfTheReference() throws {
    let oracle = try StatisticsOracle("31_stepwise.json")
    let data = try CrossoverReturns(
      from: "2017-01-03", to: "2018-12-31", fast: [5, 10, 20], slow: [30, 50])
    let added = oracle["added"].numbers
    let trials = zip(data.columns, added).map { column, more in column.map { $0 + more } }
    let columns = try ExcessColumns(trials: trials, benchmark: data.market)
    let resamples = Resamples.rows(try Self.drawnRows(452), .stationary(meanBlock: 8))
    for (place, statistic) in columns.statistics(resamples.scheme).enumerated() {
      #expect(isNear(statistic.studentised, oracle["statistics"].numbers[place], relative: 1e-9))
    }
    for level in [0.05, 0.1, 0.25] {
      let expected = oracle["levels"]["\(level)"]
      let found = try StepwiseTest.run(columns, level: level, resamples, threads: 1).get()
      #expect(found.superior == expected["superior"].numbers.map { Int($0) })
      let limits = expected["critical_values"].numbers
      #expect(found.criticalValues.count == limits.count)
      for (value, limit) in zip(found.criticalValues, limits) {
        #expect(isNear(value, limit, relative: 1e-9), "\(level): \(value) and \(limit)")
      }
    }
  }

  @Test func flatTrialsAreLeftOut() throws {
    let column = (0..<100).map { $0.isMultiple(of: 3) ? 0.02 : -0.01 + 0.001 * Double($0 % 7) }
    let flat = [Double](repeating: 0.01, count: 100)
    let found = try SuperiorityTest.run(trials: [flat, column], draws: 100).get()
    #expect(found.flatTrials == 1 && found.trials == 2 && found.studentised.best == 1)
    let none = try SuperiorityTest.run(trials: [flat, flat], draws: 10)
    #expect(throws: StatisticAbsence.noDispersion) { try none.get() }
    // Against itself nothing is left.
    let itself = try SuperiorityTest.run(trials: [column], benchmark: column, draws: 10)
    #expect(throws: StatisticAbsence.noDispersion) { try itself.get() }
    let short = try SuperiorityTest.run(trials: [[0.1, 0.2]], draws: 10)
    #expect(throws: StatisticAbsence.tooFewReturns(2, needed: 3)) { try short.get() }
  }

  @Test func wrongArgumentsAreRefused() {
    let column = [0.1, 0.2, 0.3, 0.1]
    #expect(throws: EvidenceError.noTrial(0, count: 0)) { _ = try SuperiorityTest.run(trials: []) }
    #expect(throws: EvidenceError.tooFewDraws(0)) {
      _ = try SuperiorityTest.run(trials: [column], draws: 0)
    }
    #expect(throws: EvidenceError.invalidBlock(0.5)) {
      _ = try SuperiorityTest.run(trials: [column], scheme: .stationary(meanBlock: 0.5))
    }
    #expect(throws: EvidenceError.self) {
      _ = try SuperiorityTest.run(trials: [column], benchmark: [0.1])
    }
    #expect(throws: EvidenceError.noTrial(4, count: 4)) {
      _ = try SuperiorityTest.run(trials: [column], indices: [[0, 1, 2, 4]], meanBlock: 2)
    }
  }

  /// The geometric weights in one pass against the sum over all lags as it is defined.
  @Test(arguments: [1.0, 2.5, 20, 1_000])
  func varianceOfTheMeanIsTheSumOverLags(meanBlock: Double) {
    var random = Randomness(seed: 11)
    let raw = (0..<60).map { _ in random.nextUnit() - 0.5 }
    let mean = raw.reduce(0, +) / 60
    let values = raw.map { $0 - mean }
    let keep = 1 - 1 / meanBlock
    func power(_ exponent: Int) -> Double { (0..<exponent).reduce(1) { value, _ in value * keep } }
    func product(_ lag: Int) -> Double {
      (0..<60 - lag).reduce(0.0) { $0 + values[$1] * values[$1 + lag] } / 60
    }
    var expected = product(0)
    for lag in 1..<60 {
      let near: Double = Double(60 - lag) / 60 * power(lag)
      let far: Double = Double(lag) / 60 * power(60 - lag)
      expected += 2 * (near + far) * product(lag)
    }
    let found = ResamplingScheme.stationary(meanBlock: meanBlock).varianceOfMean(values)
    #expect(abs(found - expected) <= 1e-12)
    let independent: Double = ResamplingScheme.independent.varianceOfMean(values)
    let single: Double = ResamplingScheme.circular(block: 1).varianceOfMean(values)
    #expect(abs(independent - single) <= 1e-15)
  }
}
