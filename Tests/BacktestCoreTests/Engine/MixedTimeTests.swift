@testable import BacktestCore
import TestSupport
import Testing

/// Universes whose series close at different times or end early.
struct MixedTimeTests {
  /// A hourly for two days, B daily for two days.
  private func universe() throws -> [BarSeries] {
    let hourly = (0..<48).map { k -> MarketBuilder.Prices in
      let price = 100 + Double(k)
      return (price, price, price, price)
    }
    return [
      try MarketBuilder.series(hourly, symbol: "A", every: .hours(1)),
      try MarketBuilder.series(
        [(50, 55, 45, 52), (53, 60, 50, 58)], symbol: "B", every: .days(1)),
    ]
  }

  @Test func slicesHoldWhatClosedNow() throws {
    let series = try universe()
    let result = try runScript(
      series,
      ScriptedStrategy(
        always: { bars, trading in
          #expect(bars[0] != nil)
          #expect((bars[1] != nil) == (trading.now.nanoseconds % 86_400_000_000_000 == 0))
          if bars.map(\.instrument) == [.first, .second] { trading.note("both") }
        }))
    #expect(result.notes.count == 2)
    #expect(result.curve.equity.count == 48)
  }

  @Test func ordersWaitForTheirOwnInstrumentsNextBar() throws {
    let series = try universe()
    let result = try runScript(
      series,
      ScriptedStrategy([
        23: { _, trading in
          trading.submit(Order(.first, quantity: 1))
          trading.submit(Order(.second, quantity: 1))
        },
        30: { _, trading in
          trading.submit(Order(.first, quantity: -1))
          trading.submit(Order(.second, quantity: -1))
        },
      ]))
    #expect(result.fills.map(\.instrument) == [.first, .second, .first])
    #expect(result.fillPrices == [124, 53, 131])
    #expect(result.outcomes(of: 4) == [.stillLive])
    // The daily bar is marked at its open by the fill and then only at its close.
    #expect(result.equity[46] == 1_000_007)
    #expect(result.equity[47] == 1_000_012)
  }

  @Test func restingOrdersOfTheSlowSeriesMatchAtItsClose() throws {
    let series = try universe()
    let result = try runScript(
      series,
      ScriptedStrategy([
        23: { _, trading in
          trading.submit(Order(.second, quantity: 1, kind: .limit(51)))
        }
      ]))
    #expect(result.fills.map(\.time) == [series[1].closeTimes[1]])
    #expect(result.fills.allSatisfy { $0.isIntrabar })
  }

  @Test func anOrderInsideTheSlowBarWaitsForTheNextOne() throws {
    let series = try universe()
    let result = try runScript(
      series,
      ScriptedStrategy([
        0: { _, trading in trading.submit(Order(.first, quantity: 1)) },
        26: { _, trading in
          trading.submit(Order(.second, quantity: 1, kind: .limit(51)))
          trading.submit(Order(.second, quantity: 1))
        },
      ]))
    #expect(result.fills.map(\.instrument) == [.first])
  }

  @Test func anOrderThatCannotTradeLeavesTheMarksAlone() throws {
    // The open of a bar without liquidity for us must not move the value of the position.
    let a = try MarketBuilder.series(MarketBuilder.flat(10, count: 72), every: .hours(1))
    let b = try MarketBuilder.series(
      [(50, 50, 50, 50), (50, 50, 50, 50), (90, 90, 90, 90)], symbol: "B", volume: [100, 100, 5])
    let result = try runScript(
      [a, b],
      ScriptedStrategy([
        23: { _, trading in trading.submit(Order(.second, quantity: 10)) },
        47: { _, trading in trading.submit(Order(.second, quantity: 10)) },
      ])
    ) { $0.execution.participation = 0.1 }
    #expect(result.fillQuantities == [10])
    #expect(result.equity.dropLast().allSatisfy { $0 == 1_000_000 })
    #expect(result.equity.last == 1_000_400)
  }

  private func endingEarly() throws -> [BarSeries] {
    [
      try MarketBuilder.series(MarketBuilder.flat(10, count: 6), symbol: "A"),
      try MarketBuilder.series(
        [(20, 20, 20, 20), (20, 20, 20, 20), (20, 26, 20, 25)], symbol: "B"),
    ]
  }

  @Test func aSeriesThatEndsKeepsItsLastMarkAndIsStale() throws {
    let result = try runScript(
      try endingEarly(),
      ScriptedStrategy([0: { _, trading in trading.submit(Order(.second, quantity: 100)) }]))
    #expect(result.counts.stalePositions == 1)
    #expect(result.equity.last == 1_000_500 && result.fills.count == 1)
    #expect(result.trades.map(\.isOpen) == [true] && result.trades[0].exitRow == 2)
    let closed = try runScript(
      try endingEarly(),
      ScriptedStrategy([0: { _, trading in trading.submit(Order(.first, quantity: 100)) }]))
    #expect(closed.counts.stalePositions == 0)
  }

  @Test func orItIsClosedAtItsLastClose() throws {
    let series = try endingEarly()
    let result = try runScript(
      series,
      ScriptedStrategy([0: { _, trading in trading.submit(Order(.second, quantity: 100)) }])
    ) {
      $0.onSeriesEnd = .close
      $0.execution.commission = PerOrderCommission(amount: 3)
    }
    #expect(result.fillPrices == [20, 25] && result.fillQuantities == [100, -100])
    #expect(result.fills[1].time == series[1].closeTimes[2])
    #expect(result.counts.stalePositions == 0 && result.account.positions[1].isFlat)
    #expect(result.equity[2] == 1_000_494 && result.equity.last == 1_000_494)
    #expect(result.trades.map(\.isOpen) == [false])
    #expect(result.orders.count == 2 && result.outcomes(of: 2) == [.filled])
  }

  @Test func closingWithImpactUsesTheHistoryOfTheSeries() throws {
    let long = (0..<30).map { k -> MarketBuilder.Prices in
      let price = k.isMultiple(of: 2) ? 20.0 : 21
      return (price, price, price, price)
    }
    let volume = Array(repeating: 1e5, count: 40)
    let result = try runScript(
      [
        try MarketBuilder.series(MarketBuilder.flat(10, count: 40), symbol: "A", volume: volume),
        try MarketBuilder.series(long, symbol: "B", volume: Array(volume.prefix(30))),
      ],
      ScriptedStrategy([25: { _, trading in trading.submit(Order(.second, quantity: 100)) }])
    ) {
      $0.onSeriesEnd = .close
      $0.execution.slippage = SquareRootSlippage()
    }
    #expect(result.fills.count == 2 && result.fills.allSatisfy { $0.price.isFinite })
    #expect(result.fills[1].price < 21 && result.equity.allSatisfy { $0.isFinite })
  }

  @Test func theLastBarOfTheRunEndsNoSeries() throws {
    let result = try runScript(
      try endingEarly(),
      ScriptedStrategy([0: { _, trading in trading.submit(Order(.first, quantity: 100)) }])
    ) { $0.onSeriesEnd = .close }
    #expect(result.fills.count == 1 && result.trades.map(\.isOpen) == [true])
  }

  @Test func anOrderThatIsRefusedAtItsFillLeavesTheMarksAlone() throws {
    let series = [
      try MarketBuilder.series(MarketBuilder.flat(1, count: 72), symbol: "A", every: .hours(1)),
      try MarketBuilder.series(
        [(50, 50, 50, 50), (50, 50, 50, 50), (60, 60, 60, 60)], symbol: "B", every: .days(1)),
    ]
    let result = try runScript(
      series,
      ScriptedStrategy([
        23: { _, trading in trading.submit(Order(.second, quantity: 100)) },
        47: { _, trading in trading.submit(Order(.second, quantity: 100)) },
      ])
    ) {
      $0.account.initialCash = 10_000
      $0.execution.shortfall = .reject
    }
    #expect(result.outcomes(of: 2) == [.rejected(.buyingPower)])
    #expect(result.equity[48] == 10_000 && result.equity[70] == 10_000)
    #expect(result.equity[71] == 11_000)
  }

  @Test func aChangedOrderDoesNotMeetWhatIsOverOfABar() throws {
    // B's second day reaches 50; at 6 o'clock of it nobody knows whether it has done so already.
    let series = try universe()
    func fills(_ change: @escaping ScriptedStrategy.Decision) throws -> [Double] {
      try runScript(
        series,
        ScriptedStrategy([
          23: { _, trading in
            trading.submit(Order(.second, quantity: 2, kind: .limit(51)))
          },
          29: change,
        ])
      ).fillQuantities
    }
    #expect(try fills { _, trading in trading.modify(OrderID(1), limit: 52) } == [])
    // One that only becomes smaller goes on as it was.
    #expect(try fills { _, trading in trading.modify(OrderID(1), quantity: 1) } == [1])
  }
}
