import Foundation
import Testing

/// What cannot be merged, and command lines of shards that make no sense: one message each, which
/// says what is wrong and what to do.
struct ShardErrorTests {
  private static let job = [
    "sweep", "study.yaml", "-q", "--set", "sweep={grid: {slow: [26, 30, 36], fast: [2, 3, 5]}}",
  ]

  private func shard(
    _ index: Int, of count: Int, _ more: [String] = [], out: String = "parts", in folder: WorkFolder
  ) throws {
    let ended = try BuiltProgram.run(
      Self.job + ["--shards", "\(count)", "--shard", "\(index)", "--out", out] + more, in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
  }

  /// A folder with all shards of a sweep.
  private func folder(of count: Int = 3) throws -> WorkFolder {
    let folder = try SampleStudy.folder()
    for index in 0..<count { try shard(index, of: count, in: folder) }
    return folder
  }

  /// The message of a merge that fails and writes nothing.
  private func failure(
    _ words: [String] = ["parts"], in folder: WorkFolder
  ) throws -> String {
    let ended = try BuiltProgram.run(["merge"] + words + ["--out", "out"], in: folder)
    #expect(ended.status == 2 && ended.output == "" && !folder.exists("out"), "\(ended)")
    return ended.errors
  }

  @Test func commandLines() throws {
    let folder = try SampleStudy.folder()
    for (words, message) in [
      (["--shards", "2"], "'--shards' and '--shard' are given together"),
      (["--shard", "0"], "'--shards' and '--shard' are given together"),
      (["--shards", "2", "--shard", "2"], "'--shard' must be 0 to 1 with '--shards 2', not 2"),
      (["--shards", "0", "--shard", "0"], "'--shards' must be"),
      (["--shards", "2", "--shard", "-1"], "'--shard' must be"),
    ] {
      let ended = try BuiltProgram.run(Self.job + words, in: folder)
      #expect(ended.status == 2 && ended.errors.contains(message), "\(ended)")
      #expect(folder.names() == ["prices", "study.yaml"])
    }
    let hash = String(repeating: "0", count: 32)
    let ended = try BuiltProgram.run(
      "run", "study.yaml", "--shards", "2", "--shard", "0", "--expect", hash, in: folder)
    #expect(ended.status == 2 && ended.errors.contains("'--expect' is for a whole job"), "\(ended)")
  }

  @Test func missingShardsAreNamed() throws {
    let folder = try folder()
    try folder.remove("parts/1-of-3")
    #expect(
      try failure(in: folder)
        == "bt-run merge: 1 shard of 3 is missing: 1; run it with --shards 3 --shard 1\n")
    try folder.remove("parts/2-of-3")
    #expect(
      try failure(in: folder).contains(
        "2 shards of 3 are missing: 1, 2; run them with --shards 3 --shard 1"))
    try folder.remove("parts/0-of-3")
    #expect(try failure(in: folder).contains("parts: there are no shards here"))
    #expect(try failure(["gone"], in: folder).contains("gone: cannot"))
  }

  @Test func aShardThatIsThereTwice() throws {
    let folder = try folder()
    try shard(1, of: 3, out: "more", in: folder)
    let message = try failure(["parts", "more"], in: folder)
    #expect(message.contains("shard 1 is in ") && message.contains("leave out one of them"))
  }

  @Test func whatDiffersIsNamed() throws {
    let folder = try folder()
    try shard(2, of: 3, ["--set", "execution.slippage.basis-points=9"], in: folder)
    let message = try failure(in: folder)
    #expect(message.contains("the study's 'execution.slippage.basis-points' differs"), "\(message)")
    #expect(message.contains("9") && message.contains("2-of-3") && message.contains("0-of-3"))
    // Other prices of one instrument.
    let prices = try folder.text("prices/b.csv")
    let rows = prices.split(separator: "\n")
    try folder.write(rows.dropLast(3).joined(separator: "\n") + "\n", to: "prices/b.csv")
    try shard(2, of: 3, in: folder)
    #expect(try failure(in: folder).contains("the bars of 'BBB' differ between"))
    try folder.write(prices, to: "prices/b.csv")
    try shard(2, of: 3, in: folder)
    // Prices that changed since.
    try folder.write(rows.dropLast(3).joined(separator: "\n") + "\n", to: "prices/b.csv")
    #expect(try failure(in: folder).contains("the bars of 'BBB' differ between this merge and"))
    try folder.write(prices, to: "prices/b.csv")
    // Another number of shards, and another version.
    try shard(0, of: 2, out: "more", in: folder)
    #expect(try failure(["parts", "more"], in: folder).contains("the number of shards differs"))
    let record = try folder.text("parts/1-of-3/shard.json")
    try folder.write(
      record.replacing("\"version\": \"", with: "\"version\": \"9"), to: "parts/1-of-3/shard.json")
    #expect(try failure(in: folder).contains("the version differs: 9"))
  }

  @Test func damagedFiles() throws {
    let folder = try folder()
    let file = "parts/1-of-3/units"
    let units = try folder.bytes(file)
    try folder.write(Array(units.dropLast(5)), to: file)
    let message = try failure(in: folder)
    #expect(message.contains("parts/1-of-3/units: cannot use it: it is damaged after 2 units"))
    #expect(message.contains("run shard 1 again to repair it"))
    var changed = units
    changed[100] ^= 1
    try folder.write(changed, to: file)
    #expect(try failure(in: folder).contains("damaged after 0 units, at byte 24 of"))
    changed = units
    changed[10] ^= 1
    try folder.write(changed, to: file)
    #expect(try failure(in: folder).contains("it does not begin as the units of this"))
    try folder.write([UInt8](), to: file)
    #expect(try failure(in: folder).contains("it does not begin as the units of this"))
    try folder.remove(file)
    #expect(try failure(in: folder).contains("parts/1-of-3/units: cannot open"))
    // What is whole but not all of it.
    try folder.write(Array(units.prefix(24)), to: file)
    #expect(try failure(in: folder).contains("shard 1 is not finished: 0 of 3 units are done"))
    // Units of another shard.
    try folder.write(try folder.bytes("parts/0-of-3/units"), to: file)
    #expect(try failure(in: folder).contains("unit 0 does not belong to shard 1 of 3"))
    for text in ["", "{", "[]", "{}", "{\"schema\": \"backtestkit.shard/2\"}"] {
      try folder.write(text, to: "parts/1-of-3/shard.json")
      #expect(try failure(in: folder).contains("parts/1-of-3/shard.json:"))
    }
    // Done again, everything is repaired.
    try folder.remove(file)
    try shard(1, of: 3, in: folder)
    #expect(
      try BuiltProgram.run("merge", "parts", "--out", "out", "-q", in: folder).status == 0)
  }

  @Test func folders() throws {
    let folder = try SampleStudy.folder()
    try folder.write("mine", to: "parts/0-of-2/notes.txt")
    let words = Self.job + ["--shards", "2", "--shard", "0", "--out", "parts"]
    let refused = try BuiltProgram.run(words, in: folder)
    #expect(refused.status == 2)
    #expect(refused.errors.contains("parts/0-of-2 is no folder of a shard: it holds 'notes.txt'"))
    #expect(folder.names("parts/0-of-2") == ["notes.txt"])
    #expect(try BuiltProgram.run(words + ["--force"], in: folder).status == 0)
    #expect(folder.names("parts/0-of-2") == ["notes.txt", "shard.json", "units"])
    // A merge does not write over the result of another study.
    try shard(1, of: 2, in: folder)
    try folder.write("mine", to: "out/notes.txt")
    let kept = try BuiltProgram.run("merge", "parts", "--out", "out", in: folder)
    #expect(kept.status == 2 && kept.errors.contains("out is no folder of results"), "\(kept)")
    #expect(folder.names("out") == ["notes.txt"])
  }

  /// Shards that were copied elsewhere find the study's files where they are now.
  @Test func theStudyMayLieElsewhere() throws {
    let folder = try folder(of: 2)
    let elsewhere = try WorkFolder()
    for index in 0..<2 {
      for name in ["shard.json", "units"] {
        try elsewhere.write(
          try folder.bytes("parts/\(index)-of-2/\(name)"), to: "a/b/\(index)-of-2/\(name)")
      }
    }
    let lost = try BuiltProgram.run("merge", "a/b", "--out", "out", in: elsewhere)
    #expect(lost.status == 2 && lost.errors.contains("prices/"), "\(lost)")
    let found = try BuiltProgram.run(
      "merge", "a/b", "--study-folder", folder.path, "--out", "out", "-q", in: elsewhere)
    #expect(found.status == 0, "\(found)")
    #expect(try BuiltProgram.run(Self.job + ["--out", "whole"], in: folder).status == 0)
    #expect(try elsewhere.bytes("out/sweep.csv") == folder.bytes("whole/sweep.csv"))
  }
}
