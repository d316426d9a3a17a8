@testable import BacktestCore
import Glibc
@testable import BacktestEvidence
import TestSupport
import Testing

/// The probability of backtest overfitting against a reference computed apart.
struct OverfittingProbabilityTests {
  private static var oracle: StatisticsOracle { try! StatisticsOracle("06_pbo.json") }

  private func compare(_ found: OverfittingProbability, _ expected: StatisticsOracle) throws {
    let choices = Double(found.outcomes.count)
    #expect(choices == expected["n_combinations"].number)
    // Counts are exact below; numbers lose a last digit where the file is read.
    #expect(isNear(found.probability, expected["pbo"].number, relative: 1e-14))
    #expect(found.outcomes.count { $0.logit <= 0 } == Int(expected["n_logit_le_0"].number))
    #expect(found.outcomes.count { $0.logit < 0 } == Int(expected["n_logit_lt_0"].number))
    let losses = expected["prob_oos_loss"].number * choices
    #expect(found.outcomes.count { $0.outOfSample < 0 } == Int(losses.rounded()))
    #expect(abs(found.lossProbability * choices - losses) <= 1e-9)
    let logits = found.outcomes.map(\.logit)
    let line = try #require(found.degradation)
    let values: [(Double?, String)] = [
      (logits.reduce(0, +) / choices, "logit_mean"), (logits.min(), "logit_min"),
      (logits.max(), "logit_max"), (logits.sorted().sortedQuantile(0.5), "logit_median"),
      (line.slope, "degradation_slope"), (line.determination, "degradation_r2"),
      (found.outcomes.map(\.inSample).reduce(0, +) / choices, "mean_is_best"),
      (found.outcomes.map(\.outOfSample).reduce(0, +) / choices, "mean_oos_of_best"),
    ]
    for (value, key) in values {
      #expect(isNear(value, expected[key].number, relative: 1e-9), "\(key) \(value ?? .nan)")
    }
    // In the case of noise the intercept is a difference near 0 of numbers of the size of 0.03.
    let intercept = expected["degradation_intercept"].number
    #expect(abs(line.intercept - intercept) <= max(1e-9 * abs(intercept), 1e-15))
    let counts = Dictionary(grouping: found.outcomes, by: \.chosen).mapValues(\.count)
    let expectedCounts = expected["best_is_counts"]
    #expect(counts.count == expectedCounts.keys.count)
    for key in expectedCounts.keys {
      #expect(counts[Int(key)!] == Int(expectedCounts[key].number), "trial \(key)")
    }
    for first in expected["first3"].list {
      let outcome = found.outcomes[Int(first["combo_index"].number)]
      #expect(outcome.chosen == Int(first["n_star"].number))
      #expect(outcome.rank == first["oos_rank"].number)
      #expect(isNear(outcome.inSample, first["is_metric"].number, relative: 1e-9))
      #expect(isNear(outcome.outOfSample, first["oos_metric"].number, relative: 1e-9))
      #expect(isNear(outcome.logit, first["logit"].number, relative: 1e-9))
    }
  }

  @Test func longFlatCrossoversEqualReference() throws {
    let columns = try CrossoverReturns().columns
    for blocks in [8, 10] + (TestBuild.isOptimised ? [16] : []) {
      let found = try OverfittingProbability.estimate(trials: columns, blocks: blocks).get()
      try compare(found, Self.oracle["sp500_longflat"]["S\(blocks)"])
    }
  }

  @Test func longShortCrossoversEqualReference() throws {
    let columns = try CrossoverReturns(short: true).columns
    for blocks in [8] + (TestBuild.isOptimised ? [16] : []) {
      let found = try OverfittingProbability.estimate(trials: columns, blocks: blocks).get()
      try compare(found, Self.oracle["sp500_longshort"]["S\(blocks)"])
    }
  }

  @Test func skillAndNoiseEqualReference() throws {
    for (name, skill) in [("skill", 3.0), ("noise", 0)] {
      let columns = (0..<10).map { trial in
        (0..<160).map { row in
          sin(Double(row * 10 + trial) * 0.7297) + (trial == 0 ? skill : 0)
        }
      }
      let found = try OverfittingProbability.estimate(trials: columns, blocks: 8).get()
      try compare(found, Self.oracle["synthetic"][name])
      // Always choosing the skilled trial beats the mean of all; choosing by noise does not.
      #expect(found.dominance.isFirstOrder == (skill > 0))
      #expect(found.dominance.isSecondOrder == (skill > 0))
    }
  }

  @Test func momentsOfBlocksGiveTheSameAsReturns() throws {
    let columns = try Array(CrossoverReturns().columns.prefix(9))
    var (front, back) = (
      try BlockMoments(rows: columns[0].count, blocks: 10),
      try BlockMoments(rows: columns[0].count, blocks: 10)
    )
    for (place, column) in columns.enumerated() {
      if place < 4 { try front.add(column) } else { try back.add(column) }
    }
    front.add(contentsOf: back)
    let whole = try OverfittingProbability.estimate(trials: columns, blocks: 10, threads: 1).get()
    let parts = try OverfittingProbability.estimate(front, threads: 2).get()
    #expect(whole.outcomes == parts.outcomes && whole.degradation == parts.degradation)
  }

  @Test func equalTrialsShareTheirRank() throws {
    let column = (0..<64).map { sin(Double($0)) }
    let found = try OverfittingProbability.estimate(
      trials: [column, column, column], blocks: 4
    ).get()
    #expect(found.outcomes.allSatisfy { $0.rank == 2 && $0.logit == 0 && $0.chosen == 0 })
    #expect(found.probability == 1)
  }

  @Test func flatTrialsAreNeverChosen() throws {
    let flat = [Double](repeating: 0.01, count: 64)
    let falling = (0..<64).map { -0.1 + 0.01 * sin(Double($0)) }
    let found = try OverfittingProbability.estimate(
      trials: [flat, falling], blocks: 4
    ).get()
    #expect(found.outcomes.allSatisfy { $0.chosen == 1 && $0.rank == 1 })
    let none = try OverfittingProbability.estimate(trials: [flat, flat], blocks: 4)
    #expect(throws: StatisticAbsence.noDispersion) { try none.get() }
  }

  /// Trials that never trade are no rivals: among them the choice is ranked as without.
  @Test func idleTrialsAreLeftOut() throws {
    let trials = (0..<6).map { trial -> [Double] in
      let step = trial * 2 + 7
      return (0..<320).map { row -> Double in
        let place = row * step % 23
        return Double(place) / 1_000 - 0.0108
      }
    }
    let idle = [Double](repeating: 0, count: 320)
    let alone = try OverfittingProbability.estimate(trials: trials).get()
    var mixed = [idle]
    for trial in trials { mixed += [trial, idle] }
    let among = try OverfittingProbability.estimate(trials: mixed).get()
    #expect(among.probability == alone.probability && alone.probability > 0)
    #expect(among.trials == 6)
    #expect(among.outcomes.map(\.chosen) == alone.outcomes.map { $0.chosen * 2 + 1 })
    let one = try OverfittingProbability.estimate(trials: [idle, trials[0], idle])
    #expect(throws: StatisticAbsence.tooFewTrials(1, needed: 2)) { try one.get() }
  }

  @Test func oneTrialHasNoProbability() throws {
    let one = try OverfittingProbability.estimate(trials: [(0..<64).map { sin(Double($0)) }])
    #expect(throws: StatisticAbsence.tooFewTrials(1, needed: 2)) { try one.get() }
  }

  @Test(arguments: [(3, 64), (0, 64), (-2, 64), (26, 640), (16, 31)])
  func blocksThatDoNotFitAreRefused(blocks: Int, rows: Int) {
    let trials = [[Double]](repeating: Array(repeating: 0.01, count: rows), count: 2)
    let error = #expect(throws: EvidenceError.invalidBlocks(blocks, rows: rows)) {
      _ = try OverfittingProbability.estimate(trials: trials, blocks: blocks)
    }
    #expect(error?.description.contains("give an even number") == true)
  }

  @Test func unequalTrialsAreRefused() {
    #expect(throws: EvidenceError.noTrial(0, count: 0)) {
      _ = try OverfittingProbability.estimate(trials: [])
    }
    #expect(
      throws: EvidenceError.lengthMismatch(what: "returns of trial 1", expected: 64, found: 63)
    ) {
      _ = try OverfittingProbability.estimate(
        trials: [Array(repeating: 0, count: 64), Array(repeating: 0, count: 63)], blocks: 4)
    }
    var broken = [Double](repeating: 0, count: 64)
    broken[7] = .nan
    #expect(throws: EvidenceError.notFinite(what: "trial 0: return", row: 7)) {
      _ = try OverfittingProbability.estimate(trials: [broken], blocks: 4)
    }
  }

  @Test func halvesComeInLexicographicOrder() {
    let halves = BlockHalves(blocks: 6)
    #expect(halves.pairCount == 10)
    #expect(halves.pair(0).chosen == [0, 1, 2] && halves.pair(0).left == [3, 4, 5])
    #expect(halves.pair(1).chosen == [0, 1, 3] && halves.pair(9).chosen == [0, 4, 5])
    #expect(BlockHalves(blocks: 2).pairCount == 1)
  }
}
