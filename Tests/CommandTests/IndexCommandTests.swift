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
    #expect(page.contains(">Gate</th>") && page.contains("<td>failed</td>"))
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
