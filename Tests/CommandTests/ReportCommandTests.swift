import Glibc
import TestSupport
import Testing

/// `bt-run report` as a process: pages of returns, charts as pictures, and what it refuses.
struct ReportCommandTests {
  /// Daily returns of weekdays that swing by so much.
  private func returns(_ size: Double, days: Int = 700) -> String {
    var text = "date,return\n"
    var date = 16_071
    for row in 0..<days {
      date += date % 7 == 1 ? 3 : 1
      let value = size * (Double((row * 37) % 11) - 4.7) / 5
      text += "\(day(date)),\(value)\n"
    }
    return text
  }

  private func day(_ days: Int) -> String {
    var seconds = time_t(days * 86_400)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(parts.tm_year + 1_900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
  }

  @Test func returnsOfAnyOriginHaveAPage() throws {
    let folder = try WorkFolder()
    try folder.write(returns(0.01), to: "fund.csv")
    try folder.write(returns(0.005), to: "index.csv")
    let ended = try BuiltProgram.run(
      "report", "--returns", "fund.csv", "--benchmark", "index.csv", "--name", "A <fund>",
      "--out", "page.html", "--svg", "charts", in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    #expect(ended.output.contains("Report: page.html"))
    let page = try folder.text("page.html")
    #expect(page.contains("<h1>A &lt;fund&gt;</h1>") && page.contains(">index</li>"))
    #expect(page.contains("Only returns are known"))
    let charts = folder.names("charts")
    #expect(charts.count >= 8 && charts.allSatisfy { $0.hasSuffix(".svg") })
    // Without a name for the page it goes where reports go.
    let standard = try BuiltProgram.run("report", "--returns", "fund.csv", in: folder)
    #expect(standard.output == "Report: Reports/fund.html\n" && standard.status == 0)
    #expect(folder.names("Reports") == ["fund.html"])
  }

  /// What is wrong with a date is said without options that the command lacks.
  @Test func monthsAreNoDates() throws {
    let folder = try WorkFolder()
    try folder.write("date,return\n2015-01,0.01\n2015-02,0.02\n2015-03,0.01\n", to: "m.csv")
    let ended = try BuiltProgram.run("report", "--returns", "m.csv", in: folder)
    #expect(ended.status == 2)
    #expect(
      ended.errors.contains(
        "m.csv:2:1: E_DATA_TIME: \"2015-01\" is not a date; write dates as 2024-01-31, and for a "
          + "month its last day; other lines have faults as well"), "\(ended.errors)")
    #expect(!ended.errors.contains("time-format") && !ended.errors.contains("data check"))
  }

  /// Nothing is shown of weeks, or of days inside a month, where a return is of a month.
  @Test func monthsHaveNoShorterPeriods() throws {
    let folder = try WorkFolder()
    let rows = (2010...2019).flatMap { year in
      (1...12).map { month -> String in
        let value = Double((year * 7 + month * 5) % 11 - 5) / 100
        return "\(year)-\(month < 10 ? "0" : "")\(month)-28,\(value)\n"
      }
    }
    try folder.write("date,return\n" + rows.joined(), to: "months.csv")
    let ended = try BuiltProgram.run(
      "report", "--returns", "months.csv", "--out", "page.html", in: folder)
    #expect(ended.status == 0, "\(ended)")
    let page = try folder.text("page.html")
    #expect(page.contains("<span>Quarter</span>") && !page.contains("<span>Week</span>"))
    #expect(!page.contains("Volmageddon"))
    try folder.write(returns(0.01, days: 1_500), to: "days.csv")
    _ = try BuiltProgram.run("report", "--returns", "days.csv", "--out", "days.html", in: folder)
    let daily = try folder.text("days.html")
    #expect(daily.contains("<span>Week</span>") && daily.contains("Volmageddon"))
  }

  /// A day is not compared with a month.
  @Test func aBenchmarkIsAsFrequentAsTheReturns() throws {
    let folder = try WorkFolder()
    try folder.write(returns(0.01), to: "fund.csv")
    let months = (1...12).map { "2015-\($0 < 10 ? "0" : "")\($0)-28,0.01\n" }.joined()
    try folder.write("date,return\n" + months, to: "months.csv")
    let ended = try BuiltProgram.run(
      "report", "--returns", "fund.csv", "--benchmark", "months.csv", "--out", "page.html",
      in: folder)
    #expect(ended.status == 2 && folder.names(".").count == 2)
    #expect(ended.errors.contains("months.csv: one return is of 1mo, and one of fund.csv is of 1d"))
    let other = try BuiltProgram.run(
      "report", "--returns", "months.csv", "--benchmark", "fund.csv", "--out", "page.html",
      in: folder)
    #expect(other.status == 0, "\(other)")
  }

  /// What is read is never replaced, and folders of what is written are made.
  @Test func theInputIsKeptAndFoldersAreMade() throws {
    let folder = try WorkFolder()
    try folder.write(returns(0.01), to: "fund.csv")
    for form in ["--out", "--markdown", "--pdf"] {
      let ended = try BuiltProgram.run(
        "report", "--returns", "fund.csv", form, "./fund.csv", in: folder)
      #expect(ended.status == 2 && ended.errors.contains("it is one of the files that are read"))
      #expect(try folder.text("fund.csv") == returns(0.01))
    }
    let ended = try BuiltProgram.run(
      "report", "--returns", "fund.csv", "--out", "a/b/page.html", "--markdown", "c/page.md",
      in: folder)
    #expect(ended.status == 0, "\(ended)")
    #expect(folder.names("a/b") == ["page.html"] && folder.names("c") == ["page.md"])
  }

  /// A name cannot turn round the text after it, whatever form the report has.
  @Test func markdownHoldsNoControls() throws {
    let folder = try WorkFolder()
    try folder.write(returns(0.01), to: "fund.csv")
    let ended = try BuiltProgram.run(
      "report", "--returns", "fund.csv", "--name", "A\u{202E}b\u{2066}c\u{9B}d", "--out",
      "page.html", "--markdown", "page.md", in: folder)
    #expect(ended.status == 0, "\(ended)")
    let text = try folder.text("page.md")
    #expect(text.hasPrefix("# A\u{FFFD}b\u{FFFD}c\u{FFFD}d\n"))
    #expect(try folder.text("page.html").contains("<h1>A\u{FFFD}b\u{FFFD}c\u{FFFD}d</h1>"))
  }

  @Test func aResultIsMarkdownToo() throws {
    let folder = try SampleStudy.folder()
    _ = try BuiltProgram.run("walkforward", "study.yaml", "-q", "--out", "out", in: folder)
    let ended = try BuiltProgram.run("report", "out", "--markdown", "report.md", in: folder)
    #expect(ended.status == 0 && ended.output == "Markdown: report.md\n", "\(ended)")
    let text = try folder.text("report.md")
    #expect(text.hasPrefix("# Two shares\n") && text.contains("| Sharpe ratio | "))
    #expect(text.contains("**Caveats: read these first**") && text.contains("## Folds"))
  }

  @Test func chartsOfAStudyArePictures() throws {
    let folder = try SampleStudy.folder()
    let ended = try BuiltProgram.run("report", "study.yaml", "--svg", "charts", in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    let charts = folder.names("charts")
    #expect(
      charts.contains("equity-drawdown.svg") && ended.output == "\(charts.count) charts in charts\n"
    )
    for name in charts {
      #expect(
        try folder.text("charts/\(name)").hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
    }
  }

  @Test func whatIsNoReturnsIsRefused() throws {
    let folder = try WorkFolder()
    try folder.write("date,close\n2020-01-02,100\n2020-01-03,101\n", to: "prices.csv")
    try folder.write("", to: "empty.csv")
    try folder.write("date,return\n2020-01-02,0.1\n2020-01-03,-1\n", to: "lost.csv")
    try folder.write("date,return\n", to: "header.csv")
    try folder.write("date,a,b\n2020-01-02,0.1,0.2\n", to: "two.csv")
    try folder.write(returns(0.01, days: 20) + "2019-01-02,-1.5\n", to: "below.csv")
    for (words, part) in [
      (["--returns", "prices.csv"], "write 0.01 for one percent, and returns instead of prices"),
      (["--returns", "two.csv"], "it has 2 columns beside the dates; keep the one of returns"),
      (["--returns", "empty.csv"], "empty.csv: E_DATA_FILE: the file is empty"),
      (["--returns", "header.csv"], "header.csv: E_DATA_FILE: no row has a return; write"),
      (["--returns", "below.csv"], "below.csv:22:12: E_DATA_NUMBER: \"-1.5\" is a loss of"),
      (["--returns", "none.csv"], "none.csv: E_DATA_FILE: cannot open"),
      (["--returns", "below.csv", "--benchmark", "lost.csv"], "below.csv:22:12"),
      (["--returns", "lost.csv", "--benchmark", "lost.csv"], "it loses everything on 2020-01-03"),
      ([], "give either a study or '--returns FILE'"),
      (["study.yaml"], "say what to write: '--out', '--svg', '--markdown' or '--pdf'"),
      (["study.yaml", "--svg", "x", "--benchmark", "two.csv"], "goes with '--returns'"),
      (["study.yaml", "--svg", "x", "--name", "N"], "'--name' goes with '--returns'"),
      (["--returns", "lost.csv", "--set", "seed=2"], "'--set' goes with a study"),
    ] {
      let ended = try BuiltProgram.run(["report"] + words, in: folder)
      #expect(ended.status == 2 && ended.errors.contains(part), "\(words): \(ended)")
    }
    #expect(
      folder.names() == [
        "below.csv", "empty.csv", "header.csv", "lost.csv", "prices.csv", "two.csv",
      ])
  }

  /// A benchmark of another time is no mistake that stops the page, and not left unsaid.
  @Test func aBenchmarkWithoutCommonDatesIsAWarning() throws {
    let folder = try WorkFolder()
    try folder.write(returns(0.01), to: "fund.csv")
    try folder.write("date,return\n1999-01-04,0.1\n1999-01-05,0.1\n", to: "old.csv")
    let ended = try BuiltProgram.run(
      "report", "--returns", "fund.csv", "--benchmark", "old.csv", "--out", "page.html", in: folder)
    #expect(ended.status == 0, "\(ended)")
    #expect(
      ended.errors
        == "warning: old.csv: it has no date in common with fund.csv, so the page compares "
        + "nothing; its dates go from 1999-01-04 to 1999-01-05\n")
  }

  /// One return has a total and nothing that needs two.
  @Test func oneReturnIsAPage() throws {
    let folder = try WorkFolder()
    try folder.write("date,return\n2020-01-02,0.0123\n", to: "one.csv")
    let ended = try BuiltProgram.run(
      "report", "--returns", "one.csv", "--out", "p.html", in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    let page = try folder.text("p.html")
    #expect(page.contains("Only 1 return over 2 days"))
    #expect(page.contains(">1.2</td>") && !page.contains("NaN") && !page.contains(">inf"))
  }
}
