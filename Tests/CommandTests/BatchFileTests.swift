import Foundation
import Glibc
import Testing

/// Batch files: every combination is an entry, one that fails stays in the table, and a batch that
/// was killed goes on.
struct BatchFileTests {
  private static let batch = """
    name: Crossovers
    studies:
      - {path: study.yaml}
      - {path: study.yaml, command: crossval, set: ["cross-validation={method: purged-k-fold}"]}
    parameters: {slow: [20, 30], fast: [3, 5]}
    seeds: [1, 2]

    """

  private func folder(_ batch: String = batch) throws -> WorkFolder {
    let folder = try SampleStudy.folder(withRegimes: false)
    try folder.write(batch, to: "batch.yaml")
    return folder
  }

  /// The cells of a CSV without quotes in it.
  private func cells(_ name: String, in folder: WorkFolder) throws -> [[String]] {
    try folder.text(name).split(separator: "\n").map { line in
      line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// The numbers of the records of a journal: 24 bytes of header, then for each record its number,
  /// its length, 16 bytes of digest, and its bytes.
  private func records(of name: String, in folder: WorkFolder) throws -> [Int] {
    let file = try folder.bytes(name)
    func word(_ position: Int) -> Int {
      (0..<8).reduce(0) { $0 | Int(file[position + $1]) << (8 * $1) }
    }
    var numbers: [Int] = []
    var position = 24
    while position + 32 <= file.count, position + 32 + word(position + 8) <= file.count {
      numbers.append(word(position))
      position += 32 + word(position + 8)
    }
    return numbers
  }

  @Test func everyCombinationIsAnEntry() throws {
    let folder = try folder()
    let ended = try BuiltProgram.run("batch", "batch.yaml", "--out", "out", in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    #expect(ended.output.hasPrefix("Crossovers: 16 entries\n"))
    let table = try cells("out/batch.csv", in: folder)
    #expect(table.count == 17)
    #expect(
      table[0].prefix(8) == ["entry", "name", "command", "study", "fast", "slow", "seed", "status"])
    #expect(
      table[1].prefix(8) == [
        "0", "study_fast=3_slow=20_seed=1", "run", "study.yaml", "3", "20", "1", "done",
      ])
    // The second study of the same name has other names.
    #expect(Set(table.dropFirst().map { $0[1] }).count == 16)
    // Each entry is what its command gives.
    let own = try BuiltProgram.run(
      "run", "study.yaml", "--set", "strategy.parameters.fast=5", "--set",
      "strategy.parameters.slow=30", "--set", "seed=2", "--out", "one", "-q", in: folder)
    #expect(own.status == 0)
    for name in ["equity.csv", "fills.csv", "trades.csv"] {
      #expect(
        try folder.bytes("one/\(name)") == folder.bytes("out/study_fast=5_slow=30_seed=2/\(name)"))
    }
    #expect(folder.exists("out/study_fast=5_slow=30_seed=2-15/splits.csv"))
    // The comparison has a line for each value of what varies.
    let groups = try cells("out/comparison.csv", in: folder).dropFirst()
    #expect(
      groups.map { "\($0[0]) \($0[1]) \($0[2])" } == [
        "fast 3 8", "fast 5 8", "slow 20 8", "slow 30 8", "seed 1 8", "seed 2 8",
      ])
  }

  @Test func oneThatFailsStaysInTheTable() throws {
    let folder = try folder(
      Self.batch.replacing("{slow: [20, 30], fast: [3, 5]}", with: "{slow: [4, 30], fast: [3, 5]}")
        .replacing("[1, 2]", with: "[1]") + "results: none\n")
    let ended = try BuiltProgram.run("batch", "batch.yaml", "--out", "out", in: folder)
    #expect(ended.status == 2, "\(ended)")
    #expect(ended.errors.contains("2 of 8 entries failed: study_fast=5_slow=4_seed=1"), "\(ended)")
    #expect(ended.output.contains("8 entries, of which 2 failed"))
    let text = try folder.text("out/batch.csv")
    #expect(text.split(separator: "\n").count { $0.contains(",failed,") } == 2)
    #expect(text.contains("fast"))
    #expect(folder.names("out") == ["batch.csv", "comparison.csv"])
    #expect(folder.exists(".out.units"), "what is done is kept for the next time")
    // One that is gone fails alone.
    try folder.write(
      Self.batch.replacing("{path: study.yaml}", with: "{path: gone.yaml}"), to: "batch.yaml")
    let gone = try BuiltProgram.run("batch", "batch.yaml", "--out", "out", "-q", in: folder)
    #expect(gone.status == 2 && gone.errors.contains("gone.yaml: cannot read"), "\(gone)")
    #expect(gone.errors.contains("8 of 16 entries failed"))
  }

  @Test func aKilledBatchGoesOn() throws {
    let folder = try folder(Self.batch + "results: none\n")
    let words = ["batch", "batch.yaml", "--out", "out", "-q", "--threads", "1"]
    #expect(try BuiltProgram.run(words, in: folder).status == 0)
    let expected = try folder.files("out")
    try folder.remove("out")
    #expect(!folder.exists(".out.units"))
    for size in [600, 2_000] {
      let job = try BuiltProgram.start(words, in: folder)
      #expect(try job.wait { folder.size(".out.units") > size })
      job.send(SIGKILL)
      _ = try job.finish()
    }
    #expect(folder.size(".out.units") > 2_000)
    let pieces = try records(of: ".out.units", in: folder)
    #expect(Set(pieces).count == pieces.count, "what had been done was done again: \(pieces)")
    #expect(try BuiltProgram.run(words, in: folder).status == 0)
    #expect(try folder.files("out") == expected)
    // The number of threads makes no difference.
    try folder.remove("out")
    #expect(try BuiltProgram.run(words.dropLast() + ["3"], in: folder).status == 0)
    #expect(try folder.files("out") == expected)
  }

  @Test func whatIsWrongWithTheFile() throws {
    let many = (1...400).map(String.init).joined(separator: ",")
    for (text, message) in [
      ("studies: []\n", "a batch needs a study"),
      ("studies: [{pth: a.yaml}]\n", "did you mean 'path'"),
      ("studies: [{path: a}]\nobjective: shape\n", "sharpe"),
      ("studies: [{path: a}]\nseeds: [1, 1]\n", "a seed is given twice"),
      ("studies: [{path: a}]\npolicies: [p, p]\n", "a policy is given twice"),
      ("studies: [{path: a}]\nresults: some\n", "results"),
      (
        "studies: [{path: a}]\nparameters: {a: [\(many)], b: [\(many)]}\n",
        "the batch has 160,000 entries, but at most 100,000 can be done"
      ),
    ] {
      let folder = try folder(text)
      let ended = try BuiltProgram.run("batch", "batch.yaml", in: folder)
      #expect(ended.status == 2 && ended.errors.contains(message), "\(text): \(ended)")
      #expect(!folder.exists("Reports"))
    }
  }

  @Test func theExampleRuns() throws {
    let folder = try SampleStudy.folder(withRegimes: false)
    #expect(try BuiltProgram.run("init", "--batch", in: folder).status == 0)
    let ended = try BuiltProgram.run("batch", "batch.yaml", in: folder)
    #expect(ended.status == 0, "\(ended)")
    #expect(folder.exists("Reports/batch-batch/batch.csv"))
  }

  @Test func theInputsOfAStudy() throws {
    let folder = try SampleStudy.folder(withRegimes: false)
    let ended = try BuiltProgram.run("inputs", "study.yaml", in: folder)
    #expect(ended.status == 0)
    #expect(ended.output == "prices/a.csv\nprices/b.csv\nstudy.yaml\n", "\(ended)")
  }

  @Test func overridesThatCannotBeReadAreOneError() throws {
    let folder = try SampleStudy.folder()
    try folder.write(
      "studies: [{path: study.yaml}, {path: gone.yaml}]\ncommand: run\n", to: "b.yaml")
    for command in ["batch", "inputs"] {
      let ended = try BuiltProgram.run(command, "b.yaml", "--set", "nonsense", in: folder)
      #expect(ended.status == 2 && ended.output == "", "\(ended)")
      #expect(ended.errors.contains("--set nonsense: write --set key.key=value"))
    }
    #expect(!folder.exists("Reports"))
    let listed = try BuiltProgram.run("inputs", "b.yaml", in: folder)
    #expect(listed.status == 0 && listed.output.contains("study.yaml"))
    #expect(listed.errors.contains("warning: ") && listed.errors.contains("gone.yaml"))
  }
}
