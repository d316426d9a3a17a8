import BacktestCore
import TestSupport
import Testing

/// Bars made in code are checked as the rows of a file are.
struct BarSeriesTests {
  private struct Wrong: Sendable {
    var bar: (Double, Double, Double, Double) = (10, 11, 9, 10)
    var volume = 5.0
    var expected: String
  }

  private static let wrong: [Wrong] = [
    Wrong(bar: (10, 11, 9, .nan), expected: "has the close nan; a price must be a finite number"),
    Wrong(
      bar: (10, .infinity, 9, 10), expected: "has the high inf; a price must be a finite number"),
    Wrong(bar: (-1, 11, -2, 10), expected: "has the open -1.0; prices must be positive"),
    Wrong(bar: (10, 11, 0, 10), expected: "has the low 0.0; prices must be positive"),
    Wrong(bar: (10, 9, 11, 10), expected: "has the high 9.0 below the low 11.0"),
    Wrong(bar: (12, 11, 9, 10), expected: "has the open 12.0 outside 9.0 to 11.0"),
    Wrong(bar: (10, 11, 9, 8), expected: "has the close 8.0 outside 9.0 to 11.0"),
    Wrong(volume: -1, expected: "has the volume -1.0; it must be finite and not negative"),
    Wrong(volume: .infinity, expected: "has the volume inf; it must be finite and not negative"),
    Wrong(volume: .nan, expected: "has no volume, but other rows have one"),
  ]

  @Test(arguments: wrong.indices) func aBarThatCannotBeIsRefused(index: Int) throws {
    let wrong = Self.wrong[index]
    let error = #expect(throws: MarketError.self) {
      try MarketBuilder.series(
        MarketBuilder.flat(10, count: 2) + [wrong.bar], volume: [7, 7, wrong.volume])
    }
    #expect(error?.symbol == "A" && error?.row == 2)
    let text = "A: row 2 (closes 2024-01-04T00:00:00Z) \(wrong.expected)"
    #expect(error?.description.hasPrefix(text) == true, "\(error?.description ?? "")")
  }

  @Test func aBarThatIsNoNumberIsNotConsistent() {
    let start = MarketBuilder.start
    func bar(_ open: Double, _ high: Double, _ low: Double, _ close: Double) -> Bar {
      Bar(
        openTime: start, closeTime: start + .days(1), open: open, high: high, low: low,
        close: close)
    }
    #expect(bar(10, 11, 9, 10).isConsistent)
    #expect(!bar(.nan, 11, 9, 10).isConsistent && !bar(10, 11, 9, .nan).isConsistent)
    #expect(!bar(10, .nan, 9, 10).isConsistent && !bar(10, 11, .nan, 10).isConsistent)
    #expect(!bar(10, .infinity, 9, 10).isConsistent && !bar(12, 11, 9, 10).isConsistent)
  }

  @Test func timesAndLengthsAreChecked() throws {
    let start = MarketBuilder.start
    func series(_ times: [(Timestamp, Timestamp)], closes: Int? = nil) throws -> BarSeries {
      let prices = Column(Array(repeating: 10.0, count: times.count))
      return try BarSeries(
        instrument: Instrument(symbol: "A"), timeframe: .session, calendar: nil,
        openTimes: Column(times.map(\.0)), closeTimes: Column(times.map(\.1)), open: prices,
        high: prices, low: prices,
        close: Column(Array(repeating: 10.0, count: closes ?? times.count)))
    }
    let good = [(start, start + .days(1)), (start + .days(1), start + .days(2))]
    #expect(try series(good).count == 2)
    #expect(throws: MarketError.self) { try series(good, closes: 1) }
    #expect(throws: MarketError.self) { try series(good.reversed()) }
    #expect(throws: MarketError.self) { try series([good[0], good[0]]) }
    let backward = #expect(throws: MarketError.self) { try series([(start + .days(2), start)]) }
    #expect(backward?.description.contains("opens after it closes") == true)
  }

  @Test func whatTheCallerAllowsPasses() throws {
    let negative = try MarketBuilder.series(
      [(-30, -20, -40, -37)], assetClass: .future, allowsNonPositivePrices: true)
    #expect(negative.close[0] == -37)
    let silent = try MarketBuilder.series(MarketBuilder.flat(1, count: 2), volume: [.nan, .nan])
    #expect(!silent.hasVolume)
    let empty = try MarketBuilder.series(MarketBuilder.flat(1, count: 2), volume: [0, 0])
    #expect(!empty.hasVolume)
  }
}
