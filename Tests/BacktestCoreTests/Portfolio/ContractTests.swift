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
}
