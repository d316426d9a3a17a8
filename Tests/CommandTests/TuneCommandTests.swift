import Foundation
import Glibc
import Testing

/// `tune`: what it writes, that it goes on where it stopped, and what it refuses.
struct TuneCommandTests {
  private static let space = "tune.space={fast: {from: 2, to: 20}, slow: {from: 10, to: 60}}"
  private static let words = ["tune", "study.yaml", "--out", "out", "-q", "--set", space]

  /// The cells of a CSV without quotes in it.
  private func cells(_ name: String, in folder: WorkFolder) throws -> [[String]] {
    try folder.text(name).split(separator: "\n").map { line in
      line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  @Test func theBestTrialIsShown() throws {
    let folder = try SampleStudy.folder()
    let ended = try BuiltProgram.run(Self.words + ["--trials", "30"], in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    let table = try cells("out/tune.csv", in: folder)
    #expect(table[0] == ["trial", "state", "fast", "slow", "sharpe"])
    #expect(table.count == 31)
    let rows = table.dropFirst()
    #expect(Set(rows.map { "\($0[2]) \($0[3])" }).count == 30, "no set is tried twice")
    let best = try #require(rows.max { (Double($0[4]) ?? -9) < (Double($1[4]) ?? -9) })
    // The files are those of a run with the best parameters.
    let own = try BuiltProgram.run(
      "run", "study.yaml", "--out", "own", "-q", "--set", "strategy.parameters.fast=\(best[2])",
      "--set", "strategy.parameters.slow=\(best[3])", in: folder)
    #expect(own.status == 0)
    for name in ["equity.csv", "trades.csv"] {
      #expect(try folder.bytes("own/\(name)") == folder.bytes("out/\(name)"))
    }
    #expect(try folder.text("out/result.json").contains("the best of 30 trials by Sharpe ratio"))
  }

  /// A grid measures each set as a sweep of the same sets does.
  @Test func aGridIsASweep() throws {
    let folder = try SampleStudy.folder()
    let grid = "{fast: [2, 5, 9], slow: [20, 30, 40]}"
    let tuned = try BuiltProgram.run(
      "tune", "study.yaml", "--out", "out", "-q", "--set", "tune={sampler: grid, space: \(grid)}",
      in: folder)
    #expect(tuned.status == 0, "\(tuned)")
    let swept = try BuiltProgram.run(
      "sweep", "study.yaml", "--out", "swept", "-q", "--set", "sweep={grid: \(grid)}", in: folder)
    #expect(swept.status == 0, "\(swept)")
    let table = try cells("swept/sweep.csv", in: folder)
    let column = try #require(table[0].firstIndex(of: "sharpe"))
    let names = try ["fast", "slow"].map { try #require(table[0].firstIndex(of: $0)) }
    let expected = table.dropFirst().map { row in names.map { row[$0] } + [row[column]] }
    #expect(try cells("out/tune.csv", in: folder).dropFirst().map { Array($0[2...]) } == expected)
  }

  @Test func threadsAndKillsMakeNoDifference() throws {
    let folder = try SampleStudy.folder()
    let words =
      Self.words + [
        "--trials", "40", "--set", "tune.evaluate=walk-forward", "--set", "tune.pruning=median",
      ]
    #expect(try BuiltProgram.run(words + ["--threads", "1"], in: folder).status == 0)
    let expected = try folder.files("out")
    let text = try folder.text("out/tune.csv")
    #expect(text.contains(",pruned,") && text.contains("fold_1"))
    #expect(!folder.exists(".out.units"))
    try folder.remove("out")
    let job = try BuiltProgram.start(words + ["--threads", "1"], in: folder)
    #expect(try job.wait { folder.size(".out.units") > 1_000 })
    job.send(SIGKILL)
    _ = try job.finish()
    #expect(try BuiltProgram.run(words + ["--threads", "3"], in: folder).status == 0)
    #expect(try folder.files("out") == expected)
    #expect(!folder.exists(".out.units"))
  }

  @Test func theStoreKnowsEveryTrial() throws {
    let folder = try SampleStudy.folder()
    let words = Self.words + ["--trials", "25", "--store", "kept.sqlite"]
    #expect(try BuiltProgram.run(words, in: folder).status == 0)
    let json = try folder.text("out/result.json")
    #expect(json.contains("\"configurations\": 25"), "\(json.suffix(3_000))")
  }

  @Test func spaceFromAFile() throws {
    let folder = try SampleStudy.folder()
    try folder.write("fast: [3, 4]\nslow: {from: 20, to: 40, step: 10}\n", to: "space.yaml")
    let ended = try BuiltProgram.run(
      "tune", "study.yaml", "--space", "space.yaml", "--out", "out", "-q", in: folder)
    #expect(ended.status == 0, "\(ended)")
    // There are six sets, so there are six trials.
    #expect(try cells("out/tune.csv", in: folder).count == 7)
  }

  /// A program in another process that proposes values, good or bad ones.
  @Test func programs() throws {
    let folder = try SampleStudy.folder()
    let program = """
      import json, sys
      greeting = json.loads(sys.stdin.readline())
      assert greeting["protocol"] == "backtestkit.sampler/1" and greeting["direction"] == "maximize"
      print(json.dumps({"ready": True}), flush=True)
      mode = sys.argv[1]
      for line in sys.stdin:
          message = json.loads(line)
          if "tell" in message:
              print(json.dumps({"tell": message["tell"]}), flush=True)
              continue
          number = message["ask"]
          if mode == "ends":
              sys.exit("no more ideas")
          fast = {"good": 2 + number, "outside": 99, "whole": 2.0 + number}[mode]
          print(json.dumps({"ask": number, "parameters": {"fast": fast, "slow": 40}}), flush=True)

      """
    try folder.write(program, to: "sampler.py")
    for (mode, message) in [
      ("good", nil), ("whole", nil), ("outside", "99 is not one of the values of the space"),
      ("ends", "no more ideas"),
    ] as [(String, String?)] {
      let ended = try BuiltProgram.run(
        Self.words + [
          "--trials", "6", "--set", "tune.program=[python3, sampler.py, \(mode)]",
        ], in: folder)
      guard let message else {
        #expect(ended.status == 0, "\(ended)")
        let rows = try cells("out/tune.csv", in: folder).dropFirst()
        #expect(rows.map { $0[2] } == ["2", "3", "4", "5", "6", "7"])
        continue
      }
      #expect(ended.status == 2 && ended.errors.contains(message), "\(ended)")
    }
    let missing = try BuiltProgram.run(
      Self.words + ["--set", "tune.program=[./no-such-program]"], in: folder)
    #expect(missing.status == 2 && missing.errors.contains("no-such-program"), "\(missing)")
  }

  @Test func whatIsRefused() throws {
    let folder = try SampleStudy.folder()
    for (setting, message) in [
      ("tune={space: {fats: [1]}}", "did you mean 'fast'"),
      ("tune={space: {fast: {from: 9, to: 2}}}", "'from' is above 'to'"),
      ("tune={space: {fast: {from: 0, to: 9, log: true}}}", "'log' needs a 'from' above 0"),
      ("tune={space: {fast: []}}", "fast"),
      ("tune={space: {fast: {from: a, to: b}}}", "a range goes from a number to a number"),
      ("tune={space: {fast: [-5]}}", "fast"),
      ("tune={pruning: median}", "add 'evaluate: walk-forward'"),
      ("tune={objective: shape}", "did you mean 'sharpe'"),
      ("tune={sampler: tea}", "sampler"),
      ("tune={sampler: grid, space: {weight: {from: 0.1, to: 0.5}}}", "the grid has no end"),
      ("tune={space: {fast: [30, 40]}}", "accepts none of the values"),
    ] {
      let ended = try BuiltProgram.run("tune", "study.yaml", "--set", setting, in: folder)
      #expect(ended.status == 2 && ended.errors.contains(message), "\(setting): \(ended)")
      #expect(!folder.exists("Reports"))
    }
  }
}
