@testable import BacktestCore
import Foundation
import TestSupport
import Testing

/// Bars that are changed before a run.
struct MarketStressTests {
  /// Two random walks of 60 days from 1 January 2024 on.
  private func market(volume: [Double]? = nil) throws -> Universe {
    func walk(_ symbol: String, seed: UInt64, scale: Double) throws -> BarSeries {
      var random = Randomness(seed: seed)
      var close = 100.0
      let prices = (0..<60).map { _ -> MarketBuilder.Prices in
        let open = close * exp(scale * (random.nextUnit() - 0.5) * 0.01)
        let end = open * exp(scale * (random.nextUnit() - 0.48) * 0.04)
        let high = max(open, end) * exp(scale * random.nextUnit() * 0.01)
        let low = min(open, end) * exp(-scale * random.nextUnit() * 0.01)
        close = end
        return (open, high, low, end)
      }
      return try MarketBuilder.series(prices, symbol: symbol, volume: volume)
    }
    return try Universe([
      try walk("A", seed: 1, scale: 1), try walk("B", seed: 2, scale: 2),
    ])
  }

  private func stressed(
    _ change: MarketStress.Change, of symbols: [String]? = nil, from: String? = nil,
    through: String? = nil, seed: UInt64 = 3
  ) throws -> Universe {
    try market().stressed(
      by: [
        MarketStress(
          change, of: symbols, from: from.flatMap { CivilDate($0) },
          through: through.flatMap { CivilDate($0) })
      ], seed: seed)
  }

  private func returns(_ series: BarSeries) -> [Double] {
    (1..<series.count).map { log(series.close[$0] / series.close[$0 - 1]) }
  }

  private func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(values.count)
  }

  private func covariance(_ a: [Double], _ b: [Double]) -> Double {
    let (ma, mb) = (mean(a), mean(b))
    return zip(a, b).reduce(0) { $0 + ($1.0 - ma) * ($1.1 - mb) }
  }

  private func correlation(_ a: [Double], _ b: [Double]) -> Double {
    covariance(a, b) / (covariance(a, a) * covariance(b, b)).squareRoot()
  }

  @Test func aShockIsAFactorWhileItLasts() throws {
    let before = try market().series
    let after = try stressed(.shock(-0.2), of: ["A"], from: "2024-01-11", through: "2024-01-15")
    for row in 0..<60 {
      let factor = (10...14).contains(row) ? 0.8 : 1
      let (old, new) = (before[0][row], after.series[0][row])
      for (a, b) in [
        (old.open, new.open), (old.high, new.high), (old.low, new.low), (old.close, new.close),
      ] { #expect(agrees(b, a * factor, within: 1e-14)) }
      #expect(after.series[1].close[row] == before[1].close[row])
    }
    #expect(after.changes == ["prices x 0.8 of A from 2024-01-11 to 2024-01-15"])
    let lasting = try stressed(.shock(-0.2), from: "2024-01-11").series[0]
    #expect(agrees(lasting.close[59], before[0].close[59] * 0.8, within: 1e-14))
    #expect(agrees(lasting.close[9], before[0].close[9], within: 1e-15))
  }

  @Test(arguments: [MarketStress.Change.shock(-0.2), .missingBars(0.3), .halt, .volatility(2)])
  func fundingStays(change: MarketStress.Change) throws {
    let payment = FundingRate(time: Timestamp(seconds: 1_706_000_000), rate: 0.01)
    let given = try market()
    let universe = try Universe(
      given.series.map { try $0.adding(funding: [payment]) })
    let stress = MarketStress(change, of: ["A"], from: CivilDate("2024-02-01"))
    let changed = try universe.stressed(by: [stress], seed: 3)
    #expect(changed.series.map(\.funding) == [[payment], [payment]])
  }

  @Test func volatilityIsAMultipleAndTheMeanStays() throws {
    let before = try market().series
    let after = try stressed(.volatility(3)).series
    for (old, new) in zip(before, after) {
      let (a, b) = (returns(old), returns(new))
      #expect(abs(mean(a) - mean(b)) <= 1e-14)
      #expect(agrees(covariance(b, b), 9 * covariance(a, a), within: 1e-11))
      for row in 0..<60 {
        let bar = new[row]
        #expect(bar.low <= min(bar.open, bar.close) && max(bar.open, bar.close) <= bar.high)
      }
      // The range of a bar about its open.
      #expect(
        agrees(
          log(new.high[30] / new.low[30]), 3 * log(old.high[30] / old.low[30]), within: 1e-11))
    }
    let calm = try stressed(.volatility(0)).series[0]
    #expect(returns(calm).allSatisfy { abs($0 - mean(returns(calm))) <= 1e-13 })
  }

  @Test func gapsAreAsManyAsAskedFor() throws {
    let before = try market().series
    let after = try stressed(.gaps(count: 4, size: -0.1)).series
    for (old, new) in zip(before, after) {
      func gaps(_ series: BarSeries) -> [Double] {
        (1..<60).map { series.open[$0] / series.close[$0 - 1] }
      }
      let factors = zip(gaps(old), gaps(new)).map { $1 / $0 }
      #expect(factors.count { abs($0 - 0.9) <= 1e-12 } == 4)
      #expect(factors.count { abs($0 - 1) <= 1e-12 } == 55)
      #expect(agrees(new.close[59] / old.close[59], 0.6561, within: 1e-12))
    }
    // Each instrument has gaps of its own.
    #expect(
      zip(after[0].close, before[0].close).map { $0 / $1 > 0.95 }
        != zip(after[1].close, before[1].close).map { $0 / $1 > 0.95 })
  }

  @Test func missingBarsAreLeftOutAndTheRestStays() throws {
    let before = try market().series
    let after = try stressed(.missingBars(0.2)).series
    for (old, new) in zip(before, after) {
      #expect((35..<60).contains(new.count))
      for row in 0..<new.count {
        let place = try #require(old.closeTimes.firstIndex(of: new.closeTimes[row]))
        #expect(new.open[row] == old.open[place] && new.close[row] == old.close[place])
      }
    }
    #expect(Array(after[0].closeTimes) != Array(after[1].closeTimes))
    let again = try stressed(.missingBars(0.2)).series
    #expect(Array(again[0].closeTimes) == Array(after[0].closeTimes))
    let other = try stressed(.missingBars(0.2), seed: 4).series
    #expect(Array(other[0].closeTimes) != Array(after[0].closeTimes))
  }

  @Test func correlationsBecomeOne() throws {
    let before = try market().series
    let after = try stressed(.correlation(1)).series
    #expect(abs(correlation(returns(before[0]), returns(before[1]))) < 0.5)
    #expect(agrees(correlation(returns(after[0]), returns(after[1])), 1, within: 1e-12))
    for (old, new) in zip(before, after) {
      let (a, b) = (returns(old), returns(new))
      #expect(abs(mean(a) - mean(b)) <= 1e-14)
      #expect(agrees(covariance(b, b), covariance(a, a), within: 1e-11))
      // What a bar did after its open stays.
      #expect(agrees(new.high[7] / new.open[7], old.high[7] / old.open[7], within: 1e-12))
    }
    let half = try stressed(.correlation(0.5)).series
    let middle = correlation(returns(half[0]), returns(half[1]))
    #expect(middle > correlation(returns(before[0]), returns(before[1])) && middle < 1)
    let none = try stressed(.correlation(0)).series
    #expect(agrees(none[0].close[59], before[0].close[59], within: 1e-12))
  }

  @Test func ordersWaitThroughAHalt() throws {
    let halted = try stressed(.halt, of: ["A"], from: "2024-01-11", through: "2024-01-15")
    #expect(halted.series.map(\.count) == [55, 60])
    let strategy = ScriptedStrategy([
      9: { _, trading in
        trading.submit(Order(.first, quantity: 10))
        trading.submit(Order(.second, quantity: 10))
      }
    ])
    let result = Backtest(strategy, on: halted).run()
    let times = result.fills.map(\.time.utcDate.description)
    #expect(times == ["2024-01-11", "2024-01-16"])
    #expect(result.fills.map(\.instrument) == [.second, .first])
  }

  @Test func aSplitIsNoReturn() throws {
    let prices = MarketBuilder.flat(100, count: 5) + MarketBuilder.flat(50, count: 5)
    let series = try MarketBuilder.series(prices).adding([
      CorporateAction("A", on: try #require(CivilDate("2024-01-06")), .split(ratio: 2))
    ])
    let wild = try Universe([series]).stressed(by: [MarketStress(.volatility(5))], seed: 1)
    #expect(zip(wild.series[0].close, series.close).allSatisfy { abs($0 - $1) <= 1e-9 })
    #expect(wild.series[0].actions.count == 1 && wild.series[0][9].scale == 2)
  }

  @Test(arguments: [
    (MarketStress(.shock(-1)), "a shock must be"),
    (MarketStress(.volatility(-1)), "a multiple of volatility"),
    (MarketStress(.gaps(count: 60, size: 0.1)), "60 gaps do not fit"),
    (MarketStress(.gaps(count: 1, size: 0)), "gaps need a count"),
    (MarketStress(.missingBars(1)), "the share of missing bars"),
    (MarketStress(.correlation(2)), "a correlation must be"),
    (MarketStress(.correlation(1), of: ["A"]), "a correlation needs at least two"),
    (MarketStress(.halt), "a change of the market leaves no bars"),
    (MarketStress(.halt, of: ["C"]), "a change of the market names 'C'"),
    (MarketStress(.shock(0.1), from: CivilDate("2030-01-01")), "no bar lies in the time"),
  ])
  func whatCannotBeIsRefused(stress: MarketStress, message: String) throws {
    let error = #expect(throws: MarketError.self) {
      try market().stressed(by: [stress], seed: 1)
    }
    #expect(error?.problem.hasPrefix(message) == true, "\(error?.description ?? "")")
  }

  @Test func pricesBelowZeroAreRefused() throws {
    let series = try MarketBuilder.series(
      [(1, 1, -1, 1), (1, 1, 1, 1)], allowsNonPositivePrices: true)
    #expect(throws: MarketError.self) {
      try Universe([series]).stressed(by: [MarketStress(.shock(0.1))], seed: 1)
    }
  }
}
