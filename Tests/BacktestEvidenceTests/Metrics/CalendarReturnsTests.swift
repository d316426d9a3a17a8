@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

struct CalendarReturnsTests {
  @Test func theMonthlyTableAgrees() throws {
    let oracle = try Fixture.json("oracles/04_monthly_returns.json")
    var checked = 0
    for (name, years) in oracle where name != "meta" {
      let column = try price(column: name)
      let found = try #require(CalendarReturns(try column.sample()))
      let table = try #require(years as? [String: [String: Double]])
      #expect(found.years.count == table.count)
      #expect(found.months.count == table.values.reduce(0) { $0 + $1.count - 1 })
      for (year, row) in table {
        for (month, value) in row {
          let number = try #require(Int(year))
          let one = Int(month).map { found[number, $0] } ?? found[number]
          #expect(agrees(one, value, relative: 1e-10), "\(name) \(year) \(month)")
          checked += 1
        }
      }
    }
    #expect(checked > 260)
  }

  /// The series of the table, whose period is not in the file: the first year says where it starts.
  private func price(column name: String) throws -> PriceColumn {
    let oracle = try Fixture.json("oracles/04_monthly_returns.json")
    let years = try #require(oracle[name] as? JSONObject).keys.sorted()
    let file = name.lowercased().hasPrefix("aapl") ? "AAPL" : name
    let (first, last) = (try #require(years.first), try #require(years.last))
    return try PriceColumn("prices/\(file).csv", from: "\(first)-01-01", to: "\(last)-12-31")
  }

  @Test func theTableHasARowForEachYear() throws {
    let dates = ["2020-11-30", "2020-12-31", "2021-02-26", "2021-02-27"].compactMap {
      CivilDate($0)
    }
    let sample = try ReturnsSample(
      equity: [100, 110, 99, 121], pointDates: dates, barsPerYear: nil)
    let found = try #require(CalendarReturns(sample))
    #expect(found.table.map(\.year) == [2020, 2021])
    #expect(found.table[0].months[11].map { abs($0 - 0.1) < 1e-12 } == true)
    #expect(found.table[1].months[0] == nil && found[2021, 1] == nil)
    #expect(agrees(found[2021], 0.1, relative: 1e-12))
    let undated = try ReturnsSample(equity: [1, 2], barsPerYear: nil)
    #expect(CalendarReturns(undated) == nil)
  }
}
