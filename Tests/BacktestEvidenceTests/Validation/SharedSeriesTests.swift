@testable import BacktestCore
import TestSupport
import Testing

@testable import Strategies

/// Runs that share indicators do what they do alone, and none of them can read ahead.
struct SharedSeriesTests {
  /// A market that goes its own way after a number of bars.
  private static func feed(bars: Int, tail: UInt64 = 0, after split: Int = .max) throws -> Feed {
    let series = try (0..<2).map { number in
      var random = TestRandom(seed: 7 + UInt64(number))
      var price = 100.0
      let prices = (0..<bars).map { row -> MarketBuilder.Prices in
        if row == split { random = TestRandom(seed: tail) }
        price *= 0.97 + 0.0001 * Double(random.below(600))
        return (price, price * 1.01, price * 0.99, price)
      }
      return try MarketBuilder.series(
        prices, symbol: "S\(number)", every: .minutes(number == 1 ? 5 : 1))
    }
    return Feed(try Universe(series))
  }

  @Test func sharingChangesNoResult() throws {
    let feed = try Self.feed(bars: 400)
    let series = SharedSeries(feed)
    for fast in [2, 5, 9] {
      for slow in [10, 30] {
        let strategy = SMACrossover(fast: fast, slow: slow, stake: .quantity(10), goesShort: true)
        let alone = Backtest(strategy, on: feed).run()
        let shared = Backtest(strategy, on: feed, sharing: series).run()
        #expect(!alone.fills.isEmpty && shared.fingerprint == alone.fingerprint)
      }
    }
    #expect(series.count == 5 * 2, "five lengths over two instruments")
  }

  @Test func threadsShareOneComputation() throws {
    let feed = try Self.feed(bars: 400)
    let series = SharedSeries(feed)
    let prints = parallelMap(count: 12, threads: 4) { number in
      Backtest(SMACrossover(fast: 3, slow: 10 + number % 2), on: feed, sharing: series).run()
        .fingerprint
    }
    #expect(Set(prints).count == 2 && series.count == 3 * 2)
  }

  @Test func laterPricesDoNotChangeWhatIsReadBefore() throws {
    let split = 300
    let results = try [1 as UInt64, 2].map { tail in
      let feed = try Self.feed(bars: 400, tail: tail, after: split)
      return Backtest(SMACrossover(fast: 3, slow: 10), on: feed, sharing: SharedSeries(feed)).run()
    }
    let end = results[0].universe.series[0].closeTimes[split - 1]
    let fills = results.map { $0.fills.filter { $0.time <= end } }
    #expect(!fills[0].isEmpty && fills[0] == fills[1])
    #expect(results[0].fills != results[1].fills)
  }

  /// Keeps the bars of one run and hands them to its averages a bar early in the next.
  private struct Peeker: Strategy {
    let later: [BarSlice]
    var averages = MovingAveragePairs(fast: 2, slow: 3)
    var decision = 0
    var kept: [BarSlice] = []

    mutating func onStart(_ trading: inout TradingContext) {
      averages = MovingAveragePairs(fast: 2, slow: 3, trading)
    }
    mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
      kept.append(bars)
      decision += 1
      _ = averages.update(0, decision < later.count ? later[decision] : bars)
    }
  }

  @Test func readingAheadStopsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      let feed = try SharedSeriesTests.feed(bars: 20)
      let series = SharedSeries(feed)
      var engine = Engine(feed: feed, configuration: BacktestConfiguration(), sharing: series)
      var first = Peeker(later: [])
      engine.run(&first)
      _ = Backtest(Peeker(later: first.kept), on: feed, sharing: series).run()
    }
  }

  @Test func aRunThatReadsItsOwnBarsDoesNotStop() throws {
    let feed = try Self.feed(bars: 20)
    var engine = Engine(
      feed: feed, configuration: BacktestConfiguration(), sharing: SharedSeries(feed))
    var peeker = Peeker(later: [])
    engine.run(&peeker)
    #expect(peeker.decision == feed.instants.count)
  }

  @Test func aSeriesOfAnotherMarketStopsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      let series = SharedSeries(try SharedSeriesTests.feed(bars: 20))
      _ = Backtest(
        SMACrossover(fast: 2, slow: 3), on: try SharedSeriesTests.feed(bars: 20), sharing: series
      ).run()
    }
  }

  /// Notes the strength of the first instrument at each close.
  private struct Teller: Strategy {
    var strength: CloseIndicator<RelativeStrengthIndex>?
    var seen: [Double?] = []

    mutating func onStart(_ trading: inout TradingContext) {
      strength = CloseIndicator(trading, length: 5) { RelativeStrengthIndex($0) }
    }
    mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
      seen.append(strength?.update(0, bars))
    }
  }

  @Test func anyIndicatorOverClosesIsShared() throws {
    let feed = try Self.feed(bars: 60)
    let series = SharedSeries(feed)
    let seen = [nil, series, series].map { sharing in
      var engine = Engine(feed: feed, configuration: BacktestConfiguration(), sharing: sharing)
      var teller = Teller()
      engine.run(&teller)
      return teller.seen
    }
    #expect(seen[0] == seen[1] && seen[0] == seen[2] && seen[0].contains { $0 != nil })
    #expect(series.count == 2)
  }

  @Test func oneDecisionASessionComputesItsOwn() throws {
    let feed = try Self.feed(bars: 3_000)
    var configuration = BacktestConfiguration()
    configuration.decisions = .allClosed
    let series = SharedSeries(feed)
    let strategy = SMACrossover(fast: 1, slow: 2)
    let alone = Backtest(strategy, on: feed, configuration: configuration).run()
    let shared = Backtest(strategy, on: feed, configuration: configuration, sharing: series).run()
    #expect(alone.fingerprint == shared.fingerprint && series.count == 0)
  }
}
