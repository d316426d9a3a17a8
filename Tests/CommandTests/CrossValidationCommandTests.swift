import Foundation
import Glibc
import TestSupport
import Testing

/// `bt-run crossval` as a process: what it writes, what it refuses, and that a killed job goes on.
struct CrossValidationCommandTests {
  /// The sample study with a cross-validation.
  private static func folder(_ section: String = Self.section) throws -> WorkFolder {
    let folder = try SampleStudy.folder()
    try folder.write(SampleStudy.text + section, to: "study.yaml")
    return folder
  }

  private static let section = """
    cross-validation:
      method: combinatorial
      folds: 5
      test-folds: 2
      purge: 3
      embargo: 2
      grid: {fast: [3, 5], slow: [10, 20]}

    """

  private static let names = ["paths.csv", "report.html", "result.json", "splits.csv"]

  @Test func theResultIsHadInOtherForms() throws {
    let folder = try Self.folder()
    _ = try BuiltProgram.run("crossval", "study.yaml", "-q", "--out", "out", in: folder)
    let ended = try BuiltProgram.run(
      "report", "out", "--out", "page.html", "--markdown", "page.md", "--svg", "charts", in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    let charts = folder.names("charts")
    #expect(charts.count > 2 && charts.allSatisfy { $0.hasSuffix(".svg") }, "\(charts)")
    let text = try folder.text("page.md")
    #expect(text.contains("## Out of sample") && text.contains("| Sharpe ratio |"), "\(text)")
    #expect(try folder.text("page.html").contains("data-key=\"distribution.sharpe\""))
  }

  @Test func writesTheDistributionAndTheSplits() throws {
    let folder = try Self.folder()
    let ended = try BuiltProgram.run("crossval", "study.yaml", "--out", "out", in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    #expect(ended.output.contains("2 of 5 folds tested, 10 splits, 4 paths, 4 candidates"))
    #expect(ended.output.contains("sharpe out of sample: median"))
    #expect(folder.names("out") == Self.names && folder.names() == ["out", "prices", "study.yaml"])
    let splits = try folder.text("out/splits.csv").split(separator: "\n")
    #expect(splits.count == 11 && splits[1].hasPrefix("0,\"folds 1, 2\",2011-01-"))
    #expect(try folder.text("out/paths.csv").split(separator: "\n").count == 5)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(folder.files("out")["result.json"] ?? []))
        as? [String: Any])
    #expect(json["schema"] as? String == "backtestkit.cross-validation/1")
    let spread = try #require((json["distribution"] as? [String: Any])?["sharpe"] as? [String: Any])
    #expect(spread["n"] as? Int == 4 && spread["median"] is Double)
    #expect((json["splits"] as? [Any])?.count == 10 && (json["paths"] as? [Any])?.count == 4)
    // Its result runs the study again, to the same bytes.
    let again = try BuiltProgram.run(
      "crossval", "out/result.json", "--out", "again", "--threads", "1", in: folder)
    #expect(again.status == 0, "\(again)")
    #expect(try folder.files("again")["splits.csv"] == folder.files("out")["splits.csv"])
    #expect(try folder.files("again")["report.html"] == folder.files("out")["report.html"])
  }

  /// A report shows how figures are spread; the best path has no place in it.
  @Test func theReportShowsNoBestPath() throws {
    let folder = try Self.folder()
    #expect(try BuiltProgram.run("crossval", "study.yaml", "--out", "out", in: folder).status == 0)
    let page = try folder.text("out/report.html")
    #expect(page.contains("Median Sharpe ratio") && page.contains("Losing paths"))
    #expect(page.contains("Lower quartile") && !page.lowercased().contains("best path"))
  }

  @Test(arguments: [
    "method: purged-k-fold, folds: 4", "method: by-year", "method: by-asset",
    "method: by-timeframe, timeframes: [1d, 1w]",
    "method: by-regime, regimes: volatility, purge: 2",
  ])
  func everyMethodRunsAStudy(keys: String) throws {
    let folder = try Self.folder(
      "cross-validation: {\(keys), boundary: carry, grid: {fast: [3, 5]}}\n")
    // The sample's prices are of one year.
    let words = keys.contains("by-year") ? SampleStudy.prices(seed: 1, days: 520) : nil
    if let words {
      try folder.write(words, to: "prices/a.csv")
      try folder.write(SampleStudy.prices(seed: 2, days: 520), to: "prices/b.csv")
    }
    let ended = try BuiltProgram.run("crossval", "study.yaml", "--out", "out", in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    let joins = !keys.contains("by-asset") && !keys.contains("by-timeframe")
    #expect(folder.exists("out/paths.csv") == joins)
  }

  @Test(arguments: [
    ("folds: 1", "'cross-validation.folds' must be"), ("folds: 900", "900 folds need as many bars"),
    ("test-folds: 5", "5 of 5 folds cannot be tested"), ("test-folds: 0", "test-folds"),
    ("purge: 4000", "has no bars to train on"), ("purge: -1", "purge"), ("embargo: x", "embargo"),
    ("method: by-sector", "method"), ("method: by-regime", "goes with the method"),
    ("objective: trade-count", "a metric of returns"), ("objective: sharp", "sharpe"),
    ("fold-sizes: even", "fold-sizes"), ("timeframes: [1d]", "'timeframes' goes with"),
    ("boundary: mark", "boundary"), ("grid: {fast: []}", "fast"), ("skip: 9999", "the data has"),
    ("purges: 3", "did you mean 'purge'"),
  ])
  func badKeysAreNamed(key: String, message: String) throws {
    let name = key.prefix { $0 != ":" }
    let section = Self.section.split(separator: "\n").filter { !$0.hasPrefix("  \(name):") }
    let folder = try Self.folder((section + ["  \(key)", ""]).joined(separator: "\n"))
    let ended = try BuiltProgram.run("crossval", "study.yaml", "--out", "out", in: folder)
    #expect(ended.status == 2 && ended.output == "", "\(ended)")
    #expect(ended.errors.contains(message), "\(ended.errors)")
    #expect(folder.names() == ["prices", "study.yaml"], "\(folder.names())")
  }

  @Test func aStudyWithoutTheSectionSaysWhatToAdd() throws {
    let folder = try SampleStudy.folder()
    let ended = try BuiltProgram.run("crossval", "study.yaml", in: folder)
    #expect(ended.status == 2)
    #expect(ended.errors.contains("no 'cross-validation' section; add one, such as"))
    let one = try Self.folder("cross-validation: {method: by-year}\n")
    let year = try BuiltProgram.run("crossval", "study.yaml", in: one)
    #expect(year.status == 2 && year.errors.contains("all bars belong to one year, '2011'"))
  }

  /// A job of 320 runs.
  private static let slow = [
    "crossval", "study.yaml", "--out", "out", "--threads", "1", "--set",
    "cross-validation.grid.fast=[\((2...5).map(String.init).joined(separator: ", "))]", "--set",
    "cross-validation.grid.slow=[\((10...17).map(String.init).joined(separator: ", "))]",
  ]

  /// A job is killed after more and more of its units, again and again; what it writes at last is
  /// what an undisturbed job writes.
  @Test func aKilledJobGoesOnWhereItStopped() throws {
    let folder = try Self.folder()
    #expect(try BuiltProgram.run(Self.slow, in: folder).status == 0)
    let whole = try folder.files("out")
    try FileManager.default.removeItem(atPath: "\(folder.path)/out")
    let journal = "\(folder.path)/.out.units"
    func size() -> Int {
      let attributes = try? FileManager.default.attributesOfItem(atPath: journal)
      return attributes?[.size] as? Int ?? 0
    }
    var (killedCount, sizes) = (0, [0])
    for _ in 0..<12 {
      let before = size()
      let job = try BuiltProgram.start(Self.slow, in: folder)
      let isKept = try job.wait {
        usleep(500)
        return size() > before + 10_000
      }
      guard isKept else {
        #expect(try job.finish().status == 0)
        break
      }
      job.send(SIGKILL)
      killedCount += try job.finish().status == -SIGKILL ? 1 : 0
      sizes.append(size())
      // It had begun where the one before it was killed.
      #expect(sizes[sizes.count - 1] >= sizes[sizes.count - 2], "\(sizes)")
    }
    #expect(killedCount >= 3, "\(sizes)")
    #expect(try BuiltProgram.run(Self.slow, in: folder).status == 0)
    #expect(try folder.files("out") == whole)
    #expect(!FileManager.default.fileExists(atPath: journal))
    #expect(folder.names() == ["out", "prices", "study.yaml"], "\(folder.names())")
  }

  private static let isPossible =
    (try? Shell.output("strace -o /dev/null -f true && echo yes")) == "yes\n"

  /// Killed at the beginning of chosen calls, among them those that write units and results.
  @Test(.enabled(if: isPossible, "strace is not here, or may not trace"))
  func everyCallMayBeTheLast() throws {
    let folder = try Self.folder()
    let words = ["crossval", "study.yaml", "--out", "out", "-q", "--threads", "2"]
    #expect(try BuiltProgram.run(words, in: folder).status == 0)
    let whole = try folder.files("out")
    var killedCount = 0
    let calls = [
      ("write", Torture.isFull ? Array(1...22) : [1, 4, 11, 22]), ("rename,renameat2", [1]),
      ("mkdir", [1]),
      ("unlink", [1]), ("fsync", [1]),
    ]
    for (call, counts) in calls {
      for count in counts {
        try? FileManager.default.removeItem(atPath: "\(folder.path)/out")
        let traced = call.split(separator: ",").map { "?\($0)" }.joined(separator: ",")
        let text = try Shell.output(
          """
          cd '\(folder.path)' && strace -qq -f -o /dev/null -e trace='\(traced)' \
          -e inject='\(traced)':signal=KILL:when=\(count) '\(BuiltProgram.path)' \
          \(words.joined(separator: " ")) > /dev/null 2>&1; echo "status $?"
          """)
        killedCount += text == "status 0\n" ? 0 : 1
        let left = folder.exists("out/result.json") ? try folder.files("out") : nil
        #expect(left == nil || left == whole, "\(call) \(count)")
        #expect(try BuiltProgram.run(words, in: folder).status == 0)
        #expect(try folder.files("out") == whole, "\(call) \(count)")
      }
    }
    #expect(killedCount >= 6, "few jobs were killed")
  }

  @Test func anInterruptEndsItAtOnceAndTheNextJobGoesOn() throws {
    let folder = try Self.folder()
    let job = try BuiltProgram.start(Self.slow, in: folder)
    try job.waitUntilItListens()
    job.send(SIGINT)
    let ended = try job.finish()
    #expect(ended.status == 130 || ended.status == 0, "\(ended)")
    if ended.status == 130 { #expect(ended.errors.hasSuffix("no file is half written\n")) }
    #expect(try BuiltProgram.run(Self.slow, in: folder).status == 0)
    #expect(folder.names("out") == Self.names)
  }
}
