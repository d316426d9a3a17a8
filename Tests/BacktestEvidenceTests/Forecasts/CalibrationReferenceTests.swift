@testable import BacktestEvidence
import TestSupport
import Foundation
import Testing

/// Probabilities and distributions from the last 252 returns agree with SciPy and scikit-learn.
struct CalibrationReferenceTests {
  private let oracle: JSONObject
  private var means: [Double] = []
  private var deviations: [Double] = []
  private var outcomes: [Double] = []

  init() throws {
    oracle = try Fixture.json("oracles/20_calibration.json")
    let prices = try PriceColumn("prices/sp500.csv").prices
    let returns = zip(prices.dropFirst(), prices).map { $0 / $1 - 1 }
    for row in 252..<returns.count {
      let window = returns[(row - 252)..<row]
      let mean = window.reduce(0, +) / 252
      let squares = window.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      means.append(mean)
      deviations.append((squares / 251).squareRoot())
      outcomes.append(returns[row])
    }
  }

  private func expect(_ found: Double?, _ expected: Any?, _ what: String) throws {
    #expect(agrees(found, try #require(expected as? Double), relative: 1e-9), "\(what)")
  }

  @Test func probabilities() throws {
    let expected = try #require(oracle["sp500_prob"] as? JSONObject)
    let said = zip(means, deviations).map { 0.5 * erfc(-$0 / $1 / 2.0.squareRoot()) }
    let found = try #require(
      ProbabilityCalibration(probabilities: said, outcomes: outcomes.map { $0 > 0 }))
    let figures: [String: Double?] = [
      "brier": found.brier, "log_loss": found.logLoss, "ece": found.expectedError,
      "mce": found.maximumError, "reliability": found.reliability,
      "resolution": found.resolution, "uncertainty": found.uncertainty,
      "brier_skill_vs_base_rate": found.brierSkill, "base_rate": found.baseRate,
    ]
    for (key, value) in figures { try expect(value, expected[key], key) }
    let table = try #require(expected["table"] as? [JSONObject])
    #expect(found.bins.map(\.index) == table.map { $0["bin"] as? Int })
    #expect(found.bins.map(\.count) == table.map { $0["n"] as? Int })
    for (bin, row) in zip(found.bins, table) {
      try expect(bin.meanProbability, row["mean_p"], "mean_p")
      try expect(bin.frequency, row["freq"], "freq")
    }
    #expect(
      Set(figures.keys).union(["input", "table", "binning"]) == Set(expected.keys))
    #expect(found.count == (expected["input"] as? JSONObject)?["n"] as? Int)
  }

  @Test func distributions() throws {
    let expected = try #require(oracle["sp500_dist"] as? JSONObject)
    let found = try #require(
      DistributionCalibration(means: means, deviations: deviations, outcomes: outcomes))
    let figures: [String: Double?] = [
      "pit_mean": found.transformMean, "pit_var_ddof0": found.transformVariance,
      "ks_stat": found.uniformity.statistic, "ks_p": found.uniformity.pValue,
      "crps_gaussian_mean": found.meanRankedScore, "log_score_mean": found.meanLogScore,
      "winkler_90": found.intervalScore90,
    ]
    for (key, value) in figures { try expect(value, expected[key], key) }
    let coverage = try #require(expected["coverage_central"] as? JSONObject)
    #expect(coverage.count == found.coverage.count)
    for interval in found.coverage {
      try expect(interval.share, coverage["\(interval.level)"], "coverage \(interval.level)")
    }
    let losses = try #require(expected["pinball"] as? JSONObject)
    for (quantile, loss) in losses {
      let own = found.quantileLosses.first { "\($0.quantile)" == quantile }
      try expect(own?.loss, loss, "pinball \(quantile)")
    }
    #expect(found.transformHistogram == expected["pit_hist10"] as? [Int])
    let conformal = try #require(expected["conformal90"] as? JSONObject)
    let own = try #require(found.conformal90)
    #expect(own.calibrationCount == conformal["n_cal"] as? Int)
    #expect(own.quantileIndex == conformal["quantile_index_1based"] as? Int)
    try expect(own.width, conformal["qhat"], "qhat")
    try expect(own.testShare, conformal["test_coverage"], "test_coverage")
    #expect(
      Set(figures.keys).union(["input", "coverage_central", "pinball", "pit_hist10", "conformal90"])
        == Set(expected.keys))
  }

  /// Two-sided p-values by `scipy.stats.kstwo.sf`.
  @Test(arguments: [
    (0.1, 100, 0.2526927570063874), (0.15, 100, 0.019839242125641813), (0.5, 5, 0.112),
    (0.9, 3, 0.002),
    (0.02, 1_000, 0.8108971656895577),
  ])
  func tailsOfTheUniformTest(distance: Double, count: Int, expected: Double) {
    let found = KolmogorovSmirnov.upperTail(distance, count: count)
    #expect(abs(found - expected) < 0.02 * expected + 1e-6, "\(found)")
  }
}
