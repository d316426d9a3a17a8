@testable import BacktestKit
import Foundation
import TestSupport
import Testing

/// `bt-run compare` as a process: runs from folders and from a store, and what it refuses.
struct CompareCommandTests {
  private func run(_ words: String..., in folder: WorkFolder) throws -> BuiltProgram.Ended {
    try BuiltProgram.run(words + ["--store", "runs.sqlite"], in: folder)
  }

  /// A folder with results of several values of a parameter, in `out/fast3` and so on.
  private func results(_ values: [Int], _ more: String...) throws -> WorkFolder {
    let folder = try SampleStudy.folder()
    for fast in values {
      let words = ["run", "study.yaml", "-q", "--out", "out/fast\(fast)"]
      let ended = try BuiltProgram.run(
        words + ["--set", "strategy.parameters.fast=\(fast)", "--store", "runs.sqlite"] + more,
        in: folder)
      #expect(ended.status == 0, "\(ended)")
    }
    return folder
  }

  @Test func foldersAreCompared() throws {
    let folder = try results([3, 5, 8])
    let ended = try run(
      "compare", "out", "--out", "page.html", "--markdown", "page.md", "--svg", "charts",
      in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    #expect(ended.output.hasPrefix("The best of 3 runs by Sharpe ratio is fast"))
    #expect(ended.output.contains("Comparison: page.html"))
    // The figures are those of the results, the best first.
    var wanted: [(String, Double)] = []
    for fast in [3, 5, 8] {
      let record = try ResultRecord(path: "\(folder.path)/out/fast\(fast)/result.json")
      wanted.append(("fast\(fast)", try #require(record["sharpe"])))
    }
    let order = wanted.sorted { $0.1 > $1.1 }
    let lines = ended.output.split(separator: "\n").dropFirst(3).prefix(3)
    for (line, (name, sharpe)) in zip(lines, order) {
      let cells = line.split(separator: " ")
      #expect(cells[1] == name && cells.contains("\(NumberFormat.ratio.text(sharpe))"), "\(line)")
    }
    let page = try folder.text("page.html")
    #expect(page.contains("<a href=\"./out/fast3/report.html\">fast3 (reference)</a>"))
    #expect(page.contains("Correlation of daily returns"))
    #expect(try folder.text("page.md").contains("# Comparison of 3 runs"))
    let charts = folder.names("charts")
    #expect(charts.count > 1 && ended.output.hasSuffix("\(charts.count) charts in charts\n"))
    #expect(charts.allSatisfy { (try? folder.text("charts/\($0)"))?.hasPrefix("<svg ") ?? false })
    // The same again is the same page.
    _ = try run("compare", "out", "--out", "again.html", in: folder)
    #expect(try folder.text("again.html") == page)
    _ = try run("compare", "out/fast8", "out", "--out", "again.html", in: folder)
    #expect(try folder.text("again.html").contains(">fast8 (reference)</a>"))
    let two = try run("compare", "out/fast5", "out/fast3/result.json", "--json", in: folder)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(two.output.utf8)) as? [String: Any])
    #expect((json["runs"] as? [Any])?.count == 2)
    #expect(folder.exists("Reports/comparison.html"))
  }

  /// Runs that overwrote each other's files still have their curves, from the trials they are.
  @Test func runsOfAStoreAreCompared() throws {
    let folder = try results([3, 5, 8])
    for fast in ["4", "6"] {
      _ = try run(
        "run", "study.yaml", "-q", "--out", "out/fast3", "--set",
        "strategy.parameters.fast=\(fast)", in: folder)
    }
    let ended = try run("compare", "--name", "two", "--out", "page.html", in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    #expect(ended.output.contains("The best of 5 runs"))
    #expect(!ended.output.contains("without daily values"), "\(ended.output)")
    #expect(ended.output.contains("run 4: fast 4") && ended.output.contains("run 1: fast 3"))
    let page = try folder.text("page.html")
    // Of the five runs the first and the fourth lost their files to the last.
    #expect(page.components(separatedBy: "report.html\">").count > 3)
    // A stored run and its folder have the same curve and the same figures.
    let both = try run("compare", "out/fast5", "#2", "out/fast8", in: folder)
    #expect(both.output.contains("These runs made the same fills"), "\(both)")
    let alone = try run("compare", "1", "4", "--tag", "none", in: folder)
    #expect(alone.status == 0 && alone.output.contains("run 1: fast 3"))
  }

  @Test func crossValidationsAreNoRuns() throws {
    let folder = try results([3, 5])
    let plan = "cross-validation={method: purged-k-fold, folds: 3}"
    let words = ["crossval", "study.yaml", "-q", "--set", plan, "--out", "out/spread"]
    let made = try BuiltProgram.run(words, in: folder)
    #expect(made.status == 0, "\(made)")
    let ended = try run("compare", "out", in: folder)
    #expect(ended.status == 0 && ended.output.contains("fast5"), "\(ended)")
    #expect(ended.errors == "warning: out/spread is a cross-validation, which is left out\n")
    let named = try run("compare", "out/fast3", "out/spread", in: folder)
    #expect(named.status == 2 && named.errors.contains("it is a cross-validation"), "\(named)")
  }

  @Test func theCurveOfAStoredRunIsThatOfItsFiles() throws {
    let folder = try results([3])
    let store = try RunStore(reading: "\(folder.path)/runs.sqlite")
    let curve = try #require(try store.curve(of: try store.run("1")))
    let rows = try folder.text("out/fast3/equity.csv").split(separator: "\n").dropFirst()
    #expect(curve.wealth.count == rows.count)
    for (row, wealth) in zip(rows, curve.wealth) {
      let equity = try #require(Double(row.split(separator: ",")[1]))
      #expect(abs(equity / 100_000 - wealth) < 1e-5)
    }
  }

  /// No page replaces what it is made of.
  @Test func whatIsComparedIsKept() throws {
    let folder = try results([3, 5])
    for (words, part) in [
      (["--out", "out/fast3/result.json"], "it is one of the files that are read"),
      (["--markdown", "./out/fast5/equity.csv"], "it is one of the files that are read"),
      (["--out", "runs.sqlite"], "it is one of the files that are read"),
      (["--out", "c.html", "--markdown", "./c.html"], "two forms of the report"),
      (["--out", "prices"], "prices: this is a folder"),
      (["--svg", "study.yaml"], "Not a directory"),
    ] {
      let before = folder.listing
      let ended = try BuiltProgram.run(
        ["compare", "1", "out/fast5", "--store", "runs.sqlite"] + words, in: folder)
      #expect(ended.status == 2 && ended.errors.contains(part), "\(words): \(ended)")
      #expect(folder.listing == before, "\(words)")
    }
  }

  @Test func whatCannotBeComparedIsSaid() throws {
    let folder = try results([3, 5])
    func error(_ words: String...) throws -> String {
      let ended = try BuiltProgram.run(
        ["compare"] + words + ["--store", "runs.sqlite", "--out", "no.html"], in: folder)
      #expect(ended.status == 2 && ended.output == "", "\(ended)")
      #expect(!folder.exists("no.html"))
      return ended.errors
    }
    #expect(try error().contains("name the runs"))
    #expect(try error("out/fast3", "").contains("'<run>' must be text that is not empty"))
    #expect(try error("1", "--name", "").contains("'--name' must be text that is not empty"))
    #expect(try error("out/fast3").contains("out/fast3: one run alone cannot be compared"))
    #expect(try error("out/fast3", "nowhere").contains("nowhere: there is no such folder"))
    #expect(try error("out/fast3", "prices").contains("prices: no result.json is in it"))
    #expect(
      try error("out/fast3", "./out/fast3").contains("it is the same as out/fast3; name each"))
    #expect(try error("1", "1").contains("run 1: it is given twice"))
    #expect(try error("1", "99").contains("there is no run '99'"))
    #expect(try error("1", "abcdef12").contains("there is no run 'abcdef12'"))
    #expect(try error("--family", "nothing").contains("no run matches"))
    #expect(try error("1", "2", "--sort", "sharp").contains("sharpe"))
    let whole = try folder.text("out/fast5/result.json")
    let newer = whole.replacing("backtestkit.result/1", with: "backtestkit.result/7")
    try folder.write(newer, to: "out/fast5/result.json")
    #expect(
      try error("out/fast3", "out/fast5").contains("'backtestkit.result/7', but this version"))
    try folder.write(String(whole.prefix(2_000)), to: "out/fast5/result.json")
    #expect(try error("out").contains("out/fast5/result.json:"))
    try folder.write(whole, to: "out/fast5/result.json")
    let equity = try folder.text("out/fast3/equity.csv")
    try folder.write(equity, to: "out/fast5/equity.csv")
    #expect(try error("out").contains("they belong to different runs"))
    try folder.write("time,equity\n2011-01-03,x\n", to: "out/fast5/equity.csv")
    #expect(try error("out").contains("out/fast5/equity.csv"))
    let missing = try BuiltProgram.run("compare", "1", "2", "--store", "none.sqlite", in: folder)
    #expect(missing.status == 2 && missing.errors.contains("there is no store of runs"))
  }
}
