@testable import BacktestCore
import TestSupport
import Testing

/// Interest and borrow fees at session ends, by hand.
struct FinancingTests {
  private func run(
    _ closes: [Double], bySession: Bool = false, cash: Double = 10_000,
    _ financing: FinancingRules, _ decisions: [Int: ScriptedStrategy.Decision]
  ) throws -> BacktestResult {
    let bars: [MarketBuilder.Prices] = closes.map { ($0, $0, $0, $0) }
    let series =
      bySession
      ? try MarketBuilder.sessions(bars, from: "2024-03-06") : try MarketBuilder.series(bars)
    return try runScript(series, decisions) {
      $0.account.initialCash = cash
      $0.account.funding = .margin(leverage: 4)
      $0.account.financing = financing
    }
  }

  @Test func aWeekendOfBorrowingIsThreeDays() throws {
    var financing = FinancingRules()
    financing.borrowing.rate = 0.05
    financing.dayCount = .actual360
    // Wednesday to Monday: short from Thursday's open.
    let result = try run(
      [50, 50, 50, 50], bySession: true, financing,
      [0: { _, trading in trading.submit(Order(.first, quantity: -100)) }])
    let fees = result.ledger.filter { $0.kind == .borrowFee }.map(\.amount)
    #expect(fees.count == 3)
    #expect(agrees(fees[0], -5_000 * 0.05 / 360, within: 1e-12))
    #expect(agrees(fees[1], -2.083333333333333, within: 1e-12))
    #expect(agrees(result.account.income.borrowPaid, -fees.reduce(0, +), within: 1e-12))
    #expect(result.account.income.interestReceived == 0)
  }

  @Test func lessThanOneShareHeldBorrowsNothing() throws {
    let series = try MarketBuilder.series(MarketBuilder.flat(50, count: 3), lot: .fractional)
    let result = try runScript(
      series, [0: { _, trading in trading.submit(Order(.first, quantity: 0.5)) }]
    ) {
      $0.account.financing = FinancingRules()
      $0.account.financing?.borrowing.rate = 0.5
    }
    #expect(result.fills.count == 1 && result.account.income.borrowPaid == 0)
    #expect(!result.ledger.contains { $0.kind == .borrowFee })
  }

  @Test func aDayOfMarginInterest() throws {
    var financing = FinancingRules()
    financing.debitRate = 0.06
    financing.dayCount = .actual360
    let result = try run(
      [50, 50, 50], financing,
      [0: { _, trading in trading.submit(Order(.first, quantity: 400)) }])
    let interest = result.ledger.filter { $0.kind == .interest }.map(\.amount)
    // -10,000 at 6 %: 1.6667; the second day on 10,001.6667.
    #expect(interest.count == 2 && agrees(interest[0], -1.666666666666667, within: 1e-12))
    #expect(agrees(interest[1], -(10_000 + 10_000 * 0.06 / 360) * 0.06 / 360, within: 1e-12))
    #expect(agrees(result.equity[1], 10_000 - 1.666666666666667, within: 1e-9))
  }

  @Test func cashEarnsBeyondTheCollateralOfShorts() throws {
    var financing = FinancingRules()
    financing.creditRate = 0.02
    let result = try run(
      [50, 50, 50], financing,
      [0: { _, trading in trading.submit(Order(.first, quantity: -100)) }])
    let interest = result.ledger.filter { $0.kind == .interest }.map(\.amount)
    // 15,000 of cash, of which 5,000 belong to the short position.
    #expect(interest.count == 2 && agrees(interest[0], 10_000 * 0.02 / 365, within: 1e-12))
    #expect(result.account.income.interestPaid == 0)
  }

  @Test func nothingIsChargedBeforeTheBasePoint() throws {
    var financing = FinancingRules()
    financing.creditRate = 0.365
    financing.dayCount = .actual365
    let bars = MarketBuilder.flat(10, count: 6)
    let result = try runScript(try MarketBuilder.series(bars), [:]) {
      $0.account.initialCash = 1_000
      $0.account.financing = financing
      $0.warmup = 3
    }
    #expect(result.equity.count == 4 && result.equity[0] == 1_000)
    #expect(agrees(result.equity[1], 1_001, within: 1e-9))
    #expect(agrees(result.equity[3], 1_000 * 1.001 * 1.001 * 1.001, within: 1e-9))
  }

  @Test func everyPartIsSeparateAndTheSumIsExact() throws {
    var financing = FinancingRules()
    financing.debitRate = 0.08
    financing.creditRate = 0.03
    financing.borrowing.rate = 0.1
    let result = try run(
      [50, 48, 53, 51, 47, 55], financing,
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 600)) },
        2: { _, trading in trading.submit(Order(.first, quantity: -900)) },
      ])
    let income = result.account.income
    #expect(income.interestPaid > 0 && income.interestReceived > 0 && income.borrowPaid > 0)
    #expect(
      agrees(
        result.account.equity - 10_000, result.account.priceProfit + income.net, within: 1e-9))
    #expect(
      agrees(result.ledger.reduce(0) { $0 + $1.amount }, result.account.cash, within: 1e-9))
  }
}

/// Shares that cannot be borrowed.
struct BorrowingTests {
  private func run(
    _ schedule: BorrowSchedule, _ decisions: [Int: ScriptedStrategy.Decision]
  ) throws -> BacktestResult {
    try runScript(try MarketBuilder.series(MarketBuilder.flat(50, count: 6)), decisions) {
      $0.account.initialCash = 10_000
      $0.account.funding = .margin(leverage: 2)
      $0.account.financing = FinancingRules()
      $0.account.financing?.borrowing.rate = 0.365
      $0.account.financing?.borrowing.bySymbol["A"] = schedule
    }
  }

  private static let sell: [Int: ScriptedStrategy.Decision] = [
    0: { _, trading in trading.submit(Order(.first, quantity: -100)) }
  ]

  @Test func anInstrumentWithoutSharesIsNotSoldShort() throws {
    let result = try run(BorrowSchedule(rate: nil), Self.sell)
    #expect(result.outcomes(of: 1) == [.rejected(.noShares)] && result.fills.isEmpty)
  }

  @Test func sharesAreCalledBackBeforeTheSessionWithoutAny() throws {
    // Days from 2024-01-01 on: none from the fourth on.
    let date = CivilDate("2024-01-04")!
    let result = try run(BorrowSchedule([.init(date: date, rate: nil)]), Self.sell)
    #expect(result.fillQuantities == [-100, 100])
    #expect(result.fills[1].time == date.midnight && result.orders[1].isLiquidation)
    // The nights of the second and the third day.
    #expect(agrees(result.account.income.borrowPaid, 2 * 5_000 * 0.365 / 365, within: 1e-12))
  }

  @Test func ratesGoFromDateToDate() throws {
    let date = CivilDate("2024-01-04")!
    let result = try run(BorrowSchedule([.init(date: date, rate: 0.73)]), Self.sell)
    let fees = result.ledger.filter { $0.kind == .borrowFee }.map(\.amount)
    #expect(fees.count == 5 && agrees(fees[1], -5, within: 1e-12))
    #expect(agrees(fees[2], -10, within: 1e-12) && agrees(fees[4], -10, within: 1e-12))
  }

  @Test func unknownSymbolsAreRefused() throws {
    var configuration = BacktestConfiguration()
    configuration.account.financing = FinancingRules()
    configuration.account.financing?.borrowing.bySymbol["B"] = BorrowSchedule(rate: 0.1)
    let universe = try Universe([try MarketBuilder.series(MarketBuilder.flat(50, count: 2))])
    #expect(throws: ConfigurationError.self) { try configuration.validate(for: universe) }
  }
}
