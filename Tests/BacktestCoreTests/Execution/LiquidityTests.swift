@testable import BacktestCore
import TestSupport
import Testing

/// What volume lets through, and what it costs.
struct LiquidityTests {
  private func buys(
    _ quantities: [Double], price: Double, volume: [Double],
    kind: Order.Kind = .market, _ adjust: (inout ExecutionRules) -> Void,
    account: (inout AccountRules) -> Void = { $0.initialCash = 1e9 }
  ) throws -> BacktestResult {
    try runScript(
      try MarketBuilder.series(
        MarketBuilder.flat(price, count: volume.count), volume: volume),
      [
        0: { _, trading in
          for quantity in quantities {
            trading.submit(Order(.first, quantity: quantity, kind: kind))
          }
        }
      ]
    ) {
      account(&$0.account)
      adjust(&$0.execution)
    }
  }

  @Test func participationSpreadsAnOrderOverBars() throws {
    let result = try buys([1000], price: 50, volume: [9000, 4000, 3000, 9000, 9000]) {
      $0.participation = 0.1
    }
    #expect(result.fillQuantities == [400, 300, 300])
    #expect(result.fills.map(\.row) == [1, 2, 3])
    #expect(result.outcomes(of: 1) == [.filled])
  }

  @Test func volumeShareMovesThePrice() throws {
    func run(_ quantities: [Double]) throws -> BacktestResult {
      try buys(quantities, price: 100, volume: [1e6, 1e6, 1e6, 1e6, 1e6]) {
        $0.participation = 0.025
        $0.slippage = VolumeShareSlippage(impact: 0.1)
      }
    }
    let one = try run([20_000])
    #expect(agrees(one.fillPrices[0], 100.004, within: 1e-13) && one.fills.count == 1)
    let large = try run([100_000])
    #expect(large.fillQuantities == [25_000, 25_000, 25_000, 25_000])
    #expect(agrees(large.fillPrices[0], 100.00625, within: 1e-13))
    let two = try run([20_000, 20_000])
    #expect(two.fillQuantities == [20_000, 5_000, 15_000])
    #expect(agrees(two.fillPrices[0], 100.004, within: 1e-13))
    #expect(agrees(two.fillPrices[1], 100.00625, within: 1e-13))
  }

  @Test func whatCostsMoreThanAllMoneyIsCutToTheLastLot() throws {
    // 10 units of a bar of 1 cost 43.25 x (1 + 0.02 x 10^2) each, and q more of them
    // 43.25 x (1 + 0.02 x (10 + q)^2): 13 for 8,202.5 in hand, commission included. That on all
    // that was ordered is more.
    let result = try buys([10, 5_000], price: 43.25, volume: [1, 1, 1]) {
      $0.slippage = VolumeShareSlippage(impact: 0.02)
      $0.commission = PerShareCommission(perShare: 50)
    } account: {
      $0.initialCash = 10_000
    }
    #expect(result.fillQuantities == [10, 13])
  }

  @Test(
    arguments: [(50, nil, [1, 2]), (nil, 94, [2, 1]), (150, nil, [2, 1])]
      as [(Double?, Double?, [Int])])
  func aChangedOrderLosesItsTurnUnlessItIsOnlySmaller(
    quantity: Double?, limit: Double?, turns: [Int]
  ) throws {
    let bars = MarketBuilder.flat(100, count: 2) + MarketBuilder.flat(90, count: 4)
    let result = try runScript(
      try MarketBuilder.series(bars, volume: Array(repeating: 1_000, count: 6)),
      [
        0: { _, trading in
          let first = trading.buy(.first, 100, limit: 95)
          trading.buy(.first, 100, limit: 95)
          trading.modify(first, quantity: quantity, limit: limit)
        }
      ]
    ) {
      $0.execution.participation = 0.05
    }
    #expect(result.fills.map(\.order).first == OrderID(turns[0]))
    #expect(result.fills.map(\.order).last == OrderID(turns[1]))
  }

  @Test(arguments: [ExecutionRules.MarketFill.nextClose, .sameClose, .nextOpen])
  func theRestOfATriggeredStopFillsAtOpens(rule: ExecutionRules.MarketFill) throws {
    // 40 at the stop of 95, then 40 at the open of 94 and 20 at that of 92: no close.
    let bars: [MarketBuilder.Prices] = [
      (100, 100, 100, 100), (97, 97, 94, 96), (94, 94, 91, 91), (92, 92, 90, 90), (89, 89, 89, 89),
    ]
    let result = try runScript(
      try MarketBuilder.series(bars, volume: [80, 80, 80, 80, 80]),
      [0: { _, trading in trading.submit(Order(.first, quantity: -100, kind: .stop(95))) }]
    ) {
      $0.account.funding = .margin(leverage: 1)
      $0.execution.participation = 0.5
      $0.execution.marketFill = rule
    }
    #expect(result.fillPrices == [95, 94, 92] && result.fillQuantities == [-40, -40, -20])
  }

  @Test func bothSidesAndOpenAndPathShareOneBar() throws {
    let bars: [MarketBuilder.Prices] = [(50, 50, 50, 50), (50, 52, 48, 50), (50, 50, 50, 50)]
    let result = try runScript(
      try MarketBuilder.series(bars, volume: [1000, 1000, 1000]),
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: 60))
          trading.submit(Order(.first, quantity: -30))
          trading.submit(Order(.first, quantity: 40, kind: .limit(49)))
        }
      ]
    ) {
      $0.account.funding = .margin(leverage: 1)
      $0.execution.participation = 0.1
    }
    #expect(result.fillQuantities == [60, -30, 10])
    #expect(result.fills.allSatisfy { $0.row == 1 })
  }

  @Test func squareRootImpactIsTwentyBasisPoints() throws {
    // Closes whose returns are +-x with a deviation (n - 1) of 2 %: x = 0.02 sqrt(19 / 20).
    let x = 0.02 * (19.0 / 20).squareRoot()
    var close = 100.0
    var bars: [MarketBuilder.Prices] = [(100, 100, 100, 100)]
    for k in 1...20 {
      close *= k.isMultiple(of: 2) ? 1 - x : 1 + x
      bars.append((close, close, close, close))
    }
    bars.append((100, 100, 100, 100))
    let result = try runScript(
      try MarketBuilder.series(bars, volume: Array(repeating: 10_000, count: 22)),
      [20: { _, trading in trading.submit(Order(.first, quantity: 100)) }]
    ) { $0.execution.slippage = SquareRootSlippage(impact: 1) }
    #expect(agrees(result.fillPrices[0], 100.2, within: 1e-12))
    #expect(agrees(result.fills[0].slippage, 20, within: 1e-9))
  }

  @Test func impactWithoutHistoryIsRefused() throws {
    for (bar, isRefused) in [(19, true), (20, false)] {
      let result = try runScript(
        try MarketBuilder.series(
          MarketBuilder.flat(100, count: 23), volume: Array(repeating: 1000, count: 23)),
        [bar: { _, trading in trading.submit(Order(.first, quantity: 1)) }]
      ) { $0.execution.slippage = SquareRootSlippage() }
      #expect(result.outcomes(of: 1) == [isRefused ? .rejected(.noHistory) : .filled])
      #expect(result.counts.rejectedOrders == (isRefused ? 1 : 0))
    }
  }

  @Test func aBarWithoutVolumeFillsNothing() throws {
    let bars: [MarketBuilder.Prices] = [
      (100, 100, 100, 100), (100, 100, 90, 100), (101, 102, 96, 100), (100, 100, 94, 100),
    ]
    let result = try runScript(
      try MarketBuilder.series(bars, volume: [10, 0, 10, 10]),
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: 1))
          trading.submit(Order(.first, quantity: -1, kind: .stop(95)))
        }
      ]
    ) { $0.account.funding = .margin(leverage: 2) }
    // The held bar's low of 90 triggers no stop.
    #expect(result.fills.map(\.row) == [2, 3])
    #expect(result.fillPrices == [101, 95])
  }

  @Test(arguments: [ExecutionRules.MarketFill.sameClose, .nextClose])
  func noRuleFillsAtACloseWithoutVolume(rule: ExecutionRules.MarketFill) throws {
    let result = try runScript(
      try MarketBuilder.series(
        MarketBuilder.flat(100, count: 4), volume: [0, 0, 10, 10]),
      [0: { _, trading in trading.submit(Order(.first, quantity: 1)) }]
    ) { $0.execution.marketFill = rule }
    #expect(result.fills.map(\.row) == [2])
  }

  @Test func volumesThatAreAllZeroCountAsNotGiven() throws {
    let series = try MarketBuilder.series(MarketBuilder.flat(100, count: 3), volume: [0, 0, 0])
    #expect(!series.hasVolume)
    let result = try runScript(
      series, [0: { _, trading in trading.submit(Order(.first, quantity: 1)) }])
    #expect(result.fills.count == 1)
  }

  @Test func withoutVolumesParticipationLimitsNothing() throws {
    let result = try runScript(
      try MarketBuilder.series(MarketBuilder.flat(100, count: 3)),
      [0: { _, trading in trading.submit(Order(.first, quantity: 500)) }]
    ) { $0.execution.participation = 0.01 }
    #expect(result.fillQuantities == [500])
  }

  @Test func aMinimumCommissionIsPaidOncePerOrder() throws {
    let result = try buys([500], price: 10, volume: [1000, 1000, 500, 500, 3000]) {
      $0.participation = 0.1
      $0.commission = PerShareCommission(perShare: 0.005, minimumPerOrder: 1)
    }
    #expect(result.fillQuantities == [100, 50, 50, 300])
    let commissions = result.fills.map(\.commission)
    for (paid, expected) in zip(commissions, [1.0, 0, 0, 1.5]) {
      #expect(agrees(paid, expected, within: 1e-12))
    }
    #expect(agrees(result.account.commissionPaid, 2.5, within: 1e-12))
    let cancelled = try runScript(
      try MarketBuilder.series(
        MarketBuilder.flat(10, count: 4), volume: [1000, 1000, 500, 500]),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 500)) },
        1: { _, trading in trading.cancel(OrderID(1)) },
      ]
    ) {
      $0.execution.participation = 0.1
      $0.execution.commission = PerShareCommission(perShare: 0.005, minimumPerOrder: 1)
    }
    #expect(cancelled.account.commissionPaid == 1)
    #expect(cancelled.outcomes.last?.kind == .cancelled)
    #expect(cancelled.outcomes.last?.filledQuantity == 100)
  }

  @Test func commissionPerOrderIsPaidOnce() throws {
    let result = try buys([300], price: 10, volume: [1000, 1000, 1000, 1000]) {
      $0.participation = 0.1
      $0.commission = PerOrderCommission(amount: 7)
    }
    #expect(result.fills.map(\.commission) == [7, 0, 0])
  }

  /// What is left of an order is nothing up to 1e-12 of it, which rounding may leave.
  @Test(arguments: [(0.95e-12, 1), (1.05e-12, 2)])
  func aRestThatRoundingMayLeaveIsNone(missing: Double, fillCount: Int) throws {
    let series = try MarketBuilder.series(
      MarketBuilder.flat(10, count: 4), volume: [100, 100 * (1 - missing), 100, 100],
      lot: .fractional)
    let result = try runScript(
      series, [0: { _, trading in trading.submit(Order(.first, quantity: 100)) }]
    ) { $0.execution.participation = 1 }
    #expect(result.fills.count == fillCount && result.outcomes(of: 1) == [.filled])
  }
}
