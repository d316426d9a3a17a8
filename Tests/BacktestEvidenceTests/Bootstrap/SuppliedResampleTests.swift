@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

/// Resamples that were drawn elsewhere, so that every number is exact.
@Suite("Supplied resamples")
struct SuppliedResampleTests {
  let sample: ReturnsSample
  let draws: [[Range<Int>]]
  let oracle: JSONObject

  init() throws {
    let all = try PriceColumn("prices/sp500.csv", from: "2017-01-03", to: "2018-12-31").sample()
    sample = try ReturnsSample(returns: Array(all.returns.suffix(452)), barsPerYear: 252)
    // A row is `170+9`, the first row and how many follow each other, or a single row.
    draws = try Fixture.text("oracles/31_bootstrap_blocks.txt").split(separator: "\n").map { line in
      try line.split(separator: " ").map { block in
        let parts = try block.split(separator: "+").map { try #require(Int($0)) }
        return parts[0]..<(parts[0] + (parts.count > 1 ? parts[1] : 1))
      }
    }
    let json = try Fixture.json("oracles/31_fixed_bootstrap.json")
    oracle = json
  }

  private func values(of names: [String], _ blocks: [[Range<Int>]]) throws -> [[Double]] {
    let figures = ReturnFigures(try names.map { try Metrics.named($0) }, sample)
    var columns = [[Double]](repeating: [], count: names.count)
    for draw in blocks {
      var row: [Double] = []
      figures.append(of: draw, to: &row)
      for (column, value) in row.enumerated() { columns[column].append(value) }
    }
    return columns
  }

  @Test("Sharpe ratios and all three intervals are exact")
  func sharpe() throws {
    #expect(draws.count == 200 && draws.allSatisfy { $0.reduce(0) { $0 + $1.count } == 452 })
    let expected = try #require(oracle["sharpe"] as? JSONObject)
    let sharpes = try values(of: ["sharpe"], draws)[0]
    let point = try #require(PerformanceMetrics(sample).sharpe)
    func number(_ key: String) throws -> Double { try #require(expected[key] as? Double) }
    func pair(_ key: String) throws -> [Double] { try #require(expected[key] as? [Double]) }
    #expect(agrees(point, try number("point"), relative: 1e-10))
    for (found, wanted) in zip(sharpes, try pair("first3")) {
      #expect(agrees(found, wanted, relative: 1e-10))
    }
    let found = BootstrapDistribution(sharpes, around: point)
    #expect(agrees(found.standardError, try number("se_ddof1"), relative: 1e-10))
    let rows = 0..<452
    let jackknife = try values(of: ["sharpe"], rows.map { [0..<$0, $0 + 1..<452] })[0]
    for (method, key) in [(IntervalMethod.percentile, "percentile95"), (.basic, "basic95")] {
      let bounds = try #require(found.bounds(method, level: 0.95))
      #expect(agrees(bounds.lower, try pair(key)[0], relative: 1e-10))
      #expect(agrees(bounds.upper, try pair(key)[1], relative: 1e-10))
    }
    let corrected = try #require(expected["bca95"] as? JSONObject)
    #expect(agrees(found.biasCorrection, try #require(corrected["z0"] as? Double), relative: 1e-10))
    #expect(
      agrees(
        BootstrapDistribution.acceleration(jackknife),
        try #require(corrected["accel"] as? Double), relative: 1e-10))
    let shares = try #require(found.correctedShares(0.025, jackknife: jackknife))
    let wanted = try #require(corrected["probs"] as? [Double])
    #expect(agrees(shares.0, wanted[0], relative: 1e-10))
    #expect(agrees(shares.1, wanted[1], relative: 1e-10))
    let bounds = try #require(found.bounds(.bca, level: 0.95, jackknife: jackknife))
    let interval = try #require(corrected["ci"] as? [Double])
    #expect(agrees(bounds.lower, interval[0], relative: 1e-10))
    #expect(agrees(bounds.upper, interval[1], relative: 1e-10))
  }

  @Test("Drawdowns of the resamples are exact")
  func drawdown() throws {
    let expected = try #require(oracle["prob_mdd"] as? JSONObject)
    let found = try values(of: ["max-drawdown"], draws)[0].sorted()
    #expect(
      agrees(
        found.sortedQuantile(0.5), try #require(expected["median"] as? Double), relative: 1e-10))
    #expect(
      agrees(
        found.sortedQuantile(0.05), try #require(expected["q05"] as? Double), relative: 1e-10))
  }

  @Test("Sums, paths and ranks give what measuring the resample as a whole gives")
  func shortcuts() throws {
    let column = try PriceColumn("prices/sp500.csv", from: "2016-12-30", to: "2018-12-31")
    let dated = try ReturnsSample(
      equity: column.prices, pointDates: column.dates, barsPerYear: 252, riskFree: .annual(0.02),
      minimumAcceptableReturn: 0.01)
    let metrics = Metrics.all.filter {
      $0.resampledRows == .returns && !$0.needs.contains(.account)
    }
    let figures = ReturnFigures(metrics, dated)
    for draw in [draws[3], draws[77], [0..<452], [10..<11, 300..<340, 0..<9]] {
      var found: [Double] = []
      figures.append(of: draw, to: &found)
      let returns = draw.flatMap { dated.returns[$0] }
      let whole = try ReturnsSample(
        returns: returns, pointDates: Array(column.dates.prefix(returns.count + 1)),
        barsPerYear: 252, riskFree: .annual(0.02), minimumAcceptableReturn: 0.01)
      let expected = PerformanceMetrics(whole)
      for (metric, value) in zip(metrics, found) {
        guard let wanted = try expected.value(of: metric.name) else {
          #expect(value.isNaN, "\(metric.name)")
          continue
        }
        #expect(
          abs(value - wanted) <= 1e-9 * max(abs(wanted), 1e-3), "\(metric.name) \(value) \(wanted)")
      }
    }
  }
}
