@testable import BacktestCore
import TestSupport
import Testing

/// What happens first at one instant.
struct OrderOfEventsTests {
  private let rise: [MarketBuilder.Prices] = [
    (100, 100, 100, 100), (102, 102, 102, 102), (103, 106, 103, 103),
  ]
  private let step: [MarketBuilder.Prices] = [
    (50, 50, 50, 50), (51, 51, 51, 51), (52, 54, 52, 52),
  ]

  @Test func theOrderOfSeriesDoesNotMatter() throws {
    let a = try MarketBuilder.series(rise, symbol: "A")
    let b = try MarketBuilder.series(step, symbol: "B")
    let strategy = ScriptedStrategy([
      1: { bars, trading in
        let last = trading.history(.first, 2)
        if last[1].close / last[0].close > 1.01 {
          trading.submit(Order(bars[1]!.instrument, quantity: 1))
        }
      }
    ])
    let one = try runScript([a, b], strategy)
    let other = try runScript([b, a], strategy)
    #expect(one.orders.count == 1 && one.orders[0].submitted == a.closeTimes[1])
    #expect(one.universe[one.orders[0].instrument].instrument.symbol == "B")
    #expect(one.fills == other.fills && one.curve == other.curve)
    #expect(one.fingerprint == other.fingerprint)
  }

  @Test func fillsAreReportedBeforeTheDecisionInFillOrder() throws {
    let result = try runScript(
      [try MarketBuilder.series(rise)],
      ScriptedStrategy(
        [
          0: { _, trading in
            trading.submit(Order(.first, quantity: 2))
            trading.submit(Order(.first, quantity: 1, kind: .stop(101)))
          }
        ], always: { _, trading in trading.note("bars") },
        fill: { fill, trading in
          trading.note("fill \(fill.order.number) \(fill.time == trading.now)")
        }
      ))
    // Both fill at the open of bar 1 and are reported at its close.
    #expect(result.notes.map(\.text) == ["bars", "fill 1 false", "fill 2 false", "bars", "bars"])
  }

  @Test func aTimerComesAfterTheDecisionAndBeforeArrivals() throws {
    let market = try MarketBuilder.series(rise)
    let result = try runScript(
      [market],
      ScriptedStrategy(
        [
          0: { _, trading in
            trading.submit(Order(.first, quantity: 3))
            trading.schedule(at: trading.now, tag: 7)
            trading.note("decision")
          }
        ],
        timer: { tag, trading in
          trading.note("timer \(tag), \(trading.account.positions[0].quantity)")
          trading.submit(Order(.first, quantity: 4))
        })
    ) { $0.execution.marketFill = .sameClose }
    #expect(result.notes.map(\.text) == ["decision", "timer 7, 0.0"])
    #expect(result.fillQuantities == [3, 4])
    #expect(result.fills.allSatisfy { $0.time == market.closeTimes[0] && $0.price == 100 })
  }

  @Test func timersGoOffInOrderBetweenBars() throws {
    let market = try MarketBuilder.series(rise)
    let result = try runScript(
      [market],
      ScriptedStrategy(
        [
          0: { _, trading in
            trading.schedule(at: trading.now + .hours(5), tag: 2)
            trading.schedule(at: trading.now + .hours(3), tag: 1)
            trading.schedule(at: trading.now + .hours(5), tag: 3)
            trading.schedule(at: trading.now + .days(1), tag: 4)
          }
        ], always: { _, trading in trading.note("bars") },
        timer: { tag, trading in
          trading.note("timer \(tag)")
          if tag == 1 { trading.submit(Order(.first, quantity: 1)) }
        }))
    #expect(
      result.notes.map(\.text)
        == ["bars", "timer 1", "timer 2", "timer 3", "bars", "timer 4", "bars"])
    #expect(result.notes[1].time == market.closeTimes[0] + .hours(3))
    // Ordered inside bar 1, so the next open is that of bar 2.
    #expect(result.fills.map(\.row) == [2])
    #expect(result.orders[0].submitted == market.closeTimes[0] + .hours(3))
  }

  @Test func aTimerOfTheStartGoesOffBeforeTheFirstBar() throws {
    let market = try MarketBuilder.series(rise)
    let early = market.openTimes[0]
    let result = try runScript(
      [market],
      ScriptedStrategy(
        always: { _, trading in trading.note("bars") },
        start: { trading in trading.schedule(at: early, tag: 1) },
        timer: { _, trading in
          trading.note("timer \(trading.history(.first, 5).count)")
          trading.submit(Order(.first, quantity: 1))
        }))
    #expect(result.notes.map(\.text) == ["timer 0", "bars", "bars", "bars"])
    #expect(result.notes.first?.time == early)
    #expect(result.orders.isEmpty, "nothing can be ordered before the first decision")
  }

  @Test func opensFillInOrderOfSubmissionAndPathsInUniverseOrder() throws {
    let result = try runScript(
      [
        try MarketBuilder.series(rise, symbol: "C"), try MarketBuilder.series(step, symbol: "A"),
        try MarketBuilder.series(step, symbol: "B"),
      ],
      ScriptedStrategy([
        0: { _, trading in
          for index in [2, 0, 1, 0] { trading.submit(Order(InstrumentID(index), quantity: 1)) }
        },
        1: { _, trading in
          for index in [2, 0, 1] {
            let price = trading.lastClose(InstrumentID(index))!
            trading.submit(Order(InstrumentID(index), quantity: -1, kind: .limit(price + 2)))
          }
        },
      ]))
    #expect(result.fills.prefix(4).map(\.instrument.index) == [2, 0, 1, 0])
    #expect(result.fills.dropFirst(4).map(\.instrument.index) == [0, 1, 2])
  }

  @Test func aBatchOfTargetsMakesPositionsSmallerFirst() throws {
    let flat = MarketBuilder.flat(10, count: 4)
    let result = try runScript(
      try ["A", "B", "C", "D"].map { try MarketBuilder.series(flat, symbol: $0) },
      ScriptedStrategy([
        0: { _, trading in
          trading.target(.third, weight: 0.5)
          trading.target(.second, weight: 0.5)
        },
        1: { _, trading in
          trading.target(InstrumentID(3), weight: 0.25)
          trading.target(.first, weight: 0.25)
          trading.target(.third, weight: 0.3)
          trading.target(.second, weight: 0.2)
        },
      ]))
    #expect(result.orders.map(\.instrument.index) == [1, 2, 1, 2, 0, 3])
    #expect(result.counts.cutOrders == 0 && result.counts.rejectedOrders == 0)
    #expect(result.account.positions.map(\.quantity) == [25_000, 20_000, 30_000, 25_000])
  }

  @Test func aDecisionSeesOnlyClosedBars() throws {
    let market = try MarketBuilder.series(rise)
    _ = try runScript(
      [market],
      ScriptedStrategy(
        always: { bars, trading in
          let history = trading.history(.first, 10)
          #expect(history.last?.closeTime == trading.now && bars[0]?.closeTime == trading.now)
          #expect(history.allSatisfy { $0.closeTime <= trading.now })
          #expect(trading.lastClose(.first) == bars[0]?.close)
        }))
  }
}
