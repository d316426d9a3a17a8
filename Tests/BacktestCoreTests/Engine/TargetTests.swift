@testable import BacktestCore
import TestSupport
import Testing

/// Standing targets, rebalancing, lots, and when targets become quantities.
struct TargetTests {
  private let rising: [MarketBuilder.Prices] = [
    (100, 100, 100, 100), (100, 110, 100, 110), (110, 121, 110, 121), (121, 133, 121, 133),
    (133, 133, 133, 133),
  ]

  @Test func aStandingTargetTradesOnlyWhenItIsStatedAnew() throws {
    let result = try runScript(
      [try MarketBuilder.series(rising)],
      ScriptedStrategy(always: { _, trading in trading.target(.first, weight: 0.5) }))
    #expect(result.fillQuantities == [5000])
  }

  @Test func rebalancingTradesTheDrift() throws {
    let result = try runScript(
      [try MarketBuilder.series(rising)],
      ScriptedStrategy(always: { _, trading in trading.rebalance(.first, weight: 0.5) }))
    // 5,000 at 100; equity 1,050,000 at 110: 4,772; then 1,102,492 at 121: 4,555 ...
    #expect(result.fillQuantities == [5000, -228, -217, -205])
  }

  @Test func theTargetIsFlooredAndNotTheDifference() throws {
    let result = try runScript(
      try MarketBuilder.series([
        (10, 10, 10, 10), (10, 10, 10, 10), (10, 10, 10, 10), (10, 10, 10, 10),
      ]),
      [
        0: { _, trading in trading.target(.first, value: 1_059) },
        1: { _, trading in trading.target(.first, value: 941) },
        2: { _, trading in trading.target(.first, quantity: 99.7) },
      ])
    #expect(result.fillQuantities == [105, -11, 5])
  }

  @Test func shortTargetsRoundTowardZero() throws {
    let result = try runScript(
      try MarketBuilder.series(MarketBuilder.flat(10, count: 3)),
      [0: { _, trading in trading.target(.first, value: -1_059) }]
    ) { $0.account.funding = .margin(leverage: 1) }
    #expect(result.fillQuantities == [-105])
  }

  @Test func decimalLotsLoseNothingToRounding() throws {
    let result = try runScript(
      try MarketBuilder.series(MarketBuilder.flat(10, count: 5), lot: .units(0.1)),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 0.3)) },
        1: { _, trading in trading.target(.first, quantity: 0.7) },
        2: { _, trading in trading.target(.first, quantity: 1.1) },
        3: { _, trading in trading.target(.first, quantity: 0) },
      ])
    let expected = [0.3, 0.4, 0.4, -1.1]
    #expect(result.fills.count == 4)
    for (quantity, wanted) in zip(result.fillQuantities, expected) {
      #expect(agrees(quantity, wanted, within: 1e-14))
    }
    #expect(result.account.positions[0].isFlat)
  }

  @Test func theLastStatementOfADecisionHolds() throws {
    let result = try runScript(
      try MarketBuilder.series(MarketBuilder.flat(10, count: 4)),
      [
        0: { _, trading in trading.target(.first, quantity: 10) },
        1: { _, trading in
          trading.target(.first, quantity: 20)
          trading.target(.first, quantity: 10)
        },
        2: { _, trading in
          trading.target(.first, quantity: 5)
          trading.target(.first, quantity: 6)
        },
      ])
    #expect(result.fillQuantities == [10, -4])
  }

  @Test func aNewTargetReplacesTheOrderOfTheOldOne() throws {
    // Nothing trades on the bars without volume, so that the first order still waits.
    let result = try runScript(
      try MarketBuilder.series(
        MarketBuilder.flat(10, count: 4), volume: [10, 0, 1e9, 1e9]),
      [
        0: { _, trading in trading.target(.first, weight: 1) },
        1: { _, trading in trading.target(.first, weight: 0.5) },
      ])
    #expect(result.outcomes(of: 1) == [.cancelled])
    #expect(result.outcomes(of: 2) == [.filled], "the buying power of the first is free again")
    #expect(result.fillQuantities == [50_000])
  }

  @Test func sizedAtDecisionAnOrderMeetsThePriceOfItsFill() throws {
    let result = try runScript(
      try MarketBuilder.series([(100, 100, 100, 100), (80, 80, 80, 80)]),
      [0: { _, trading in trading.target(.first, weight: 1) }])
    #expect(result.fillQuantities == [10_000] && result.account.cash == 200_000)
  }

  @Test(arguments: [0.0, 1, 5, 100])
  func sizedAtFillAFullWeightEndsWithoutCash(basisPoints: Double) throws {
    let result = try runScript(
      try MarketBuilder.series(
        [(100, 100, 100, 100), (83, 90, 80, 88), (88, 88, 88, 88)], lot: .fractional),
      [0: { _, trading in trading.target(.first, weight: 1) }]
    ) {
      $0.execution.sizing = .atFill
      $0.execution.commission = BasisPointCommission(basisPoints: basisPoints)
      $0.execution.slippage = BasisPointSlippage(basisPoints: 3)
    }
    #expect(abs(result.account.cash) < 1e-8)
    #expect(result.counts.cutOrders == 0)
    let price = 83 * 1.0003
    let units = 1_000_000 / (price * (1 + basisPoints * 1e-4))
    #expect(agrees(result.fillQuantities[0], units, within: 1e-13))
  }

  @Test(arguments: [(0.005, 1.0), (0.005, 1_000), (2, 50)])
  func sizedAtFillEndsWithoutCashUnderMinimumCommission(perShare: Double, minimum: Double) throws {
    let result = try runScript(
      try MarketBuilder.series(
        [(100, 100, 100, 100), (83, 90, 80, 88)], lot: .fractional),
      [0: { _, trading in trading.target(.first, weight: 1) }]
    ) {
      $0.execution.sizing = .atFill
      $0.execution.commission = PerShareCommission(
        perShare: perShare, minimumPerOrder: minimum)
    }
    #expect(abs(result.account.cash) < 1e-8 && result.counts.cutOrders == 0)
    let units = max(0, min((1_000_000 - minimum) / 83, 1_000_000 / (83 + perShare)))
    #expect(agrees(result.fillQuantities[0], units, within: 1e-12))
  }

  @Test func sizedAtFillWholeLotsStayBelowTheCash() throws {
    let result = try runScript(
      try MarketBuilder.series([(100, 100, 100, 100), (83, 90, 80, 88)]),
      [0: { _, trading in trading.target(.first, weight: 1) }]
    ) {
      $0.execution.sizing = .atFill
      $0.execution.commission = BasisPointCommission(basisPoints: 5)
    }
    #expect(result.fillQuantities == [12_042])
    #expect(result.account.cash >= 0 && result.account.cash < 84)
  }

  @Test func sizedAtFillATargetMayTurnItsDirection() throws {
    // At the decision 60 % is less than what is held; at the open, after a fall, it is more.
    let result = try runScript(
      try MarketBuilder.series(
        [(100, 100, 100, 100), (100, 120, 100, 120), (40, 40, 40, 40), (40, 40, 40, 40)],
        lot: .fractional),
      [
        0: { _, trading in trading.target(.first, quantity: 6_000) },
        1: { _, trading in trading.target(.first, weight: 0.6) },
      ]
    ) { $0.execution.sizing = .atFill }
    #expect(result.orders[1].quantity < 0)
    #expect(agrees(result.fillQuantities[1], 0.6 * 640_000 / 40 - 6_000, within: 1e-12))
    #expect(result.outcomes.last?.filledQuantity == result.fillQuantities[1])
  }

  @Test func aTargetWithoutAPriceIsStatedAgain() throws {
    let late = try MarketBuilder.series(
      MarketBuilder.flat(10, count: 2), symbol: "B",
      from: MarketBuilder.start + .days(2))
    let result = try runScript(
      [try MarketBuilder.series(MarketBuilder.flat(10, count: 5)), late],
      ScriptedStrategy(always: { _, trading in trading.target(.second, quantity: 3) }))
    #expect(result.fillQuantities == [3] && result.fills[0].time == late.openTimes[1])
  }

  @Test(arguments: [(0.8, 464.0, 266.0), (1, 506, 1.5)])
  func sizedAtFillAReversalPaysAllItsCosts(weight: Double, units: Double, cash: Double) throws {
    let result = try runScript(
      try MarketBuilder.series(
        [(4, 4, 4, 4), (4, 4, 4, 4), (6.25, 6.25, 6.25, 6.25)]),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: -297)) },
        1: { _, trading in trading.target(.first, weight: weight) },
      ]
    ) {
      $0.account.initialCash = 2_000
      $0.account.funding = .margin(leverage: 1)
      $0.execution.sizing = .atFill
      $0.execution.commission = PerOrderCommission(amount: 12)
    }
    #expect(result.fillQuantities == [-297, units])
    // 3,176 after the sale, less the purchase and its commission.
    #expect(result.account.cash == 3_176 - units * 6.25 - 12)
    #expect(abs(result.account.cash - cash) < 6.25)
  }

  @Test func sizedAtFillASalePaysItsSlippageAsAPurchaseDoes() throws {
    for weight in [1.0, -1] {
      let result = try runScript(
        try MarketBuilder.series(MarketBuilder.flat(100, count: 2), lot: .fractional),
        [0: { _, trading in trading.target(.first, weight: weight) }]
      ) {
        $0.account.funding = .margin(leverage: 2)
        $0.execution.sizing = .atFill
        $0.execution.slippage = BasisPointSlippage(basisPoints: 100)
      }
      // What is held afterwards is worth the equity that is left.
      #expect(agrees(result.fillQuantities[0], weight * 1_000_000 / 101, within: 1e-12))
    }
  }

  /// A is to become 11 units at 100, and 11 % of equity are 10 at its open of 110: nothing is
  /// traded there, so B is sized by A's last close.
  @Test func whatDoesNotTradeIsNotValuedAtTheOpen() throws {
    let a = try MarketBuilder.series(
      [(100, 100, 100, 100), (100, 100, 100, 100), (110, 110, 110, 110), (110, 110, 110, 110)],
      symbol: "A")
    let b = try MarketBuilder.series(
      MarketBuilder.flat(100, count: 4), symbol: "B", lot: .fractional)
    let script = ScriptedStrategy([
      0: { _, trading in trading.submit(Order(.first, quantity: 10)) },
      1: { _, trading in
        trading.target(.first, weight: 0.11)
        trading.target(.second, weight: 0.5)
      },
    ])
    let result = try runScript([a, b], script) {
      $0.account.initialCash = 10_000
      $0.execution.sizing = .atFill
    }
    #expect(result.fillQuantities == [10, 50])
  }
}
