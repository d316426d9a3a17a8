@testable import BacktestKit
import Foundation
import Glibc
import TestSupport
import Testing

/// Runs and their trials on the command line.
struct RunsCommandTests {
  private static let store = ["--store", "runs.sqlite"]

  private func run(_ words: String..., in folder: WorkFolder) throws -> BuiltProgram.Ended {
    try BuiltProgram.run(words + Self.store, in: folder)
  }

  /// Who tries the neighbours of a parameter set may choose one of them, so each is a trial.
  @Test func neighboursAreTrials() throws {
    let folder = try SampleStudy.folder(withRegimes: false)
    let costs = try run("sensitivity", "study.yaml", "--only", "costs", "--out", "one", in: folder)
    #expect(costs.output.contains("1 trial counted in runs.sqlite (1 configuration"), "\(costs)")
    let both = try run(
      "sensitivity", "study.yaml", "--only", "parameters", "--out", "two", in: folder)
    let rows = try folder.text("two/sensitivity.csv").split(separator: "\n")
    let neighbours = rows.count { $0.hasPrefix("parameters,") && $0.contains("=") }
    #expect(neighbours > 0)
    #expect(
      both.output.contains(
        "\(1 + neighbours) trials counted in runs.sqlite (\(1 + neighbours) configurations"),
      "\(both)")
  }

  @Test func aResultSaysHowManyTrialsAreBehindIt() throws {
    let folder = try SampleStudy.folder(withRegimes: false)
    let alone = try run("run", "study.yaml", "--out", "one", in: folder)
    #expect(alone.status == 0 && alone.errors == "", "\(alone)")
    #expect(
      alone.output.contains("\n1 trial counted in runs.sqlite (1 configuration, 1.0 effective); "))
    let walk = try run("walkforward", "study.yaml", "--out", "two", in: folder)
    // 5 folds of 4 candidates, 5 test windows, and the run; fast=5 slow=20 is one of the 4.
    let line = "\n\(Self.trialCount) trials counted in runs.sqlite (4 configurations, "
    #expect(walk.output.contains(line), "\(walk.output)")
    let json = try folder.text("two/result.json")
    #expect(json.contains("\"trials\": {\n    \"counted\": \(Self.trialCount),"), "\(json)")
    #expect(json.contains("\"store\": \"runs.sqlite\""))
    #expect(try folder.text("two/report.html").contains("trials counted in runs.sqlite"))
    // The same again is nothing new, to the byte.
    let files = try folder.files("two")
    #expect(try run("walkforward", "study.yaml", "--out", "two", in: folder).status == 0)
    #expect(try folder.files("two") == files)
    // Another thread count neither.
    _ = try run("walkforward", "study.yaml", "--out", "three", "--threads", "1", in: folder)
    #expect(try folder.files("three") == files)
    let plain = try BuiltProgram.run("walkforward", "study.yaml", "--out", "four", in: folder)
    #expect(plain.output.contains("\nTrials not counted: no store was used\n"))
    for name in ["equity.csv", "folds.csv", "trades.csv"] {
      #expect(try folder.bytes("four/\(name)") == files[name])
    }
    #expect(!folder.exists(".backtestkit"))
  }

  /// Train windows of 80 bars before test windows of 40, on 260 bars less 20: 4 folds.
  private static let trialCount = 4 * 4 + 4 + 1

  @Test func listShowCompare() throws {
    let folder = try SampleStudy.folder(withRegimes: false)
    for fast in ["3", "5"] {
      _ = try run(
        "run", "study.yaml", "-q", "--out", "out\(fast)", "--set",
        "strategy.parameters.fast=\(fast)", in: folder)
    }
    let list = try run("runs", "list", in: folder)
    #expect(list.status == 0 && list.output.contains("sma-crossover on AAA, BBB, 1d"))
    #expect(list.output.split(separator: "\n")[2].hasPrefix("  2  Two shares "))
    let sorted = try run("runs", "list", "--sort", "sharpe", "--limit", "1", in: folder)
    #expect(sorted.output.contains("1 of 2 runs shown"))
    let json = try run("runs", "list", "--json", in: folder)
    let table = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect((table["runs"] as? [Any])?.count == 2 && (table["families"] as? [Any])?.count == 1)
    let shown = try run("runs", "show", "1", in: folder)
    #expect(shown.output.contains("| `parameters.fast` | 3 |"), "\(shown)")
    #expect(shown.output.contains("files in `out3`"))
    let compared = try run("runs", "compare", "1", "2", in: folder)
    let rules = compared.output.split(separator: "\n").filter { $0.hasPrefix("parameters.") }
    #expect(rules == ["parameters.fast  3      5"], "\(compared.output)")
    #expect(compared.output.contains("Sharpe ratio"))
    #expect(try run("runs", "compare", "1", "2", "--json", in: folder).status == 0)
  }

  @Test func notesTagsExportImportPrune() throws {
    let folder = try SampleStudy.folder(withRegimes: false)
    _ = try run("walkforward", "study.yaml", "-q", "--out", "out", in: folder)
    #expect(try run("runs", "note", "1", "Costs look", "low", in: folder).status == 0)
    #expect(try run("runs", "note", "--family", "1", "Enough crossovers", in: folder).status == 0)
    #expect(try run("runs", "tag", "1", "keep", in: folder).output == "run 1: keep\n")
    #expect(try run("runs", "export", "--out", "runs.md", in: folder).status == 0)
    let text = try folder.text("runs.md")
    #expect(text.contains("Costs look low") && text.contains("Enough crossovers"))
    #expect(try run("runs", "export", in: folder).output == text)
    #expect(try run("runs", "export", "--out", "copy.sqlite", in: folder).status == 0)
    let added = try BuiltProgram.run(
      "runs", "import", "copy.sqlite", "--store", "new.sqlite", in: folder)
    #expect(added.output == "20 trials and 1 run added\n", "\(added)")
    let again = try BuiltProgram.run(
      "runs", "import", "copy.sqlite", "--store", "new.sqlite", in: folder)
    #expect(again.output == "0 trials and 0 runs added\n")
    #expect(try run("runs", "prune", in: folder).status == 2)
    #expect(try run("runs", "prune", "--tag", "keep", "--forget", in: folder).status == 2)
    let dry = try run("runs", "prune", "--family", "sma", "--dry-run", in: folder)
    #expect(dry.output.hasPrefix("1 run would be removed, with the returns of 20 trials; all"))
    #expect(try run("runs", "prune", "--family", "sma", in: folder).status == 0)
    let list = try run("runs", "list", in: folder)
    #expect(list.output.hasPrefix("No runs.\n") && list.output.contains("  20  "))
    #expect(try run("runs", "prune", "--family", "1", "--forget", in: folder).status == 0)
    let after = try run("run", "study.yaml", "--out", "after", in: folder)
    #expect(after.output.contains("1.0 effective, 20 more forgotten)"), "\(after.output)")
  }

  /// A store that cannot be used costs a line and nothing else; a command about runs needs it.
  @Test func storesThatCannotBeUsed() throws {
    let folder = try SampleStudy.folder(withRegimes: false)
    #expect(try BuiltProgram.run("run", "study.yaml", "--out", "plain", in: folder).status == 0)
    let plain = try folder.files("plain")
    try folder.write("this is no database, it is some text\n", to: "text.sqlite")
    _ = try run("run", "study.yaml", "--out", "out", in: folder)
    let bytes = try folder.bytes("runs.sqlite")
    try folder.write(Array(bytes.prefix(bytes.count / 2)), to: "cut.sqlite")
    var newer = bytes
    newer[63] = 9
    try folder.write(newer, to: "newer.sqlite")
    for (store, words) in [
      ("text.sqlite", "this is no store of runs"), ("cut.sqlite", "is damaged"),
      ("newer.sqlite", "has schema 9"), ("prices", "cannot be opened"),
      ("study.yaml/x.sqlite", "cannot be opened"), ("/proc/none/x.sqlite", "cannot be opened"),
    ] {
      let ended = try BuiltProgram.run(
        "run", "study.yaml", "--out", "plain", "--store", store, in: folder)
      #expect(ended.status == 0, "\(store): \(ended)")
      let lines = ended.errors.split(separator: "\n")
      #expect(lines.count == 1 && ended.errors.contains(words), "\(store): \(ended.errors)")
      #expect(ended.output.contains("Trials not counted: "))
      let files = try folder.files("plain")
      for (name, old) in plain where name.hasSuffix(".csv") { #expect(files[name] == old) }
      let list = try BuiltProgram.run("runs", "list", "--store", store, in: folder)
      #expect(list.status == 2 && list.errors.split(separator: "\n").count == 1, "\(list)")
    }
    let missing = try BuiltProgram.run("runs", "list", "--store", "no.sqlite", in: folder)
    #expect(missing.status == 2 && missing.errors.contains("there is no store of runs"))
    #expect(!folder.exists("no.sqlite"))
    let none = try BuiltProgram.run("runs", "list", in: folder)
    #expect(none.status == 2 && none.errors.contains("needs a store"))
  }

  /// Jobs of two processes into one store, some of them killed: the store stays whole, holds at
  /// least what was reported as done, and in the end all of it, once.
  @Test func killedWriters() throws {
    let folder = try SampleStudy.folder(withRegimes: false)
    func words(_ job: Int, _ store: String) -> [String] {
      let grid = (2...5).map { "\($0)" }.joined(separator: ", ")
      return [
        "walkforward", "study.yaml", "-q", "--out", "out\(job)", "--store", store, "--set",
        "walk-forward.grid.fast=[\(grid)]", "--set", "account.cash=\(100_000 + job)",
      ]
    }
    func count(_ name: String) throws -> Int {
      let store = try RunStore(reading: folder.path + "/" + name)
      try store.checkIntegrity()
      try store.checkValues()
      return try store.families().first?.trialCount ?? 0
    }
    #expect(try BuiltProgram.run(words(0, "one.sqlite"), in: folder).status == 0)
    let each = try count("one.sqlite")
    var random = TestRandom(seed: 3)
    var done = 0
    let rounds = Torture.size(of: 2, full: 8)
    for round in 0..<rounds {
      let killed = try BuiltProgram.start(words(2 * round, "both.sqlite"), in: folder)
      let whole = try BuiltProgram.start(words(2 * round + 1, "both.sqlite"), in: folder)
      let limit = random.below(150) * 1_000_000
      _ = try killed.wait {
        usleep(200)
        return (killed.processorTime ?? 0) >= limit
      }
      killed.send(SIGKILL)
      if try killed.finish().status == 0 { done += 1 }
      let ended = try whole.finish()
      #expect(ended.status == 0 && ended.errors == "", "\(ended)")
      done += 1
      #expect(try count("both.sqlite") >= done * each)
    }
    for job in stride(from: 0, to: 2 * rounds, by: 2) {
      #expect(try BuiltProgram.run(words(job, "both.sqlite"), in: folder).status == 0)
    }
    #expect(try count("both.sqlite") == 2 * rounds * each)
  }
}
