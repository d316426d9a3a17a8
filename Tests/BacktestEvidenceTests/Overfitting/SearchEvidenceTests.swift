import Glibc
@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

struct SearchEvidenceTests {
  @Test func crossoversEqualReference() throws {
    let columns = try CrossoverReturns().columns
    let oracle = try StatisticsOracle("06_pbo.json")["sp500_longflat"]
    let best = 39
    var options = SearchEvidence.Options()
    options.draws = 20
    options.blocks = 8
    let found = try SearchEvidence(trials: columns, chosen: best, options: options)
    #expect(found.trials == 64 && found.rows == 4_781 && found.chosen == best)
    let expected = oracle["effective_trials"]
    #expect(
      try isNear(
        found.effectiveTrials.get().value, expected["n_eff_corr_formula"].number, relative: 1e-9))
    #expect(
      try isNear(
        found.effectiveRank.get().value, expected["effective_rank_roy_vetterli"].number,
        relative: 1e-9))
    #expect(
      try isNear(
        found.overfitting.get().probability, oracle["S8"]["pbo"].number, relative: 1e-14))
    let deflated = try found.deflatedSharpe.get()
    #expect(deflated.trials.method == .averageCorrelation)
    let grid = try StatisticsOracle("39_dsr_grid.json")["sp500_longflat"]
    #expect(
      isNear(
        deflated.probability, grid["dsr_N_eff_correlation_mean0"]["dsr"].number, relative: 1e-9))
    #expect(try found.superiority.get().draws == 20)

    // The same without keeping returns, summed up in two parts.
    var (front, back) = (
      try SearchSummary(rows: 4_781, blocks: 8), try SearchSummary(rows: 4_781, blocks: 8)
    )
    for (place, column) in columns.enumerated() {
      if place < 30 { try front.add(column) } else { try back.add(column) }
    }
    front.add(contentsOf: back)
    let summed = try SearchEvidence(front, chosen: best, returns: columns[best])
    #expect(try summed.overfitting.get().outcomes == found.overfitting.get().outcomes)
    #expect(
      try isNear(
        summed.deflatedSharpe.get().probability, deflated.probability, relative: 1e-12))
    #expect(throws: StatisticAbsence.returnsNotKept) { try summed.superiority.get() }
    #expect(throws: StatisticAbsence.returnsNotKept) { try summed.effectiveRank.get() }
  }

  @Test func oneTrialSaysWhyThereIsNothing() throws {
    let column = (0..<100).map { $0.isMultiple(of: 3) ? 0.02 : -0.005 }
    let found = try SearchEvidence(trials: [column], chosen: 0)
    #expect(throws: StatisticAbsence.tooFewTrials(1, needed: 2)) { try found.deflatedSharpe.get() }
    #expect(throws: StatisticAbsence.tooFewTrials(1, needed: 2)) { try found.overfitting.get() }
    #expect(throws: StatisticAbsence.tooFewTrials(1, needed: 2)) { try found.effectiveTrials.get() }
    #expect(try found.effectiveRank.get().value == 1)
    #expect(try found.chosenRatio.get().count == 100)
  }

  @Test func flatAndShortTrialsSayWhyThereIsNothing() throws {
    let flat = [Double](repeating: 0.01, count: 100)
    let found = try SearchEvidence(trials: [flat, flat], chosen: 0)
    #expect(throws: StatisticAbsence.noDispersion) { try found.chosenRatio.get() }
    #expect(throws: StatisticAbsence.tooFewTrials(0, needed: 2)) { try found.deflatedSharpe.get() }
    #expect(throws: StatisticAbsence.noDispersion) { try found.overfitting.get() }
    #expect(throws: StatisticAbsence.noDispersion) { try found.superiority.get() }
    let short = try SearchEvidence(trials: [[0.1], [0.2]], chosen: 1)
    #expect(throws: StatisticAbsence.tooFewReturns(1, needed: 2)) { try short.chosenRatio.get() }
    #expect(throws: StatisticAbsence.tooFewReturns(1, needed: 32)) { try short.overfitting.get() }
    #expect(throws: StatisticAbsence.self) { try short.effectiveRank.get() }
  }

  /// Skewness and kurtosis that no distribution has leave the variance below 0.
  @Test func noFigureIsEverInfinite() throws {
    let impossible = SharpeEstimate(ratio: 1, count: 100, skewness: 5, kurtosis: 3)
    #expect(impossible.probability() == nil && impossible.minimumTrackRecord() == nil)
    #expect(impossible.standardError == nil)
    let deflated = DeflatedSharpeRatio.estimate(
      impossible, variance: 0.1, trials: TrialCount(.counted, 10))
    #expect(throws: StatisticAbsence.negativeVariance) { try deflated.get() }
    #expect(SharpeEstimate(ratio: 1, count: 1).probability() == nil)
    #expect(SharpeEstimate(ratio: 0, count: 100).minimumTrackRecord() == nil)
    #expect(SharpeEstimate(returns: [0.01, 0.01, 0.01]) == nil)
    #expect(SharpeEstimate(returns: [0.01]) == nil && SharpeEstimate(returns: []) == nil)
    #expect(SharpeEstimate(returns: [0.01, .nan]) == nil)
    #expect(DeflatedSharpeRatio.expectedMaximum(ofNormals: 1) == 0)
    #expect(DeflatedSharpeRatio.expectedMaximum(ofNormals: 1.05) == 0)
    #expect(DeflatedSharpeRatio.expectedMaximum(ofNormals: .infinity) == 0)
    #expect(MinimumBacktestLength.years(trials: 0, expectedMaximum: 1) == nil)
    #expect(MinimumBacktestLength.years(trials: 10, expectedMaximum: 0) == nil)
  }

  @Test func equalTrialsCountAsOne() throws {
    let column = (0..<100).map { $0.isMultiple(of: 3) ? 0.02 : -0.005 }
    let found = try SearchEvidence(trials: [column, column, column], chosen: 2)
    #expect(try abs(found.effectiveTrials.get().value - 1) < 1e-9)
    #expect(try abs(found.effectiveRank.get().value - 1) < 1e-6)
    #expect(try found.deflatedSharpe.get().threshold == 0)
  }

  @Test func wrongArgumentsAreRefused() {
    #expect(throws: EvidenceError.noTrial(2, count: 1)) {
      _ = try SearchEvidence(trials: [[0.1, 0.2]], chosen: 2)
    }
    var options = SearchEvidence.Options()
    options.blocks = 7
    #expect(throws: EvidenceError.invalidBlocks(7, rows: 100)) {
      _ = try SearchEvidence(
        trials: [Array(repeating: 0.1, count: 100)], chosen: 0, options: options)
    }
  }

  @Test func eigenvaluesOfKnownMatrices() {
    let two = SymmetricMatrix(rows: [[2, 0], [1, 2]]).eigenvalues()
    #expect(abs(two[0] - 1) < 1e-14 && abs(two[1] - 3) < 1e-14)
    // The second differences of n points: 2 - 2 cos(k pi / (n + 1)).
    let n = 12
    let matrix = (0..<n).map { row in
      (0..<n).map { column in row == column ? 2.0 : abs(row - column) == 1 ? -1 : 0 }
    }
    for (place, value) in SymmetricMatrix(rows: matrix).eigenvalues().enumerated() {
      let expected = 2 - 2 * cos(Double(place + 1) * Double.pi / Double(n + 1))
      #expect(abs(value - expected) < 1e-13)
    }
    // All equal: n once, and 0.
    let ones = (0..<9).map { _ in [Double](repeating: 1, count: 9) }
    let found = SymmetricMatrix(rows: ones).eigenvalues()
    #expect(abs(found[8] - 9) < 1e-13 && found[..<8].allSatisfy { abs($0) < 1e-13 })
  }
}
