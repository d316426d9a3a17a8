@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

struct DrawdownTests {
  @Test(arguments: ["sp500", "AAPL", "IBM"])
  func theDeepestAgree(name: String) throws {
    let own = try #require(try Fixture.json("oracles/03_drawdowns.json")["own"] as? JSONObject)
    let expected = try #require(own[name] as? JSONObject)
    let column = try PriceColumn("prices/\(name).csv")
    // The reference compounds returns, so that a peak touched again may miss it by rounding: IBM on
    // 2008-07-24. Equity, as below, is compared as it is.
    let sample = try ReturnsSample(
      returns: try column.sample().returns, pointDates: column.dates, barsPerYear: 252)
    let episodes = PerformanceMetrics(sample).drawdowns
    #expect(episodes.count == expected["n_episodes"] as? Int)
    let top = try #require(expected["top5"] as? [JSONObject])
    #expect(top.count == 5)
    for (found, wanted) in zip(Drawdown.deepest(5, of: episodes), top) {
      let dates = try #require(found.dates)
      #expect(dates.peak.description == wanted["peak"] as? String)
      #expect(dates.firstBelow.description == wanted["first_below"] as? String)
      #expect(dates.valley.description == wanted["valley"] as? String)
      #expect(dates.recovery?.description == wanted["recovery"] as? String)
      let depth = try #require(wanted["depth"] as? Double)
      #expect(agrees(found.depth, depth, relative: 1e-10))
      #expect(found.barsToValley == wanted["bars_peak_to_valley"] as? Int)
      #expect(found.barsToRecovery == wanted["bars_valley_to_recovery"] as? Int)
      #expect(found.bars == wanted["bars_total"] as? Int)
      #expect(dates.calendarDays == wanted["calendar_days_peak_to_end"] as? Int)
    }
  }

  @Test func aPriceSeenAgainExactlyIsARecovery() throws {
    let column = try PriceColumn("prices/IBM.csv", from: "2008-07-01", to: "2008-07-24")
    let episodes = PerformanceMetrics(try column.sample()).drawdowns
    #expect(episodes.last?.dates?.peak.description == "2008-07-22")
    #expect(episodes.last?.dates?.recovery?.description == "2008-07-24")
  }

  @Test func theBasePointCounts() throws {
    let sample = try ReturnsSample(equity: [100, 90, 95, 99], barsPerYear: 252)
    let metrics = PerformanceMetrics(sample)
    #expect(agrees(metrics.maxDrawdown, -0.1, relative: 1e-12))
    #expect(
      CoreRatios(returns: sample.returns, barsPerYear: 252).maxDrawdown.map {
        abs($0 + 0.1) < 1e-15
      }
        == true)
    #expect(metrics.drawdowns.first?.peak == 0 && metrics.drawdowns.first?.bars == 3)
    #expect(try metrics.value(of: "max-drawdown-without-base") == 0)
  }

  @Test func aPeakSeenAgainEndsTheDrawdownAndStartsTheNextFromThere() {
    let wealth: [Double] = [10, 12, 12, 9, 9, 12, 11, 13, 13]
    let found = Drawdown.episodes(of: wealth)
    #expect(found.map(\.peak) == [2, 5] && found.map(\.valley) == [3, 6])
    #expect(found.map(\.recovery) == [5, 7] && found.map(\.firstBelow) == [3, 6])
    #expect(Drawdown.underwater(wealth) == [0, 0, 0, -0.25, -0.25, 0, 11.0 / 12 - 1, 0, 0])
  }
}
