@testable import BacktestCore
import TestSupport
import Testing

/// Equity that leaves the finite numbers ends the run, and everything in its result stays finite.
struct OverflowTests {
  private let prices: [MarketBuilder.Prices] = [1e-200, 1e-200, 1, 1e100, 1e200, 1e250, 1e300]
    .map { ($0, $0, $0, $0) }

  private func check(_ result: BacktestResult, at row: Int) {
    #expect(result.overflowedAt == result.curve.times[row] && result.ruinedAt == nil)
    #expect(result.curve.equity.count == prices.count)
    #expect(result.curve.equity.allSatisfy { $0 > 0 && $0.isFinite })
    #expect(result.curve.grossExposure.allSatisfy { $0.isFinite })
    #expect(
      result.curve.equity.suffix(prices.count - row).allSatisfy { $0 == result.account.equity })
    #expect(result.account.priceProfit.isFinite && result.account.positions[0].isFlat)
    #expect(result.trades.allSatisfy { $0.profit.isFinite })
  }

  @Test(arguments: [false, true]) func theRunEndsWithTheBarBefore(waitsForOrder: Bool) throws {
    let result = try runScript(
      try MarketBuilder.series(prices, lot: .fractional),
      [
        0: { _, trading in
          trading.target(.first, weight: 1)
          if waitsForOrder {
            trading.submit(Order(.first, quantity: 1, kind: .limit(1e-300)))
          }
        }
      ])
    check(result, at: 4)
    #expect(result.curve.equity[3] == result.account.equity)
    #expect(result.fills.last?.price == 1e100 && result.trades.count == 1)
    if waitsForOrder { #expect(result.outcomes(of: 1) == [.rejected(.overflow)]) }
  }

  @Test func aFillThatCannotBeCountedIsRefused() throws {
    let result = try runScript(
      try MarketBuilder.series(prices, lot: .fractional),
      [
        0: { _, trading in trading.target(.first, weight: 1) },
        3: { _, trading in trading.target(.first, weight: 0) },
      ])
    check(result, at: 4)
    #expect(result.outcomes(of: 2) == [.rejected(.overflow)])
  }

  @Test func weightsEndAlike() throws {
    let result = try runScript(
      try MarketBuilder.series(prices), [0: { _, trading in trading.target(.first, weight: 1) }]
    ) { $0.accounting = .weights(fee: 0) }
    #expect(result.overflowedAt == result.curve.times[4])
    #expect(result.curve.equity.allSatisfy { $0 > 0 && $0.isFinite })
  }

  @Test(arguments: [1e300, 1e308]) func immenseCashEndsInAResult(cash: Double) throws {
    for leverage in [1.0, 1e300] {
      let result = try runScript(
        try MarketBuilder.series(MarketBuilder.flat(10, count: 4), lot: .fractional),
        [0: { _, trading in trading.target(.first, weight: 1) }]
      ) { $0.account = AccountRules(initialCash: cash, funding: .margin(leverage: leverage)) }
      #expect(result.curve.equity.allSatisfy { $0.isFinite })
    }
  }

  @Test func aRunThatWentBackIsFiniteAgain() throws {
    let feed = Feed(try Universe([try MarketBuilder.series(prices, lot: .fractional)]))
    var engine = Engine(feed: feed, configuration: BacktestConfiguration())
    _ = engine.advance()
    let start = engine.checkpoint()
    engine.trading.target(.first, weight: 1)
    while engine.advance() != .finished {}
    #expect(engine.result(strategy: "").overflowedAt != nil)
    engine.restore(start)
    while engine.advance() != .finished {}
    let result = engine.result(strategy: "")
    #expect(result.overflowedAt == nil && result.equity == Array(repeating: 1_000_000, count: 7))
  }
}
