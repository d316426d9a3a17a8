import BacktestKit
import Foundation
import Strategies
import Testing

/// The example that `init` writes.
struct InitTests {
  @Test func theExampleRunsAsItStands() throws {
    let folder = try WorkFolder()
    var transcript = Transcript(in: folder)
    try transcript.run("init")
    try transcript.run("run", "study.yaml")
    try folder.write(SampleStudy.prices(seed: 4, days: 1_500), to: "prices.csv")
    try transcript.run(
      "run", "study.yaml", "--set", "data.calendar=weekdays", "--set",
      "output.folder=Reports/mine", "-q")
    try transcript.run("walkforward", "study.yaml", "--set", "data.calendar=weekdays", "-q")
    try transcript.run("init")
    try transcript.run("init", "Reports")
    try transcript.run("init", "nowhere/study.yaml")
    try transcript.run("init", "--force")
    try transcript.check("init")
    #expect(
      folder.exists("Reports/mine/report.html")
        && folder.exists("Reports/study-walkforward/folds.csv"))
  }

  /// With a policy the example is a study of it, named from the study's own folder.
  @Test func aPolicyHasAnExampleToo() throws {
    let folder = try WorkFolder()
    let policy = CommandFixture.path("policies/demo")
    try folder.write("", to: "studies/empty")
    let made = try BuiltProgram.run("init", "studies/policy.yaml", "--policy", policy, in: folder)
    #expect(made.status == 0, "\(made.errors)")
    let text = try folder.text("studies/policy.yaml")
    #expect(text.contains("policy: \(policy)") && !text.contains("sma-crossover"))
    let prices = try String(
      contentsOfFile: CommandFixture.path("prices/sp500.csv"), encoding: .utf8)
    let lines = prices.split(separator: "\n")
    try folder.write(
      (lines.prefix(1) + lines.suffix(500)).joined(separator: "\n"), to: "studies/prices.csv")
    let run = try BuiltProgram.run(
      "walkforward", "studies/policy.yaml", "--set", "account.leverage=2", "-q", in: folder)
    #expect(run.status == 0, "\(run.errors)")
    #expect(folder.exists("Reports/policy-walkforward/folds.csv"))
    let missing = try BuiltProgram.run("init", "other.yaml", "--policy", "nowhere", in: folder)
    #expect(missing.status == 2 && missing.errors.contains("nowhere"))
    #expect(!folder.exists("other.yaml"))
  }

  /// What is commented out in the example is accepted when it is not, one at a time.
  @Test func everyCommentedKeyIsAccepted() throws {
    let folder = try WorkFolder()
    _ = try BuiltProgram.run("init", "study.yaml", in: folder)
    let lines = try folder.text("study.yaml").split(
      separator: "\n", omittingEmptySubsequences: false)
    var names: [String] = []
    for (index, line) in lines.enumerated() {
      // A mark far to the right continues the comment above it.
      guard let mark = line.firstIndex(of: "#"), line[..<mark].allSatisfy({ $0 == " " }),
        line[..<mark].count < 20,
        line[mark...].firstMatch(of: #/^# {1,3}[a-z-]+: /#) != nil || line.contains("# columns:")
      else { continue }
      var changed = lines.map(String.init)
      // A commented line keeps its indentation behind the mark.
      func open(_ at: Int) {
        let text = changed[at]
        guard let mark = text.firstIndex(of: "#") else { return }
        changed[at] = String(text[..<mark] + text[text.index(mark, offsetBy: 2)...])
      }
      if line.hasPrefix("  #   "),
        let columns = lines.firstIndex(where: { $0.contains("# columns:") })
      {
        open(columns)
        open(index)
      } else if line.contains("# columns:") {
        open(index)
        open(index + 1)
      } else if line.hasPrefix("#   ") {
        for needed in Self.needed(by: index, of: lines) { open(needed) }
        if let method = Self.method(for: line) {
          changed = changed.map { $0.hasPrefix("  method:") ? method : $0 }
        }
      } else {
        open(index)
      }
      let name = "\(names.count).yaml"
      names.append(name)
      try folder.write(changed.joined(separator: "\n"), to: name)
      do {
        _ = try Study(path: folder.path + "/" + name, catalogue: .standard)
      } catch {
        Issue.record("\(line): \(error)")
      }
    }
    #expect(names.count >= 60, "\(names.count)")
  }

  /// The lines to uncomment for a key of a section that is commented out as a whole: the name of
  /// the section, the key with what lies below it, and the key that the section always needs.
  private static func needed(by index: Int, of lines: [Substring]) -> Set<Int> {
    let section = lines[..<index].lastIndex { $0.hasPrefix("# ") && !$0.hasPrefix("#  ") }
    let below = lines.indices[(index + 1)...].prefix { lines[$0].hasPrefix("#     ") }
    let method = lines[..<index].lastIndex { $0.hasPrefix("#   method:") }
    var needed = Set(below).union([index])
    if let section { needed.insert(section) }
    if let section, let method, method > section { needed.insert(method) }
    return needed
  }

  /// The method of cross-validation that a key goes with, where it is not the one of the example.
  private static func method(for line: Substring) -> String? {
    if line.hasPrefix("#   timeframes:") { return "  method: by-timeframe" }
    if line.hasPrefix("#   regimes:") { return "  method: by-regime" }
    return nil
  }
}
