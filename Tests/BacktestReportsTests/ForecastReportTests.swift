@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestReports
import TestSupport
import Testing

/// A report says first of all that forecasts show no skill, and shows what they were worth.
struct ForecastReportTests {
  private func run(_ names: [String]) throws -> BacktestResult {
    let series = try names.map(ReportFixtures.stock)
    return Backtest(ForecastTeller(window: 60), on: try Universe(series)).run()
  }

  @Test func forecastsWithoutSkillAreSaidFirst() throws {
    let result = try run(["AAPL", "MSFT"])
    let evaluation = try #require(ForecastEvaluation(result))
    let matrix = try #require(evaluation.whole.direction?.matrix)
    let bytes = Report(result).bytes()
    // The stated intervals are the central 80 % of the stated distributions.
    #expect(
      evaluation.whole.intervals.map(\.share)
        == evaluation.whole.distribution?.coverage.filter { $0.level == 0.8 }.map(\.share))
    let page = try MarkupChecker(bytes)
    #expect(page.anchors.contains("forecasts"))
    let text = String(decoding: bytes, as: UTF8.self)
    for part in [
      "The forecasts show no skill in direction", "Direction: forecast and outcome",
      "Always up", "Reliability of probabilities", "Coverage of predicted intervals",
      "Conformal 90%, second half", "Coverage of the stated intervals", "Direction by instrument",
      "All instruments", "no skill shown",
      "Three classes", ">\(NumberFormat.percent(decimals: 1).text(matrix.accuracy))</td>",
      ">\(NumberFormat.integer.text(Double(matrix.truePositives)))</td>",
      ">\(NumberFormat.number(decimals: 3).text(matrix.matthewsCorrelation))</td>",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    // Once before everything else and once in the section itself, before its first table.
    let places = text.ranges(of: "no skill shown").map(\.lowerBound)
    let table = try #require(text.ranges(of: "Direction: forecast and outcome").first)
    #expect(places.count == 2 && places[0] < text.ranges(of: "<nav").first!.lowerBound)
    #expect(places[1] < table.lowerBound)
  }

  @Test func scoresAloneHaveNoCharts() throws {
    let closes = (0..<200).map { 100 + Double(($0 * $0 * 7) % 11) }
    let series = try MarketBuilder.series(closes.map { ($0, $0 + 1, $0 - 1, $0) })
    let script = ScriptedStrategy(always: { bars, trading in
      let age = bars[0]!.openTime - MarketBuilder.start
      let row = Int(age.nanoseconds / TimeSpan.days(1).nanoseconds)
      guard row + 1 < closes.count else { return }
      trading.forecast(.first, score: closes[row + 1] - closes[row])
    })
    let text = Report(try runScript([series], script)).text
    #expect(text.contains("The direction forecasts beat chance"))
    #expect(!text.contains("no skill") && !text.contains("Reliability of probabilities"))
    #expect(!text.contains("Direction by instrument") && !text.contains("Three classes"))
    #expect(!(try ReportFixtures.sharedRun.get().forecasts.count > 0))
  }

  @Test func aLoneForecastOfTheLastBarIsNoFigure() throws {
    let series = try MarketBuilder.series(MarketBuilder.flat(10, count: 3))
    let text = Report(
      try runScript(series, [2: { _, trading in trading.forecast(.first, probabilityUp: 0.5) }])
    ).text
    #expect(text.contains("There are no direction forecasts to judge"))
  }
}
