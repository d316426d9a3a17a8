@testable import BacktestCore
import TestSupport
import Testing

/// Futures and perpetual contracts: funding, rolls, and what interest counts.
struct ContractTests {
  private func day(_ day: Int) -> CivilDate { CivilDate("2024-01-01")!.adding(days: day) }

  @Test(arguments: [1.5, -1.5]) func longPositionsPayFundingAndShortOnesReceiveIt(units: Double)
    throws
  {
    let prices: [MarketBuilder.Prices] = Array(
      repeating: (60_000, 60_000, 60_000, 60_000), count: 4)
    // One payment inside a bar, and one at the moment of a close.
    let times = [day(1).midnight + .hours(8), day(3).midnight]
    let series = try MarketBuilder.series(prices, assetClass: .perpetual, lot: .fractional)
      .adding(funding: times.map { FundingRate(time: $0, rate: 0.0001) })
    let result = try runScript(
      series, [0: { _, trading in trading.submit(Order(.first, quantity: units)) }]
    ) { $0.account.funding = .margin(leverage: 1) }
    let paid = result.ledger.filter { $0.kind == .funding }
    #expect(paid.map(\.time) == times)
    for entry in paid { #expect(agrees(entry.amount, units < 0 ? 9 : -9, within: 1e-12)) }
    let income = result.account.income
    #expect(agrees(units < 0 ? income.fundingReceived : income.fundingPaid, 18, within: 1e-12))
    #expect((units < 0 ? income.fundingPaid : income.fundingReceived) == 0)
    #expect(agrees(result.equity[2], 1_000_000 + (units < 0 ? 18 : -18), within: 1e-12))
  }

  /// Funding that falls on a session's end comes after settlement and interest, also where the
  /// payment before it lies more than a session back.
  @Test func fundingComesAfterWhatTheSessionEnds() throws {
    let prices: [MarketBuilder.Prices] = [100, 110, 120, 130, 140].map { ($0, $0, $0, $0) }
    let times = [day(2), day(4), day(5)].map(\.midnight)
    let series = try MarketBuilder.series(prices, assetClass: .perpetual, lot: .fractional)
      .adding(funding: times.map { FundingRate(time: $0, rate: 0.01) })
    let result = try runScript(
      series, [0: { _, trading in trading.submit(Order(.first, quantity: 10)) }]
    ) {
      var financing = FinancingRules()
      financing.creditRate = 0.365
      $0.account.financing = financing
      $0.account.funding = .margin(leverage: 1)
    }
    // Bought at the open of bar 1, 110: nothing to settle at its close.
    var (cash, expected) = (1_000_000.0, [Double]())
    for (day, gain) in [(2, 0.0), (3, 100), (4, 100), (5, 100)] {
      if gain > 0 { expected.append(gain) }
      expected.append((cash + gain) * 0.001)
      cash += gain + (cash + gain) * 0.001
      guard day != 3 else { continue }
      expected.append(-10 * (90 + 10 * Double(day)) * 0.01)
      cash += expected[expected.count - 1]
    }
    let ledger = result.ledger.filter { $0.kind != .deposit }.map(\.amount)
    #expect(ledger.count == expected.count, "\(result.ledger)")
    for (found, expected) in zip(ledger, expected) {
      #expect(agrees(found, expected, within: 1e-9))
    }
  }

  @Test func contractsAreSettledEachDayAndPayNoNotional() throws {
    // Bought 2 at the open of bar 1, 100; one sold at the open of bar 3, 108. 10 a point.
    let series = try MarketBuilder.series(
      [(100, 100, 100, 100), (100, 105, 100, 104), (104, 110, 104, 107), (108, 108, 103, 105)],
      assetClass: .future, multiplier: 10)
    let result = try runScript(
      series,
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 2)) },
        2: { _, trading in trading.submit(Order(.first, quantity: -1)) },
      ]
    ) {
      $0.account.initialCash = 10_000
      $0.execution.commission = PerOrderCommission(amount: 1)
    }
    #expect(!result.ledger.contains { $0.kind == .trade })
    // 2 x 4 x 10; 2 x 3 x 10; 1 x 1 x 10 for what was sold and 1 x -2 x 10 for what is left.
    let settled = result.ledger.filter { $0.kind == .settlement }
    #expect(settled.map(\.amount) == [80, 60, -10])
    #expect(settled.map(\.time) == Array(result.curve.times)[1...3].map { $0 })
    // 10,000 + 130 - 2.
    #expect(result.ledger.reduce(0) { $0 + $1.amount } == 10_128)
    #expect(result.account.settledCash == 10_128 && result.account.equity == 10_128)
    #expect(result.cashCurve?.cash == [10_000, 10_079, 10_139, 10_128])
    #expect(result.cashCurve?.netExposure == [0, 2_080, 2_140, 1_050])
  }

  @Test func ratesChangeTheGainsOfAForeignContractAlone() throws {
    let series = try MarketBuilder.series(
      [100, 100, 110, 110].map { ($0, $0, $0, $0) }, assetClass: .future, multiplier: 10,
      currency: "EUR")
    let pair = try MarketBuilder.series(
      [1, 1.5, 2, 3].map { ($0, $0, $0, $0) }, symbol: "EURUSD", assetClass: .forex)
    let universe = try Universe([series]).with(rates: [pair])
    var configuration = BacktestConfiguration()
    configuration.account.funding = .margin(leverage: 4)
    let strategy = ScriptedStrategy([
      0: { _, trading in trading.submit(Order(.first, quantity: 2)) }
    ])
    let result = Backtest(strategy, on: universe, configuration: configuration).run()
    // 200 EUR gained at close 2, settled at 2.00. What the notional is worth in USD is no gain.
    #expect(result.equity == [1_000_000, 1_000_000, 1_000_400, 1_000_400])
    let settled = result.ledger.filter { $0.kind == .settlement }
    #expect(settled.map(\.amount) == [400] && settled.map(\.rate) == [2])
    // Held in EUR, the gain follows the rate: 200 x 3.
    configuration.account.foreignExchange = ForeignExchangeRules(cash: .hold)
    let held = Backtest(strategy, on: universe, configuration: configuration).run()
    #expect(held.equity == [1_000_000, 1_000_000, 1_000_400, 1_000_600])
    #expect(held.account.balances.map(\.amount) == [1_000_000, 200])
    #expect(held.ledger.last?.kind == .exchange)
    #expect(agrees(held.ledger.last?.amount ?? 0, 200, within: 1e-9))
  }

  @Test func marginPerContractIsMoneyWhateverThePriceIs() throws {
    // 50 a point, 12,000 to open and 10,000 to hold each: 100,000 open 8 of the 20 asked for.
    func run(_ closes: [Double], _ quantity: Double = 20) throws -> BacktestResult {
      let series = try MarketBuilder.series(
        closes.map { ($0, $0, $0, $0) }, assetClass: .future, multiplier: 50)
      return try runScript(
        series, [0: { _, trading in trading.submit(Order(.first, quantity: quantity)) }]
      ) {
        $0.account.initialCash = 100_000
        var margin = MarginRules()
        margin.byAssetClass[.future] = MarginRates(perContract: 12_000, maintenance: 10_000)
        $0.account.funding = .requirements(margin)
      }
    }
    let quiet = try run([4_000, 4_000, 8_000])
    #expect(quiet.fillQuantities == [8])
    #expect(quiet.account.initialRequirement == 96_000)
    #expect(quiet.account.maintenanceRequirement == 80_000)
    // 100,000 + 8 x 4,000 x 50 - 96,000 open 133 more of 12,000 each, worth 8,000 x 50 each.
    let power = quiet.account.buyingPower(for: .first, isLong: true)
    #expect(agrees(power, 1_604_000 / 12_000 * 400_000, within: 1e-6))
    #expect(try run([4_000, 4_000, 4_000], -20).fillQuantities == [-8])
    // Dearer at the fill than at the decision, it still asks for the same money.
    #expect(try run([4_000, 4_400, 4_400]).fillQuantities == [8])

    // 60 points on 8 contracts are 24,000: 76,000 are left of 80,000, and one contract is closed.
    let called = try run([4_000, 4_000, 3_940, 3_940])
    #expect(called.marginCalls.map(\.maintenance) == [80_000])
    #expect(called.marginCalls.map(\.equity) == [76_000])
    #expect(called.fillQuantities == [8, -1])
    #expect(try run([4_000, 4_000, 3_951, 3_951]).marginCalls.isEmpty)
  }

  @Test func marginPerContractIsThatOfTheSide() throws {
    let series = try MarketBuilder.series(
      [4_000, 4_000, 4_000, 4_020, 4_020].map { ($0, $0, $0, $0) }, assetClass: .future,
      multiplier: 50)
    var rates = MarginRates(
      initialLong: 10_000, initialShort: 20_000, maintenanceLong: 9_000, maintenanceShort: 19_500)
    rates.basis = .contract
    let result = try runScript(
      series,
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 4)) },
        1: { _, trading in trading.submit(Order(.first, quantity: -20)) },
      ]
    ) {
      $0.account.initialCash = 100_000
      var margin = MarginRules()
      margin.bySymbol[series.instrument.symbol] = rates
      $0.account.funding = .requirements(margin)
    }
    // Closing 4 frees their 40,000: all 100,000 open 5 of 20,000 each on the other side. A rise of
    // 20 points costs 5,000, and 95,000 are less than 5 x 19,500: one contract is closed.
    #expect(result.fillQuantities == [4, -9, 1])
    #expect(result.marginCalls.map(\.maintenance) == [97_500])
    #expect(result.marginCalls.map(\.equity) == [95_000])
    #expect(result.account.initialRequirement == 80_000)
  }

  @Test func marginPerContractIsInTheCurrencyOfTheContract() throws {
    let series = try MarketBuilder.series(
      [100, 100, 100].map { ($0, $0, $0, $0) }, assetClass: .future, multiplier: 10,
      currency: "EUR")
    let pair = try MarketBuilder.series(
      [2, 2, 2].map { ($0, $0, $0, $0) }, symbol: "EURUSD", assetClass: .forex)
    let universe = try Universe([series]).with(rates: [pair])
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = 10_000
    var margin = MarginRules()
    margin.byAssetClass[.future] = MarginRates(perContract: 450, maintenance: 400)
    configuration.account.funding = .requirements(margin)
    let strategy = ScriptedStrategy([
      0: { _, trading in trading.submit(Order(.first, quantity: 50)) }
    ])
    // 450 EUR are 900 USD.
    let result = Backtest(strategy, on: universe, configuration: configuration).run()
    #expect(result.fillQuantities == [11])
    #expect(result.account.maintenanceRequirement == 8_800)
  }

  @Test func aContractBorrowsNothing() throws {
    func interest(_ assetClass: AssetClass) throws -> Double {
      let series = try MarketBuilder.series(
        [100, 100, 110, 110].map { ($0, $0, $0, $0) }, assetClass: assetClass, multiplier: 10)
      return try runScript(
        series, [0: { _, trading in trading.submit(Order(.first, quantity: 20)) }]
      ) {
        $0.account.initialCash = 10_000
        $0.account.funding = .margin(leverage: 4)
        $0.account.financing = FinancingRules()
        $0.account.financing?.debitRate = 0.365
      }.account.income.interestPaid
    }
    #expect(try interest(.future) == 0)
    #expect(try interest(.equity) > 0)
  }

  @Test func aRollTradesBothContractsWithCosts() throws {
    let near = try MarketBuilder.series(
      [100, 100, 101, 102].map { ($0, $0, $0, $0) }, symbol: "A", assetClass: .future,
      multiplier: 10)
    let far = try MarketBuilder.series(
      [105, 105, 106, 107].map { ($0, $0, $0, $0) }, symbol: "B", assetClass: .future,
      multiplier: 10)
    let universe = try Universe([near, far]).adding([
      CorporateAction("A", on: day(2), .roll(into: "B"))
    ])
    var configuration = BacktestConfiguration()
    configuration.execution.commission = PerOrderCommission(amount: 2)
    let strategy = ScriptedStrategy([
      0: { _, trading in
        trading.submit(Order(.first, quantity: 3))
        trading.submit(Order(.first, quantity: -3, kind: .stop(50), reduceOnly: true))
      }
    ])
    let result = Backtest(strategy, on: universe, configuration: configuration).run()
    #expect(result.fillQuantities == [3, -3, 3] && result.fillPrices == [100, 101, 106])
    #expect(result.fills.allSatisfy { $0.commission == 2 && !$0.isIntrabar })
    #expect(result.fills[1].time == day(2).midnight && result.fills[2].time == day(2).midnight)
    #expect(result.outcomes(of: 2) == [.cancelled])
    #expect(result.account.positions.map(\.quantity) == [0, 3])
    #expect(agrees(result.account.equity, 1_000_000 + 30 + 30 - 6, within: 1e-12))
    #expect(throws: MarketError.self) {
      try Universe([near]).adding([CorporateAction("A", on: day(2), .roll(into: "B"))])
    }
  }

  @Test func impossibleFundingIsRefused() throws {
    let series = try MarketBuilder.series(MarketBuilder.flat(10, count: 2))
    let time = day(1).midnight
    #expect(throws: MarketError.self) {
      try series.adding(funding: [
        FundingRate(time: time, rate: 0.1), FundingRate(time: time, rate: 0.1),
      ])
    }
    #expect(throws: MarketError.self) {
      try series.adding(funding: [FundingRate(time: time, rate: .nan)])
    }
  }

  /// B has no bar on the day of the roll, so that the order that opens it anew still waits when the
  /// strategy closes B and withdraws it.
  @Test func whatARollWouldCloseIsNotCountedOn() throws {
    func series(_ symbol: String, days: [Int]) throws -> BarSeries {
      try MarketBuilder.series(
        MarketBuilder.flat(100, count: days.count), volume: nil,
        times: days.map { (day($0).midnight, day($0 + 1).midnight) }, timeframe: .session,
        instrument: Instrument(symbol: symbol, assetClass: .future),
        calendar: AlwaysOpenCalendar())
    }
    let universe = try Universe([
      series("A", days: [0, 1, 2, 3, 4]), series("B", days: [0, 1, 3, 4]),
      series("C", days: [0, 1, 2, 3, 4]),
    ]).adding([CorporateAction("A", on: day(2), .roll(into: "B"))])
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = 10_000
    configuration.account.funding = .requirements(MarginRules(.regulationT))
    let strategy = ScriptedStrategy([
      0: { _, trading in
        trading.submit(Order(.first, quantity: -50))
        trading.submit(Order(.second, quantity: 80))
      },
      2: { _, trading in
        #expect(trading.openOrders(.second).map(\.quantity) == [-50])
        trading.close(.second)
        trading.target(.third, quantity: 180)
      },
    ])
    let result = Backtest(strategy, on: universe, configuration: configuration).run()
    // Half of 18,000 is less than the 10,000 that are there once B is sold.
    #expect(result.fillQuantities == [-50, 80, 50, -80, 180])
  }
}
