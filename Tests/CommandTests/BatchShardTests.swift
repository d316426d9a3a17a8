import Foundation
import Testing

/// A batch in shards: merged, it is the whole batch.
struct BatchShardTests {
  private static let batch = """
    name: Crossovers
    studies:
      - {path: study.yaml}
      - {path: other/study.yaml, command: sweep, set: ["sweep={grid: {fast: [2, 3]}}"]}
    parameters: {slow: [20, 30, 40]}

    """

  private func folder(_ more: String = "") throws -> WorkFolder {
    let folder = try SampleStudy.folder(withRegimes: false)
    for name in ["study.yaml", "prices/a.csv", "prices/b.csv"] {
      try folder.write(try folder.bytes(name), to: "other/\(name)")
    }
    try folder.write(Self.batch + more, to: "batch.yaml")
    return folder
  }

  private func shard(
    _ index: Int, of count: Int, _ more: [String], in folder: WorkFolder
  ) throws -> BuiltProgram.Ended {
    try BuiltProgram.run(
      ["batch", "batch.yaml", "--out", "out", "--shards", "\(count)", "--shard", "\(index)"] + more,
      in: folder)
  }

  /// All files below a folder with their bytes.
  private func tree(_ name: String, in folder: WorkFolder) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for entry in folder.names(name) {
      if folder.names("\(name)/\(entry)").isEmpty {
        files[entry] = try folder.bytes("\(name)/\(entry)")
      } else {
        for (path, bytes) in try tree("\(name)/\(entry)", in: folder) {
          files["\(entry)/\(path)"] = bytes
        }
      }
    }
    return files
  }

  @Test func mergedShardsAreTheWholeBatch() throws {
    let folder = try folder()
    let none = ["--store", "none"]
    let whole = try BuiltProgram.run(
      ["batch", "batch.yaml", "--out", "out", "-q"] + none, in: folder)
    #expect(whole.status == 0, "\(whole)")
    let expected = try tree("out", in: folder)
    #expect(expected.keys.contains("study_slow=30/report.html"))
    for count in [1, 4] {
      try folder.remove("out")
      try folder.remove("out.shards")
      for index in (0..<count).reversed() {
        let ended = try shard(index, of: count, none, in: folder)
        #expect(ended.status == 0 && ended.output.hasPrefix("Shard \(index) of \(count): "))
      }
      #expect(!folder.exists("out/batch.csv"))
      let ended = try BuiltProgram.run(
        ["merge", "out.shards", "--out", "out", "-q"] + none, in: folder)
      #expect(ended.status == 0 && ended.errors == "", "\(ended)")
      #expect(try tree("out", in: folder) == expected, "\(count) shards")
    }
    let again = try shard(1, of: 4, none + ["--json"], in: folder)
    #expect(again.output.contains("\"done-before\": 2"), "\(again)")
  }

  @Test func trialsAreCountedOnce() throws {
    let folder = try folder("results: none\n")
    let store = ["--store", "kept.sqlite", "-q"]
    /// The table of families, with the number of trials of each.
    func counts() throws -> Substring {
      let listed = try BuiltProgram.run("runs", "list", "--store", "kept.sqlite", in: folder).output
      return listed[try #require(listed.firstRange(of: "\nfamily")).lowerBound...]
    }
    let whole = try BuiltProgram.run(["batch", "batch.yaml", "--out", "out"] + store, in: folder)
    #expect(whole.status == 0, "\(whole)")
    let expected = try (tree("out", in: folder), counts())
    for name in folder.names() where name == "out" || name.hasPrefix("kept.sqlite") {
      try folder.remove(name)
    }
    for index in 0..<3 { #expect(try shard(index, of: 3, store, in: folder).status == 0) }
    // What is done is not done again.
    let units = try folder.bytes("out.shards/1-of-3/units")
    #expect(try shard(1, of: 3, store, in: folder).status == 0)
    #expect(try folder.bytes("out.shards/1-of-3/units") == units && !units.isEmpty)
    #expect(!folder.exists("kept.sqlite"), "a shard keeps its trials with it")
    for _ in 0..<2 {
      let ended = try BuiltProgram.run(
        ["merge", "out.shards", "--out", "out"] + store, in: folder)
      #expect(ended.status == 0 && ended.errors == "", "\(ended)")
      #expect(try tree("out", in: folder) == expected.0)
      #expect(try counts() == expected.1)
    }
  }

  @Test func oneThatFailsFailsTheMergeAlone() throws {
    let folder = try folder("results: none\n")
    let study = try folder.text("other/study.yaml")
    try folder.write(study.replacing("slippage:", with: "slipage:"), to: "other/study.yaml")
    for index in 0..<2 {
      let ended = try shard(index, of: 2, [], in: folder)
      #expect(ended.status == 0 && ended.errors.contains("slipage"), "\(ended)")
      #expect(ended.output.contains(" failed, in out.shards/\(index)-of-2"), "\(ended)")
    }
    let merge = ["merge", "out.shards", "--out", "out", "-q"]
    let ended = try BuiltProgram.run(merge, in: folder)
    #expect(ended.status == 2 && ended.errors.contains("3 of 6 entries failed"), "\(ended)")
    #expect(try folder.text("out/batch.csv").split(separator: "\n").count == 7)
    // Repaired, its shards have to do it again, and nothing else.
    try folder.write(study, to: "other/study.yaml")
    let changed = try BuiltProgram.run(merge, in: folder)
    #expect(
      changed.status == 2
        && changed.errors.contains("have changed since shard 1 was run; run it again"))
    for index in 0..<2 { #expect(try shard(index, of: 2, [], in: folder).errors == "") }
    #expect(try BuiltProgram.run(merge, in: folder).status == 0)
  }

  @Test func whatCannotBeMerged() throws {
    let folder = try folder()
    let ordered = try shard(0, of: 2, ["--store", "kept.sqlite"], in: folder)
    #expect(
      ordered.status == 2 && ordered.errors.contains("'--store none', or write 'results: none'"))
    #expect(!folder.exists("out") && !folder.exists("out.shards"))
    let none = ["--store", "none", "-q"]
    #expect(try shard(0, of: 2, none, in: folder).status == 0)
    let merge = ["merge", "out.shards", "--out", "out"] + none
    #expect(try BuiltProgram.run(merge, in: folder).errors.contains("1 shard of 2 is missing: 1"))
    #expect(try shard(1, of: 2, none + ["--set", "seed=4"], in: folder).status == 0)
    let other = try BuiltProgram.run(merge, in: folder)
    #expect(other.status == 2 && other.errors.contains("what '--set' replaces differs"), "\(other)")
    #expect(try shard(1, of: 2, none, in: folder).status == 0)
    try folder.remove("out/study_slow=30")
    let gone = try BuiltProgram.run(merge, in: folder)
    #expect(gone.status == 2 && gone.errors.contains("out/study_slow=30 has no result.json"))
    try folder.write(Self.batch + "seeds: [1]\n", to: "batch.yaml")
    #expect(try shard(1, of: 2, none, in: folder).status == 0)
    let file = try BuiltProgram.run(merge, in: folder)
    #expect(file.errors.contains("the batch file's 'seeds[0]' differs: '1' in shard 1"), "\(file)")
  }
}
