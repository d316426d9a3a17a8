import TestSupport
import Testing

@testable import BacktestCore

/// Tables of a result that are made when they are first read.
struct RunTablesTests {
  private func run() throws -> BacktestResult {
    try runScript(
      try MarketBuilder.series(MarketBuilder.flat(100, count: 6)),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 5)) },
        2: { _, trading in trading.submit(Order(.first, quantity: -5)) },
        4: { _, trading in trading.submit(Order(.first, quantity: 2)) },
      ])
  }

  @Test func readersOnSeveralThreadsSeeTheSame() throws {
    let result = try run()
    let counts = parallelMap(count: 16, threads: 4) { _ in
      [
        result.trades.count, result.outcomes.count, result.orderEvents.count, result.ledger.count,
      ]
    }
    // Two round trips, one of them open; submitted, accepted, filled; a deposit and three trades.
    #expect(counts.allSatisfy { $0 == [2, 3, 9, 4] })
  }

  @Test func openRoundTripsEndAtTheirMarks() throws {
    let tables = try run().tables
    #expect(tables.trades.map(\.isOpen) == [false, true])
    let ended = tables.endingOpenTrades()
    #expect(ended.trades.map(\.isOpen) == [false, false])
    #expect(ended.trades.map(\.isMarked) == [false, true])
    #expect(ended.ledger == tables.ledger && ended.outcomes == tables.outcomes)
  }
}
