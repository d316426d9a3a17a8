import Glibc
import TestSupport
import Testing

/// `bt-run report` on stored results: the page that is made again is the page of the run, and
/// nothing that was read is lost.
struct RepeatedPageTests {
  /// The sample study with a section more.
  private static func folder(_ section: String = "") throws -> WorkFolder {
    let folder = try SampleStudy.folder(withRegimes: false)
    try folder.write(try folder.text("study.yaml") + section, to: "study.yaml")
    return folder
  }

  private static let sweep = "sweep: {grid: {fast: [3, 5], slow: [10, 20]}}\n"
  private static let tune = "tune: {space: {fast: {from: 2, to: 9}}, trials: 6}\n"
  private static let crossValidation = """
    cross-validation:
      method: combinatorial
      folds: 5
      test-folds: 2
      grid: {fast: [3, 5], slow: [10, 20]}

    """

  /// What the words on the command line gave is there again, trials and digests of files included.
  @Test(arguments: [
    (["run"], ""), (["walkforward"], ""), (["sweep"], sweep), (["tune"], tune),
    (["sensitivity", "--only", "costs", "--only", "start"], ""),
    (["montecarlo", "--markets", "5", "--block", "7", "--seed", "3"], ""), (["regimes"], ""),
    (["crossval"], crossValidation),
  ])
  func thePageIsThatOfTheRun(words: [String], section: String) throws {
    let folder = try Self.folder(section)
    let made = try BuiltProgram.run(
      words + ["study.yaml", "-q", "--out", "a b", "--store", "runs.sqlite"], in: folder)
    #expect(made.status == 0, "\(made)")
    let again = try BuiltProgram.run("report", "a b", "--out", "a b/again.html", in: folder)
    #expect(again.status == 0 && again.errors == "", "\(again)")
    let page = try folder.text("a b/report.html")
    #expect(try folder.text("a b/again.html") == page, "\(words) differs")
    #expect(page.contains("SHA-256") && !page.contains("128 bits"))
    guard words != ["crossval"] else { return }
    #expect(page.contains("counted in runs.sqlite"))
    // Elsewhere only the way to the result differs.
    _ = try BuiltProgram.run("report", "a b/result.json", "--out", "page.html", in: folder)
    let own = try folder.text("page.html")
    #expect(own.contains("<dd>run &#39;a b/result.json&#39; --expect "), "\(words)")
    #expect(own.replacing("run &#39;a b/result.json&#39; --", with: "run result.json --") == page)
  }

  /// The parameters that a tuning found are those of its result.
  @Test func aTunedResultRunsAgain() throws {
    let folder = try Self.folder(Self.tune)
    _ = try BuiltProgram.run("tune", "study.yaml", "-q", "--out", "out", in: folder)
    let parts = try folder.text("out/result.json").split(separator: "\"fingerprint\": \"")
    let fingerprint = String(try #require(parts.last).prefix(32))
    let again = try BuiltProgram.run(
      "run", "out/result.json", "--expect", fingerprint, in: folder)
    #expect(again.status == 0 && again.output.contains("Reproduced"), "\(again)")
    // What the user overrides comes after what was found.
    let other = try BuiltProgram.run(
      "run", "out/result.json", "--expect", fingerprint, "--set", "strategy.parameters.fast=19",
      in: folder)
    #expect(other.status == 3, "\(other)")
  }

  /// A page of other figures is not the page of the result.
  @Test func aResultThatComesOutDifferentlyHasNoPage() throws {
    for (command, section) in [("run", ""), ("crossval", Self.crossValidation)] {
      let folder = try Self.folder(section)
      _ = try BuiltProgram.run(command, "study.yaml", "-q", "--out", "out", in: folder)
      try folder.write(SampleStudy.prices(seed: 9), to: "prices/a.csv")
      let ended = try BuiltProgram.run(
        "report", "out", "--out", "page.html", "--markdown", "page.md", "--svg", "charts",
        in: folder)
      #expect(ended.status == 3 && ended.output == "", "\(ended)")
      #expect(ended.errors.contains("run again it has the fingerprint"))
      #expect(folder.names() == ["out", "prices", "study.yaml"])
      // A change that is asked for is no result of before.
      let changed = try BuiltProgram.run(
        "report", "out", "--out", "page.html", "--set", "account.cash=5000", in: folder)
      #expect(changed.status == 0, "\(changed)")
      if command == "run" {
        let page = try folder.text("page.html")
        #expect(page.contains("run out/result.json --set account.cash=5000 --expect "))
        #expect(page.contains("Trials not counted"))
      }
    }
  }

  /// Prices, the study, the result and its tables, what is cached and the store are kept.
  @Test func whatAStudyReadsIsKept() throws {
    let folder = try Self.folder()
    try folder.write(
      try folder.text("study.yaml").replacing(
        "calendar: weekdays", with: "calendar: weekdays\n  cache: cached"), to: "study.yaml")
    _ = try BuiltProgram.run(
      "run", "study.yaml", "-q", "--out", "out", "--store", ".backtestkit/runs.sqlite", in: folder)
    let cached = try #require(folder.names("cached").first)
    for file in [
      "prices/a.csv", "study.yaml", "out/result.json", "out/equity.csv", "cached/\(cached)",
      ".backtestkit/runs.sqlite",
    ] {
      let before = try folder.bytes(file)
      for form in ["--out", "--markdown", "--pdf"] {
        let ended = try BuiltProgram.run("report", "out", form, "./out/../\(file)", in: folder)
        #expect(ended.status == 2 && ended.output == "", "\(file): \(ended)")
        #expect(ended.errors.contains("it is one of the files that are read"), "\(ended.errors)")
      }
      #expect(try folder.bytes(file) == before)
    }
    // A chart has the name of what is read.
    _ = try BuiltProgram.run("report", "out", "--svg", "charts", in: folder)
    try folder.write(SampleStudy.prices(seed: 1), to: "charts/equity-equity.svg")
    try folder.write(
      try folder.text("study.yaml").replacing("prices/a.csv", with: "charts/equity-equity.svg"),
      to: "other.yaml")
    let charts = try BuiltProgram.run("report", "other.yaml", "--svg", "charts", in: folder)
    #expect(charts.status == 2 && charts.errors.contains("equity-equity.svg"), "\(charts)")
    #expect(try folder.text("charts/equity-equity.svg") == SampleStudy.prices(seed: 1))
  }

  @Test func whatCannotBeWrittenIsSaidFirst() throws {
    let folder = try Self.folder()
    _ = try BuiltProgram.run("run", "study.yaml", "-q", "--out", "out", in: folder)
    try folder.write("x", to: "file")
    #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
    for (words, part) in [
      (["out", "--out", "p.html", "--markdown", "./p.html"], "two forms of the report"),
      (["out", "--out", "prices"], "prices: this is a folder; name a file in it"),
      (["out", "--out", "file/p.html"], "Not a directory"),
      (["out", "--svg", "file"], "Not a directory"),
      (["out", "--out", "pipe"], "it is a pipe or a device, not a file; name a file"),
      (["out", "--markdown", "pipe"], "it is a pipe or a device, not a file; name a file"),
      (["out", "--pdf", "pipe"], "it is a pipe or a device, not a file; name a file"),
      (["prices", "--out", "p.html"], "prices: no result.json is in this folder"),
    ] {
      let ended = try BuiltProgram.run(["report"] + words, in: folder)
      #expect(ended.status == 2 && ended.errors.contains(part), "\(words): \(ended)")
    }
    #expect(folder.names() == ["file", "out", "pipe", "prices", "study.yaml"])
    // Other commands keep it as well.
    let index = try BuiltProgram.run("index", ".", "--out", "pipe", in: folder)
    #expect(index.status == 2 && index.errors.contains("it is a pipe or a device"), "\(index)")
    var status = stat()
    #expect(stat("\(folder.path)/pipe", &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
  }
}
