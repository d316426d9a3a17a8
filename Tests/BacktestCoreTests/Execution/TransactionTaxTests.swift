@testable import BacktestCore
import TestSupport
import Testing

/// Taxes on trades, and costs that differ between instruments.
struct TransactionTaxTests {
  private func roundTrip(_ adjust: (inout BacktestConfiguration) -> Void) throws -> BacktestResult {
    let bars: [MarketBuilder.Prices] = [
      (100, 100, 100, 100), (100, 100, 100, 100), (110, 110, 110, 110), (110, 110, 110, 110),
    ]
    return try runScript(
      try MarketBuilder.series(bars),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 50)) },
        1: { _, trading in trading.submit(Order(.first, quantity: -50)) },
      ], adjust)
  }

  @Test func dutyAndTaxAreComponentsOfTheirOwn() throws {
    let result = try roundTrip {
      $0.execution.taxes = [StampDuty(basisPoints: 50), SellTax(basisPoints: 10)]
      $0.execution.commission = PerOrderCommission(amount: 3)
      $0.execution.slippage = BasisPointSlippage(basisPoints: 100)
    }
    // 50 x 101 bought, 50 x 108.9 sold.
    #expect(agrees(result.fills[0].tax, 25.25, within: 1e-12))
    #expect(agrees(result.fills[1].tax, 5.445, within: 1e-12))
    let kinds: [LedgerEntry.Kind] = [
      .deposit, .trade, .commission, .stampDuty, .trade, .commission, .sellTax,
    ]
    #expect(result.ledger.map(\.kind).filter { $0 != .deposit } == Array(kinds.dropFirst()))
    #expect(agrees(result.account.taxPaid, 30.695, within: 1e-12))
    let account = result.account
    let explained =
      account.priceProfit - account.commissionPaid - account.slippagePaid - account.taxPaid
    #expect(agrees(account.equity - 1_000_000, explained, within: 1e-9))
    // 50 x 7.9 less 6 of commission and the taxes.
    let trade = try #require(result.trades.first)
    #expect(agrees(trade.tax, 30.695, within: 1e-12))
    #expect(agrees(trade.profit, 395 - 6 - 30.695, within: 1e-12))
    #expect(agrees(trade.profit, account.equity - 1_000_000, within: 1e-9))
  }

  @Test func aReversalSharesItsTax() throws {
    let result = try runScript(
      try MarketBuilder.series(MarketBuilder.flat(100, count: 5)),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 10)) },
        1: { _, trading in trading.submit(Order(.first, quantity: -30)) },
        2: { _, trading in trading.submit(Order(.first, quantity: 20)) },
      ]
    ) {
      $0.account.funding = .margin(leverage: 2)
      $0.execution.taxes = [SellTax(basisPoints: 10)]
    }
    #expect(result.fills.map(\.tax) == [0, 3, 0])
    #expect(result.trades.count == 2)
    #expect(agrees(result.trades[0].tax, 1, within: 1e-12))
    #expect(agrees(result.trades[1].tax, 2, within: 1e-12))
  }

  @Test func aMaximumHoldsForTheOrder() throws {
    let result = try runScript(
      try MarketBuilder.series(
        MarketBuilder.flat(10, count: 6), volume: [1e6, 1e6, 4e5, 4e5, 4e5, 4e5]),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 100_000)) },
        1: { _, trading in trading.submit(Order(.first, quantity: -100_000)) },
      ]
    ) {
      $0.account.initialCash = 1e7
      $0.execution.participation = 0.1
      $0.execution.taxes = [PerShareSellTax(perShare: 0.000166, maximumPerOrder: 8.3)]
    }
    #expect(result.fillQuantities == [100_000, -40_000, -40_000, -20_000])
    for (fill, tax) in zip(result.fills, [0, 6.64, 1.66, 0]) {
      #expect(agrees(fill.tax, tax, within: 1e-10))
    }
  }

  @Test(arguments: [(10_050.0, 100.0), (10_049, 99)])
  func buyingPowerPaysTheDuty(cash: Double, quantity: Double) throws {
    let result = try runScript(
      try MarketBuilder.series(MarketBuilder.flat(100, count: 3)),
      [0: { _, trading in trading.submit(Order(.first, quantity: 100)) }]
    ) {
      $0.account.initialCash = cash
      $0.execution.taxes = [StampDuty(basisPoints: 50)]
    }
    #expect(result.fillQuantities == [quantity])
    #expect(result.account.cash >= 0)
  }

  @Test func aTargetPaysItsDuty() throws {
    let result = try runScript(
      try MarketBuilder.series(MarketBuilder.flat(100, count: 3), lot: .fractional),
      [0: { _, trading in trading.target(.first, weight: 1) }]
    ) {
      $0.execution.sizing = .atFill
      $0.execution.commission = BasisPointCommission(basisPoints: 5)
      $0.execution.taxes = [StampDuty(basisPoints: 50)]
    }
    #expect(agrees(result.fillQuantities[0], 10_000 / 1.0055, within: 1e-12))
    #expect(abs(result.account.cash) <= 1e-6)
  }

  @Test func aScheduleIsCommissionAndTaxes() throws {
    let schedule = try #require(FeeSchedule.named("ibkr-us-tiered"))
    let result = try roundTrip { schedule.apply(to: &$0.execution) }
    #expect(agrees(result.fills[0].commission, 0.35, within: 1e-12))
    // 27.80 dollars per million of 5,500, and 50 x 0.000166.
    #expect(agrees(result.fills[1].tax, 0.1529 + 0.0083, within: 1e-12))
    #expect(
      result.configuration.assumptions.contains {
        $0.label == "Fee schedule" && $0.text.contains("Interactive Brokers")
      })
  }

  @Test func aScheduleWithoutTaxesLeavesThoseThatAreGiven() throws {
    let schedule = try #require(FeeSchedule.named("binance-spot"))
    #expect(schedule.taxes.isEmpty)
    let result = try roundTrip {
      $0.execution.taxes = [StampDuty(basisPoints: 50)]
      schedule.apply(to: &$0.execution)
    }
    let bought = result.fills[0]
    #expect(agrees(bought.tax, bought.quantity * bought.price * 0.005, within: 1e-12))
    #expect(bought.commission > 0)
  }

  @Test func everyScheduleHasANameASourceAndADay() {
    let all = FeeSchedule.all
    #expect(Set(all.map(\.name)).count == all.count)
    for schedule in all {
      #expect(CivilDate(schedule.date) != nil && !schedule.source.isEmpty, "\(schedule.name)")
      #expect(schedule.commission != nil || !schedule.taxes.isEmpty, "\(schedule.name)")
    }
  }
}

extension TransactionTaxTests {
  @Test func laterEntriesGoOverEarlierOnes() throws {
    func series(_ symbol: String, _ assetClass: AssetClass) throws -> BarSeries {
      try MarketBuilder.series(
        MarketBuilder.flat(100, count: 3), symbol: symbol, assetClass: assetClass)
    }
    let market = [
      try series("A", .equity), try series("B", .crypto), try series("C", .crypto),
    ]
    let script = ScriptedStrategy([
      0: { _, trading in
        for index in 0..<3 { trading.submit(Order(InstrumentID(index), quantity: 10)) }
      }
    ])
    let result = try runScript(market, script) {
      $0.execution.slippage = BasisPointSlippage(basisPoints: 10)
      $0.execution.commission = BasisPointCommission(basisPoints: 1)
      $0.execution.taxes = [StampDuty(basisPoints: 50)]
      $0.execution.instrumentCosts = [
        InstrumentCosts(
          of: .assetClass(.crypto), commission: BasisPointCommission(basisPoints: 20), taxes: []),
        InstrumentCosts(of: .symbols(["C"]), slippage: BasisPointSlippage(basisPoints: 50)),
      ]
    }
    #expect(agrees(result.fillPrices[0], 100.1, within: 1e-12))
    #expect(agrees(result.fillPrices[1], 100.1, within: 1e-12))
    #expect(agrees(result.fillPrices[2], 100.5, within: 1e-12))
    for (fill, expected) in zip(result.fills, [(0.1001, 5.005), (2.002, 0), (2.01, 0)]) {
      #expect(agrees(fill.commission, expected.0, within: 1e-12))
      #expect(agrees(fill.tax, expected.1, within: 1e-12))
    }
  }

  @Test func tradingCostsAreAllThatFillsCost() throws {
    let result = try roundTrip {
      $0.execution.slippage = BasisPointSlippage(basisPoints: 10)
      $0.execution.commission = PerOrderCommission(amount: 3)
      $0.execution.taxes = [StampDuty(basisPoints: 50)]
    }
    let parts = result.fills.reduce(0) { $0 + $1.commission + $1.slippage + $1.tax }
    #expect(result.account.slippagePaid > 0 && result.account.taxPaid > 0)
    #expect(agrees(result.account.tradingCosts, parts, within: 1e-12))
  }

  @Test func anUnknownInstrumentIsRefused() throws {
    var configuration = BacktestConfiguration()
    configuration.execution.instrumentCosts = [
      InstrumentCosts(of: .symbols(["AB"]), commission: PerOrderCommission(amount: 1))
    ]
    let universe = try Universe([
      try MarketBuilder.series(MarketBuilder.flat(100, count: 3), symbol: "ABC")
    ])
    let error = #expect(throws: ConfigurationError.self) {
      try configuration.validate(for: universe)
    }
    #expect(error?.description.contains("'AB'") == true)
  }

  @Test func scaledCostsScaleEverything() throws {
    var rules = ExecutionRules()
    rules.taxes = [StampDuty(basisPoints: 50)]
    rules.commission = MakerTakerCommission(makerBasisPoints: 2, takerBasisPoints: 4)
    rules.instrumentCosts = [
      InstrumentCosts(of: .symbols(["A"]), slippage: BasisPointSlippage(basisPoints: 3))
    ]
    #expect(!rules.isFree)
    let scaled = rules.scalingCosts(by: 2)
    let result = try roundTrip { $0.execution = scaled }
    #expect(agrees(result.fills[0].tax, 50 * 100.06 * 0.01, within: 1e-12))
    #expect(agrees(result.fills[0].commission, 50 * 100.06 * 0.0008, within: 1e-12))
    #expect(rules.scalingCosts(by: 0).isFree == false)
    let none = try roundTrip { $0.execution = rules.scalingCosts(by: 0) }
    #expect(none.account.tradingCosts == 0)
  }
}
