@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

struct RegimeAnalysisTests {
  /// Holding the index makes the account's returns those of the reference.
  @Test func partsOfTheHeldIndexEqualTheReference() throws {
    let result = try BenchmarkCurveTests.heldIndex()
    let series = result.universe.series[0]
    let analysis = try RegimeAnalysis(result, series: series, classifier: VolatilityTerciles())
    let oracle = try RegimeOracle("12_vol_terciles.json")["sp500"]
    for (label, part) in analysis.descriptive.prefix(3).enumerated() {
      let expected = oracle["full_sample"]["\(label)"]
      #expect(part.barCount == expected["n"].integer)
      let mean = try #require(expected["same_bar_mean_return"].number)
      #expect(agrees(part.mean, mean, relative: 1e-8))
    }
    // Labels are known from their bar on, so the last one counts for no return.
    let counts = oracle["expanding_counts"]
    let last = try #require(oracle["last"]["expanding"].integer)
    for (label, part) in analysis.causal.prefix(3).enumerated() {
      let expected = try #require(counts["\(label)"].integer)
      #expect(part.barCount == expected - (label == last ? 1 : 0))
    }
    let agreement = try #require(oracle["agreement_full_vs_expanding"].number)
    #expect(agrees(analysis.labels.agreement, agreement, relative: 1e-12))
    #expect(analysis.causal.last?.name == "unlabelled")
  }

  @Test func partsCompoundToTheWhole() throws {
    let result = try BenchmarkCurveTests.heldIndex()
    let analysis = try RegimeAnalysis(
      result, series: result.universe.series[0], classifier: BullBear())
    #expect(analysis.name == "bull/bear 20 %" && analysis.seriesName == "SPX")
    for knowledge in RegimeKnowledge.allCases {
      let parts = analysis.parts(knowledge)
      #expect(parts.reduce(0) { $0 + $1.barCount } == 5_030)
      let growth = parts.reduce(1) { $0 * (1 + ($1.totalReturn ?? 0)) }
      #expect(agrees(growth, 1 + (result.metrics.totalReturn ?? 0), relative: 1e-12))
      for part in parts { #expect(part.runs.reduce(0) { $0 + $1.count } == part.barCount) }
    }
    // The falls of the two great bear markets, peak to trough, on closes.
    let bear = analysis.descriptive[0]
    #expect(agrees(bear.worstDrawdown, -0.5193, relative: 1e-3))
    #expect((bear.sharpe ?? 0) < 0 && (bear.cagr ?? 0) < 0 && (bear.volatility ?? 0) > 0.2)
  }

  @Test func pointsWithinADayFollowTheDaysOfAnotherSeries() throws {
    let hours = (0..<72).map { row -> MarketBuilder.Prices in
      let price = 100 + Double(row)
      return (price, price, price, price)
    }
    let series = try MarketBuilder.series(hours, every: .hours(1))
    let result = try runScript(series, [0: { _, trading in trading.target(.first, weight: 1) }])
    let ends = (1...3).map { MarketBuilder.start + .days($0) }
    let labels = RegimeLabels(
      names: ["calm", "wild"], descriptive: [0, 1, 0], causal: [nil, 1, 0])
    let analysis = RegimeAnalysis(
      result, name: "given", seriesName: "days", labels: labels, closeTimes: ends)
    // Before the first close no day can be told, since it is not known when that day began.
    let (calm, wild, rest) = (
      analysis.descriptive[0], analysis.descriptive[1], analysis.descriptive[2]
    )
    #expect(calm.runs == [22..<23, 47..<71] && wild.runs == [23..<47])
    #expect(rest.name == "unlabelled" && rest.barCount == 22)
    #expect(analysis.causal[1].runs == [47..<71] && analysis.causal[0].barCount == 0)
    #expect(analysis.causal[0].sharpe == nil && analysis.causal[0].totalReturn == nil)
    #expect(analysis.times.count == 72)
  }

  @Test func pricesThatCannotBeUsedAreRefused() throws {
    let series = try MarketBuilder.series(
      [(1, 1, 1, 1), (0, 0, 0, 0)], allowsNonPositivePrices: true)
    let result = try runScript(series, [:])
    #expect(throws: EvidenceError.unusableClose(row: 1, value: 0)) {
      try RegimeAnalysis(result, series: series, classifier: BullBear())
    }
  }
}
