@testable import BacktestCore
import TestSupport
import Testing

/// What rounding leaves of cash, of quantities and of targets is not traded.
struct RoundingNoiseTests {
  private func pair(_ price: Double) throws -> [BarSeries] {
    try ["A", "B"].map {
      try MarketBuilder.series(
        MarketBuilder.flat(price, count: 5), symbol: $0, lot: .fractional)
    }
  }

  @Test(arguments: ExecutionRules.TargetSizing.allCases)
  func theSecondOfTwoFullPurchasesIsRefused(sizing: ExecutionRules.TargetSizing) throws {
    var refused = 0
    for price in [3.7, 11.3, 97.1, 313.3] {
      let result = try runScript(
        try pair(price),
        ScriptedStrategy([
          0: { _, trading in trading.target(.first, weight: 1) },
          2: { _, trading in trading.target(.second, weight: 1) },
        ])
      ) {
        $0.account.initialCash = 10_000 / 3
        $0.execution.sizing = sizing
        $0.execution.slippage = BasisPointSlippage(basisPoints: 3)
        $0.execution.commission = PerShareCommission(perShare: 0.001, minimumPerOrder: 1e-9)
      }
      #expect(result.fills.count == 1)
      if result.outcomes(of: 2) == [.rejected(.buyingPower)] { refused += 1 }
    }
    #expect(refused == 4)
  }

  /// A trillionth of what was held is no position.
  @Test(arguments: [(5e-13, true), (2e-12, false)])
  func whatASaleLeavesOfAPosition(left: Double, isFlat: Bool) throws {
    let series = try MarketBuilder.series(MarketBuilder.flat(100, count: 4), lot: .fractional)
    let result = try runScript(
      series,
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 1)) },
        1: { _, trading in trading.submit(Order(.first, quantity: left - 1)) },
      ])
    #expect(result.account.positions[0].isFlat == isFlat)
    #expect(result.trades.map(\.isOpen) == [!isFlat])
  }

  @Test func theSecondOfTwoFullOrdersIsRefusedThoughTheMarketFalls() throws {
    let prices: [MarketBuilder.Prices] = [(97.1, 97.1, 97.1, 97.1), (90, 90, 90, 90)]
    let result = try runScript(
      try ["A", "B"].map { try MarketBuilder.series(prices, symbol: $0, lot: .fractional) },
      ScriptedStrategy([
        0: { _, trading in
          trading.submit(Order(.first, quantity: 10_000 / 97.1))
          trading.submit(Order(.second, quantity: 10_000 / 97.1))
        }
      ])
    ) {
      $0.account.initialCash = 10_000
      $0.execution.commission = PerShareCommission(perShare: 0.001, minimumPerOrder: 1)
    }
    #expect(result.fills.count == 1 && result.fills[0].instrument == .first)
    #expect(result.outcomes(of: 2) == [.rejected(.buyingPower)])
  }

  @Test func rebalancingToTheSameWeightTradesNothing() throws {
    let result = try runScript(
      [try pair(97.1)[0]],
      ScriptedStrategy(always: { _, trading in trading.rebalance(.first, weight: 1) })
    ) {
      $0.account.initialCash = 10_000 / 3
      $0.execution.sizing = .atFill
      $0.execution.commission = BasisPointCommission(basisPoints: 7)
    }
    #expect(result.fills.count == 1)
  }

  @Test func aFullExitWithADigitTooManyOpensNothing() throws {
    let result = try runScript(
      [try pair(10)[0]],
      ScriptedStrategy([
        0: { _, trading in trading.submit(Order(.first, quantity: 0.3)) },
        1: { _, trading in trading.submit(Order(.first, quantity: -(0.1 + 0.2))) },
      ])
    ) { $0.account.funding = .margin(leverage: 2) }
    #expect(result.fillQuantities == [0.3, -0.3] && result.account.positions[0].isFlat)
    #expect(result.outcomes(of: 2) == [.filled] && result.counts.cutOrders == 0)
    #expect(result.trades.count == 1)
  }

  @Test(arguments: ExecutionRules.TargetSizing.allCases)
  func aTargetBelowOneLotIsRefused(sizing: ExecutionRules.TargetSizing) throws {
    let result = try runScript(
      try MarketBuilder.series(MarketBuilder.flat(5_000, count: 3)),
      [
        0: { _, trading in
          trading.target(.first, weight: 0.4)
          trading.target(.first, weight: 0.5)
        },
        1: { _, trading in trading.target(.first, weight: 0) },
      ]
    ) {
      $0.account.initialCash = 1_000
      $0.execution.sizing = sizing
    }
    #expect(result.orders.map(\.quantity) == [0.1])
    #expect(result.outcomes(of: 1) == [.rejected(.noQuantity)])
    #expect(result.counts.rejectedOrders == 1 && result.fills.isEmpty)
  }

  @Test func aTargetThatTheOpenPutsBelowOneLotIsRefused() throws {
    let result = try runScript(
      try MarketBuilder.series([(400, 400, 400, 400), (600, 600, 600, 600)]),
      [0: { _, trading in trading.target(.first, weight: 0.5) }]
    ) {
      $0.account.initialCash = 1_000
      $0.execution.sizing = .atFill
    }
    #expect(result.outcomes(of: 1) == [.rejected(.noQuantity)] && result.fills.isEmpty)
  }

  @Test func sameCloseInsideABarFillsAtTheNextOpen() throws {
    let hourly = MarketBuilder.flat(10, count: 72)
    let result = try runScript(
      [
        try MarketBuilder.series(hourly, symbol: "A", every: .hours(1)),
        try MarketBuilder.series(
          [(50, 55, 45, 52), (53, 60, 50, 58), (59, 61, 57, 60)], symbol: "B", every: .days(1)),
      ],
      ScriptedStrategy([
        29: { _, trading in trading.submit(Order(.second, quantity: 1)) },
        23: { _, trading in trading.submit(Order(.second, quantity: 1)) },
      ])
    ) { $0.execution.marketFill = .sameClose }
    #expect(result.fillPrices == [52, 59])
    #expect(result.fills.map(\.order) == [OrderID(1), OrderID(2)])
  }
}
