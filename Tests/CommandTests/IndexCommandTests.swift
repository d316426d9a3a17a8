import Foundation
import TestSupport
import Testing

/// `bt-run index` as a process: what it lists, and what it does not hide.
struct IndexCommandTests {
  @Test func completeAndIncompleteResultsAreListed() throws {
    let folder = try SampleStudy.folder()
    for (out, fast) in [("all/b 10", "3"), ("all/b 9", "5"), ("all/<x>/walk", "5")] {
      let command = out.hasSuffix("walk") ? "walkforward" : "run"
      _ = try BuiltProgram.run(
        command, "study.yaml", "-q", "--out", out, "--set", "strategy.parameters.fast=\(fast)",
        in: folder)
    }
    let record = try folder.text("all/b 9/result.json")
    try folder.write(String(record.prefix(900)), to: "all/cut/result.json")
    try folder.write(
      record.replacing("backtestkit.result/1", with: "backtestkit.result/9"),
      to: "all/newer/result.json")
    try folder.write(try folder.text("all/b 9/report.html"), to: "all/half/report.html")
    try folder.write("x", to: "all/.killed.units")
    try folder.write(
      "entry,name,status,error\n0,good,done,\n1,bad,failed,\"no prices, at all\"\n",
      to: "all/batch/batch.csv")
    let gate = ["gate", "all/b 9/result.json", "-q", "--no-rerun", "--out", "all/b 9"]
    #expect(try BuiltProgram.run(gate, in: folder).status == 1)
    let ended = try BuiltProgram.run("index", "all", in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    #expect(ended.output.contains("\nIndex: all/index.html\n"))
    let page = try folder.text("all/index.html")
    #expect(page.contains("3 results · 5 failed or incomplete"))
    #expect(page.contains("<a href=\"./b%209/report.html\">b 9</a>"))
    #expect(page.contains("<a href=\"./%3Cx%3E/walk/report.html\">&lt;x&gt;/walk</a>"))
    #expect(page.contains(">Gate</th>"))
    #expect(page.contains("<a href=\"./b%209/gate.html\">failed</a>"))
    let nine = try #require(page.firstRange(of: ">b 9<"))
    let ten = try #require(page.firstRange(of: ">b 10<"))
    #expect(nine.lowerBound < ten.lowerBound)
    for part in [
      "Failed: no prices, at all", "backtestkit.result/9", "There is no result.json",
      "is still at work, or was killed", "all/cut/result.json:",
    ] {
      #expect(page.contains(part), "\(part)")
    }
    #expect(!page.contains(">good<"))
    // Made again it is the same page, and it does not list itself.
    #expect(try BuiltProgram.run("index", "all", "-q", in: folder).output == "")
    #expect(try folder.text("all/index.html") == page)
    // From elsewhere the links lead to the same places.
    _ = try BuiltProgram.run("index", "all", "--out", "list.html", in: folder)
    #expect(try folder.text("list.html").contains("<a href=\"./all/b%209/report.html\">"))
  }

  /// Gates, analyses, comparisons and reports of returns are listed too, and a result without a
  /// page with the command that writes it.
  @Test func everyKindIsListed() throws {
    let folder = try SampleStudy.folder(withRegimes: false)
    func run(_ words: String...) throws {
      let ended = try BuiltProgram.run(words, in: folder)
      #expect(ended.status <= 1, "\(words): \(ended)")
    }
    let text = try folder.text("study.yaml")
    try folder.write(text + "tune: {space: {fast: [3, 5]}, trials: 2}\n", to: "t.yaml")
    try run("run", "study.yaml", "-q", "--out", "all/a run")
    try run("tune", "t.yaml", "-q", "--out", "all/tuned")
    try run("gate", "study.yaml", "-q", "--out", "all/gate")
    try run("lookahead", "study.yaml", "-q", "--out", "all/look")
    try run("compare", "all/a run", "all/tuned", "-q", "--out", "all/both.html")
    try folder.write("date,return\n2020-01-02,0.01\n2020-01-03,-0.02\n", to: "fund.csv")
    try run("report", "--returns", "fund.csv", "--name", "<Fund> & Co", "--out", "all/fund.html")
    try folder.write("<title>BacktestKit comparison</title>", to: "all/other.html")
    try FileManager.default.removeItem(atPath: "\(folder.path)/all/a run/report.html")
    let ended = try BuiltProgram.run("index", ".", in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    for part in [
      "- all/gate: gate, failed: ", "- all/look: look-ahead, no look-ahead was found",
      "- all/both.html: comparison, ", "- all/fund.html: returns, ",
      "- bt-run report 'all/a run' --out 'all/a run/report.html'",
    ] {
      #expect(ended.output.contains(part), "\(part): \(ended.output)")
    }
    let page = try folder.text("index.html")
    let name = folder.path.split(separator: "/").last ?? ""
    #expect(page.contains("<h1>Results in \(name)</h1>") && !page.contains("other.html"))
    #expect(page.contains("2 results · 2 checks · 2 pages"))
    for link in ["all/gate/gate.html", "all/both.html", "all/fund.html", "all/tuned/report.html"] {
      #expect(page.contains("<a href=\"./\(link)\">"), "\(link)")
    }
    #expect(page.contains(">&lt;Fund&gt; &amp; Co</td>") && page.contains(">tuning</td>"))
    // The command does what it says.
    try run("report", "all/a run", "--out", "all/a run/report.html")
    let whole = try BuiltProgram.run("index", ".", in: folder)
    #expect(!whole.output.contains("Without a page"))
  }

  @Test func whatCannotBeListedIsSaid() throws {
    let folder = try SampleStudy.folder()
    let none = try BuiltProgram.run("index", "prices", in: folder)
    #expect(none.status == 2 && none.errors.contains("prices: no result is in it or below it"))
    let missing = try BuiltProgram.run("index", "nowhere", in: folder)
    #expect(missing.status == 2 && missing.errors.contains("there is no such folder"))
    #expect(folder.names("prices") == ["a.csv", "b.csv"])
    // A page of somebody else stays.
    _ = try BuiltProgram.run("run", "study.yaml", "-q", "--out", "site/run", in: folder)
    try folder.write("<html>mine</html>", to: "site/index.html")
    let kept = try BuiltProgram.run("index", "site", in: folder)
    #expect(kept.status == 2 && kept.errors.contains("this page is no index of results"))
    #expect(try folder.text("site/index.html") == "<html>mine</html>")
  }
}
