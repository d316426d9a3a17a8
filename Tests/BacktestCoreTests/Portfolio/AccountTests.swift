@testable import BacktestCore
import TestSupport
import Testing

/// Cash, exposure and profit by hand.
struct AccountTests {
  @Test func shortsCreateNoBuyingPower() throws {
    let result = try runScript(
      try MarketBuilder.series([(50, 50, 50, 50), (50, 50, 50, 50), (60, 60, 60, 60)]),
      [
        0: { _, trading in
          #expect(trading.account.buyingPower == 20_000)
          trading.submit(Order(.first, quantity: -100))
        },
        1: { _, trading in
          #expect(trading.cash == 15_000)
          #expect(trading.position(.first).value == -5_000)
          #expect(trading.equity == 10_000)
          #expect(trading.account.grossExposure == 5_000)
          #expect(trading.account.buyingPower == 15_000)
        },
      ]
    ) {
      $0.account.initialCash = 10_000
      $0.account.funding = .margin(leverage: 2)
    }
    #expect(result.equity == [10_000, 10_000, 9_000])
    #expect(result.account.buyingPower == 12_000)
  }

  @Test func averageCostSplitsProfitAndTheTotalIsFourHundred() throws {
    let result = try runScript(
      try MarketBuilder.series([
        (10, 10, 10, 10), (10, 10, 10, 10), (12, 12, 12, 12), (13, 13, 13, 13),
      ]),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 100)) },
        1: { _, trading in trading.submit(Order(.first, quantity: 100)) },
        2: { _, trading in trading.submit(Order(.first, quantity: -150)) },
      ])
    let position = result.account.positions[0]
    #expect(position.quantity == 50 && position.averagePrice == 11)
    #expect(position.unrealizedProfit == 100)
    #expect(result.account.equity - 1_000_000 == 400)
    #expect(result.account.priceProfit == 400)
    #expect(result.trades.count == 1 && result.trades[0].isOpen)
    #expect(result.trades[0].grossProfit == 400)
  }

  @Test func theMultiplierScalesMoneyAndNotPrices() throws {
    let result = try runScript(
      try MarketBuilder.series(
        [(100, 100, 100, 100), (100, 100, 100, 100), (103, 103, 103, 103)], assetClass: .future,
        multiplier: 50),
      [0: { _, trading in trading.submit(Order(.first, quantity: 2)) }]
    ) {
      $0.execution.commission = BasisPointCommission(basisPoints: 10)
      $0.execution.slippage = BasisPointSlippage(basisPoints: 10)
    }
    let fill = result.fills[0]
    #expect(agrees(fill.slippage, 10, within: 1e-10))
    #expect(agrees(fill.commission, 10.01, within: 1e-10))
    #expect(agrees(result.equity.last!, 1_000_000 + 300 - 20.01, within: 1e-13))
    #expect(result.curve.grossExposure.last == 10_300)
  }

  @Test func theLedgerAddsUpToCash() throws {
    let result = try runScript(
      try MarketBuilder.series([(10, 10, 10, 10), (11, 11, 11, 11), (12, 12, 12, 12)]),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 7)) },
        1: { _, trading in trading.submit(Order(.first, quantity: -3)) },
      ]
    ) { $0.execution.commission = PerOrderCommission(amount: 1.25) }
    #expect(
      result.ledger.map(\.kind) == [.deposit, .trade, .commission, .trade, .commission])
    #expect(result.ledger.map(\.amount) == [1_000_000, -77, -1.25, 36, -1.25])
    #expect(result.account.cash == 1_000_000 - 77 + 36 - 2.5)
    #expect(result.ledger[0].time == result.curve.times[0])
  }
}

/// Round trips from flat to flat.
struct RoundTripTests {
  private func trades(
    _ bars: [MarketBuilder.Prices], _ orders: [(Int, Double, Order.Kind)],
    _ adjust: (inout BacktestConfiguration) -> Void = { _ in }
  ) throws -> [RoundTrip] {
    var decisions: [Int: ScriptedStrategy.Decision] = [:]
    for index in Set(orders.map(\.0)) {
      let mine = orders.filter { $0.0 == index }
      decisions[index] = { _, trading in
        for (_, quantity, kind) in mine {
          trading.submit(Order(.first, quantity: quantity, kind: kind))
        }
      }
    }
    return try runScript(try MarketBuilder.series(bars), decisions) {
      $0.account.funding = .margin(leverage: 2)
      adjust(&$0)
    }.trades
  }

  @Test func aReversalClosesOneAndOpensOne() throws {
    let trades = try trades(
      [(10, 10, 10, 10), (10, 12, 9, 11), (12, 13, 11, 12), (11, 11, 11, 11)],
      [(0, 10, .market), (1, -25, .market)]
    ) { $0.execution.commission = PerShareCommission(perShare: 0.1) }
    #expect(trades.count == 2)
    let (long, short) = (trades[0], trades[1])
    #expect(long.isLong && !long.isOpen && long.quantity == 10 && long.grossProfit == 20)
    #expect(agrees(long.commission, 2, within: 1e-12) && agrees(long.profit, 18, within: 1e-12))
    #expect(agrees(long.profitFraction, 0.18, within: 1e-12))
    #expect(long.entryRow == 1 && long.exitRow == 2 && long.barCount == 1)
    #expect(!short.isLong && short.isOpen && short.quantity == 15 && short.entryPrice == 12)
    #expect(short.grossProfit == 15 && agrees(short.commission, 1.5, within: 1e-12))
    #expect(short.exitPrice == 11 && short.exitRow == 3)
  }

  @Test func theLargestEntryNotionalIsTheBase() throws {
    let trades = try trades(
      [(10, 10, 10, 10), (10, 10, 10, 10), (20, 20, 20, 20), (30, 30, 30, 30), (30, 30, 30, 30)],
      [(0, 10, .market), (1, 10, .market), (2, -15, .market), (3, -5, .market)])
    #expect(trades.count == 1)
    #expect(trades[0].entryNotional == 300 && trades[0].quantity == 20)
    #expect(trades[0].entryPrice == 15 && trades[0].exitPrice == 30)
    #expect(trades[0].grossProfit == 300 && trades[0].profitFraction == 1)
  }

  @Test func excursionsUseHighAndLowFromEntryAtTheOpenToExit() throws {
    let trades = try trades(
      [(100, 100, 100, 100), (100, 110, 95, 105), (105, 120, 104, 110), (108, 200, 50, 100)],
      [(0, 1, .market), (2, -1, .market)])
    #expect(agrees(trades[0].maximumFavourableExcursion, 0.2, within: 1e-14))
    #expect(agrees(trades[0].maximumAdverseExcursion, -0.05, within: 1e-14))
  }

  @Test func insideTheirBarsOnlyEntryAndExitPricesCount() throws {
    let trades = try trades(
      [(100, 100, 100, 100), (100, 130, 90, 100), (100, 103, 97, 100), (100, 150, 60, 100)],
      [(0, 1, .limit(95)), (2, -1, .stop(96))])
    let trade = trades[0]
    #expect(trade.entryPrice == 95 && trade.exitPrice == 96)
    #expect(agrees(trade.maximumFavourableExcursion, 8.0 / 95, within: 1e-14))
    #expect(trade.maximumAdverseExcursion == 0)
  }

  @Test func shortExcursionsMirrorThem() throws {
    let trades = try trades(
      [(100, 100, 100, 100), (100, 110, 95, 105), (105, 105, 105, 105)],
      [(0, -1, .market), (1, 1, .market)])
    #expect(!trades[0].isLong && trades[0].grossProfit == -5)
    #expect(agrees(trades[0].maximumAdverseExcursion, -0.1, within: 1e-14))
    #expect(agrees(trades[0].maximumFavourableExcursion, 0.05, within: 1e-14))
  }

  @Test func atCloseTheBarOfTheExitCountsAndThatOfTheEntryDoesNot() throws {
    let bars: [MarketBuilder.Prices] = [
      (100, 100, 100, 100), (100, 200, 50, 100), (100, 110, 95, 100), (100, 120, 90, 100),
      (100, 130, 99, 100), (100, 300, 10, 100),
    ]
    // Long from the close of row 1 to that of row 3, then short to that of row 4.
    let trades = try trades(bars, [(0, 1, .market), (2, -2, .market), (3, 1, .market)]) {
      $0.execution.marketFill = .nextClose
    }
    #expect(trades.map(\.exitRow) == [3, 4])
    #expect(agrees(trades[0].maximumFavourableExcursion, 0.2, within: 1e-14))
    #expect(agrees(trades[0].maximumAdverseExcursion, -0.1, within: 1e-14))
    #expect(agrees(trades[1].maximumFavourableExcursion, 0.01, within: 1e-14))
    #expect(agrees(trades[1].maximumAdverseExcursion, -0.3, within: 1e-14))
  }

  @Test func anOpenTradeHasTheExcursionsOfItsBarsSoFar() throws {
    let bars: [MarketBuilder.Prices] = [
      (100, 100, 100, 100), (100, 110, 95, 105), (105, 120, 104, 110), (108, 112, 80, 100),
    ]
    let trade = try trades(bars, [(0, 1, .market)])[0]
    #expect(trade.isOpen && agrees(trade.maximumFavourableExcursion, 0.2, within: 1e-14))
    #expect(agrees(trade.maximumAdverseExcursion, -0.2, within: 1e-14))
  }

  @Test func eachTradeCountsItsOwnSlippage() throws {
    let trades = try trades(
      [(10, 10, 10, 10), (10, 10, 10, 10), (12, 12, 12, 12)],
      [(0, 10, .market), (1, -25, .market)]
    ) { $0.execution.slippage = BasisPointSlippage(basisPoints: 100) }
    // A hundredth of 10 x 10, and of 25 x 12, of which ten units close the first trade.
    #expect(trades.count == 2 && agrees(trades[0].slippage, 1 + 1.2, within: 1e-12))
    #expect(agrees(trades[1].slippage, 1.8, within: 1e-12))
  }

  @Test func positionsThatAreTakenOverKeepTheirValue() throws {
    let held = try runScript(
      try MarketBuilder.series([(10, 10, 10, 10), (10, 10, 10, 10), (13, 13, 13, 13)]),
      [0: { _, trading in trading.submit(Order(.first, quantity: 100)) }]
    ).account
    var other = Account(
      rules: held.rules, instruments: [Instrument(symbol: "X")], accounting: .orders)
    #expect(other.equity == 1_000_000)
    other.takePositions(of: held)
    #expect(other.positions == held.positions && other.equity == 1_001_300)
    #expect(held.heldCount == 1 && other.heldCount == 1)
  }

  @Test func curvesAreEqualOnlyWhereAllColumnsAre() {
    func curve(days: Int64 = 1, equity: Double = 2, exposure: Double = 1) -> EquityCurve {
      EquityCurve(
        times: [MarketBuilder.start, MarketBuilder.start + .days(days)], equity: [1, equity],
        grossExposure: [0, exposure])
    }
    #expect(curve() == curve())
    #expect(curve(days: 2) != curve())
    #expect(curve(equity: 3) != curve())
    #expect(curve(exposure: 0) != curve())
  }

  /// What a curve that fell below one unit of money returned, and one that lost everything.
  @Test func returnsOfSmallSumsAreReturnsToo() {
    let times = (0..<5).map { MarketBuilder.start + .days($0) }
    let curve = EquityCurve(
      times: times, equity: [0.5, 0.75, 0.375, 0, 0], grossExposure: [0, 0, 0, 0, 0])
    #expect(curve.returns == [0.5, -0.5, -1, 0])
  }
}
