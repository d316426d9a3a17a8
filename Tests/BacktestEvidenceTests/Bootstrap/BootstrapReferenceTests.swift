@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

/// Our own resamples, within the bands of another program's.
@Suite("Bootstrap intervals")
struct BootstrapReferenceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var key: String
    var file: String
    var from: String
    var to: String
    var block: Double
    var seed: UInt64

    var testDescription: String { key }
  }

  /// The shorter one alone where the optimiser did not run.
  static let cases = TestBuild.isOptimised || Torture.isFull ? all : Array(all.suffix(1))

  private static let all = [
    Case(
      key: "sp500_full_b10", file: "prices/sp500.csv", from: "0001-01-01", to: "9999-12-31",
      block: 10, seed: 14),
    Case(
      key: "aapl_2005_2012_b5", file: "prices/AAPL.csv", from: "2005-01-03", to: "2012-12-31",
      block: 5, seed: 12),
  ]

  /// Within four deviations of the mean over seeds, for draws that may be fewer than theirs.
  private func isWithin(
    _ found: Double?, _ bound: String, _ expected: JSONObject, scale: Double = 1
  ) throws -> Bool {
    let mean = try #require(expected["\(bound)_mean"] as? Double)
    let deviation = try #require(expected["\(bound)_sd"] as? Double)
    let seeds = expected["n_seeds"] as? Double ?? 5
    let margin = 4 * deviation * scale * (1 + 1 / seeds).squareRoot()
    return abs((found ?? .nan) - mean) <= margin
  }

  @Test("Intervals of the Sharpe ratio and the drawdown lie in the bands", arguments: cases)
  func bands(_ one: Case) throws {
    let oracle = try Fixture.json("oracles/09_bootstrap_ci.json")
    let expected = try #require(oracle[one.key] as? JSONObject)
    let sample = try PriceColumn(one.file, from: one.from, to: one.to).sample()
    #expect(expected["n"] as? Int == sample.count)
    // Bounds from fewer draws vary more, by the root.
    let draws = TestBuild.isOptimised || Torture.isFull ? 10_000 : 1_000
    let scale = (10_000 / Double(draws)).squareRoot()
    var bootstrap = Bootstrap(
      scheme: .stationary(meanBlock: one.block), draws: draws, seed: one.seed)
    for method in [IntervalMethod.percentile, .basic, .bca] {
      bootstrap.method = method
      let found = try #require(try bootstrap.interval(of: "sharpe", in: sample))
      let band = try #require(expected[method.rawValue] as? JSONObject)
      #expect(try isWithin(found.lower, "lower", band, scale: scale), "\(method) \(found.lower)")
      #expect(try isWithin(found.upper, "upper", band, scale: scale), "\(method) \(found.upper)")
      let error = try #require(expected["bootstrap_se_sharpe"] as? JSONObject)
      let spread = try #require(error["sd"] as? Double)
      let mean = try #require(error["mean"] as? Double)
      #expect(abs(found.standardError - mean) <= 4 * spread * scale * 1.2.squareRoot())
    }
    bootstrap.method = .percentile
    bootstrap.scheme = .independent
    let single = try #require(try bootstrap.interval(of: "sharpe", in: sample))
    let independent = try #require(expected["iid_percentile"] as? JSONObject)
    #expect(try isWithin(single.lower, "lower", independent, scale: scale))
    #expect(try isWithin(single.upper, "upper", independent, scale: scale))

    bootstrap.scheme = .stationary(meanBlock: one.block)
    bootstrap.draws = 2_000
    let fall = try #require(try bootstrap.interval(of: "max-drawdown", in: sample))
    let band = try #require(expected["max_drawdown_percentile"] as? JSONObject)
    #expect(try isWithin(fall.lower, "lower", band), "\(fall.lower)")
    #expect(try isWithin(fall.upper, "upper", band), "\(fall.upper)")
    #expect(fall.isRough)
  }
}
