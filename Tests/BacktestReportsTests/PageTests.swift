@testable import BacktestReports
import Testing

/// The pages word by word: what changes in them shows as a few lines.
struct PageTests {
  @Test func run() throws {
    try PageOutline(
      ReportFixtures.complete(ReportFixtures.sharedRun.get()).bytes()
    ).check("run")
  }

  @Test func walkForward() throws {
    try PageOutline(
      ReportFixtures.complete(ReportFixtures.sharedWalkForward.get()).bytes()
    ).check("walk-forward")
  }

  @Test func comparisonOfTwo() throws {
    try PageOutline(ComparisonReport(ComparisonFixtures.runs(2)).bytes()).check("comparison-of-two")
  }

  @Test func comparisonOfMany() throws {
    try PageOutline(ComparisonReport(ComparisonFixtures.runs(30)).bytes())
      .check("comparison-of-many")
  }

  @Test func index() throws {
    try PageOutline(IndexReport("Reports", ComparisonFixtures.results, program: "bt-run").bytes())
      .check("index")
  }

  @Test func whatDiffersIsShownAsAFewLines() throws {
    let old = try PageOutline(
      IndexReport("Reports", ComparisonFixtures.results, program: "bt-run").bytes())
    var results = ComparisonFixtures.results
    results[1].metrics["sharpe"] = 2.5
    let new = try PageOutline(IndexReport("Reports", results, program: "bt-run").bytes())
    let lines = PageOutline.difference(from: old.lines, to: new.lines)
    #expect(lines.count == 2 && lines[0].hasPrefix("+") && lines[1].hasPrefix("-"), "\(lines)")
    #expect(lines[0].contains("2.50") && lines[1].contains("0.80"), "\(lines)")
    #expect(PageOutline.difference(from: old.lines, to: old.lines).isEmpty)
  }
}
