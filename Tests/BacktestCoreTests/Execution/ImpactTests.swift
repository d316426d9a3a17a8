@testable import BacktestCore
import Foundation
import TestSupport
import Testing

/// Slippage that depends on what was traded, against values computed outside this project.
struct ImpactTests {
  private struct Oracle: Decodable {
    var almgren2005: [String: Case]
    var square_root: [Root]

    struct Case: Decodable {
      var input: Input
      var permanent_bp: Double
      var temporary_bp: Double
      var cost_J_bp: Double
    }

    struct Input: Decodable {
      var X_over_V: Double
      var V: Double
      var shares_outstanding: Double
      var sigma_daily: Double
      var T_days: Double
    }

    struct Root: Decodable {
      var Y: Double
      var sigma: Double
      var Q_over_V: Double
      var impact: Double
    }
  }

  private func oracle() throws -> Oracle {
    try JSONDecoder().decode(
      Oracle.self, from: Data(try Fixture.bytes("oracles/22_market_impact.json")))
  }

  private func trade(
    _ quantity: Double, after before: Double = 0, deviation: Double, volume: Double,
    barsPerSession: Double = 1
  ) -> ProspectiveTrade {
    ProspectiveTrade(
      quantity: quantity, reference: 100,
      bar: Bar(
        openTime: MarketBuilder.start, closeTime: MarketBuilder.start, open: 100, high: 100,
        low: 100, close: 100, volume: volume),
      quantityTakenBefore: 0, quantityFilledBefore: before, returnDeviation: deviation,
      meanVolume: volume, spread: .nan, barsPerSession: barsPerSession)
  }

  @Test func almgrenIsThatOfThePaper() throws {
    let cases = try oracle().almgren2005
    #expect(cases.count == 6)
    for (name, expected) in cases {
      let input = expected.input
      let model = AlmgrenSlippage(days: input.T_days, sharesOutstanding: input.shares_outstanding)
      let units = input.X_over_V * input.V
      let daily = trade(units, deviation: input.sigma_daily, volume: input.V)
      #expect(
        agrees(model.fraction(for: daily), expected.cost_J_bp * 1e-4, within: 1e-12), "\(name)")
      // The same market in 26 bars a session.
      let intraday = trade(
        units, deviation: input.sigma_daily / 26.0.squareRoot(), volume: input.V / 26,
        barsPerSession: 26)
      #expect(agrees(model.fraction(for: intraday), expected.cost_J_bp * 1e-4, within: 1e-12))
      let permanent = AlmgrenSlippage(
        days: input.T_days, sharesOutstanding: input.shares_outstanding, temporary: 0)
      #expect(
        agrees(permanent.fraction(for: daily), expected.permanent_bp * 0.5e-4, within: 1e-12))
      // Two halves of an order move the price for good as the whole does.
      let first = trade(units / 2, deviation: input.sigma_daily, volume: input.V)
      let second = trade(
        units / 2, after: units / 2, deviation: input.sigma_daily, volume: input.V)
      let mean = (permanent.fraction(for: first) + permanent.fraction(for: second)) / 2
      #expect(agrees(mean, expected.permanent_bp * 0.5e-4, within: 1e-12))
      let temporary = AlmgrenSlippage(
        days: input.T_days, sharesOutstanding: input.shares_outstanding, permanent: 0)
      #expect(
        agrees(temporary.fraction(for: daily), expected.temporary_bp * 1e-4, within: 1e-12))
    }
  }

  @Test func theSquareRootIsThatOfTheOracle() throws {
    for expected in try oracle().square_root {
      let model = SquareRootSlippage(impact: expected.Y)
      let trade = trade(expected.Q_over_V * 1e6, deviation: expected.sigma, volume: 1e6)
      #expect(agrees(model.fraction(for: trade), expected.impact, within: 1e-12))
    }
  }

  @Test func almgrenMeetsTheMarket() throws {
    // Closes whose returns are +-x with a deviation (n - 1) of 2 %: x = 0.02 sqrt(19 / 20).
    let x = 0.02 * (19.0 / 20).squareRoot()
    var close = 100.0
    var bars: [MarketBuilder.Prices] = [(100, 100, 100, 100)]
    for k in 1...20 {
      close *= k.isMultiple(of: 2) ? 1 - x : 1 + x
      bars.append((close, close, close, close))
    }
    bars += MarketBuilder.flat(100, count: 3)
    let result = try runScript(
      try MarketBuilder.series(bars, volume: Array(repeating: 10_000, count: 24)),
      [20: { _, trading in trading.submit(Order(.first, quantity: 1_500)) }]
    ) {
      $0.execution.participation = 0.1
      $0.execution.slippage = AlmgrenSlippage(
        days: 1, sharesOutstanding: 160_000, permanent: 0.5, temporary: 0)
    }
    #expect(result.fillQuantities == [1_000, 500])
    // 0.5 x 0.02 x (500 / 10,000) x (160,000 / 10,000)^(1/4), then (1,000 + 250) / 10,000.
    #expect(agrees(result.fillPrices[0], 100 * (1 + 0.001), within: 1e-12))
    #expect(agrees(result.fillPrices[1], 100 * (1 + 0.0025), within: 1e-12))
  }

  /// A random walk in cents.
  private static let walk: [MarketBuilder.Prices] = [
    (100.25, 102.02, 99.3, 101.22), (101.7, 103.45, 101.23, 103.42),
    (104.34, 105.9, 104.22, 104.96), (104.89, 105.46, 103.23, 103.83),
    (102.82, 103.11, 100.72, 101.65), (102.19, 103.01, 100.66, 100.8),
    (101.04, 101.04, 98.66, 99.53), (98.95, 99.92, 96.97, 97.83),
    (97.41, 99.75, 96.75, 99.21), (98.63, 101.06, 97.67, 100.37),
    (101.16, 101.52, 100.18, 100.34), (99.63, 99.93, 97.31, 97.9),
    (96.93, 97.95, 96.63, 97.62), (98.24, 98.55, 97.69, 98.16),
    (98.56, 99.52, 96.79, 96.82), (97.3, 98.66, 96.53, 98.64), (98.38, 98.7, 98.33, 98.69),
    (98.06, 100.04, 97.32, 99.84), (100.7, 102.83, 100.34, 102.48),
    (102.53, 103.77, 101.77, 103.66), (104.28, 105.82, 103.29, 105.78),
    (104.91, 105.56, 103.29, 104.25), (103.91, 106.25, 103.59, 105.68),
    (105.29, 105.37, 103.78, 103.93), (104.32, 106.57, 104.27, 106.4),
  ]

  /// Spreads by the formulas of Corwin and Schultz, computed with Python.
  @Test(arguments: [(20, 104.91, 0.003526614203635709), (23, 104.32, 0.005515070804477757)])
  func highsAndLowsTellTheSpread(bar: Int, open: Double, spread: Double) throws {
    let result = try runScript(
      try MarketBuilder.series(Self.walk),
      [bar: { _, trading in trading.submit(Order(.first, quantity: 10)) }]
    ) { $0.execution.slippage = CorwinSchultzSlippage() }
    #expect(agrees(result.fillPrices[0], open * (1 + spread / 2), within: 1e-12))
  }

  @Test func aSpreadNeedsTwentyOneBars() throws {
    let result = try runScript(
      try MarketBuilder.series(Self.walk),
      [19: { _, trading in trading.submit(Order(.first, quantity: 10)) }]
    ) { $0.execution.slippage = CorwinSchultzSlippage() }
    #expect(result.outcomes(of: 1) == [.rejected(.noHistory)])
  }

  @Test func shareOfTheRangeAndRelativeSpread() throws {
    let bars: [MarketBuilder.Prices] = [(100, 100, 100, 100), (50, 54, 49, 52), (50, 50, 50, 50)]
    func price(_ model: any SlippageModel) throws -> Double {
      try runScript(
        try MarketBuilder.series(bars),
        [0: { _, trading in trading.submit(Order(.first, quantity: 10)) }]
      ) { $0.execution.slippage = model }.fillPrices[0]
    }
    #expect(agrees(try price(RangeFractionSlippage(share: 0.1)), 50.5, within: 1e-13))
    #expect(agrees(try price(RelativeSpreadSlippage(basisPoints: 20)), 50.05, within: 1e-13))
  }
}
