@testable import BacktestCore
import TestSupport
import Testing

/// Splits, dividends and ends of shares, by hand. Days are those of a market that never closes,
/// from 2024-01-01 on: a bar closes at the instant at which the next one opens.
struct CorporateActionTests {
  private func day(_ day: Int) -> CivilDate { CivilDate("2024-01-01")!.adding(days: day) }

  private func run(
    _ closes: [Double], lot: Instrument.LotSize = .standard, short: Bool = false,
    _ actions: [CorporateAction], _ decisions: [Int: ScriptedStrategy.Decision],
    _ adjust: (inout BacktestConfiguration) -> Void = { _ in }
  ) throws -> BacktestResult {
    let bars: [MarketBuilder.Prices] = closes.map { ($0, $0, $0, $0) }
    let series = try MarketBuilder.series(bars, lot: lot).adding(actions)
    return try runScript(series, decisions) {
      $0.account.initialCash = 10_000
      if short { $0.account.funding = .margin(leverage: 2) }
      adjust(&$0)
    }
  }

  private func buy(_ quantity: Double) -> [Int: ScriptedStrategy.Decision] {
    [0: { _, trading in trading.submit(Order(.first, quantity: quantity)) }]
  }

  @Test func aDividendIsReceivableAtTheExDateAndCashAtThePayDate() throws {
    let dividend = CorporateAction("A", on: day(2), .dividend(1), payDate: day(4))
    var seen: [Int: (cash: Double, receivable: Double, equity: Double)] = [:]
    let result = try run(
      [50, 50, 49, 49, 49, 49], [dividend],
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 100)) }
      ])
    #expect(result.equity == [10_000, 10_000, 10_000, 10_000, 10_000, 10_000])
    let cut = try run([50, 50, 49, 49], [dividend], buy(100))
    seen[3] = (cut.account.cash, cut.account.receivables, cut.account.equity)
    #expect(seen[3]! == (5_000, 100, 10_000))
    #expect(result.account.cash == 5_100 && result.account.receivables == 0)
    #expect(result.account.income.dividendsReceived == 100)
    #expect(result.account.priceProfit == -100)
    let paid = result.ledger.filter { $0.kind == .dividend }
    #expect(paid.map(\.amount) == [100] && paid[0].time == day(4).midnight)
    #expect(result.actions.map(\.amount) == [100])
  }

  @Test func aShortPositionOwesTheDividend() throws {
    let dividend = CorporateAction("A", on: day(2), .dividend(1), payDate: day(20))
    let result = try run([50, 50, 49, 49], short: true, [dividend], buy(-100))
    #expect(result.account.payables == 100 && result.account.receivables == 0)
    #expect(result.account.cash == 15_000 && result.account.equity == 10_000)
    #expect(result.account.income.dividendsPaid == 100)
    let atOnce = CorporateAction("A", on: day(2), .dividend(1))
    let paid = try run([50, 50, 49, 49], short: true, [atOnce], buy(-100))
    #expect(paid.account.cash == 14_900 && paid.account.payables == 0)
  }

  @Test func ordersOfLessThanALotEndOnceAndTheirExitsWithThem() throws {
    // Ten old shares are one new one: 5 are half a share, 20 are 2.
    let split = CorporateAction("A", on: day(2), .split(ratio: 0.1))
    let result = try run(
      [50, 50, 500, 500, 500], [split],
      [
        0: { _, trading in
          for _ in 0..<2 {
            trading.submitBracket(
              Order(.first, quantity: 5, kind: .limit(40)),
              exits: [
                Order(.first, quantity: -5, kind: .stop(30)),
                Order(.first, quantity: -5, kind: .limit(60)),
              ])
          }
          trading.submit(Order(.first, quantity: 20, kind: .limit(45)))
        },
        2: { _, trading in
          #expect(trading.openOrders(.first).map(\.id) == [OrderID(7)])
          trading.submit(Order(.first, quantity: 1))
          trading.submit(Order(.first, quantity: 2))
        },
      ])
    #expect(
      [1, 4].map { result.outcomes(of: $0) } == [
        [.rejected(.noQuantity)], [.rejected(.noQuantity)],
      ])
    #expect([2, 3, 5, 6].allSatisfy { result.outcomes(of: $0) == [.parentGone] })
    #expect(result.fillQuantities == [1, 2])
  }

  @Test func stepsOfAnOrderCountUnitsOfTheDay() throws {
    // 40 a bar fill of 100; the split at day 2 makes 80 of the first 40, and 200 of the whole.
    let bars: [MarketBuilder.Prices] = [50, 50, 25, 25, 25, 25].map { ($0, $0, $0, $0) }
    let series = try MarketBuilder.series(bars, volume: Array(repeating: 400, count: 6))
      .adding([CorporateAction("A", on: day(2), .split(ratio: 2))])
    let result = try runScript(series, buy(100)) { $0.execution.participation = 0.1 }
    let filled = result.orderEvents.filter {
      $0.kind == .partiallyFilled || $0.kind == .outcome(.filled)
    }
    #expect(filled.map(\.quantity) == [40, 120, 160, 200])
  }

  @Test func whatCannotHappenToSharesIsRefused() throws {
    func problem(_ actions: [CorporateAction], _ assetClass: AssetClass = .equity) -> String {
      do {
        _ = try MarketBuilder.series(
          MarketBuilder.flat(11, count: 6), assetClass: assetClass
        ).adding(actions)
        return ""
      } catch { return "\(error)" }
    }
    let end = CorporateAction("A", on: day(2), .delisting(price: 3))
    #expect(
      problem([CorporateAction("A", on: day(2), .dividend(11))])
        .contains("11 for each share is not below the close before it, 11"))
    #expect(problem([CorporateAction("A", on: day(2), .dividend(10.9))]).isEmpty)
    #expect(
      problem([CorporateAction("A", on: day(2), .roll(into: "B"))])
        .contains("only a future is rolled"))
    #expect(
      problem([CorporateAction("A", on: day(2), .roll(into: "A"))], .future)
        .contains("the new symbol is the old one"))
    #expect(
      problem([end, CorporateAction("A", on: day(3), .dividend(1))])
        .contains("the shares have ended before, with the delisting on 2024-01-03"))
  }

  @Test func buyingOnTheExDateEarnsNothing() throws {
    let dividend = CorporateAction("A", on: day(1), .dividend(1))
    let result = try run([50, 49, 49], [dividend], buy(100))
    #expect(result.fills[0].time == day(1).midnight)
    #expect(result.account.income.dividendsReceived == 0 && result.account.equity == 10_000)
    #expect(result.actions.map(\.quantityBefore) == [0])
  }

  @Test func aSplitLeavesWholeLotsAndCashInLieu() throws {
    let split = CorporateAction("A", on: day(3), .split(ratio: 1.5))
    let result = try run([30, 30, 60, 40, 40], [split], buy(101))
    let position = result.account.positions[0]
    #expect(position.quantity == 151 && agrees(position.averagePrice, 20, within: 1e-12))
    // 101 x 60 = 6,060 = 151 x 40 + 20.
    #expect(result.account.cash == 10_000 - 3_030 + 20)
    #expect(result.equity.suffix(3).allSatisfy { agrees($0, 13_030, within: 1e-12) })
    #expect(result.account.income.cashInLieu == 20)
    #expect(result.ledger.last?.kind == .cashInLieu && result.ledger.last?.amount == 20)
  }

  @Test func theFractionIsPaidAtTheOpenOfTheExDate() throws {
    let split = CorporateAction("A", on: day(3), .split(ratio: 1.5))
    let result = try run([30, 30, 60, 42, 42], [split], buy(101))
    #expect(result.account.income.cashInLieu == 21)
    #expect(agrees(result.account.equity, 10_000 - 3_030 + 21 + 151 * 42, within: 1e-12))
  }

  @Test func aReverseSplitEndsWhatIsLessThanAShare() throws {
    let split = CorporateAction("A", on: day(3), .split(ratio: 0.1))
    let result = try run([30, 30, 30, 300, 300], [split], buy(5))
    #expect(result.account.positions[0].isFlat && result.account.income.cashInLieu == 150)
    let trade = try #require(result.trades.first)
    #expect(trade.entryRow == 1 && trade.exitRow == 2 && !trade.isOpen && trade.isLong)
    #expect(trade.exitTime == day(3).midnight && trade.profit == 0)
  }

  @Test func liveOrdersAreRescaled() throws {
    let split = CorporateAction("A", on: day(2), .split(ratio: 1.5))
    let result = try runScript(
      try MarketBuilder.series([
        (61, 61, 61, 61), (61, 61, 61, 61), (41, 41, 41, 41), (41, 41, 39, 41),
      ]).adding([split]),
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: 10, kind: .limit(60)))
          trading.submit(Order(.first, quantity: 1, kind: .stop(90)))
          trading.target(.first, quantity: 3)
        },
        2: { _, trading in
          let open = trading.openOrders(.first)
          #expect(open.map(\.quantity) == [15, 1])
          #expect(open.map(\.kind) == [.limit(40), .stop(60)])
          trading.target(.first, quantity: 4.5)
        },
      ])
    #expect(result.fillQuantities == [3, 15] && result.fills[1].price == 40)
    #expect(result.outcomes(of: 1) == [.filled])
  }

  @Test func anOrderOfLessThanALotIsRefusedAtAReverseSplit() throws {
    let split = CorporateAction("A", on: day(2), .split(ratio: 0.1))
    let result = try run(
      [10, 10, 100, 100], [split],
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: 25))
          trading.submit(Order(.first, quantity: 5, kind: .limit(5)))
        }
      ])
    #expect(result.account.positions[0].quantity == 2)
    #expect(result.outcomes(of: 2) == [.rejected(.noQuantity)])
    #expect(agrees(result.account.equity, 10_000, within: 1e-12))
    let gone = try run([10, 10, 100, 100], [split], buy(5))
    #expect(gone.account.positions[0].isFlat && gone.account.equity == 10_000)
    #expect(gone.trades.count == 1 && !gone.trades[0].isOpen && gone.trades[0].profit == 0)
  }

  @Test func aShortPositionIsSplitToo() throws {
    let split = CorporateAction("A", on: day(2), .split(ratio: 2))
    let result = try run([50, 50, 25, 25], short: true, [split], buy(-100))
    let position = result.account.positions[0]
    #expect(position.quantity == -200 && position.averagePrice == 25)
    #expect(result.account.equity == 10_000)
  }

  @Test func barsKnowTheirScaleAndHistoriesHaveNoJump() throws {
    let split = CorporateAction("A", on: day(2), .split(ratio: 2))
    let series = try MarketBuilder.series(
      [(50, 50, 50, 50), (52, 52, 52, 52), (26, 26, 26, 26)], volume: [10, 10, 20]
    ).adding([split])
    _ = try runScript(
      series,
      [
        1: { bars, _ in #expect(bars[0]!.scale == 1) },
        2: { bars, trading in
          #expect(bars[0]!.scale == 2 && bars[0]!.close == 26 && bars[0]!.continuous.close == 52)
          #expect(Array(trading.history(.first, 3).close) == [50, 52, 52])
          #expect(Array(trading.history(.first, 3).volume) == [10, 10, 10])
          #expect(trading.history(.first, 3)[2].close == 26)
        },
      ])
    #expect(Array(series.continuous.close) == [50, 52, 52])
  }

  @Test func excursionsAndPricesOfATradeAreInTheUnitsOfItsExit() throws {
    let split = CorporateAction("A", on: day(2), .split(ratio: 2))
    let result = try run(
      [50, 50, 27, 27, 27], [split],
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 10)) },
        3: { _, trading in trading.submit(Order(.first, quantity: -20)) },
      ])
    let trade = result.trades[0]
    #expect(trade.entryPrice == 25 && trade.exitPrice == 27 && trade.quantity == 20)
    #expect(trade.profit == 40 && trade.maximumAdverseExcursion == 0)
    #expect(agrees(trade.maximumFavourableExcursion, 0.08, within: 1e-12))
    // Sold before the split, it has the prices of before: 40 is a fifth below 50.
    let early = try run(
      [50, 50, 40, 50, 25], [CorporateAction("A", on: day(4), .split(ratio: 2))],
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 10)) },
        2: { _, trading in trading.submit(Order(.first, quantity: -10)) },
      ])
    #expect(agrees(early.trades[0].maximumAdverseExcursion, -0.2, within: 1e-12))
    #expect(early.trades[0].maximumFavourableExcursion == 0)
  }

  @Test(arguments: [0, 3.5]) func delistingPaysTheFinalPrice(price: Double) throws {
    let end = CorporateAction("A", on: day(2), .delisting(price: price))
    let result = try run(
      [5, 5, 5, 5], [end],
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: 100))
          trading.submit(Order(.first, quantity: 100, kind: .limit(1)))
        },
        3: { _, trading in trading.submit(Order(.first, quantity: 1)) },
      ])
    #expect(result.account.positions[0].isFlat)
    #expect(result.account.equity == 9_500 + 100 * price)
    // The last bar that was closed by then.
    #expect(result.fills.map(\.row) == [1, 1] && result.trades.map(\.exitRow) == [1])
    #expect(result.outcomes(of: 2) == [.delisted])
    #expect(result.outcomes(of: 4) == [.rejected(.delisted)])
  }

  @Test func aMergerGivesSharesOfTheOther() throws {
    let a = try MarketBuilder.series(MarketBuilder.flat(50, count: 4), symbol: "A")
    let b = try MarketBuilder.series(MarketBuilder.flat(30, count: 4), symbol: "B")
    let merger = CorporateAction("A", on: day(2), .shareMerger(ratio: 1.55, into: "B"))
    let universe = try Universe([a, b]).adding([merger])
    let strategy = ScriptedStrategy([
      0: { _, trading in trading.submit(Order(.first, quantity: 101)) }
    ])
    let result = Backtest(strategy, on: universe).run()
    // 156.55 shares: 156 and 0.55 x 50 / 1.55 in cash.
    #expect(result.account.positions.map(\.quantity) == [0, 156])
    let fraction = (101 * 1.55 - 156) * 50 / 1.55
    #expect(agrees(result.account.cash, 1_000_000 - 5_050 + fraction, within: 1e-12))
    #expect(agrees(result.account.equity, result.account.cash + 156 * 30, within: 1e-12))
    #expect(throws: MarketError.self) { try Universe([a]).adding([merger]) }
  }

  @Test func aNewSymbolTakesThePositionOver() throws {
    let old = try MarketBuilder.series(MarketBuilder.flat(50, count: 2), symbol: "A")
    let new = try MarketBuilder.series(
      MarketBuilder.flat(50, count: 2), symbol: "B", from: day(2).midnight)
    let change = CorporateAction("A", on: day(2), .symbolChange(to: "B"))
    let strategy = ScriptedStrategy([
      0: { _, trading in trading.submit(Order(.first, quantity: 10)) }
    ])
    let result = Backtest(strategy, on: try Universe([old, new]).adding([change])).run()
    #expect(result.account.positions.map(\.quantity) == [0, 10])
    #expect(result.account.equity == 1_000_000)
  }

  @Test func impossibleActionsAreRefused() throws {
    var adjusted = try MarketBuilder.series(MarketBuilder.flat(50, count: 4))
    adjusted.priceBasis = .adjusted
    #expect(throws: MarketError.self) {
      try adjusted.adding([CorporateAction("A", on: day(1), .split(ratio: 2))])
    }
    let raw = try MarketBuilder.series(MarketBuilder.flat(50, count: 20))
    let bad: [CorporateAction] = [
      CorporateAction("A", on: day(1), .split(ratio: 0)),
      CorporateAction("A", on: day(1), .dividend(-1)),
      CorporateAction("A", on: day(3), .dividend(1), payDate: day(2)),
      CorporateAction("A", on: day(1), .delisting(price: .nan)),
    ]
    for action in bad { #expect(throws: MarketError.self) { try raw.adding([action]) } }
    let weekly = try raw.resampled(to: .week)
    #expect(throws: MarketError.self) {
      try weekly.adding([CorporateAction("A", on: day(3), .split(ratio: 2))])
    }
    #expect(try raw.adding([CorporateAction("Z", on: day(1), .split(ratio: 2))]).actions.isEmpty)
  }

  @Test func stepsAndCheckpointsGoThroughActions() throws {
    let actions = [
      CorporateAction("A", on: day(3), .split(ratio: 2)),
      CorporateAction("A", on: day(4), .dividend(1), payDate: day(6)),
    ]
    let series = try MarketBuilder.series(
      [50, 50, 50, 25, 24, 24, 24, 25].map { ($0, $0, $0, $0) }
    )
    .adding(actions)
    let strategy = ScriptedStrategy(buy(100))
    let whole = Backtest(strategy, on: try Universe([series])).run()
    var engine = Engine(feed: Feed(try Universe([series])), configuration: BacktestConfiguration())
    var (count, checkpoint) = (0, engine.checkpoint())
    while case .bars = engine.advance() {
      if count == 0 { engine.trading.submit(Order(.first, quantity: 100)) }
      if count == 2 { checkpoint = engine.checkpoint() }
      count += 1
    }
    #expect(engine.result(strategy: "").equity == whole.equity)
    engine.restore(checkpoint)
    while case .bars = engine.advance() {}
    let again = engine.result(strategy: "")
    #expect(again.equity == whole.equity && again.actions == whole.actions)
  }
}
