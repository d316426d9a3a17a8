@testable import BacktestCore
import TestSupport
import Testing

/// Equity that falls, and equity that is gone.
struct RuinTests {
  private func closes(_ values: [Double]) -> [MarketBuilder.Prices] {
    values.map { ($0, $0, $0, $0) }
  }

  @Test func theBaseIsTheInitialCapital() throws {
    let result = try runScript(
      try MarketBuilder.series(closes([10, 10, 9, 9.5, 9.9]), lot: .fractional),
      [0: { _, trading in trading.submit(Order(.first, quantity: 10)) }]
    ) { $0.account.initialCash = 100 }
    #expect(result.equity.first == 100)
    #expect(result.equity.min()! == 90, "a drawdown of 10 % from the base")
    #expect(result.equity.count == 5)
    for (value, expected) in zip(result.equity, [100.0, 100, 90, 95, 99]) {
      #expect(agrees(value, expected, within: 1e-14))
    }
  }

  /// Equity 100, 100, 50, then -20, -10 if nothing ends the run.
  private func ruined(
    _ adjust: (inout BacktestConfiguration) -> Void = { _ in }
  ) throws -> BacktestResult {
    try runScript(
      try MarketBuilder.series(closes([10, 10, 15, 22, 21, 5])),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: -10)) },
        1: { _, trading in trading.submit(Order(.first, quantity: 1, kind: .limit(1))) },
      ]
    ) {
      $0.account.initialCash = 100
      $0.account.funding = .margin(leverage: 2)
      adjust(&$0)
    }
  }

  @Test func equityBelowZeroEndsTheRun() throws {
    let result = try ruined()
    #expect(result.equity == [100, 100, 50, 0, 0, 0])
    #expect(result.curve.returns == [0, -0.5, -1, 0, 0])
    #expect(result.curve.grossExposure.last == 0)
    #expect(result.ruinedAt == result.curve.times[3])
    #expect(result.account.cash == 0 && result.account.positions[0].isFlat)
    #expect(result.account.deficitWrittenOff == 20)
    #expect(result.ledger.last?.kind == .deficitWrittenOff && result.ledger.last?.amount == 20)
    #expect(result.ledger.reduce(0) { $0 + $1.amount } == 0)
    #expect(result.outcomes(of: 2) == [.rejected(.ruined)])
    #expect(result.trades.count == 1 && !result.trades[0].isOpen)
    #expect(result.trades[0].grossProfit == -120)
  }

  @Test func positionsCloseAtTheMarkWithoutCosts() throws {
    let result = try ruined {
      $0.execution.commission = PerOrderCommission(amount: 1)
      $0.execution.slippage = BasisPointSlippage(basisPoints: 10)
    }
    let last = result.fills.last!
    #expect(last.price == 22 && last.commission == 0 && last.slippage == 0)
    #expect(last.time == result.ruinedAt)
    #expect(result.equity.suffix(3) == [0, 0, 0])
  }

  @Test func atExactlyZeroNothingIsDecidedAnyMore() throws {
    // A limit order is waiting, so the close is not one of those that only value what is held.
    let strategy = ScriptedStrategy(
      [
        0: { _, trading in trading.submit(Order(.first, quantity: -10)) },
        1: { _, trading in trading.submit(Order(.first, quantity: 1, kind: .limit(1))) },
      ], always: { _, trading in trading.note("asked") })
    let series = try MarketBuilder.series(closes([10, 10, 20, 30]))
    let result = try runScript([series], strategy) {
      $0.account.initialCash = 100
      $0.account.funding = .margin(leverage: 2)
    }
    #expect(result.equity == [100, 100, 0, 0] && result.ruinedAt == result.curve.times[2])
    #expect(result.notes.count == 2)
  }

  @Test func equityOfExactlyZeroIsRuin() throws {
    let result = try runScript(
      try MarketBuilder.series(closes([10, 10, 20, 30])),
      [0: { _, trading in trading.submit(Order(.first, quantity: -10)) }]
    ) {
      $0.account.initialCash = 100
      $0.account.funding = .margin(leverage: 1)
    }
    #expect(result.equity == [100, 100, 0, 0] && result.account.deficitWrittenOff == 0)
  }

  @Test func costsAloneCanRuin() throws {
    let result = try runScript(
      try MarketBuilder.series(closes([10, 10, 10, 10])),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 1)) },
        1: { _, trading in trading.submit(Order(.first, quantity: -1)) },
      ]
    ) {
      $0.account.initialCash = 100
      $0.execution.marketFill = .sameClose
      $0.execution.commission = PerOrderCommission(amount: 60)
    }
    #expect(result.equity == [100, 0, 0, 0])
    #expect(result.ruinedAt == result.curve.times[1])
    #expect(result.account.deficitWrittenOff == 20)
  }

  @Test func aRunThatWentBackLeavesNothingBehindItsRuin() throws {
    // First it holds nothing to the end, then it goes back and is ruined.
    let feed = Feed(
      try Universe([try MarketBuilder.series(closes([10, 10, 15, 22, 21, 5]))]))
    var configuration = BacktestConfiguration()
    configuration.account = AccountRules(initialCash: 100, funding: .margin(leverage: 2))
    var engine = Engine(feed: feed, configuration: configuration)
    _ = engine.advance()
    let start = engine.checkpoint()
    while engine.advance() != .finished {}
    engine.restore(start)
    engine.trading.submit(Order(.first, quantity: -10))
    while engine.advance() != .finished {}
    #expect(engine.result(strategy: "").equity == [100, 100, 50, 0, 0, 0])
  }
}
