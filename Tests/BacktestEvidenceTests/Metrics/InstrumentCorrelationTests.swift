@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestIngest
import TestSupport
import Testing

struct InstrumentCorrelationTests {
  private func series(_ symbol: String, _ file: String) throws -> BarSeries {
    try BarSeries(csv: Fixture.path("prices/\(file).csv"), symbol: symbol, calendar: .xnys)
  }

  @Test func sharesCorrelateAsTheirReturnsDo() throws {
    let universe = try Universe([
      try series("AAPL", "AAPL"), try series("GOOG", "GOOG"), try series("IBM", "IBM"),
    ])
    let correlation = try InstrumentCorrelation(universe)
    // GOOG has the fewest sessions, and the others have all of them.
    let google = universe.series[1]
    #expect(correlation.returnCount == google.count - 1)
    let apple = universe.series[0]
    let first = try #require(apple.closeTimes.firstIndex(of: google.closeTimes[0]))
    var rolling = RollingCorrelation(google.count - 1)
    var expected: Double?
    for row in 1..<google.count {
      expected = rolling.update(
        apple.close[first + row] / apple.close[first + row - 1] - 1,
        google.close[row] / google.close[row - 1] - 1)
    }
    let found = try #require(correlation[0, 1])
    #expect(abs(found - (try #require(expected))) < 1e-12)
    #expect(correlation[1, 0] == found && abs((correlation[2, 2] ?? 0) - 1) < 1e-12)
  }

  @Test func whatNeverMovesHasNoCorrelation() throws {
    let prices: [MarketBuilder.Prices] = (0..<9).map { row in
      let price = 100.0 + Double(row % 3)
      return (price, price, price, price)
    }
    let moving = try MarketBuilder.series(prices, symbol: "A")
    let still = try MarketBuilder.series(MarketBuilder.flat(50, count: 9), symbol: "B")
    let correlation = try InstrumentCorrelation(try Universe([moving, still]))
    #expect(correlation[0, 1] == nil && correlation[1, 1] == nil)
    #expect(abs((correlation[0, 0] ?? 0) - 1) < 1e-12)
  }
}
