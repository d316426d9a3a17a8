@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestReports
import TestSupport
import Testing

struct ComparisonReportTests {
  @Test func theBestComesFirstAndTheReferenceIsMarked() throws {
    let runs = ComparisonFixtures.runs(12)
    let report = try ComparisonReport(runs)
    let ratios = report.runs.map { $0.metrics["sharpe"] ?? 0 }
    #expect(ratios == ratios.sorted(by: >) && Set(ratios).count == 12)
    let text = String(decoding: report.bytes(), as: UTF8.self)
    #expect(text.contains(">\(runs[0].name) (reference)</a>"))
    #expect(text.contains("Differences from \(runs[0].name)"))
    #expect(try ComparisonReport(runs).bytes() == report.bytes())
    // A metric of which less is better turns the order around, where it is worse.
    let calm = try ComparisonReport(runs, rankedBy: "max-drawdown").runs
    let depths = calm.map { $0.metrics["max-drawdown"] ?? 0 }
    #expect(depths == depths.sorted(by: >))
    #expect(throws: EvidenceError.self) { try ComparisonReport(runs, rankedBy: "sharp") }
  }

  /// The mean correlation by the sum of standardised columns, the ratio by its own estimate.
  @Test func theBestIsDeflatedByTheOthers() throws {
    let runs = ComparisonFixtures.runs(12)
    let model = ComparisonModel(runs, rankedBy: try Metrics.named("sharpe"))
    let best = try #require(model.best)
    var correlation = AverageCorrelation(rows: 520)
    let returns = runs.compactMap { $0.curve?.returns }
    for own in returns { try correlation.add(own) }
    let mean = try #require(correlation.value)
    #expect(abs(best.meanCorrelation - mean) < 1e-12)
    let estimates = returns.compactMap { SharpeEstimate(returns: $0) }
    let ratios = estimates.map(\.ratio)
    let center = ratios.reduce(0, +) / 12
    let variance = ratios.reduce(0) { $0 + ($1 - center) * ($1 - center) } / 11
    let chosen = try #require(estimates.max { $0.ratio < $1.ratio })
    let wanted = try DeflatedSharpeRatio.estimate(
      chosen, variance: variance,
      trials: .averageCorrelation(mean, trials: 12)
    ).get()
    #expect(abs(best.deflatedSharpe - wanted.probability) < 1e-9)
    #expect(best.deflatedSharpe < chosen.probability() ?? 0)
  }

  /// Four runs of one time, and four of another, alike within their time only.
  @Test func runsWithoutCommonDaysAreNotAlike() throws {
    var runs = ComparisonFixtures.runs(8)
    for i in 4..<8 {
      let curve = try #require(runs[i].curve)
      let late = curve.dates.map { $0.adding(days: 7 * 200) }
      runs[i].curve = DailyCurve(
        from: late[0], dates: Array(late.dropFirst()), returns: curve.returns)
      runs[i].dates = late[0]...late[late.count - 1]
    }
    let model = ComparisonModel(runs, rankedBy: try Metrics.named("sharpe"))
    let best = try #require(model.best)
    let known = model.correlations.indices.flatMap { a in
      model.correlations[a][(a + 1)...].compactMap(\.self)
    }
    #expect(known.count == 12)
    let mean = known.reduce(0, +) / 28
    #expect(abs(best.meanCorrelation - mean) < 1e-12)
    #expect(abs(best.effective - (mean + (1 - mean) * 8)) < 1e-9 && best.effective > 5)
    let caveats = try ComparisonReport(runs).caveats.joined(separator: "\n")
    #expect(caveats.contains("Of 28 pairs of runs, 16 have no day in common."))
    let two = try ComparisonReport([runs[0], runs[7]])
    #expect(two.verdict.contains("They have no day in common, so nothing shows which"))
    #expect(two.caveats.contains { $0.hasPrefix("The runs have no day in common") })
    #expect(!two.caveats.joined().contains("over common days"))
    let three = try ComparisonReport([runs[0], runs[1], runs[7]])
    #expect(three.caveats.contains { $0.hasPrefix("Of 3 pairs of runs, 2 have no day in common.") })
    #expect(three.caveats.joined().contains("over common days"))
  }

  @Test func runsInSampleAreMarked() throws {
    var runs = ComparisonFixtures.runs(3)
    #expect(try !ComparisonReport(runs).caveats.joined().contains("In-sample"))
    let best = try ComparisonReport(runs).runs[0].name
    let place = try #require(runs.firstIndex { $0.name == best })
    runs[place].limits.append(ComparedRun.Limit(code: "in-sample", message: "Trained to 2016."))
    let report = try ComparisonReport(runs)
    #expect(report.verdict.contains("\(best) (in-sample): "))
    #expect(report.caveats[0].hasPrefix("In-sample: \(best) (in-sample). "))
    let page = String(decoding: report.bytes(), as: UTF8.self)
    #expect(page.contains("in-sample)</a>"))
    runs[place].limits = [ComparedRun.Limit(code: "chosen-from-sweep", message: "The best.")]
    #expect(
      try ComparisonReport(runs).verdict.contains("\(best) (parameters chosen in-sample): "))
  }

  @Test func aCopyIsCalledOne() throws {
    var runs = ComparisonFixtures.runs(2)
    #expect(try !ComparisonReport(runs).verdict.contains("same run"))
    let name = runs[1].name
    runs[1] = runs[0]
    runs[1].name = name
    let report = try ComparisonReport(runs)
    #expect(report.verdict.hasPrefix("Both are the same run: they made the same fills"))
    #expect(!report.verdict.contains("more than chance"))
    #expect(report.caveats.contains { $0.hasPrefix("Both are the same run, or one is a copy") })
  }

  @Test func differencesAreThoseOfPairedReturns() throws {
    let runs = ComparisonFixtures.runs(2)
    let model = ComparisonModel(runs, rankedBy: try Metrics.named("sharpe"))
    let difference = try #require(model.difference(of: 1 - model.reference))
    let returns = runs.compactMap { $0.curve?.returns }
    let own = zip(returns[1], returns[0]).map { $0 - $1 }
    let mean = own.reduce(0, +) / 520
    let squares = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    #expect(abs(difference.mean - mean) < 1e-15 && difference.count == 520)
    #expect(abs(difference.standardError - (squares / 519 / 520).squareRoot()) < 1e-15)
  }

  @Test func twoHundredRunsFitOnAPage() throws {
    let bytes = try ComparisonReport(ComparisonFixtures.runs(200)).bytes()
    #expect(bytes.count < 1_500_000, "\(bytes.count)")
    let page = try MarkupChecker(bytes)
    // Three of the best, the reference, and one path for all the others.
    let lines = page.tags.filter { tag in
      tag.name == "path" && tag.attributes.contains { $0.value == "faint sb" }
    }
    #expect(lines.count == 1 && page.text.contains("196 other runs"))
    #expect(page.tags.count { $0.name == "tr" } > 400)
  }

  @Test func whatMakesComparingDoubtfulIsSaid() throws {
    var runs = ComparisonFixtures.runs(4)
    func caveats() throws -> String {
      try ComparisonReport(runs).caveats.joined(separator: "\n")
    }
    #expect(try caveats() == "")
    let first = runs[1].dates.lowerBound
    runs[1].dates = first.adding(days: 7)...runs[1].dates.upperBound
    runs[1].kind = "walk-forward"
    runs[2].settings["execution.commission.basis-points"] = "0.0"
    runs[2].settings["account.currency"] = "EUR"
    runs[2].version = "0.2.0"
    runs[3].fingerprint = runs[0].fingerprint
    runs[3].curve = nil
    runs[3].data["AAA"] = "ab"
    let text = try caveats()
    for part in [
      "cover different times", "(3 runs)", "A walk-forward is judged out of sample",
      "different versions of the files of prices", "execution.commission.basis-points",
      "different currencies", "Different versions of BacktestKit", "the same fills",
      "1 run without daily values: \(runs[3].name)",
    ] {
      #expect(text.contains(part), "\(part) in \(text)")
    }
    runs[0].symbols = ["CCC"]
    #expect(try caveats().contains("The instruments differ: "))
  }

  @Test func curvesOfDifferentDaysMeetOnCommonOnes() throws {
    let dates = ComparisonFixtures.dates(61)
    let returns = (0..<60).map { Double($0 * 37 % 11) / 1_000 - 0.004 }
    let whole = DailyCurve(from: dates[0], dates: Array(dates.dropFirst()), returns: returns)
    let late = DailyCurve(
      from: dates[30], dates: Array(dates[31...]), returns: returns[30...].map { -2 * $0 })
    let brief = DailyCurve(
      from: dates[50], dates: Array(dates[51...]), returns: Array(returns[50...]))
    let curves = DailyCurves([whole, late, brief])
    #expect(abs((curves.correlation(0, 1) ?? 0) + 1) < 1e-12)
    #expect(curves.common(0, 1)?.count == 30)
    // Ten days are too few.
    #expect(curves.correlation(0, 2) == nil && curves.common(0, 2)?.count == 10)
  }

  /// What the folds chose is not what the study says, which none of them need have traded.
  @Test func searchedParametersOfAWalkForwardAreNoSettings() throws {
    var run = ComparisonFixtures.runs(1)[0]
    run.settings = [
      "parameters.fast": "10", "parameters.weight": "1", "walk-forward.grid.fast[0]": "5",
      "walk-forward.grid.fast[1]": "20",
    ]
    #expect(run.withoutSearchedParameters.settings == run.settings)
    run.kind = "walk-forward"
    let settings = run.withoutSearchedParameters.settings
    #expect(settings["parameters.fast"] == nil && settings["parameters.weight"] == "1")
  }

  /// Weeks are compared with weeks, not with the day on which they end.
  @Test func daysBesideWeeksAreCompounded() throws {
    let dates = ComparisonFixtures.dates(301)
    let returns = (0..<300).map { Double($0 * 37 % 11) / 1_000 - 0.004 }
    let days = DailyCurve(from: dates[0], dates: Array(dates.dropFirst()), returns: returns)
    let places = Array(stride(from: 0, through: 300, by: 5))
    let weekly = zip(places, places.dropFirst()).map { days.wealth[$1] / days.wealth[$0] - 1 }
    let weeks = DailyCurve(
      from: dates[0], dates: places.dropFirst().map { dates[$0] }, returns: weekly)
    let curves = DailyCurves([days, weeks])
    let common = try #require(curves.common(0, 1))
    #expect(common.count == 60)
    #expect(zip(common.returns, common.benchmark).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(abs((curves.correlation(0, 1) ?? 0) - 1) < 1e-12)
    #expect(abs(curves.commonPerYear(0, 1) - weeks.daysPerYear) < 1e-9)
  }

  @Test func theLastValueOfADayCounts() throws {
    let day = try #require(CivilDate("2020-03-02")).midnight
    let times = [
      day, day + .hours(10), day + .hours(20), day + .days(1), day + .days(1) + .hours(1),
    ]
    let curve = DailyCurve(times: times, wealth: [1, 2, 3, 4, 5])
    #expect(curve.dates.map(\.description) == ["2020-03-01", "2020-03-02", "2020-03-03"])
    #expect(curve.wealth == [1, 4, 5])
  }

  @Test func hostileNamesAreHarmless() throws {
    let name = "<script>alert(1)</script>|`@all` \"'&\u{0}\u{202E}"
    var runs = ComparisonFixtures.runs(9)
    for i in runs.indices {
      runs[i].name = name + "\(i)"
      (runs[i].title, runs[i].origin, runs[i].strategy) = (name, name, name)
      runs[i].settings["parameters.<img src=x>"] = "\(i) \(name)"
      runs[i].link = "javascript:alert(1)/\(name)/report.html"
    }
    let report = try ComparisonReport(runs)
    let page = try MarkupChecker(report.bytes())
    #expect(page.tags.count { $0.name == "script" } == 1)
    #expect(!page.tags.contains { $0.name == "img" })
    for path in page.values(of: "href") where !path.hasPrefix("#") {
      #expect(path.hasPrefix("./javascript%3Aalert%281%29/%3Cscript%3E"), "\(path)")
    }
    #expect(report.runs.allSatisfy { $0.name.hasPrefix("<script>alert(1)") && $0.name.count < 48 })
    #expect(Set(report.runs.map(\.name)).count == 9)
    let markdown = String(decoding: report.markdown(), as: UTF8.self)
    #expect(!markdown.contains("<script") && !markdown.contains("@all"))
    var result = IndexedResult(path: name, link: "../\(name)")
    result.problem = name
    #expect(
      try MarkupChecker(IndexReport(name, [result], program: "bt-run").bytes()).values(of: "href")
        .count == 1)
  }
}

struct SparklineTests {
  @Test func valuesBecomeBlocks() {
    #expect(Sparkline.text(of: [0, 1, 2, 3, 4, 5, 6, 7], width: 8) == "▁▂▃▄▅▆▇█")
    #expect(Sparkline.text(of: [3, 3, 3], width: 8) == "▁▁▁")
    #expect(Sparkline.text(of: [1, .nan, 2], width: 8) == "▁█")
    #expect(Sparkline.text(of: (0..<1_000).map(Double.init), width: 4) == "▂▄▆█")
    #expect(Sparkline.text(of: [1], width: 8) == "" && Sparkline.text(of: [1, 2], width: 0) == "")
  }
}

struct MarkdownTests {
  @Test func aReportHasItsMainParts() throws {
    let report = try ReportFixtures.complete(ReportFixtures.sharedWalkForward.get())
    let text = String(decoding: report.markdown(), as: UTF8.self)
    #expect(text.utf8.count < 60_000, "what a comment on GitHub may hold: \(text.utf8.count)")
    for part in [
      "# Walk-forward of", "**Caveats: read these first**", "| Sharpe ratio | ",
      "## How sure this is", "<details><summary>", "Fingerprint", "▁",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    // Every row of a table has as many cells as its header.
    var width = 0
    for line in text.split(separator: "\n") {
      guard line.hasPrefix("|") else {
        width = 0
        continue
      }
      let cells = line.replacing("\\|", with: "").count { $0 == "|" }
      if width > 0 { #expect(cells == width, "\(line)") }
      width = cells
    }
  }
}
