@testable import BacktestCore
import TestSupport
import Testing

/// The table of a universe whose series do not share their times.
struct ClosingTableTests {
  private func series(_ number: Int, closes: [Int64]) throws -> BarSeries {
    try MarketBuilder.series(
      MarketBuilder.flat(10, count: closes.count), volume: nil,
      times: closes.map { (Timestamp(seconds: 60 * $0 - 30), Timestamp(seconds: 60 * $0)) },
      timeframe: .intraday(seconds: 30), instrument: Instrument(symbol: "S\(number)"),
      calendar: nil)
  }

  @Test(arguments: 0..<16 as Range<UInt64>)
  func saysForEachGridAndInstantWhichRowCloses(seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    let closes = (0..<9).map { _ in
      (1...80).filter { _ in random.below(100) < 10 + 5 * Int(seed) }.map(Int64.init)
    }.filter { !$0.isEmpty }
    let feed = Feed(
      try Universe(try closes.enumerated().map { try series($0.offset, closes: $0.element) }))
    let times = Set(closes.joined()).sorted()
    #expect(feed.instants.map { $0.nanoseconds / 60_000_000_000 } == times)
    for (instrument, own) in closes.enumerated() {
      for (instant, time) in times.enumerated() {
        #expect(feed.row(of: instrument, at: instant) == own.firstIndex(of: time) ?? -1)
      }
    }
  }

  @Test func growsWithTheBarsAndNotWithAssetsTimesInstants() throws {
    let assets = 60
    let feed = Feed(
      try Universe(
        try (0..<assets).map { asset in
          try series(asset, closes: (0..<50).map { Int64($0 * assets + asset + 1) })
        }))
    #expect(feed.grids.count == assets && feed.instants.count == 50 * assets)
    let table = try #require(feed.closings).pointee
    #expect(table.firsts[feed.instants.count] == 50 * assets, "one entry for each bar")
  }

  @Test func aCursorFollowsEveryGrid() throws {
    let feed = Feed(
      try Universe([try series(0, closes: [1, 3, 4]), try series(1, closes: [2, 3])]))
    var cursor = MarketCursor(feed)
    var seen: [[Int]] = []
    for instant in feed.instants.indices {
      cursor.instant = instant
      cursor.clock = feed.instants[instant]
      cursor.moveRows()
      seen.append([0, 1].flatMap { [cursor.closingRow(of: $0), cursor.lastRow(of: $0)] })
    }
    #expect(seen == [[0, 0, -1, -1], [-1, 0, 0, 0], [1, 1, 1, 1], [2, 2, -1, 1]])
  }
}
