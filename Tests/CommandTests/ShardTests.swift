import Foundation
import Glibc
import TestSupport
import Testing

/// Jobs that are done in shards: merged, they give the bytes of the whole job.
struct ShardTests {
  /// A command with what makes it several units.
  struct Job: CustomTestStringConvertible, Sendable {
    var words: [String]
    var testDescription: String { words[0] }

    static let grid = "grid: {slow: [26, 30, 36], fast: [2, 3, 5, 8, 13]}"
    static let sweep = Job(words: ["sweep", "study.yaml", "--set", "sweep={\(grid)}"])
    static let walkForward = Job(
      words: ["walkforward", "study.yaml", "--set", "walk-forward={train: 60, test: 40, \(grid)}"])
    static let crossValidation = Job(
      words: [
        "crossval", "study.yaml", "--set",
        "cross-validation={method: combinatorial, folds: 5, test-folds: 2, purge: 3, \(grid)}",
      ])
    static let all = [sweep, walkForward, crossValidation, Job(words: ["run", "study.yaml"])]
  }

  /// Does one shard.
  private func shard(
    _ job: Job, _ index: Int, of count: Int, _ more: [String] = [], in folder: WorkFolder
  ) throws -> BuiltProgram.Ended {
    try BuiltProgram.run(
      job.words + ["--shards", "\(count)", "--shard", "\(index)", "--out", "parts"] + more,
      in: folder)
  }

  /// The files of a merged result.
  private func merged(
    _ words: [String], _ more: [String] = [], in folder: WorkFolder
  ) throws -> [String: [UInt8]] {
    let ended = try BuiltProgram.run(["merge"] + words + ["--out", "out", "-q"] + more, in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    return try folder.files("out")
  }

  @Test(arguments: Job.all) func mergedShardsAreTheWholeJob(_ job: Job) throws {
    let folder = try SampleStudy.folder(withRegimes: false)
    let whole = try BuiltProgram.run(
      job.words + ["--out", "out", "-q", "--threads", "1"], in: folder)
    #expect(whole.status == 0, "\(whole)")
    let expected = try folder.files("out")
    var random = TestRandom(seed: 12)
    for count in [1, 4] {
      try folder.remove("out")
      try folder.remove("parts")
      // In any order, and some of them twice.
      var order = Array(0..<count) + [random.below(count)]
      for place in order.indices { order.swapAt(place, random.below(order.count)) }
      for index in order {
        let ended = try shard(job, index, of: count, in: folder)
        #expect(ended.status == 0 && ended.errors == "", "\(ended)")
      }
      let files = try merged(["parts"], in: folder)
      #expect(files == expected, "\(job.words[0]) in \(count) shards")
    }
    // The folders by name, in another order.
    try folder.remove("out")
    let names = folder.names("parts").map { "parts/\($0)" }.reversed()
    #expect(try merged(Array(names), in: folder) == expected)
  }

  /// Trials are counted as if there had been no shards.
  @Test(arguments: [Job.sweep, .walkForward, .crossValidation])
  func trialsAreCountedOnce(_ job: Job) throws {
    let folder = try SampleStudy.folder(withRegimes: false)
    let store = ["--store", "kept.sqlite"]
    #expect(
      try BuiltProgram.run(job.words + ["--out", "out", "-q"] + store, in: folder).status == 0)
    let expected = try folder.files("out")
    let json = String(decoding: try #require(expected["result.json"]), as: UTF8.self)
    #expect(json.contains("\"counted\": "))
    for name in folder.names() where name.hasPrefix("kept.sqlite") { try folder.remove(name) }
    try folder.remove("out")
    for index in [2, 0, 1, 0] {
      #expect(try shard(job, index, of: 3, store, in: folder).status == 0)
    }
    #expect(!folder.exists("kept.sqlite"), "a shard keeps its trials with it")
    #expect(try merged(["parts"], store, in: folder) == expected)
    // A second merge adds nothing.
    #expect(try merged(["parts"], store, in: folder) == expected)
  }

  /// A policy with several checkpoints: each is a unit.
  @Test func replicatesAreUnits() throws {
    let folder = try WorkFolder()
    let fixtures = CommandFixture.path("")
    let policy = fixtures + "policies/ppo_discrete"
    try folder.write(
      """
      data:
        calendar: XNYS
        from: 2015-01-01
        files: [{path: \(fixtures)prices/sp500.csv, symbol: SPX, asset-class: index}]
      strategy: {policy: \(policy)}
      replicates: {checkpoints: [\(policy)/model.safetensors, ./a/model.safetensors]}

      """, to: "study.yaml")
    try folder.write(
      try folder.bytes(absolute: "\(policy)/model.safetensors"), to: "a/model.safetensors")
    let job = Job(words: ["run", "study.yaml"])
    let whole = try BuiltProgram.run(job.words + ["--out", "out", "-q"], in: folder)
    #expect(whole.status == 0, "\(whole)")
    let expected = try folder.files("out")
    try folder.remove("out")
    for index in 0..<3 { #expect(try shard(job, index, of: 3, in: folder).status == 0) }
    #expect(try merged(["parts"], in: folder) == expected)
  }

  /// Shards that are killed at random, again and again, lose nothing and do nothing twice.
  @Test func killedShardsGoOn() throws {
    let folder = try SampleStudy.folder(withRegimes: false)
    let job = Job.sweep
    #expect(try BuiltProgram.run(job.words + ["--out", "out", "-q"], in: folder).status == 0)
    let expected = try folder.files("out")
    try folder.remove("out")
    var random = TestRandom(seed: 3)
    var killedCount = 0
    for _ in 0..<8 {
      let index = random.below(2)
      let before = (try? folder.bytes("parts/\(index)-of-2/units")) ?? []
      let words = ["--shards", "2", "--shard", "\(index)", "--out", "parts", "--threads", "1"]
      let job = try BuiltProgram.start(job.words + words, in: folder)
      let size = before.count + random.below(30_000)
      if try job.wait(until: { folder.size("parts/\(index)-of-2/units") > size }) {
        job.send(SIGKILL)
        killedCount += 1
      }
      _ = try job.finish()
      let after = try folder.bytes("parts/\(index)-of-2/units")
      #expect(after.starts(with: before.dropLast(4_000)), "it began anew")
    }
    #expect(killedCount >= 2, "the shards ended before they could be killed")
    for index in 0..<2 {
      let ended = try shard(job, index, of: 2, ["--json"], in: folder)
      #expect(ended.status == 0 && ended.output.contains("\"units\": "))
    }
    // Nothing of it is done again.
    let units = try folder.bytes("parts/0-of-2/units")
    let again = try shard(job, 0, of: 2, ["--json"], in: folder)
    #expect(again.output.contains("\"units\": 8") && again.output.contains("\"done-before\": 8"))
    #expect(try folder.bytes("parts/0-of-2/units") == units)
    #expect(try merged(["parts"], in: folder) == expected)
  }
}

extension WorkFolder {
  /// Removes a file or a folder with all that is in it, where it is there.
  func remove(_ name: String) throws {
    if exists(name) { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }
  }

  /// The bytes of a file outside the folder.
  func bytes(absolute path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  /// The size of a file; 0 where there is none.
  func size(_ name: String) -> Int {
    var status = stat()
    return stat("\(path)/\(name)", &status) == 0 ? Int(status.st_size) : 0
  }
}
