@testable import BacktestCore
import TestSupport
import Testing

/// At which price a market order decided on the close of the first bar trades.
struct MarketFillTests {
  private func fill(
    _ rule: ExecutionRules.MarketFill, latency: TimeSpan = .zero, series: BarSeries? = nil
  ) throws -> Fill {
    let market = try series ?? MarketBuilder.series(Self.bars)
    let result = try runScript(
      market, [0: { _, trading in trading.submit(Order(.first, quantity: 1)) }]
    ) {
      $0.execution.marketFill = rule
      $0.execution.latency = latency
    }
    #expect(result.fills.count == 1)
    return result.fills[0]
  }

  private static let bars: [MarketBuilder.Prices] = [
    (100, 101, 99, 100), (104, 106, 103, 105), (107, 108, 106, 107),
  ]

  @Test func eachRuleHasItsPrice() throws {
    #expect(try fill(.sameClose).price == 100)
    #expect(try fill(.nextOpen).price == 104)
    #expect(try fill(.nextClose).price == 105)
  }

  @Test func latencyMissesTheOpenOfAMarketThatNeverCloses() throws {
    #expect(try fill(.nextClose, latency: .seconds(1)).price == 105)
    #expect(try fill(.nextOpen, latency: .seconds(1)).price == 107)
    #expect(try fill(.sameClose, latency: .seconds(1)).price != 100)
  }

  @Test func latencyFitsIntoTheNight() throws {
    let market = try MarketBuilder.sessions(Self.bars, from: "2024-01-03")
    #expect(try fill(.nextOpen, latency: .seconds(1), series: market).price == 104)
    #expect(try fill(.nextOpen, latency: .hours(18), series: market).price == 107)
  }

  @Test func latencyOfAWholeBarIsLiveForTheNextBar() throws {
    // It becomes live at the close of bar 1, which is the open of bar 2.
    #expect(try fill(.nextOpen, latency: .days(1)).price == 107)
    #expect(try fill(.nextClose, latency: .days(1)).price == 107)
  }

  @Test func openFillsCarryTheOpenTimeAndOthersTheClose() throws {
    let market = try MarketBuilder.sessions(Self.bars, from: "2024-01-03")
    let open = try fill(.nextOpen, series: market)
    #expect(open.time == market.openTimes[1] && !open.isIntrabar && open.row == 1)
    let close = try fill(.nextClose, series: market)
    #expect(close.time == market.closeTimes[1] && close.isIntrabar && close.row == 1)
    let same = try fill(.sameClose, series: market)
    #expect(same.time == market.closeTimes[0] && same.isIntrabar && same.row == 0)
  }

  @Test func slippageAndCommissionAreSeparateAndCommissionIsOnTheSlippedPrice() throws {
    let market = try MarketBuilder.series(Self.bars)
    let result = try runScript(
      market,
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 10)) },
        1: { _, trading in trading.submit(Order(.first, quantity: -10)) },
      ]
    ) {
      $0.execution.slippage = BasisPointSlippage(basisPoints: 10)
      $0.execution.commission = BasisPointCommission(basisPoints: 5)
    }
    let (buy, sell) = (result.fills[0], result.fills[1])
    #expect(agrees(buy.price, 104.104, within: 1e-14))
    #expect(agrees(buy.slippage, 1.04, within: 1e-12))
    #expect(agrees(buy.commission, 0.52052, within: 1e-12))
    #expect(agrees(sell.price, 106.893, within: 1e-14))
    #expect(agrees(sell.slippage, 1.07, within: 1e-12))
    #expect(agrees(sell.commission, 0.534465, within: 1e-12))
    #expect(agrees(result.equity.last!, 1_000_000 + 27.89 - 1.054985, within: 1e-14))
  }

  @Test func halfSpreadIsPaidOnEachSide() throws {
    let market = try MarketBuilder.series(Self.bars)
    let result = try runScript(
      market,
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 10)) },
        1: { _, trading in trading.submit(Order(.first, quantity: -10)) },
      ]
    ) { $0.execution.slippage = HalfSpreadSlippage(spread: 0.5) }
    #expect(agrees(result.fills[0].price, 104.25, within: 1e-14))
    #expect(agrees(result.fills[1].price, 106.75, within: 1e-14))
  }

  @Test func pricesRoundToTheTickAgainstTheTrader() throws {
    let market = try MarketBuilder.series(Self.bars, tick: 0.25)
    let result = try runScript(
      market,
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 10)) },
        1: { _, trading in trading.submit(Order(.first, quantity: -10)) },
      ]
    ) { $0.execution.slippage = BasisPointSlippage(basisPoints: 1) }
    #expect(result.fillPrices == [104.25, 106.75])
    #expect(result.fills.map(\.slippage) == [2.5, 2.5])
  }
}
