@testable import BacktestCore
@testable import BacktestFiles
@testable import BacktestIngest
import TestSupport
import Testing

/// Replays from mapped columns give what replays from memory give.
struct MappedReplayTests {
  private let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
    var random = TestRandom(seed: 7)
    // The third misses bars, so that there are two grids; pages hold 512 rows.
    for (name, share) in [("A", 1), ("B", 1), ("C", 3)] {
      var text = "timestamp,open,high,low,close,volume\n"
      var close = 10_000
      for row in 0..<6_000 {
        let open = max(1_000, close + random.below(41) - 20)
        close = max(1_000, open + random.below(101) - 50)
        guard share == 1 || random.below(share) > 0 else { continue }
        let (high, low) = (max(open, close) + random.below(30), min(open, close) - random.below(30))
        text += "\(1_600_000_000 + 60 * row),\(open),\(high),\(low),\(close),\(row % 7)\n"
      }
      try FileBytes.write(text, to: "\(folder.path)/\(name).csv")
    }
  }

  private func load(cached: Bool) throws -> [BarSeries] {
    var options = CSVReadOptions()
    options.timeframe = .intraday(seconds: 60)
    options.cacheDirectory = cached ? folder.path : nil
    return try ["A", "B", "C"].map {
      try BarSeries(csv: "\(folder.path)/\($0).csv", calendar: .alwaysOpen, options: options)
    }
  }

  private func isMapped(_ series: BarSeries) -> Bool {
    let prices = [series.open, series.high, series.low, series.close, series.volume]
    return series.openTimes.storage.isMapped && series.closeTimes.storage.isMapped
      && prices.allSatisfy { $0.storage.isMapped }
  }

  @Test func theFirstLoadAlreadyReturnsMappedColumns() throws {
    let first = try load(cached: true)
    #expect(first.allSatisfy(isMapped))
    let (second, plain) = (try load(cached: true), try load(cached: false))
    #expect(second.allSatisfy(isMapped) && !plain.contains(where: isMapped))
    for (a, b) in zip(first + second, plain + plain) {
      #expect(a.source == b.source && a.issues == b.issues && a.instrument == b.instrument)
      #expect((0..<b.count).allSatisfy { a[$0] == b[$0] } && a.count == b.count)
    }
  }

  @Test func aCacheThatCannotBeWrittenLeavesTheSeriesInMemory() throws {
    var options = CSVReadOptions()
    options.cacheDirectory = folder.path + "/missing"
    let series = try CSVReader(options).load("\(folder.path)/A.csv")
    #expect(series.count == 1 && series[0].count == 6_000 && !isMapped(series[0]))
  }

  @Test(arguments: [1, 100, 4_096, 1 << 20])
  func readingAheadChangesNoResult(rows: Int) throws {
    let (plain, mapped) = (try load(cached: false), try load(cached: true))
    for count in 1...3 {
      let expected = run(Feed(try Universe(Array(plain.prefix(count)))))
      let feed = Feed(try Universe(Array(mapped.prefix(count))), readAheadRows: rows)
      #expect(feed.readAhead != nil && feed.hasOneGrid == (count < 3))
      // The second run finds the pages as the first one left them.
      for _ in 0..<2 {
        let result = run(feed)
        #expect(result.fingerprint == expected.fingerprint && result.fills.count > 1_000)
        #expect(result.trades == expected.trades && result.ledger == expected.ledger)
        #expect(result.outcomes == expected.outcomes)
      }
    }
  }

  @Test func anEngineThatGoesBackReadsTheSame() throws {
    let feed = Feed(try Universe(try load(cached: true)), readAheadRows: 64)
    var engine = Engine(feed: feed, configuration: BacktestConfiguration())
    func step(_ count: Int) -> [Bar] {
      var bars: [Bar] = []
      for _ in 0..<count where engine.advance() == .bars { bars += engine.bars }
      return bars
    }
    _ = step(1_000)
    let checkpoint = engine.checkpoint()
    let first = step(3_000)
    engine.restore(checkpoint)
    #expect(step(3_000) == first && first.count > 6_000)
  }

  @Test func smallUniversesAndMemoryAreLeftToTheSystem() throws {
    #expect(Feed(try Universe(try load(cached: true))).readAhead == nil)
    #expect(Feed(try Universe(try load(cached: false)), readAheadRows: 8).readAhead == nil)
  }

  private func run(_ feed: Feed) -> BacktestResult {
    var configuration = BacktestConfiguration()
    configuration.account.funding = .margin(leverage: 2)
    return Backtest(RandomTrader(seed: 3), on: feed, configuration: configuration).run()
  }
}
