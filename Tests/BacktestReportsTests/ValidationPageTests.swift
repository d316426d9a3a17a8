@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestReports
import Strategies
import Testing

struct ValidationPageTests {
  private func text(_ block: any ReportBlock) throws -> String {
    var writer = MarkupWriter()
    block.write(to: &writer)
    _ = try MarkupChecker(writer.bytes)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private static func crossValidation(_ method: CrossValidationPlan.Method) throws
    -> CrossValidationReport
  {
    var plan = CrossValidationPlan(method)
    plan.foldCount = 6
    let universe = try Universe([ReportFixtures.index(from: "2008-12-31")])
    let grid = ParameterGrid(["fast": [10, 20, 40], "slow": [100, 150]])
    let result = try CrossValidation(
      SMACrossover.definition, grid: grid, on: Feed(universe), plan: plan
    ).run()
    return CrossValidationReport(result, universe: universe)
  }

  @Test func crossValidationShowsEveryChart() throws {
    let report = try Self.crossValidation(.combinatorial)
    let page = String(decoding: report.bytes(), as: UTF8.self)
    _ = try MarkupChecker(report.bytes())
    let names = report.charts().map(\.name)
    #expect(Set(names).count == names.count)
    for title in [
      "Growth out of sample", "Sharpe ratio out of sample", "Bars of the splits",
      "In-sample and out-of-sample results", "In-sample Sharpe ratio of each candidate by split",
      "In-sample Sharpe ratio by slow and fast", "Rank of the best set out of sample",
      "Performance degradation",
    ] { #expect(page.contains("<strong>\(title)</strong>"), "\(title)") }
    #expect(page.contains("<script>") && page.contains("Path 5"))
    // The share below zero is the probability that result.json has.
    let found = try #require(report.result.overfitting).get()
    let share = NumberFormat.percent(decimals: 1).text(found.probability)
    #expect(page.contains("\(share) of 12,870 choices at or below 0"))
  }

  /// What is to be known comes first, beside what holding would have done, and every split says
  /// when it tests and trains.
  @Test func crossValidationSaysWhatItIsComparedWith() throws {
    var report = try Self.crossValidation(.combinatorial)
    let page = String(decoding: report.bytes(), as: UTF8.self)
    #expect(page.contains("Caveats: read these first") && page.contains("This is a single history"))
    #expect(page.contains("</i>Buy and hold</li>"))
    let market = try #require(report.result.markets.first)
    let series = try ReportFixtures.index(from: "2008-12-31")
    let first = try #require(
      (0..<series.count).last { series.openTimes[$0].utcDate < market.dates.lowerBound })
    let growth = series.close[series.count - 1] / series.close[first]
    let end = NumberFormat.number(decimals: growth >= 10 ? 1 : 2).text(growth)
    #expect(page.contains(try Regex("<span style=\"top:[0-9.]+%\">\(end)</span>")), "\(end)")
    let held = try ReturnsSample(
      equity: Array(series.close[first...]), barsPerYear: 252)
    let sharpe = NumberFormat.ratio.text(PerformanceMetrics(held).sharpe)
    #expect(page.contains(">Sharpe ratio of buy and hold</abbr></span><strong>\(sharpe)</strong>"))
    for split in report.result.splits {
      let rows = try #require(split.rows)
      let last = try #require(rows.train.last)
      let (from, to) = (market.barDates[last.lowerBound], market.barDates[last.upperBound - 1])
      #expect(page.contains("\(from) to \(to)</td>"), "split \(split.index)")
    }
    report.benchmark = nil
    #expect(!String(decoding: report.bytes(), as: UTF8.self).contains("Buy and hold"))
  }

  @Test func otherMethodsHaveTheirPages() throws {
    let page = String(decoding: try Self.crossValidation(.byYear).bytes(), as: UTF8.self)
    #expect(page.contains("The test bars of all splits, joined in order of time"))
  }

  @Test func walkForwardShowsSurfaceAndSlope() throws {
    let result = try ReportFixtures.sharedWalkForward.get()
    let page = String(decoding: Report(result).bytes(), as: UTF8.self)
    #expect(page.contains("<strong>In-sample Sharpe ratio by slow and fast</strong>"))
    let slope = NumberFormat.ratio.text(try #require(result.degradation).slope)
    #expect(page.contains("Least squares, slope \(slope)"))
  }

  /// Values of 0 belong to the losses, others to the range that begins with them.
  @Test func histogramsCountTheLimitAmongLosses() throws {
    let values = [-1, -0.5, 0, 0, 0.5, 1, 1, 1.5]
    let bins = try #require(HistogramBins(values, endingARangeAt: 0))
    let below = bins.counts.enumerated().filter {
      bins.origin + (Double($0.offset) + 0.5) * bins.width < 0
    }
    #expect(below.reduce(0) { $0 + $1.element } == 4 && bins.counts.reduce(0, +) == 8)
    var chart = HistogramChart(title: "H", values: values, showsNormalCurve: false, unit: .plain)
    chart.lossLimit = 0
    let shown = try text(chart)
    #expect(shown.contains("At most 0") && shown.contains("class=\"bar sl\""))
  }

  /// A line of slope -1 through the axes' corners, which lies on the diagonal that falls.
  @Test func trendsEndAtTheAxes() throws {
    var chart = ScatterChart(
      title: "S", clouds: [.init("c", x: [0, 10], y: [0, 10])], xTitle: "x", yTitle: "y")
    chart.trend = .init(slope: -1, intercept: 10)
    let path = try #require(try text(chart).split(separator: "class=\"s4\" d=\"").last)
    // Both axes run from -0.6 to 10.6, so the line goes from corner to corner.
    #expect(path.hasPrefix("M0 0l2000 1000\""), "\(path)")
    #expect(try text(chart).contains("Least squares, slope −1.00"))
  }

  @Test func rangesAreDrawnBehindTheLines() throws {
    let x = [0.0, 1, 2].map { $0 * 86_400 }
    var chart = LineChart(title: "L", series: [ChartSeries("Median", x: x, y: [1, 2, 3])])
    chart.ranges = [ChartRange("Half", x: x, lower: [0, 1, 2], upper: [2, 3, 4])]
    let shown = try text(chart)
    let range = try #require(shown.firstRange(of: "class=\"r1\""))
    let line = try #require(shown.firstRange(of: "class=\"s1\""))
    #expect(range.lowerBound < line.lowerBound && shown.contains("Half 2.00 to 4.00"))
  }

  @Test func whiskersReachToTheSharesThatAreAsked() throws {
    var chart = BoxChart(
      title: "B", boxes: [.init("a", values: (0...100).map { Double($0) / 100 })])
    chart.whiskers = 0.05...0.95
    #expect(try text(chart).contains("5% 5.00%, lower quartile 25.00%, median 50.00%"))
  }

  @Test func regimesShowTransitionsAndDistributions() throws {
    let result = try ReportFixtures.sharedRun.get()
    var report = Report(result)
    report.regimes = [
      try RegimeAnalysis(result, series: ReportFixtures.index(), classifier: BullBear())
    ]
    let page = String(decoding: report.bytes(), as: UTF8.self)
    let transitions = report.regimes[0].transitions(.causal)
    let share = try #require(transitions.share(from: 0, to: 0))
    #expect(page.contains("<caption>From one bar to the next, as known at the time</caption>"))
    #expect(page.contains(NumberFormat.percent(decimals: 2).text(share)))
    #expect(page.contains("Returns per bar by bull/bear 20 %, in hindsight"))
  }
}
