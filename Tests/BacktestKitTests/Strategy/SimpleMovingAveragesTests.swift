import Testing

@testable import BacktestKit

/// A block of averages gives the bits of single ones.
struct SimpleMovingAveragesTests {
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
    let periods = [1, 7, 50]
    var block = SimpleMovingAverages(periods, instrumentCount: 3)
    var single = (0..<3).map { _ in periods.map { SimpleMovingAverage($0) } }
    for instant in feed.instants.indices {
      let bars = BarSlice(feed: feed, instant: instant, since: instant)
      for position in 0..<3 {
        let closed = block.update(position, bars)
        #expect(closed == (bars[position] != nil))
        guard let bar = bars[position] else { continue }
        for (length, _) in periods.enumerated() {
          let expected = single[position][length].update(bar.close)
          #expect(block[position, length]?.bitPattern == expected?.bitPattern)
        }
      }
    }
  }

  @Test func aCopyGoesOnByItself() throws {
    let feed = try feed(1)
    func bars(_ instant: Int) -> BarSlice {
      BarSlice(feed: feed, instant: instant, since: instant)
    }
    var first = SimpleMovingAverages([2], instrumentCount: 3)
    for instant in 0..<10 { _ = first.update(0, bars(instant)) }
    let before = first[0, 0]
    var second = first
    for instant in 10..<20 { _ = second.update(0, bars(instant)) }
    #expect(first[0, 0] == before && second[0, 0] != before)
    for instant in 10..<20 { _ = first.update(0, bars(instant)) }
    #expect(first[0, 0] == second[0, 0])
  }

  @Test func anAverageThatIsNotThereStopsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      _ = SimpleMovingAverages([2, 3], instrumentCount: 1)[0, 2]
    }
    await #expect(processExitsWith: .failure) { _ = SimpleMovingAverages()[0, 0] }
  }
}
