import Testing

@testable import BacktestKit

/// Exits that go out together with the entry that they protect.
struct EntryWithExitsTests {
  private func enter(_ trading: inout TradingContext, _ kind: Order.Kind = .market) {
    trading.submit(Order(.first, quantity: 100, kind: kind))
    trading.submitOneCancelsOther([
      Order(.first, quantity: -100, kind: .stop(95)),
      Order(.first, quantity: -100, kind: .limit(105)),
    ])
  }

  @Test(arguments: [AccountRules.Funding.cash, .margin(leverage: 1)])
  func theEntryBarIsProtected(funding: AccountRules.Funding) throws {
    let series = try MarketBuilder.series([
      (100, 100, 100, 100), (100, 106, 94, 101), (101, 101, 101, 101),
    ])
    let result = try runScript(series, [0: { _, trading in self.enter(&trading) }]) {
      // Not enough for the entry and another position beside it.
      $0.account = AccountRules(initialCash: 10_500, funding: funding)
    }
    #expect(result.fillPrices == [100, 95])
    #expect(result.outcomes(of: 2) == [.filled])
    #expect(result.outcomes(of: 3) == [.cancelledByGroup])
    #expect(result.trades.map(\.profit) == [-500] && result.counts.ambiguousBars == 1)
  }

  @Test func anExitWithoutItsEntryOpensNoShort() throws {
    let series = try MarketBuilder.series([
      (100, 100, 100, 100), (100, 101, 94, 95), (95, 96, 94, 95),
    ])
    let result = try runScript(series, [0: { _, trading in self.enter(&trading, .limit(90)) }])
    #expect(result.fills.isEmpty)
    #expect(result.outcomes(of: 2) == [.rejected(.shortNotAllowed)])
    #expect(result.outcomes(of: 3) == [.stillLive])
  }

  @Test func exitsNeedNoBuyingPowerAndFreeNone() throws {
    let first = try MarketBuilder.series(MarketBuilder.flat(100, count: 4), symbol: "A")
    let second = try MarketBuilder.series(MarketBuilder.flat(100, count: 4), symbol: "B")
    let strategy = ScriptedStrategy([
      0: { _, trading in
        self.enter(&trading)
        trading.submit(Order(.second, quantity: 60))
      }
    ])
    let result = try runScript([first, second], strategy) {
      $0.account = AccountRules(initialCash: 15_000)
    }
    // 15,000 less the entry's 10,000 carry 50 of the 60; the exits change nothing about that.
    #expect(result.fillQuantities == [100, 50])
    #expect(result.outcomes(of: 4) == [.cut(to: 50), .filled])
  }
}
