@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

@Suite("Synthetic markets")
struct SyntheticMarketsTests {
  private func series(
    _ symbol: String, seed: UInt64, bars: Int = 80, every step: TimeSpan = .days(1)
  ) throws -> BarSeries {
    var random = TestRandom(seed: seed)
    return try RandomMarket.series(symbol, bars: bars, every: step, &random)
  }

  @Test("All instruments are drawn by the same rows, and each bar is one of the source's")
  func sameRows() throws {
    let universe = try Universe([series("AAA", seed: 1), series("BBB", seed: 2)])
    let markets = try SyntheticMarkets(universe, scheme: .stationary(meanBlock: 6), seed: 9)
    let market = markets.market(3)
    #expect(market.series.map(\.count) == [80, 80] && markets.barCount == 80)
    for (made, source) in zip(market.series, universe.series) {
      #expect(made.closeTimes.elementsEqual(source.closeTimes))
      #expect(made[0].close == source[0].close && made[0].high == source[0].high)
      for row in 0..<made.count { #expect(made[row].isConsistent) }
    }
    // The row from which each bar was drawn, found by its volume and its ratios.
    func origin(_ made: BarSeries, _ source: BarSeries, _ row: Int) -> Set<Int> {
      let ratio = made.close[row] / made.close[row - 1]
      let reach = made.high[row] / made.close[row - 1]
      return Set(
        (1..<source.count).filter { other in
          abs(source.close[other] / source.close[other - 1] - ratio) < 1e-12
            && abs(source.high[other] / source.close[other - 1] - reach) < 1e-12
            && source.volume[other] == made.volume[row]
        })
    }
    var drawn: Set<Int> = []
    for row in 1..<80 {
      let first = origin(market.series[0], universe.series[0], row)
      let second = origin(market.series[1], universe.series[1], row)
      #expect(!first.intersection(second).isEmpty, "row \(row)")
      drawn.formUnion(first.intersection(second))
    }
    #expect(drawn.count > 20 && drawn.count < 79)
  }

  @Test("A market is the same each time, and another number is another market")
  func determinism() throws {
    let universe = try Universe([series("AAA", seed: 5)])
    let markets = try SyntheticMarkets(universe, seed: 1)
    func closes(_ markets: SyntheticMarkets, _ index: Int) -> [Double] {
      Array(markets.market(index).series[0].close)
    }
    #expect(closes(markets, 4) == closes(markets, 4))
    #expect(closes(markets, 4) != closes(markets, 5))
    #expect(closes(try SyntheticMarkets(universe, seed: 2), 4) != closes(markets, 4))
  }

  @Test("Series with different times are cut to the closes that all have")
  func commonCloses() throws {
    let long = try series("AAA", seed: 3, bars: 90)
    let short = try series("BBB", seed: 4, bars: 90).rows(20..<80)
    let markets = try SyntheticMarkets(try Universe([long, short]), scheme: .circular(block: 5))
    let market = markets.market(0)
    #expect(market.series.map(\.count) == [60, 60])
    #expect(market.series[0].closeTimes.elementsEqual(short.closeTimes))
    #expect(market.series[0].close[0] == long.close[20])
  }

  @Test("Bars that cannot be drawn together are refused")
  func refused() throws {
    let day = try series("AAA", seed: 3)
    let hour = try series("BBB", seed: 4, every: .hours(1))
    #expect(throws: EvidenceError.self) { try SyntheticMarkets(try Universe([day, hour])) }
    let few = try Universe([day.rows(0..<29)])
    #expect(throws: EvidenceError.self) { try SyntheticMarkets(few) }
    let apart = try Universe([day.rows(0..<40), try series("CCC", seed: 8).rows(40..<80)])
    #expect(throws: EvidenceError.self) { try SyntheticMarkets(apart) }
    #expect(throws: EvidenceError.invalidBlock(0)) {
      try SyntheticMarkets(try Universe([day]), scheme: .circular(block: 0))
    }
    var prices: [MarketBuilder.Prices] = (0..<40).map { _ in (10, 11, 9, 10) }
    prices[20] = (1, 2, -1, 0)
    let negative = try BarSeries(
      instrument: Instrument(symbol: "CL", assetClass: .future), timeframe: day.timeframe,
      calendar: nil, openTimes: Column(Array(day.openTimes.prefix(40))),
      closeTimes: Column(Array(day.closeTimes.prefix(40))), open: Column(prices.map(\.0)),
      high: Column(prices.map(\.1)), low: Column(prices.map(\.2)), close: Column(prices.map(\.3)),
      allowsNonPositivePrices: true)
    #expect(throws: EvidenceError.self) { try SyntheticMarkets(try Universe([negative])) }
  }
}
