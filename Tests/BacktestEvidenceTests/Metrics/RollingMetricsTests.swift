@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

struct RollingMetricsTests {
  @Test(arguments: [63, 126, 252])
  func chosenDatesAgree(window: Int) throws {
    let column = try PriceColumn("prices/sp500.csv")
    let sample = try column.sample()
    let other = try PriceColumn("oracles/nasdaq_adj_close.csv")
    let aligned = try AlignedReturns(sample, benchmarkPrices: other.prices, dates: other.dates)
    let root = try #require(try Fixture.json("oracles/02_rolling.json")["sp500"] as? JSONObject)
    let expected = try #require(root["\(window)"] as? JSONObject)
    let rolling = RollingMetrics(window: window)
    let columns: [(String, [Double?])] = [
      ("at", rolling.sharpe(sample)), ("vol_at", rolling.volatility(sample)),
      ("beta_to_nasdaq_at", rolling.beta(aligned)),
    ]
    for (key, values) in columns {
      #expect(values.count == sample.count)
      for (date, value) in try #require(expected[key] as? [String: Double]) {
        let row = try #require(column.dates.firstIndex { $0.description == date }) - 1
        let found = try #require(values[row])
        #expect(abs(found - value) <= 1e-9, "\(key) \(date)")
      }
    }
    let sharpe = columns[0].1
    #expect(sharpe.firstIndex { $0 != nil } == window - 1)
    #expect(sharpe.count { $0 != nil } == expected["n"] as? Int)
    #expect(column.dates[window].description == expected["first_date"] as? String)
  }

  @Test(arguments: [63, 126, 252])
  func everyTenthRowAgrees(window: Int) throws {
    let column = try PriceColumn("prices/sp500.csv")
    let values = RollingMetrics(window: window).sharpe(try column.sample())
    let byDate = Dictionary(uniqueKeysWithValues: zip(column.dates.dropFirst(), values))
    let table = try Fixture.table("oracles/02_rolling_sharpe_sp500_\(window)_every10.csv")
    #expect(table.count > 470)
    for row in table.dropFirst() {
      let date = try #require(CivilDate(String(row[0])))
      let found = try #require(byDate[date] ?? nil)
      let value = try #require(Double(row[1]))
      #expect(abs(found - value) <= 1e-9, "\(date)")
    }
  }

  @Test func flatWindowsHaveNoRatioEvenAfterACrash() throws {
    let returns = [0.02, -0.5, 0.03, 0.1, 0.1, 0.1, 0.1, 0.1, -0.02, 0.01]
    let sample = try ReturnsSample(returns: returns, barsPerYear: 252)
    let rolling = RollingMetrics(window: 3)
    let sharpe = rolling.sharpe(sample)
    #expect(
      sharpe.map { $0 == nil } == [true, true, false, false, false, true, true, true, false, false])
    #expect(rolling.volatility(sample)[5] == 0)
    let flat = try AlignedReturns(returns: returns, benchmark: returns.map { _ in 0.1 })
    #expect(rolling.beta(flat).allSatisfy { $0 == nil })
  }

  @Test func windowsWithoutACalendarAreNil() throws {
    let sample = try ReturnsSample(returns: [0.01, 0.02, -0.01], barsPerYear: nil)
    #expect(RollingMetrics(window: 2).sharpe(sample) == [nil, nil, nil])
    #expect(RollingMetrics(window: 9).sharpe(sample).count == 3)
  }
}
