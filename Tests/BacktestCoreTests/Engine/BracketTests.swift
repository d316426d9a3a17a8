@testable import BacktestCore
import TestSupport
import Testing

/// Exits that belong to an entry live and end with it.
struct BracketTests {
  private let falling: [MarketBuilder.Prices] = [
    (100, 100, 100, 100), (100, 101, 97, 98), (98, 99, 94, 95), (95, 96, 91, 92),
    (92, 93, 89, 90), (90, 91, 87, 88),
  ]

  private func bracket(
    _ quantity: Double, _ kind: Order.Kind, _ trading: inout TradingContext,
    timeInForce: Order.TimeInForce = .goodTilCancelled
  ) {
    trading.submitBracket(
      Order(.first, quantity: quantity, kind: kind, timeInForce: timeInForce),
      exits: [
        Order(.first, quantity: -quantity, kind: .stop(85)),
        Order(.first, quantity: -quantity, kind: .limit(120)),
      ])
  }

  @Test func aRefusedEntryTakesItsExitsAlong() throws {
    let result = try runScript(
      try MarketBuilder.series(falling),
      [
        0: { _, trading in self.bracket(500, .market, &trading) },
        1: { _, trading in #expect(trading.openOrders(.first).isEmpty) },
      ]
    ) {
      $0.account.initialCash = 1_000
      $0.execution.shortfall = .reject
    }
    #expect(result.outcomes(of: 1) == [.rejected(.buyingPower)])
    #expect(result.outcomes(of: 2) == [.parentGone] && result.outcomes(of: 3) == [.parentGone])
    #expect(result.fills.isEmpty)
  }

  @Test func anEntryRefusedAtItsFillTakesThemAlong() throws {
    let result = try runScript(
      try MarketBuilder.series([(100, 100, 100, 100), (200, 200, 200, 200)]),
      [0: { _, trading in self.bracket(10, .market, &trading) }]
    ) {
      $0.account.initialCash = 1_000
      $0.execution.shortfall = .reject
    }
    #expect(result.outcomes.map(\.kind) == [.rejected(.buyingPower), .parentGone, .parentGone])
    #expect(Set(result.outcomes.map(\.time)) == [MarketBuilder.start + .days(1)])
  }

  @Test func anEntryThatExpiresOrIsCancelledTakesThemAlong() throws {
    let expired = try runScript(
      try MarketBuilder.series(falling),
      [0: { _, trading in self.bracket(10, .limit(80), &trading, timeInForce: .day) }])
    #expect(expired.outcomes.map(\.kind) == [.expired, .parentGone, .parentGone])
    #expect(Set(expired.outcomes.map(\.time)) == [MarketBuilder.start + .days(2)])
    let cancelled = try runScript(
      try MarketBuilder.series(falling),
      [
        0: { _, trading in self.bracket(10, .limit(80), &trading) },
        2: { _, trading in trading.cancel(OrderID(1)) },
      ])
    #expect(cancelled.outcomes.map(\.kind) == [.cancelled, .parentGone, .parentGone])
  }

  @Test func sleepingExitsLeaveAnOlderPositionAlone() throws {
    let result = try runScript(
      try MarketBuilder.series(falling),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 10)) },
        1: { _, trading in
          trading.submitBracket(
            Order(.first, quantity: 5, kind: .limit(90)),
            exits: [Order(.first, quantity: -5, kind: .stop(95))])
        },
      ])
    // The bar of the low 94 reaches the stop; its entry comes with the low 89.
    #expect(result.fillQuantities == [10, 5, -5] && result.fillPrices == [100, 90, 90])
    #expect(result.fills.map(\.row) == [1, 4, 4])
  }

  @Test func exitsFollowWhatTheEntryGot() throws {
    let result = try runScript(
      try MarketBuilder.series([
        (100, 100, 100, 100), (125, 125, 125, 125), (125, 125, 80, 84), (84, 84, 84, 84),
        (84, 84, 84, 84),
      ]),
      [0: { _, trading in self.bracket(10, .market, &trading) }]
    ) {
      $0.account.initialCash = 1_000
      $0.account.funding = .margin(leverage: 1)
    }
    // The profit target at 120 is there already when the entry, cut to 8, fills at 125.
    #expect(result.fillQuantities == [8, -8] && result.fillPrices == [125, 125])
    #expect(result.outcomes(of: 2) == [.cancelledByGroup])
    #expect(result.outcomes(of: 3) == [.nothingToReduce])
  }

  @Test func exitsCloseNoMoreThanTheirEntryGot() throws {
    let result = try runScript(
      try MarketBuilder.series(
        falling + [(88, 89, 80, 82), (82, 82, 82, 82)],
        volume: [1_000, 1_000, 30, 1_000, 1_000, 1_000, 1_000, 1_000]),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 10)) },
        1: { _, trading in
          trading.submitBracket(
            Order(.first, quantity: 5, timeInForce: .day),
            exits: [Order(.first, quantity: -5, kind: .stop(85))])
        },
      ]
    ) { $0.execution.participation = 0.1 }
    // Three of the entry's five fill before it expires.
    #expect(result.fillQuantities == [10, 3, -3] && result.fillPrices == [100, 98, 85])
    #expect(result.outcomes(of: 2) == [.expired] && result.outcomes(of: 3) == [.nothingToReduce])
    #expect(result.account.positions[0].quantity == 10)
  }

  @Test func exitsGrowWithTheirEntry() throws {
    let result = try runScript(
      try MarketBuilder.series(
        falling + [(88, 89, 80, 82), (82, 82, 82, 82)],
        volume: [1_000, 30, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000]),
      [0: { _, trading in self.bracket(5, .market, &trading) }]
    ) { $0.execution.participation = 0.1 }
    #expect(result.fillQuantities == [3, 2, -5] && result.fillPrices == [100, 98, 85])
    #expect(result.outcomes(of: 2) == [.filled])
  }

  @Test func anExitWithoutAPositionOrAnEntryEndsAtTheNextDecision() throws {
    let result = try runScript(
      try MarketBuilder.series(falling),
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: 500))
          trading.submit(Order(.first, quantity: -500, kind: .stop(85), reduceOnly: true))
        },
        1: { _, trading in
          #expect(trading.openOrders(.first).isEmpty)
          trading.submit(Order(.first, quantity: 5))
        },
      ]
    ) {
      $0.account.initialCash = 1_000
      $0.execution.shortfall = .reject
    }
    #expect(result.outcomes(of: 2) == [.nothingToReduce] && result.fillQuantities == [5])
    #expect(result.outcomes.first { $0.order == OrderID(2) }?.time == result.curve.times[1])
  }

  @Test func whatIsLeftOfAClosedPositionsExitBlocksNothing() throws {
    let result = try runScript(
      try MarketBuilder.series(falling),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 10)) },
        1: { _, trading in
          trading.submit(Order(.first, quantity: -10))
          trading.submit(Order(.first, quantity: -10, reduceOnly: true))
        },
        2: { _, trading in #expect(trading.openOrders(.first).isEmpty) },
      ])
    #expect(result.fillQuantities == [10, -10])
    #expect(result.outcomes(of: 3) == [.nothingToReduce])
  }

  @Test func ruinRefusesEntriesAndExitsAlike() throws {
    let result = try runScript(
      try MarketBuilder.series(MarketBuilder.flat(10, count: 2) + MarketBuilder.flat(30, count: 1)),
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: -10))
          self.bracket(1, .limit(1), &trading)
        }
      ]
    ) { $0.account = AccountRules(initialCash: 100, funding: .margin(leverage: 2)) }
    #expect((2...4).allSatisfy { result.outcomes(of: $0) == [.rejected(.ruined)] })
  }

  /// At the next close, whether a session ends there or not.
  @Test func anExitWithNothingToReduceEndsAtAClose() throws {
    let series = try MarketBuilder.series(MarketBuilder.flat(100, count: 30), every: .hours(1))
    let result = try runScript(
      series,
      [
        2: { _, trading in
          trading.submit(Order(.first, quantity: -10, kind: .limit(150), reduceOnly: true))
        }
      ])
    let end = try #require(result.outcomes.first)
    #expect(end.kind == .nothingToReduce && end.time == MarketBuilder.start + .hours(4))
  }
}
