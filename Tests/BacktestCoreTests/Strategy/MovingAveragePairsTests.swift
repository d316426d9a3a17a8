@testable import BacktestCore
import TestSupport
import Testing

/// Pairs of averages in one block give the bits of single ones.
struct MovingAveragePairsTests {
  private func feed(_ seed: UInt64) throws -> Feed {
    var random = TestRandom(seed: seed)
    let series = try (0..<3).map { number in
      var price = 100.0
      let prices = (0..<200).map { _ -> MarketBuilder.Prices in
        price *= 0.97 + 0.0001 * Double(random.below(600))
        return (price, price * 1.01, price * 0.99, price)
      }
      return try MarketBuilder.series(
        prices, symbol: "S\(number)", every: .minutes(number == 1 ? 5 : 1))
    }
    return Feed(try Universe(series))
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func everyAverageIsThatOfItsOwn(seed: UInt64) throws {
    let feed = try feed(seed)
    for (fast, slow) in [(1, 7), (7, 50), (50, 3)] {
      var pairs = MovingAveragePairs(fast: fast, slow: slow, instrumentCount: 3)
      var single = (0..<3).map { _ in [SimpleMovingAverage(fast), SimpleMovingAverage(slow)] }
      for instant in feed.instants.indices {
        let bars = BarSlice(feed: feed, instant: instant)
        for position in 0..<3 {
          let found = pairs.update(position, bars)
          guard let bar = bars[position] else {
            #expect(found == nil)
            continue
          }
          let expected = (0..<2).map { single[position][$0].update(bar.close) }
          #expect((found == nil) == expected.contains(nil))
          guard let found else { continue }
          #expect(found.fast.bitPattern == expected[0]?.bitPattern)
          #expect(found.slow.bitPattern == expected[1]?.bitPattern)
        }
      }
    }
  }

  @Test func aCopyGoesOnByItself() throws {
    let feed = try feed(1)
    var first = MovingAveragePairs(fast: 2, slow: 3, instrumentCount: 3)
    for instant in 0..<10 { _ = first.update(0, BarSlice(feed: feed, instant: instant)) }
    var second = first
    let ahead = (10..<20).map { second.update(0, BarSlice(feed: feed, instant: $0))?.slow }
    let again = (10..<20).map { first.update(0, BarSlice(feed: feed, instant: $0))?.slow }
    #expect(ahead == again && !ahead.contains(nil))
  }

  @Test func anInstrumentThatIsNotThereStopsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      let feed = try MovingAveragePairsTests().feed(1)
      var pairs = MovingAveragePairs(fast: 2, slow: 3)
      _ = pairs.update(0, BarSlice(feed: feed, instant: 0))
    }
  }
}
