@testable import BacktestCore
import TestSupport
import Testing

/// Margin by rates: buying power, calls and what they sell, by hand.
struct MarginTests {
  private static let regulationT = AccountRules.Funding.requirements(MarginRules(.regulationT))

  private func run(
    _ closes: [Double], lot: Instrument.LotSize = .standard, rates: MarginRates = .regulationT,
    check: MarginRules.Check = .session, _ decisions: [Int: ScriptedStrategy.Decision],
    _ adjust: (inout BacktestConfiguration) -> Void = { _ in }
  ) throws -> BacktestResult {
    try runScript(try MarketBuilder.series(closes.map { ($0, $0, $0, $0) }, lot: lot), decisions) {
      $0.account.initialCash = 10_000
      var margin = MarginRules(rates)
      margin.check = check
      $0.account.funding = .requirements(margin)
      adjust(&$0)
    }
  }

  @Test func shortProceedsAreNoBuyingPower() throws {
    let result = try run(
      [50, 50, 60],
      [
        0: { _, trading in
          #expect(trading.account.buyingPower == 20_000)
          trading.submit(Order(.first, quantity: -100))
        },
        1: { _, trading in
          #expect(trading.cash == 15_000 && trading.equity == 10_000)
          #expect(trading.account.initialRequirement == 2_500)
          #expect(trading.account.buyingPower == 15_000)
        },
      ])
    #expect(result.account.equity == 9_000)
    #expect(agrees(result.account.maintenanceRequirement, 1_800, within: 1e-9))
    #expect(result.marginCalls.isEmpty)
  }

  @Test func theCallComesAboveTheStatedPrice() throws {
    // 15,000 - 100 p = 0.3 x 100 p at p = 115.3846.
    let short: [Int: ScriptedStrategy.Decision] = [
      0: { _, trading in trading.submit(Order(.first, quantity: -100)) }
    ]
    let below = try run([50, 50, 115.38, 115.38], short)
    #expect(below.marginCalls.isEmpty && below.fills.count == 1)
    let above = try run([50, 50, 115.39, 115.39], short)
    #expect(above.marginCalls.count == 1)
    #expect(agrees(above.marginCalls[0].equity, 3_461, within: 1e-9))
    #expect(agrees(above.marginCalls[0].maintenance, 3_461.7, within: 1e-9))
    // 0.70 are missing, and a share asks for 34.617: one is bought back.
    #expect(above.fillQuantities == [-100, 1])
    #expect(above.orders[1].isLiquidation && above.orders[1].reduceOnly)
    #expect(above.fills[1].time == above.universe.series[0].openTimes[3])
  }

  @Test func aLongPositionIsReducedByTheFewestLots() throws {
    // 400 at 50 on 10,000: at 33 equity is 3,200 and maintenance 3,300; a share asks for 8.25.
    let result = try run(
      [50, 50, 33, 33, 33], [0: { _, trading in trading.submit(Order(.first, quantity: 400)) }])
    #expect(result.marginCalls.count == 1)
    #expect(result.fillQuantities == [400, -13])
    let rounds = try run(
      [50, 50, 33, 33, 33], lot: .units(10),
      [0: { _, trading in trading.submit(Order(.first, quantity: 400)) }])
    #expect(rounds.fillQuantities == [400, -20])
    let fractional = try run(
      [50, 50, 33, 33, 33], lot: .fractional,
      [0: { _, trading in trading.submit(Order(.first, quantity: 400)) }])
    #expect(fractional.fills.count == 2)
    #expect(agrees(fractional.fills[1].quantity, -100 / 8.25, within: 1e-9))
  }

  @Test func theLargestRequirementGoesFirst() throws {
    let a = try MarketBuilder.series([50, 50, 30, 30].map { ($0, $0, $0, $0) }, symbol: "A")
    let b = try MarketBuilder.series([50, 50, 40, 40].map { ($0, $0, $0, $0) }, symbol: "B")
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = 10_000
    configuration.account.funding = Self.regulationT
    let strategy = ScriptedStrategy([
      0: { _, trading in
        trading.submit(Order(InstrumentID(0), quantity: 200))
        trading.submit(Order(InstrumentID(1), quantity: 200))
      }
    ])
    let universe = try Universe([a, b])
    let result = Backtest(strategy, on: universe, configuration: configuration).run()
    // 20,000 became 14,000: equity 4,000, maintenance 3,500, no call.
    #expect(result.marginCalls.isEmpty)
    var margin = MarginRules(MarginRates(initial: 0.5, maintenance: 0.3))
    margin.bySymbol["A"] = MarginRates(initial: 0.5, maintenance: 0.4)
    configuration.account.funding = .requirements(margin)
    let strict = Backtest(strategy, on: universe, configuration: configuration).run()
    // A asks for 0.4 x 6,000 = 2,400 and B for 0.3 x 8,000 = 2,400: a tie, A goes first.
    // 800 are missing, a share of A asks for 12: 67 are sold.
    #expect(strict.marginCalls.map(\.maintenance) == [4_800])
    #expect(strict.fills.count == 3)
    #expect(strict.fills[2].instrument == InstrumentID(0) && strict.fills[2].quantity == -67)
  }

  @Test func theLargestRequirementGoesFirstWhateverItsNameIs() throws {
    let a = try MarketBuilder.series([50, 50, 40, 40].map { ($0, $0, $0, $0) }, symbol: "A")
    let b = try MarketBuilder.series([50, 50, 31, 31].map { ($0, $0, $0, $0) }, symbol: "B")
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = 10_000
    configuration.account.funding = Self.regulationT
    let strategy = ScriptedStrategy([
      0: { _, trading in
        trading.submit(Order(InstrumentID(0), quantity: 100))
        trading.submit(Order(InstrumentID(1), quantity: 300))
      }
    ])
    let result = Backtest(strategy, on: try Universe([a, b]), configuration: configuration).run()
    // A is worth 4,000 and asks for 1,000, B 9,300 and 2,325. Equity is 10,000 - 1,000 - 5,700, so
    // that 25 are missing, and a share of B asks for 7.75: four are sold.
    #expect(result.marginCalls.map(\.maintenance) == [3_325])
    #expect(result.marginCalls.map(\.equity) == [3_300])
    #expect(result.fills.map(\.instrument) == [0, 1, 1].map { InstrumentID($0) })
    #expect(result.fillQuantities == [100, 300, -4])
  }

  @Test func theCallComesBeforeWhatTheStrategyAsksFor() throws {
    let result = try run(
      [50, 50, 33, 33, 33],
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 400)) },
        1: { _, trading in
          trading.submit(Order(.first, quantity: -5, kind: .stop(40)))
          trading.submit(Order(.first, quantity: -5, kind: .limit(60)))
        },
        2: { _, trading in trading.cancel(OrderID(4)) },
      ])
    // The stop fills inside bar 2, so that 387 x 33 are held... and the call follows at its close.
    #expect(result.fills.map(\.order.number) == [1, 2, 4])
    let waiting = try run(
      [50, 50, 33, 33, 33],
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 400)) },
        2: { _, trading in
          trading.submit(Order(.first, quantity: -400, reduceOnly: true))
          #expect(trading.openOrders(.first).map(\.isLiquidation) == [true])
        },
      ])
    #expect(waiting.fillQuantities == [400, -13, -387])
  }

  @Test func aTargetCountsWhatTheCallIsAboutToTrade() throws {
    // The call sells 13 of 400; a sale of 400 behind it would end 13 short.
    let requests: [ScriptedStrategy.Decision] = [
      { _, trading in trading.target(.first, quantity: 0) },
      { _, trading in trading.close(.first) },
    ]
    for request in requests {
      let result = try run(
        [50, 50, 33, 33, 33],
        [0: { _, trading in trading.submit(Order(.first, quantity: 400)) }, 2: request])
      #expect(result.fillQuantities == [400, -13, -387])
    }
  }

  @Test func barsCanBeChecked() throws {
    let bars: [MarketBuilder.Prices] = [50, 50, 33, 33, 40].map { ($0, $0, $0, $0) }
    for check in MarginRules.Check.allCases {
      let result = try runScript(
        try MarketBuilder.series(bars, every: .hours(1)),
        [0: { _, trading in trading.submit(Order(.first, quantity: 400)) }]
      ) {
        $0.account.initialCash = 10_000
        var margin = MarginRules()
        margin.check = check
        $0.account.funding = .requirements(margin)
      }
      #expect(result.marginCalls.count == (check == .bar ? 1 : 0))
    }
  }

  @Test func ratesReplaceLeverageExactly() throws {
    let decisions: [Int: ScriptedStrategy.Decision] = [
      0: { _, trading in trading.target(.first, weight: 1.9) },
      2: { _, trading in trading.target(.first, weight: -1.5) },
      3: { _, trading in trading.submit(Order(.first, quantity: 1_000)) },
    ]
    let closes = [50, 51, 49, 47, 52, 53.0]
    let rates = try run(closes, rates: MarginRates(leverage: 2), decisions)
    let leverage = try run(closes, decisions) { $0.account.funding = .margin(leverage: 2) }
    #expect(rates.fillQuantities == leverage.fillQuantities)
    #expect(rates.equity == leverage.equity && rates.fills.count == 3)
  }

  @Test func impossibleRatesAreRefused() throws {
    let universe = try Universe([try MarketBuilder.series(MarketBuilder.flat(10, count: 2))])
    var configuration = BacktestConfiguration()
    configuration.account.funding = .requirements(
      MarginRules(MarginRates(initial: 0.2, maintenance: 0.3)))
    #expect(throws: ConfigurationError.self) { try configuration.validate(for: universe) }
    configuration.account.funding = .requirements(MarginRules(MarginRates(initial: 0)))
    #expect(throws: ConfigurationError.self) { try configuration.validate(for: universe) }
    // Of several the first by name, so that a run says the same each time.
    var rules = MarginRules()
    for symbol in ["D", "B", "E", "C"] {
      rules.bySymbol[symbol] = MarginRates(initial: 0.2, maintenance: 0.3)
    }
    #expect(rules.problem?.contains(" of B") == true)
  }
}
