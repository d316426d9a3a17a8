@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestReports
import TestSupport
import Testing

/// Reports on returns that no run made, and charts as separate files.
struct ReturnsReportTests {
  private func returns() throws -> DatedReturns {
    let index = try ReportFixtures.index(from: "2010-01-01")
    let changes = (1..<index.count).map { index.close[$0] / index.close[$0 - 1] - 1 }
    return try DatedReturns(
      "Index & <fund>", dates: index.closeTimes.dropFirst().map(\.utcDate), returns: changes)
  }

  /// Where no day is common, the periods of both are said, and no line of another time is drawn.
  @Test func aBenchmarkOfAnotherTimeIsSaid() throws {
    let returns = try returns()
    var report = try Report(returns)
    report.benchmark = try DatedReturns(
      "early", dates: returns.dates.map { $0.adding(days: -364 * 30) }, returns: returns.returns
    ).benchmark()
    let own = try #require(report.benchmark)
    let text = report.text
    #expect(
      text.contains(
        "early goes from \(own.dates[0]) to \(own.dates[own.dates.count - 1]), and what it "
          + "is compared with from \(returns.baseDate) to "
          + "\(returns.dates[returns.dates.count - 1]). They have no day in common, so there is no "
          + "comparison."))
    #expect(!text.contains("Compared with early") && !text.contains("compared with early"))
  }

  @Test func figuresAreThoseOfTheReturns() throws {
    let returns = try returns()
    #expect(returns.calendar.name == "XNYS" && returns.timeframe == .session)
    let sample = try ReturnsSample(
      returns: returns.returns, pointDates: [returns.baseDate] + returns.dates, barsPerYear: 252)
    let metrics = PerformanceMetrics(sample)
    var report = try Report(returns)
    report.benchmark = try DatedReturns(
      "Half", dates: returns.dates, returns: returns.returns.map { $0 / 2 }
    ).benchmark()
    let page = try MarkupChecker(report.bytes())
    #expect(
      page.anchors == [
        "equity", "certainty", "returns", "rolling", "crises", "metrics", "provenance",
      ])
    let text = report.text
    for (value, format) in [
      (metrics.sharpe, NumberFormat.ratio), (metrics.cagr, .percent(decimals: 1)),
      (metrics.maxDrawdown, .percent(decimals: 1)), (metrics.sortino, .ratio),
    ] {
      #expect(text.contains("<strong>\(format.text(value))</strong>"))
    }
    #expect(text.contains("Only returns are known") && text.contains("Half"))
    #expect(!text.contains("Costs") && !text.contains("round trip") && !text.contains("Exposure"))
    // Twice the returns of the benchmark at the same volatility are the same curve.
    #expect(text.contains("Every return times 0.50"))
    #expect(page.text.contains("Index &amp; &lt;fund&gt;"))
  }

  /// A benchmark that ends early is compared over the days that both have, and the page says so.
  @Test func aShorterBenchmarkIsComparedOverCommonDays() throws {
    let returns = try returns()
    let half = returns.dates.count / 2
    var report = try Report(returns)
    report.benchmark = try DatedReturns(
      "Half", dates: Array(returns.dates[..<half]), returns: returns.returns[..<half].map { $0 / 2 }
    ).benchmark()
    let text = report.text
    let last = returns.dates[half - 1]
    #expect(
      text.contains(
        "Half goes from \(returns.baseDate) to \(last), not from \(returns.baseDate) to "
          + "\(returns.dates.last!). Its own figures are left out"))
    #expect(text.contains("over \(NumberText.count(half, "common return"))"))
    // Twice the returns of the benchmark, on the days that both have.
    let beta = try #require(text.components(of: "data-key=\"metrics.beta\"").last)
    #expect(beta.prefix { $0 != "/" }.contains(">2.00<") || text.contains(">2.00</td>"))
    // Its volatility over half of the time is not the volatility over all of it.
    #expect(!text.contains("Equity at the volatility of"))
  }

  /// A benchmark of every day beside returns of weekdays: what it does at weekends is left out.
  @Test func daysThatAreLeftOutAreSaid() throws {
    let monday = CivilDate(year: 2018, month: 1, day: 1)!
    let days = (0..<700).map { monday.adding(days: $0) }
    let weekdays = days.filter { $0.weekday.rawValue <= 5 }
    var report = try Report(
      DatedReturns(
        "five", dates: weekdays, returns: weekdays.indices.map { Double($0 % 3) / 1_000 }))
    report.benchmark = try DatedReturns(
      "seven", dates: days, returns: days.indices.map { Double($0 % 5) / 1_000 }
    ).benchmark()
    #expect(report.text.contains("198 of the 698 returns of seven are on days without one"))
    report.benchmark = try DatedReturns(
      "same", dates: weekdays, returns: weekdays.indices.map { Double($0 % 5) / 1_000 }
    ).benchmark()
    #expect(!report.text.contains("on days without one"))
  }

  /// Years without returns are no years to an annual figure, which the page says.
  @Test func gapsAndWildReturnsAreSaid() throws {
    let monday = CivilDate(year: 2018, month: 1, day: 1)!
    let weekdays = (0..<700).map { monday.adding(days: $0) }.filter { $0.weekday.rawValue <= 5 }
    let later = weekdays.map { $0.adding(days: 700 * 2) }
    let small = [Double](repeating: 0.001, count: 1_000).indices.map { Double($0 % 3) / 1_000 }
    let gap = try Report(DatedReturns("gap", dates: weekdays + later, returns: small)).text
    #expect(
      gap.contains("The dates span 5.7 years and hold returns for 3.8")
        && gap.contains("the longest gap is from 2019-11-29 to 2021-11-01"))
    #expect(!gap.contains("divide by 100"))
    let whole = try Report(
      DatedReturns("whole", dates: weekdays, returns: Array(small.prefix(500)))
    ).text
    #expect(!whole.contains("The dates span"))
    let wild = weekdays.indices.map { $0 % 2 == 0 ? 0.3 : -0.2 }
    let percent = try Report(DatedReturns("percent", dates: weekdays, returns: wild)).text
    #expect(percent.contains("Half of the returns are larger than 30%"))
  }

  @Test func monthsAreMonths() throws {
    let dates = (0..<60).map { month in
      CivilDate(year: 2015 + month / 12, month: month % 12 + 1, day: 1)!.adding(months: 1)
        .adding(days: -1)
    }
    let returns = try DatedReturns(
      "M", dates: dates, returns: dates.indices.map { $0 % 3 == 0 ? -0.01 : 0.02 })
    #expect(returns.timeframe == .month && returns.calendar.name == "24x7")
    let text = try Report(returns).text
    #expect(text.contains("12 bars per year") && text.contains("2014-12-31 to 2019-12-31"))
    // The heat map shows the returns as they were given.
    #expect(text.components(of: ">2.0</td>").count == 40)
  }

  @Test func returnsThatCannotBeAreRefused() throws {
    let day = CivilDate(year: 2020, month: 1, day: 2)!
    #expect(throws: EvidenceError.self) { try DatedReturns("a", dates: [], returns: []) }
    #expect(throws: EvidenceError.self) { try DatedReturns("a", dates: [day], returns: [0, 0]) }
    #expect(throws: EvidenceError.self) { try DatedReturns("a", dates: [day], returns: [.nan]) }
    #expect(throws: EvidenceError.self) { try DatedReturns("a", dates: [day], returns: [-1.5]) }
    #expect(throws: EvidenceError.self) {
      try DatedReturns("a", dates: [day, day], returns: [0, 0])
    }
    // Everything lost is a result, not an error.
    let days = (0..<40).map { day.adding(days: $0) }
    let lost = try DatedReturns("a", dates: days, returns: days.indices.map { $0 == 20 ? -1 : 0 })
    #expect(try Report(lost).text.contains("The account lost everything"))
  }

  @Test func thePageNeedsNoScript() throws {
    var report = try ReportFixtures.complete(ReportFixtures.sharedRun.get())
    let interactive = report.text
    let script = ReportScript.source.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
    #expect(script.utf8.count < 12_000 && !script.contains("</"))
    #expect(interactive.contains("<script>\(script)</script></body>"))
    report.isInteractive = false
    let plain = report.text
    #expect(!plain.contains("<script") && plain.contains("default-src &#39;none&#39;"))
    // Nothing else differs: what the script shows is already on the page.
    #expect(interactive.utf8.count - plain.utf8.count < script.utf8.count + 120)
  }

  @Test func everyChartIsAFile() throws {
    let report = try ReportFixtures.complete(ReportFixtures.sharedRun.get())
    let charts = report.charts()
    #expect(charts.count >= 20 && Set(charts.map(\.name)).count == charts.count)
    for chart in charts {
      let svg = try MarkupChecker(chart.svg)
      #expect(svg.tags.first?.name == "svg" && svg.tags.contains { $0.name == "desc" })
      #expect(chart.name.hasSuffix(".svg") && !chart.name.contains("/"))
      #expect(chart.svg.count < 80_000, "\(chart.name)")
    }
  }

  /// The charts of the page are the files, each with its title, a description and both schemes.
  @Test func thePageHasNoChartThatIsNoFile() throws {
    let report = try ReportFixtures.complete(ReportFixtures.sharedRun.get())
    let page = report.text
    func texts(between start: String, _ end: String) -> [String] {
      page.split(separator: start).dropFirst().compactMap { part in
        part.firstRange(of: end).map { String(part[..<$0.lowerBound]) }
      }
    }
    let shown =
      texts(between: "<figcaption><strong>", "</strong>")
      + texts(between: "<table class=\"bars\"><caption>", "</caption>")
      + texts(between: "<table class=\"heat\"><caption>", ", in percent")
    let files = report.charts().map { String(decoding: $0.svg, as: UTF8.self) }
    let titles = files.compactMap { file in
      file.firstRange(of: "<title>").flatMap { start in
        file[start.upperBound...].firstRange(of: "</title>").map {
          String(file[start.upperBound..<$0.lowerBound])
        }
      }
    }
    #expect(titles.sorted() == shown.sorted())
    #expect(titles.contains("Returns by month"))
    #expect(titles.contains { $0.hasPrefix("From gross to net profit") })
    #expect(titles.contains { $0.hasPrefix("Net profit by instrument") })
    for file in files {
      #expect(file.contains("<desc>") && !file.contains("<desc></desc>"))
      #expect(file.contains("@media screen and (prefers-color-scheme:dark)"))
    }
  }

  /// The figures of a picture are those of the table on the page.
  @Test func picturesOfTablesHaveTheirFigures() throws {
    let bars = RankedBars(
      caption: "A <b>",
      waterfall: [.init("Gross & more", 100), .init("Fee", -25), .init("Net", 75)])
    let picture = try MarkupChecker(try #require(bars.svg()))
    for part in ["100.00", "−25.00", "75.00", "Gross &amp; more", "A &lt;b&gt;"] {
      #expect(picture.text.contains(part), "\(part)")
    }
    // The fee hangs from the gross profit: a quarter of its length, at its right end.
    let paths = picture.tags.filter { $0.name == "path" }.map { tag in
      tag.attributes.first { $0.name == "d" }?.value ?? ""
    }
    #expect(paths.count == 4 && Set(paths).count == 4)
    let months = MonthlyHeatMap(
      caption: "Months",
      months: [.init(year: 2020, month: 2, value: 0.5), .init(year: 2021, month: 12, value: -0.5)])
    let map = try MarkupChecker(try #require(months.svg()))
    for part in ["50.0", "−50.0", "2020", "2021", "Feb", "Total"] {
      #expect(map.text.contains(part), "\(part)")
    }
    #expect(RankedBars(caption: "None", items: []).svg() == nil)
    #expect(MonthlyHeatMap(caption: "None", months: []).svg() == nil)
  }
}

extension String {
  /// What follows each occurrence of a text.
  fileprivate func components(of mark: String) -> [Substring] {
    ranges(of: mark).map { self[$0.upperBound...] }
  }
}
