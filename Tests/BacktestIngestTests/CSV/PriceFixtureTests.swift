@testable import BacktestCore
@testable import BacktestIngest
import TestSupport
import Testing

struct PriceFixtureTests {
  @Test(arguments: [
    ("AAPL", 3_270, "2000-03-01", "2013-03-01"), ("GOOG", 2_148, "2004-08-19", "2013-03-01"),
    ("IBM", 3_270, "2000-03-01", "2013-03-01"), ("MSFT", 3_270, "2000-03-01", "2013-03-01"),
    ("sp500", 5_031, "1999-01-04", "2018-12-31"),
  ])
  func theFixturesLoadWhole(name: String, count: Int, first: String, last: String) throws {
    let bars = try BarSeries(csv: Fixture.path("prices/\(name).csv"), calendar: PlainWeekdays())
    #expect(bars.instrument.symbol == name && bars.timeframe == .session && bars.count == count)
    #expect(bars.openTimes[0].utcDate.description == first)
    #expect(bars.closeTimes[count - 1].utcDate.description == last)
    #expect(bars.hasVolume && bars.issues.allSatisfy { !$0.code.isError })
  }

  @Test(arguments: [("AAPL", [80, 150, 1_256]), ("MSFT", [745]), ("IBM", []), ("GOOG", [])])
  func splitsJumpInRawPricesOnly(name: String, lines: [Int]) throws {
    let raw = try BarSeries(csv: Fixture.path("prices/\(name).csv"))
    #expect(raw.issues.map(\.code) == lines.map { _ in .jump })
    #expect(raw.issues.map(\.line) == lines)
    var options = CSVReadOptions()
    options.priceBasis = .adjusted
    let adjusted = try BarSeries(csv: Fixture.path("prices/\(name).csv"), options: options)
    // What is left is the warning of September 2000, which was no split.
    #expect(adjusted.issues.map(\.line) == (name == "AAPL" ? [150] : []))
    let table = try Fixture.table("prices/\(name).csv")
    for (row, fields) in table.dropFirst().enumerated() {
      #expect(adjusted.close[row] == Double(fields[5]))
      #expect(adjusted[row].isConsistent && adjusted.volume[row] == raw.volume[row])
    }
  }

  @Test func theSessionsAfterTheEleventhOfSeptemberAreMissing() throws {
    let bars = try BarSeries(csv: Fixture.path("prices/sp500.csv"), calendar: PlainWeekdays())
    let gap = bars.issues.first { $0.message.contains("2001-09-10") }
    #expect(gap?.code == .gap && gap?.count == 4)
    // 20 years have 5,216 weekdays; those without a row are holidays and closures.
    #expect(DataQualityReport(bars).missingCount == 5_216 - 5_031)
  }
}
