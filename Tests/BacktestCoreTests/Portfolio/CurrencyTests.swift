@testable import BacktestCore
import TestSupport
import Testing

/// Instruments in other currencies than the account's, whose fills are converted. All bars are
/// flat and last a day; an order decided at the close of bar 0 fills at the open of bar 1, which is
/// the same moment, at the rate of bar 0.
struct CurrencyTests {
  private func flat(_ closes: [Double]) -> [MarketBuilder.Prices] {
    closes.map { ($0, $0, $0, $0) }
  }

  private func rates(_ symbol: String, _ closes: [Double]) throws -> BarSeries {
    try MarketBuilder.series(flat(closes), symbol: symbol, assetClass: .forex)
  }

  private func run(
    _ series: [BarSeries], rates: [BarSeries], _ script: [Int: ScriptedStrategy.Decision],
    _ adjust: (inout BacktestConfiguration) -> Void = { _ in }
  ) throws -> BacktestResult {
    var configuration = BacktestConfiguration()
    adjust(&configuration)
    let universe = try Universe(series).with(rates: rates)
    try configuration.validate(for: universe)
    return Backtest(ScriptedStrategy(script), on: universe, configuration: configuration).run()
  }

  private var boughtAndSold: [Int: ScriptedStrategy.Decision] {
    [
      0: { _, trading in trading.submit(Order(.first, quantity: 100)) },
      2: { _, trading in trading.submit(Order(.first, quantity: -100)) },
    ]
  }

  @Test func eachFillIsConvertedAtTheLastCloseAndPaysForIt() throws {
    let series = try MarketBuilder.series(flat([100, 100, 110, 120]), currency: "EUR")
    let result = try run(
      [series], rates: [rates("EURUSD", [1.10, 1.20, 1.25, 1.15])], boughtAndSold
    ) { $0.account.foreignExchange = ForeignExchangeRules(costBasisPoints: 2) }
    // Bought 100 x 100 EUR at 1.10: 11,000 USD and 0.02 % of it, 2.20. Cash 988,997.80.
    // Close 1: 100 x 100 x 1.20 = 12,000. Close 2: 100 x 110 x 1.25 = 13,750.
    // Sold at 120 at 1.25: 15,000 less 3.00. Cash 1,003,994.80.
    let expected = [1_000_000, 1_000_997.8, 1_002_747.8, 1_003_994.8]
    for (equity, value) in zip(result.equity, expected) {
      #expect(agrees(equity, value, within: 1e-14))
    }
    // Prices: 10 x 100 x 1.20 to close 2, then 10 x 100 x 1.25 to the fill: 2,450.
    // Rates: 10,000 EUR x 0.10 at close 1, 11,000 EUR x 0.05 at close 2: 1,550.
    let account = result.account
    #expect(agrees(account.priceProfit, 2_450, within: 1e-12))
    #expect(agrees(account.exchangeProfit, 1_550, within: 1e-12))
    #expect(agrees(account.conversionPaid, 5.2, within: 1e-12))
    // The round trip brought 15,000 - 11,000.
    #expect(agrees(result.trades[0].grossProfit, 4_000, within: 1e-12))
    #expect(result.conversions.map(\.rate) == [1.10, 1.25])
    #expect(result.account.balances.count == 1)
    let amounts = result.ledger.map { ($0.kind, $0.amount) }
    #expect(amounts.map(\.0) == [.deposit, .trade, .conversion, .trade, .conversion])
    for (found, wanted) in zip(amounts.map(\.1), [1_000_000, -11_000, -2.2, 15_000, -3]) {
      #expect(agrees(found, wanted, within: 1e-12))
    }
    #expect(result.ledger[1].currency == CurrencyCode("EUR") && result.ledger[1].rate == 1.10)
    // The cash of each point follows from the ledger.
    let cash = try #require(result.cashCurve?.cash)
    for (found, wanted) in zip(cash, [1_000_000, 988_997.8, 988_997.8, 1_003_994.8]) {
      #expect(agrees(found, wanted, within: 1e-12))
    }
  }

  @Test func theInverseOfAPairServesTheOtherDirection() throws {
    let series = try MarketBuilder.series(flat([5_000, 5_000, 5_000]), currency: "JPY")
    let result = try run(
      [series], rates: [rates("USD/JPY", [100, 100, 125])],
      [0: { _, trading in trading.submit(Order(.first, quantity: 10)) }])
    // 50,000 JPY are 500 USD at 100 and 400 at 125.
    #expect(agrees(result.account.cash, 999_500, within: 1e-14))
    #expect(agrees(result.equity[2], 999_900, within: 1e-14))
    #expect(agrees(result.trades[0].grossProfit, -100, within: 1e-12))
    #expect(agrees(result.account.exchangeProfit, -100, within: 1e-12))
  }

  @Test func anInstrumentOfTheUniverseGivesRatesToo() throws {
    let series = [
      try MarketBuilder.series(flat([100, 100]), symbol: "SIE", currency: "EUR"),
      try MarketBuilder.series(flat([1.25, 1.25]), symbol: "EURUSD", assetClass: .forex),
    ]
    let result = try run(
      series, rates: [], [0: { _, trading in trading.target(.second, weight: 0.5) }])
    // Half a million USD at 125 USD a share.
    #expect(result.fillQuantities == [4_000])
  }

  @Test func aFullWeightPaysForItsConversion() throws {
    let series = try MarketBuilder.series(
      flat([100, 100, 100]), lot: .fractional, currency: "EUR")
    let result = try run(
      [series], rates: [rates("EURUSD", [1.25, 1.25, 1.25])],
      [0: { _, trading in trading.target(.first, weight: 1) }]
    ) {
      $0.account.initialCash = 10_000
      $0.account.foreignExchange = ForeignExchangeRules(costBasisPoints: 10)
      $0.execution.sizing = .atFill
    }
    // 10,000 / (125 x 1.001).
    #expect(agrees(result.fillQuantities[0], 79.920_079_920_079_92, within: 1e-12))
    #expect(abs(result.account.cash) < 1e-8)
  }

  @Test func aFillInsideABarIsConvertedAtTheRateBeforeItsClose() throws {
    let series = try MarketBuilder.series(
      [(100, 100, 100, 100), (100, 101, 94, 98), (98, 98, 98, 98)], currency: "EUR")
    let fills: [ExecutionRules.MarketFill: Double] = [.nextOpen: 1.1]
    let result = try run(
      [series], rates: [rates("EURUSD", [1.1, 1.2, 1.3])],
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: 10, kind: .limit(95)))
          trading.submit(Order(.first, quantity: 10, kind: .marketOnClose))
        }
      ])
    // The limit inside bar 1 at the rate of bar 0; at its close the rate of that close is known.
    #expect(result.fillPrices == [95, 98])
    #expect(result.conversions.map(\.rate) == [fills[.nextOpen], 1.2])
  }

  @Test func rateIsTheLastCloseKnownBetweenBars() throws {
    // Rates close at noon, six hours before each bar of the instrument closes, and after its open.
    let start = MarketBuilder.start
    let pair = try MarketBuilder.series(
      flat([1.1, 1.2, 1.3]), symbol: "EURUSD", from: start - .hours(6), assetClass: .forex)
    let series = try MarketBuilder.series(flat([100, 100, 100]), currency: "EUR")
    let result = try run(
      [series], rates: [pair],
      [0: { _, trading in trading.submit(Order(.first, quantity: 10, kind: .marketOnClose)) }])
    // Known at the close of bar 1: the rate that closed six hours before, 1.2.
    #expect(result.conversions.map(\.rate) == [1.2])
  }

  @Test func dividendsAreOwedInTheirCurrency() throws {
    let days = (0..<5).map { CivilDate("2024-01-01")!.adding(days: $0) }
    let series = try MarketBuilder.series(flat([50, 50, 49, 49, 49]), currency: "EUR")
      .adding([CorporateAction("A", on: days[2], .dividend(1), payDate: days[4])])
    let result = try run(
      [series], rates: [rates("EURUSD", [1, 1, 1.1, 1.2, 1.25])],
      [0: { _, trading in trading.submit(Order(.first, quantity: 100)) }])
    // 5,000 EUR paid at 1.00. Ex-date at the open of bar 2, rate 1.00: 100 USD receivable. Close 2,
    // rate 1.10: 4,900 EUR are 5,390 and the receivable 110. Paid at the open of bar 4, rate 1.20:
    // 120. Close 4: 4,900 x 1.25 = 6,125.
    let expected: [Double] = [1_000_000, 1_000_000, 1_000_500, 1_001_000, 1_001_245]
    for (equity, value) in zip(result.equity, expected) {
      #expect(agrees(equity, value, within: 1e-14))
    }
    #expect(agrees(result.account.income.dividendsReceived, 100, within: 1e-12))
    // 4,900 x 0.25 on the shares and 100 x 0.20 on the dividend.
    #expect(agrees(result.account.exchangeProfit, 1_245, within: 1e-12))
    #expect(agrees(result.ledger.last!.amount, 120, within: 1e-12))
    let net = try #require(result.cashCurve?.netExposure)
    for (found, wanted) in zip(net, [0, 5_000, 5_390, 5_880, 6_125] as [Double]) {
      #expect(agrees(found, wanted, within: 1e-9))
    }
  }

  @Test func requirementsAreInTheAccountsCurrency() throws {
    let series = try MarketBuilder.series(flat([100, 100, 100]), currency: "EUR")
    let result = try run(
      [series], rates: [rates("EURUSD", [1.25, 1.25, 2.5])],
      [0: { _, trading in trading.submit(Order(.first, quantity: -100)) }]
    ) {
      $0.account.initialCash = 10_000
      $0.account.funding = .requirements(MarginRules(.regulationT))
    }
    // Short 100 x 100 EUR at 2.5: 25,000 USD, maintained by 30 %. Equity 10,000 - 12,500 x 1.
    #expect(result.ruinedAt == result.curve.times[2])
    let calm = try run(
      [series], rates: [rates("EURUSD", [1.25, 1.25, 1.5])],
      [0: { _, trading in trading.submit(Order(.first, quantity: -100)) }]
    ) {
      $0.account.initialCash = 10_000
      $0.account.funding = .requirements(MarginRules(.regulationT))
    }
    // 10,000 - 10,000 x 0.25 = 7,500; 0.3 x 15,000 = 4,500, and 0.5 x 15,000 leave nothing to open.
    #expect(agrees(calm.account.equity, 7_500, within: 1e-12))
    #expect(agrees(calm.account.maintenanceRequirement, 4_500, within: 1e-12))
    #expect(abs(calm.account.buyingPower) < 1e-9)
  }

  @Test func currenciesWithoutRatesAreRefusedBeforeTheRun() throws {
    let series = try MarketBuilder.series(flat([100, 100, 100]), symbol: "SIE", currency: "EUR")
    func problem(_ rates: [BarSeries], _ change: (inout BacktestConfiguration) -> Void = { _ in })
      throws -> String?
    {
      var configuration = BacktestConfiguration()
      change(&configuration)
      do throws(ConfigurationError) {
        try configuration.validate(for: try! Universe([series]).with(rates: rates))
        return nil
      } catch { return error.description }
    }
    #expect(
      try problem([rates("EURUSD", [1, 1, 1]), rates("USDEUR", [1, 1, 1])])
        == "there are rates of EURUSD and of USDEUR; give one of the two")
    #expect(
      try problem([rates("GBPUSD", [1, 1, 1])])
        == "SIE is quoted in EUR, and there is no rate to the account's USD; add prices of EURUSD "
        + "or USDEUR as rates, in a study under 'data.rates'")
    #expect(try problem([rates("EURUSD", [1, 1, 1])]) == nil)
    #expect(try problem([]) { $0.account.currency = "EUR" } == nil)
    let small = try problem([]) { $0.account.currency = "eur" }
    #expect(small?.contains("account.currency: 'eur'") == true)
    #expect(small?.contains("write EUR, in capitals") == true)
    #expect(
      try problem([]) { $0.account.currency = "GBp" }?
        .contains("write GBP, and for prices in hundredths of it, such as pence") == true)
    let late = try MarketBuilder.series(
      flat([1]), symbol: "EURUSD", from: MarketBuilder.start + .days(1), assetClass: .forex)
    #expect(
      try problem([late])
        == "SIE has its first bar on 2024-01-02, but the first rate of EURUSD is of 2024-01-03; "
        + "begin on 2024-01-03 or later, or add earlier rates")
    let byWeights = try problem([rates("EURUSD", [1, 1, 1])]) { $0.accounting = .weights(fee: 0) }
    #expect(byWeights?.hasPrefix("SIE is quoted in EUR, but accounting by weights") == true)
    let costly = try problem([rates("EURUSD", [1, 1, 1])]) {
      $0.account.foreignExchange = ForeignExchangeRules(costBasisPoints: -1)
    }
    #expect(costly?.hasPrefix("currencies: the cost must be from 0") == true)
    #expect(throws: MarketError.self) {
      try Universe([series]).with(rates: [rates("EURUSD", [1]), rates("EURUSD", [1])])
    }
    #expect(CurrencyCode("") == nil && CurrencyCode("EURO-ZONE") == nil)
    #expect(CurrencyCode("USDT")?.description == "USDT")
  }

  @Test(arguments: [0, 1]) func goingBackGivesTheSameRun(holds: Int) throws {
    let series = try MarketBuilder.series(flat([100, 100, 110, 120]), currency: "EUR")
    let universe = try Universe([series]).with(rates: [rates("EURUSD", [1.10, 1.20, 1.25, 1.15])])
    var configuration = BacktestConfiguration()
    configuration.account.foreignExchange = ForeignExchangeRules(
      cash: holds == 1 ? .hold : .convert)
    var engine = Engine(feed: Feed(universe), configuration: configuration)
    _ = engine.advance()
    engine.trading.submit(Order(.first, quantity: 100))
    _ = engine.advance()
    let moment = engine.checkpoint()
    _ = engine.advance()
    engine.trading.submit(Order(.first, quantity: -50))
    while engine.advance() != .finished {}
    let first = engine.result(strategy: "first")
    engine.restore(moment)
    _ = engine.advance()
    engine.trading.submit(Order(.first, quantity: -50))
    while engine.advance() != .finished {}
    let again = engine.result(strategy: "again")
    #expect(first.fingerprint == again.fingerprint && first.ledger == again.ledger)
    #expect(first.account.exchangeProfit == again.account.exchangeProfit)
  }

  /// Flat bars of 100 EUR at 1.25 USD, whose balances stay in their currency and bear interest.
  private func hold(
    _ quantity: Double, _ assetClass: AssetClass = .equity, _ adjust: (inout FinancingRules) -> Void
  ) throws -> BacktestResult {
    var financing = FinancingRules()
    financing.dayCount = .actual360
    adjust(&financing)
    let series = try MarketBuilder.series(
      flat([100, 100, 100]), assetClass: assetClass, currency: "EUR")
    return try run(
      [series], rates: [rates("EURUSD", [1.25, 1.25, 1.25])],
      [0: { _, trading in trading.submit(Order(.first, quantity: quantity)) }]
    ) {
      $0.account.initialCash = 10_000
      $0.account.funding = .margin(leverage: 4)
      $0.account.foreignExchange = ForeignExchangeRules(cash: .hold)
      $0.account.financing = financing
    }
  }

  @Test func eachBalanceBearsItsOwnInterest() throws {
    let result = try hold(200) {
      $0.debitRate = 0.06
      $0.creditRate = 0.02
    }
    // 10,000 USD earn 2 %; 20,000 EUR are owed at 6 %: 25,000 USD. The second day has the first's.
    let (home, abroad) = (10_000 * 0.02 / 360, 25_000 * 0.06 / 360)
    let expected = [
      home, -abroad, home * (1 + 0.02 / 360), -abroad * (1 + 0.06 / 360),
    ]
    let interest = result.ledger.filter { $0.kind == .interest }
    let euro = CurrencyCode("EUR")
    #expect(interest.map(\.currency) == [nil, euro, nil, euro])
    #expect(interest.map(\.rate) == [1, 1.25, 1, 1.25])
    for (entry, amount) in zip(interest, expected) {
      #expect(agrees(entry.amount, amount, within: 1e-12))
    }
    let income = result.account.income
    #expect(agrees(income.interestReceived, expected[0] + expected[2], within: 1e-12))
    #expect(agrees(income.interestPaid, -expected[1] - expected[3], within: 1e-12))
    let euros = try #require(result.account.balances.first { $0.currency == "EUR" })
    #expect(agrees(euros.amount, -20_000 + (expected[1] + expected[3]) / 1.25, within: 1e-12))
  }

  @Test func theNotionalOfAContractBearsNoInterest() throws {
    let result = try hold(200, .future) {
      $0.debitRate = 0.06
      $0.creditRate = 0.02
    }
    let interest = result.ledger.filter { $0.kind == .interest }
    #expect(interest.map(\.currency) == [nil, nil])
    #expect(agrees(interest[0].amount, 10_000 * 0.02 / 360, within: 1e-12))
    #expect(result.account.income.interestPaid == 0)
  }

  @Test func borrowFeesArePaidInTheirCurrency() throws {
    let result = try hold(-100) { $0.borrowing.rate = 0.05 }
    // 10,000 EUR from the sale, less 5 % a year of 10,000 EUR for two days.
    let euros = try #require(result.account.balances.first { $0.currency == "EUR" })
    #expect(agrees(euros.amount, 10_000 - 2 * 10_000 * 0.05 / 360, within: 1e-12))
    #expect(agrees(result.account.income.borrowPaid, 2 * 12_500 * 0.05 / 360, within: 1e-12))
    let home = try #require(result.account.balances.first { $0.currency == "USD" })
    #expect(agrees(home.amount, 10_000, within: 1e-12))
  }
}
