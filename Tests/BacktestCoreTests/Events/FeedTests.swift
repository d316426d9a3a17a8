@testable import BacktestCore
import TestSupport
import Testing

/// A universe laid out for replay.
struct FeedTests {
  @Test func seriesOfOneGridNeedNoTable() throws {
    let feed = Feed(
      try Universe([
        try MarketBuilder.series(MarketBuilder.flat(1, count: 5), symbol: "A"),
        try MarketBuilder.series(MarketBuilder.flat(2, count: 5), symbol: "B"),
      ]))
    #expect(feed.hasOneGrid && feed.instants.count == 5 && feed.grids.count == 1)
    #expect((0..<5).allSatisfy { feed.row(of: 1, at: $0) == $0 })
  }

  @Test(arguments: 0..<16 as Range<UInt64>)
  func instantsAreTheUnionOfAllCloses(seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    let series = try (0..<4).map { k in
      let times = (0..<60).filter { _ in random.below(3) > 0 }.map { hour in
        let open = MarketBuilder.start + .hours(Int64(hour))
        return (open: open, close: open + .hours(1))
      }
      return try MarketBuilder.series(
        MarketBuilder.flat(Double(k + 1), count: times.count), volume: nil, times: times,
        timeframe: .intraday(seconds: 3_600), instrument: Instrument(symbol: "S\(k)"),
        calendar: AlwaysOpenCalendar())
    }
    let feed = Feed(try Universe(series))
    let closes = Set(series.flatMap { Array($0.closeTimes) }).sorted()
    #expect(Array(feed.instants) == closes)
    for (index, one) in series.enumerated() {
      for (instant, time) in closes.enumerated() {
        let row = one.closeTimes.firstIndex(of: time) ?? -1
        #expect(feed.row(of: index, at: instant) == row)
        let bar = BarSlice(feed: feed, instant: instant, since: instant)[index]
        #expect(bar?.closeTime == (row < 0 ? nil : time))
      }
    }
  }

  @Test func equalClosesWithOtherOpensAreAnotherGrid() throws {
    let start = MarketBuilder.start
    func series(_ symbol: String, lasting span: TimeSpan) throws -> BarSeries {
      try MarketBuilder.series(
        MarketBuilder.flat(1, count: 3), volume: nil,
        times: (1...3).map { (start + .days($0) - span, start + .days($0)) },
        timeframe: .session, instrument: Instrument(symbol: symbol), calendar: nil)
    }
    let feed = Feed(
      try Universe([try series("A", lasting: .hours(6)), try series("B", lasting: .hours(7))]))
    #expect(feed.grids.count == 2 && feed.instants.count == 3)
  }

  @Test func seriesOfOneGridShareTheMemoryOfTheirTimes() throws {
    func series(_ symbol: String, count: Int) throws -> BarSeries {
      try MarketBuilder.series(MarketBuilder.flat(1, count: count), symbol: symbol)
    }
    let (a, b, c) = (
      try series("A", count: 5), try series("B", count: 5), try series("C", count: 4)
    )
    let universe = try Universe([a, b, c, a.rows(0..<4).named("D")])
    let shared = universe.series
    #expect(!a.sharesTimes(with: b) && shared[0].sharesTimes(with: shared[1]))
    #expect(!shared[0].sharesTimes(with: shared[2]) && shared[2].sharesTimes(with: shared[3]))
    #expect(Array(shared[1].closeTimes) == Array(b.closeTimes) && shared[1].calendar != nil)
    #expect(Feed(universe).gridOfInstrument == [0, 0, 1, 1])
  }

  @Test func whatFlowsThroughTheLoopIsSmallAndTrivial() {
    #expect(stride(ofTrivial: Bar.self) == 72)
    #expect(stride(ofTrivial: Fill.self) <= 96)
    #expect(stride(ofTrivial: Order.self) <= 64)
    #expect(stride(ofTrivial: OrderOutcome.self) <= 48)
    #expect(stride(ofTrivial: LedgerEntry.self) <= 56)
    #expect(stride(ofTrivial: ScheduledEvent.self) <= 32)
    #expect(stride(ofTrivial: LiveOrder.self) <= 200)
    #expect(stride(ofTrivial: MatchCandidate.self) <= 48)
    #expect(stride(ofTrivial: Position.self) <= 160)
    #expect(stride(ofTrivial: PositionTarget.self) <= 16)
  }

  private func stride<T: BitwiseCopyable>(ofTrivial _: T.Type) -> Int { MemoryLayout<T>.stride }
}

extension BarSeries {
  fileprivate func named(_ symbol: String) -> BarSeries {
    var renamed = self
    renamed.instrument.symbol = symbol
    return renamed
  }
}
