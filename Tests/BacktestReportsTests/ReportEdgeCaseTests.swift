@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestReports
import TestSupport
import Strategies
import Testing

/// Runs of which little can be said still give a whole page that says why.
struct ReportEdgeCaseTests {
  private func page(_ report: Report) throws -> (page: MarkupChecker, text: String) {
    let bytes = report.bytes()
    #expect(bytes.count < 400_000)
    return (try MarkupChecker(bytes), String(decoding: bytes, as: UTF8.self))
  }

  @Test func aRunWithoutOrders() throws {
    let series = try ReportFixtures.index(from: "2017-01-01")
    let (page, text) = try page(Report(runScript(series, [:])))
    #expect(
      page.anchors
        == ReportTests.sections.filter { !["regimes", "rolling", "exposure"].contains($0) })
    #expect(text.contains("The strategy placed no orders."))
    // A flat account has no ratio, and the page says why.
    #expect(text.contains("Sharpe ratio not available (the denominator is zero)"))
    #expect(text.contains("No value: the denominator is zero."))
  }

  @Test func ordersThatNeverFill() throws {
    let series = try MarketBuilder.series(MarketBuilder.flat(10, count: 30))
    let result = try runScript(
      series, [0: { _, trading in trading.submit(Order(.first, quantity: 1, kind: .limit(5))) }])
    let (_, text) = try page(Report(result))
    #expect(text.contains("No trades: 1 order, none of them filled."))
    #expect(text.contains("still live at the end"))
  }

  @Test func aRuinedRun() throws {
    let prices =
      [(100, 100, 100, 100), (100, 100, 100, 100), (10, 10, 10, 10)]
      as [MarketBuilder.Prices]
    let series = try MarketBuilder.series(prices + MarketBuilder.flat(10, count: 500))
    let result = try runScript(
      series, [0: { _, trading in trading.target(.first, weight: 3) }]
    ) { $0.account.funding = .margin(leverage: 4) }
    let (_, text) = try page(Report(result))
    #expect(text.contains("lost everything") && text.contains("ruined at point 2"))
    #expect(text.contains("Deficit written off"))
    #expect(text.contains("−100.0%"))
  }

  @Test func oneBar() throws {
    let series = try MarketBuilder.series(MarketBuilder.flat(10, count: 1))
    let (_, text) = try page(Report(runScript(series, [:])))
    #expect(text.contains("too few returns (0)") && text.contains("Only 0 returns over 0 days"))
  }

  @Test func noCalendar() throws {
    let bars = (0..<500).map { row -> MarketBuilder.Prices in
      let price = 100 + Double(row % 7)
      return (price, price, price, price)
    }
    let series = try MarketBuilder.series(bars, calendar: nil)
    let result = try runScript(series, [0: { _, trading in trading.target(.first, weight: 1) }])
    let (_, text) = try page(Report(result))
    #expect(text.contains("Sharpe ratio not available (no calendar)"))
    #expect(text.contains("No value: no calendar."))
    #expect(text.contains("not annualised: no calendar"))
    #expect(text.contains("No trading calendar is given"))
  }

  @Test func barsWithinADay() throws {
    let bars = (0..<2_000).map { row -> MarketBuilder.Prices in
      let price = 100 + Double(row % 11)
      return (price, price, price, price)
    }
    let series = try MarketBuilder.series(bars, every: .hours(1))
    let result = try runScript(
      series,
      [
        0: { _, trading in trading.target(.first, weight: 1) },
        5: { _, trading in trading.target(.first, weight: 0) },
      ])
    let (_, text) = try page(Report(result))
    #expect(text.contains("bars of 1h") && text.contains("8,760 bars per year"))
    // Entry and exit are told to the minute.
    #expect(text.contains(">2024-01-01 06:00<"))
    #expect(text.contains(">Beta</th><td>"))
  }

  @Test func sixtySixYears() throws {
    var random = TestRandom(seed: 66)
    var price = 100.0
    let bars = (0..<16_600).map { _ -> MarketBuilder.Prices in
      price *= 1 + (Double(random.below(2_001)) - 1_000) / 1e5
      return (price, price, price, price)
    }
    let series = try MarketBuilder.sessions(bars, symbol: "L", from: "1953-01-02")
    let result = Backtest(
      SMACrossover(fast: 5, slow: 20), on: try Universe([series]),
      configuration: ReportFixtures.costs
    ).run()
    var report = Report(result)
    report.regimes = [try RegimeAnalysis(result, series: series, classifier: BullBear())]
    let (page, text) = try page(report)
    #expect(page.anchors == ReportTests.sections)
    #expect(text.contains(">1953</th>") && text.contains(">2018</th>"))
  }
}
