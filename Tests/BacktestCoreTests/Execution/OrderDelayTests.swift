@testable import BacktestCore
import TestSupport
import Testing

/// Random delays of orders, and orders on prices that are too old.
struct OrderDelayTests {
  private static let count = 400

  /// Submits market orders at the first close, each with a random delay, in a market that opens
  /// every hour.
  private func delayed(
    by jitter: TimeSpan, latency: TimeSpan = .hours(2), seed: UInt64 = 1,
    _ adjust: @escaping (inout BacktestConfiguration) -> Void = { _ in }
  ) throws -> BacktestResult {
    try runScript(
      try MarketBuilder.series(
        MarketBuilder.flat(50, count: 60), volume: Array(repeating: 1_000, count: 60),
        every: .hours(1)),
      [
        0: { _, trading in
          for _ in 0..<Self.count { trading.submit(Order(.first, quantity: 1)) }
        }
      ]
    ) {
      $0.account.initialCash = 1e6
      $0.execution.latency = latency
      $0.execution.latencyJitter = jitter
      $0.execution.latencySeed = seed
      adjust(&$0)
    }
  }

  /// The delay of each order, in hours, in order of their numbers.
  private func delays(_ result: BacktestResult) -> [Double] {
    (1...Self.count).map { number in
      let steps = result.orderEvents.filter { $0.order == OrderID(number) }
      let submitted = steps.first { $0.kind == .submitted }!.time
      let accepted = steps.first { $0.kind == .accepted }!.time
      return Double(accepted.nanoseconds - submitted.nanoseconds) / 3.6e12
    }
  }

  @Test func delaysAreUniformAboveTheLatency() throws {
    let found = delays(try delayed(by: .hours(10))).sorted()
    #expect(found.first! >= 2 && found.last! <= 12)
    // The greatest distance from the uniform distribution, of which one sample in 10,000 exceeds
    // 2.23 / sqrt(n) (Kolmogorov 1933).
    let distance = found.enumerated().map { index, delay in
      let share = (delay - 2) / 10
      return max(
        abs(share - Double(index) / Double(Self.count)),
        abs(share - Double(index + 1) / Double(Self.count)))
    }.max()!
    #expect(distance < 2.23 / Double(Self.count).squareRoot())
    #expect(Set(found).count == Self.count)
  }

  @Test func anOrderFillsAtTheFirstOpenBehindItsArrival() throws {
    let result = try delayed(by: .hours(10))
    let delays = delays(result)
    #expect(result.fills.count == Self.count)
    for fill in result.fills {
      let hours = Double(fill.time.nanoseconds - MarketBuilder.start.nanoseconds) / 3.6e12
      // Submitted at the close after one hour.
      #expect(hours == (1 + delays[Int(fill.order.number) - 1]).rounded(.up))
    }
  }

  @Test func ordersCompeteInOrderOfArrival() throws {
    // Of a thousand units a bar ten can be had.
    let result = try delayed(by: .hours(10)) { $0.execution.participation = 0.01 }
    let delays = delays(result)
    let filled = result.fills.map { delays[Int($0.order.number) - 1] }
    #expect(result.fills.count > 300)
    #expect(filled == filled.sorted(), "those that arrived first fill first")
    #expect(result.fills.map(\.order) != result.fills.map(\.order).sorted())
  }

  @Test func theSeedAloneDecides() throws {
    let first = delays(try delayed(by: .hours(10)))
    #expect(try delays(delayed(by: .hours(10))) == first)
    #expect(try delays(delayed(by: .hours(10), seed: 2)) != first)
    #expect(try delays(delayed(by: .zero)).allSatisfy { $0 == 2 })
    // Another latency moves all delays by as much.
    let later = try delays(delayed(by: .hours(10), latency: .hours(5)))
    #expect(zip(first, later).allSatisfy { abs($1 - $0 - 3) < 1e-9 })
  }

  @Test func anOrderThatExpiresOnItsWayNeverFills() throws {
    let end = MarketBuilder.start + .hours(7)
    let result = try runScript(
      try MarketBuilder.series(MarketBuilder.flat(50, count: 60), every: .hours(1)),
      [
        0: { _, trading in
          for _ in 0..<100 {
            trading.submit(Order(.first, quantity: 1, timeInForce: .goodTil(end)))
          }
        }
      ]
    ) { $0.execution.latencyJitter = .hours(12) }
    let filled = Set(result.fills.map(\.order))
    for number in 1...100 {
      let accepted = result.orderEvents.first {
        $0.order == OrderID(number) && $0.kind == .accepted
      }
      let arrival = accepted?.time ?? .distantFuture
      #expect(filled.contains(OrderID(number)) == (arrival <= end - .hours(1)))
      #expect(result.outcomes(of: number).count == 1)
    }
    #expect(filled.count > 20 && filled.count < 80)
  }
}

extension OrderDelayTests {
  /// One instrument trades every day, the other has no bars from the fourth to the eighth.
  private func stale(after limit: TimeSpan?) throws -> BacktestResult {
    let days = (0..<10).map {
      (MarketBuilder.start + .days($0), MarketBuilder.start + .days($0 + 1))
    }
    let times = [days, Array(days[..<3]) + days[8...]]
    let series = try ["A", "B"].enumerated().map { index, symbol in
      try MarketBuilder.series(
        MarketBuilder.flat(50, count: times[index].count), volume: nil,
        times: times[index].map { (open: $0.0, close: $0.1) }, timeframe: .session,
        instrument: Instrument(symbol: symbol), calendar: AlwaysOpenCalendar())
    }
    return try runScript(
      series,
      ScriptedStrategy(
        always: { _, trading in
          trading.submit(Order(.first, quantity: 1))
          trading.submit(Order(.second, quantity: 1))
        })
    ) { $0.execution.staleAfter = limit }
  }

  /// The days, from 1, at whose closes orders for an instrument were refused as stale.
  private func refusals(_ result: BacktestResult, _ instrument: InstrumentID) -> [Int] {
    result.outcomes.compactMap { outcome in
      guard outcome.kind == .rejected(.stalePrice) else { return nil }
      let order = result.orders.first { $0.assignedID == outcome.order }
      guard order?.instrument == instrument else { return nil }
      return Int((outcome.time.nanoseconds - MarketBuilder.start.nanoseconds) / 86_400_000_000_000)
    }
  }

  @Test func ordersOnOldPricesAreRefused() throws {
    let result = try stale(after: .days(2))
    // The last bar closed at the end of the third day: at the fifth it is two days old.
    #expect(refusals(result, .second) == [6, 7, 8])
    #expect(refusals(result, .first) == [])
    #expect(refusals(try stale(after: nil), .second) == [])
    #expect(refusals(try stale(after: .hours(1)), .second) == [4, 5, 6, 7, 8])
    // What waited already stays, and fills at the next bar.
    #expect(result.fills.count { $0.instrument == .second && $0.row == 3 } == 3)
  }

  @Test func targetsOnOldPricesAreRefused() throws {
    let days = (0..<10).map {
      (MarketBuilder.start + .days($0), MarketBuilder.start + .days($0 + 1))
    }
    let series = try [days, Array(days[..<3])].enumerated().map { index, days in
      try MarketBuilder.series(
        MarketBuilder.flat(50, count: days.count), volume: nil,
        times: days.map { (open: $0.0, close: $0.1) }, timeframe: .session,
        instrument: Instrument(symbol: "AB".map(String.init)[index]),
        calendar: AlwaysOpenCalendar())
    }
    let result = try runScript(
      series, ScriptedStrategy([6: { _, trading in trading.target(.second, weight: 0.5) }])
    ) { $0.execution.staleAfter = .days(2) }
    #expect(result.outcomes.map(\.kind) == [.rejected(.stalePrice)])
  }
}
