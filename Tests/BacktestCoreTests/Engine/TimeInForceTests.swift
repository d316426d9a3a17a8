@testable import BacktestCore
import TestSupport
import Testing

/// When DAY orders end, and what cancelling does.
struct TimeInForceTests {
  private func day(_ quantity: Double, _ kind: Order.Kind, _ id: InstrumentID = .first) -> Order {
    Order(id, quantity: quantity, kind: kind, timeInForce: .day)
  }

  @Test func anOrderOfTheCloseBelongsToTheNextSession() throws {
    let market = try MarketBuilder.sessions(
      [(100, 100, 100, 100), (100, 100, 96, 100), (100, 100, 90, 100)], from: "2024-01-02")
    let limit = day(1, .limit(95))
    let missed = try runScript(market, [0: { _, trading in trading.submit(limit) }])
    #expect(missed.outcomes(of: 1) == [.expired] && missed.fills.isEmpty)
    #expect(missed.outcomes[0].time == market.closeTimes[1])
    let hit = try runScript(market, [1: { _, trading in trading.submit(limit) }])
    #expect(hit.fills.map(\.row) == [2])
  }

  @Test func itStillTradesInTheLastBarOfItsSession() throws {
    // Matching along the bar comes before the session's end at the same instant.
    let market = try MarketBuilder.sessions(
      [(100, 100, 100, 100), (100, 100, 95, 100)], from: "2024-01-02")
    let limit = day(1, .limit(95))
    let result = try runScript(market, [0: { _, trading in trading.submit(limit) }])
    #expect(result.outcomes(of: 1) == [.filled])
  }

  @Test func holidaysHaveNoSession() throws {
    // Friday 2024-01-12, then Martin Luther King Day, then Tuesday the 16th.
    let market = try MarketBuilder.sessions(
      [(100, 100, 100, 100), (100, 100, 96, 100), (100, 100, 90, 100)], from: "2024-01-12")
    let limit = day(1, .limit(95))
    let result = try runScript(market, [0: { _, trading in trading.submit(limit) }])
    let tuesday = NewYorkStockExchangeCalendar().session(on: CivilDate("2024-01-16")!)!
    #expect(result.outcomes.map(\.kind) == [.expired])
    #expect(result.outcomes[0].time == tuesday.close && market.closeTimes[1] == tuesday.close)
  }

  @Test func latencyBeyondTheSessionEndBelongsToTheSessionAfter() throws {
    let market = try MarketBuilder.sessions(
      [
        (100, 100, 100, 100), (100, 100, 96, 100), (100, 100, 96, 100), (100, 100, 90, 100),
      ], from: "2024-01-02")
    let limit = day(1, .limit(95))
    let result = try runScript(market, [0: { _, trading in trading.submit(limit) }]) {
      $0.execution.latency = .hours(24)
    }
    #expect(result.outcomes[0].time == market.closeTimes[2])
  }

  @Test func itEndsWhetherOrNotItsInstrumentTrades() throws {
    // B has no bar on the session of its order; the order ends there all the same.
    let a = try MarketBuilder.sessions(
      MarketBuilder.flat(100, count: 4), symbol: "A", from: "2024-01-02")
    let calendar = NewYorkStockExchangeCalendar()
    let days = ["2024-01-02", "2024-01-04", "2024-01-05"].map {
      calendar.session(on: CivilDate($0)!)!
    }
    let b = try MarketBuilder.series(
      [(50, 50, 50, 50), (40, 50, 40, 50), (40, 50, 40, 50)], volume: nil,
      times: days.map { ($0.open, $0.close) }, timeframe: .session,
      instrument: Instrument(symbol: "B"), calendar: calendar)
    let result = try runScript(
      [a, b],
      ScriptedStrategy([
        0: { _, trading in
          trading.submit(
            Order(.second, quantity: 1, kind: .limit(45), timeInForce: .day))
        }
      ]))
    #expect(result.outcomes(of: 1) == [.expired] && result.fills.isEmpty)
    #expect(result.outcomes[0].time == a.closeTimes[1])
  }

  @Test func inTheMiddleOfASessionItEndsTheSameDay() throws {
    // Hourly bars of a market that never closes; sessions end at midnight.
    let market = try MarketBuilder.series(
      MarketBuilder.flat(100, count: 60), every: .hours(1))
    let limit = day(1, .limit(95))
    let result = try runScript(market, [30: { _, trading in trading.submit(limit) }])
    #expect(result.outcomes[0].time == MarketBuilder.start + .days(2))
    #expect(result.outcomes(of: 1) == [.expired])
  }

  @Test func aPartFilledDayOrderLosesItsRest() throws {
    let market = try MarketBuilder.series(
      MarketBuilder.flat(100, count: 4), volume: [100, 100, 100, 100])
    let order = day(50, .market)
    let result = try runScript(market, [0: { _, trading in trading.submit(order) }]) {
      $0.execution.participation = 0.2
    }
    #expect(result.fillQuantities == [20])
    #expect(result.outcomes.map(\.kind) == [.expired] && result.outcomes[0].filledQuantity == 20)
  }

  @Test func goodTilCancelledOutlivesSessions() throws {
    let market = try MarketBuilder.sessions(
      [
        (100, 100, 100, 100), (100, 100, 96, 100), (100, 100, 96, 100), (100, 100, 90, 100),
      ], from: "2024-01-02")
    let result = try runScript(
      market,
      [0: { _, trading in trading.submit(Order(.first, quantity: 1, kind: .limit(95))) }])
    #expect(result.fills.map(\.row) == [3])
  }

  @Test func aCancelledOrderIsGoneAndACancelledGhostIsNothing() throws {
    let market = try MarketBuilder.series(MarketBuilder.flat(100, count: 4))
    let result = try runScript(
      market,
      [
        0: { _, trading in
          let order = trading.submit(Order(.first, quantity: 1, kind: .limit(90)))
          trading.submit(Order(.first, quantity: 1))
          trading.cancel(order)
          trading.cancel(OrderID(99))
          #expect(trading.openOrders(.first).isEmpty)
        },
        1: { _, trading in
          trading.cancel(OrderID(2))
          trading.submit(Order(.first, quantity: 5, kind: .limit(80)))
        },
        2: { _, trading in
          let open = trading.openOrders(.first)
          #expect(open.map(\.quantity) == [5] && open.map(\.id) == [OrderID(3)])
        },
      ])
    #expect(result.outcomes(of: 1) == [.cancelled])
    #expect(result.outcomes(of: 2) == [.filled])
    #expect(result.outcomes.map(\.order.number) == [1, 2, 3])
  }
}
