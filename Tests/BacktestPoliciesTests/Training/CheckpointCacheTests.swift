@testable import BacktestCore
@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// Trainings that run once and are kept.
@Suite final class CheckpointCacheTests {
  private let scratch: ScratchFolder
  private let cache: CheckpointCache

  init() throws {
    scratch = try ScratchFolder()
    cache = CheckpointCache(folder: "\(scratch.path)/deep/cache")
    try write(
      "train.sh", "echo \"$@\" >> runs; echo weights $1 > \"$2\"; echo n > \"${2%/*}/norm\"")
  }

  deinit { try? FolderTree.remove("\(scratch.path)/deep") }

  private func write(_ name: String, _ text: String) throws {
    try PlainFile.write(Array(text.utf8), to: "\(scratch.path)/\(name)")
  }

  private func training(
    _ line: String = "sh train.sh {seed} {checkpoint}", seed: Int = 1, data: String = "d1"
  ) throws -> CheckpointCache.Training {
    let template = try CommandTemplate(line, placeholders: ["seed", "checkpoint"])
    var training = CheckpointCache.Training(template, values: ["seed": "\(seed)"])
    training.data = data
    training.folder = scratch.path
    return training
  }

  private func error(_ training: CheckpointCache.Training) -> PolicyError? {
    do throws(PolicyError) {
      _ = try cache.checkpoint(for: training)
      return nil
    } catch {
      return error
    }
  }

  private func message(_ training: CheckpointCache.Training) -> String {
    error(training).map { "\($0)" } ?? ""
  }

  private var runs: Int { scratch.text("runs")?.split(separator: "\n").count ?? 0 }

  private func text(_ path: String) throws -> String {
    String(decoding: try FileBytes.read(path), as: UTF8.self)
  }

  @Test func nothingIsTrainedTwice() throws {
    let first = try cache.checkpoint(for: training())
    #expect(first.isNew && runs == 1)
    #expect(try text(first.path) == "weights 1\n")
    #expect(first.path == "\(cache.folder)/\(first.key)/model.zip")
    // What the command wrote beside it is there too.
    #expect(try text("\(cache.folder)/\(first.key)/norm") == "n\n")
    let second = try cache.checkpoint(for: training())
    #expect(!second.isNew && second.path == first.path && second.key == first.key && runs == 1)
    // Only what is complete stands under its name.
    let names = try FolderTree.files(below: cache.folder)
    #expect(
      names
        == [
          "\(first.key)/checkpoint.json", "\(first.key)/model.zip", "\(first.key)/norm",
        ].sorted())
  }

  /// What cannot be used is not kept, so that the next training has its chance.
  @Test func garbageIsNotKept() throws {
    try write(
      "once.sh", "echo run >> runs; if [ -e seen ]; then echo good; else echo bad; fi > $1; :> seen"
    )
    let training = try training("sh once.sh {checkpoint}")
    func train() throws -> CheckpointCache.Checkpoint {
      try cache.checkpoint(for: training, isInterrupted: { false }) { (path) throws(PolicyError) in
        guard let bytes = try? FileBytes.read(path), bytes.first == UInt8(ascii: "g") else {
          throw PolicyError("no weights in it")
        }
      }
    }
    do {
      _ = try train()
      Issue.record("garbage was kept")
    } catch {
      #expect("\(error)".contains("the model.zip that it wrote cannot be used and was not kept"))
      #expect("\(error)".contains("no weights in it; correct the training"))
    }
    #expect(try FolderTree.names(in: cache.folder).isEmpty)
    #expect(try train().isNew && runs == 2)
    #expect(try !train().isNew && runs == 2)
  }

  /// What a killed training leaves is removed by the next one, whatever that trains.
  @Test func whatAKilledTrainingHadBegunIsRemoved() throws {
    try FolderTree.make("\(cache.folder)/0123.partial")
    try PlainFile.write([1], to: "\(cache.folder)/0123.partial/model.zip")
    try PlainFile.write([], to: "\(cache.folder)/0123.lock")
    try PlainFile.write([], to: "\(cache.folder)/4567.lock")
    let living = try #require(PathLock("\(cache.folder)/4567.lock"))
    let made = try cache.checkpoint(for: training())
    let names = try FolderTree.names(in: cache.folder).sorted()
    withExtendedLifetime(living) { #expect(names == ["4567.lock", made.key].sorted()) }
  }

  @Test func whateverGoesInCounts() throws {
    try write("more", "a")
    func key(_ change: (inout CheckpointCache.Training) throws -> Void = { _ in }) throws -> String
    {
      var training = try training()
      try change(&training)
      return try cache.checkpoint(for: training).key
    }
    var keys = [try key()]
    #expect(try key { $0.folder = "\(scratch.path)/." } == keys[0])
    keys.append(try key { $0.values["seed"] = "2" })
    keys.append(try key { $0.data = "d2" })
    keys.append(try key { $0.fileName = "model.pt" })
    keys.append(try key { $0.inputs = ["more"] })
    try write("more", "b")
    keys.append(try key { $0.inputs = ["more"] })
    let line = "sh train.sh {seed} {checkpoint} --config=more"
    keys.append(try key { $0 = try training(line) })
    try write("more", "c")
    keys.append(try key { $0 = try training(line) })
    try write("train.sh", "echo again >> runs; echo other > $2")
    keys.append(try key())
    #expect(Set(keys).count == keys.count && runs == keys.count)
  }

  @Test func aDamagedFileIsFound() throws {
    let checkpoint = try cache.checkpoint(for: training())
    try FileBytes.write("other\n", to: checkpoint.path)
    let problem = try message(training())
    #expect(problem.hasPrefix("\(checkpoint.path): the SHA-256 digest is"))
    #expect(problem.contains("remove the folder"))
    try FileBytes.write("{", to: "\(cache.folder)/\(checkpoint.key)/checkpoint.json")
    #expect(try message(training()).contains("not valid JSON"))
    try FolderTree.remove("\(cache.folder)/\(checkpoint.key)")
    #expect(try cache.checkpoint(for: training()).isNew)
  }

  @Test func aFailureLeavesNothingBehind() throws {
    try write("train.sh", "echo half > $2; echo out of memory >&2; exit 5")
    let failure = try #require(error(try training()))
    #expect(failure.problem == "it ended with exit status 5")
    #expect(failure.lastLines == ["out of memory"])
    try write("train.sh", "true")
    #expect(try message(training()).contains("wrote nothing to the path"))
    #expect(try FolderTree.names(in: cache.folder).isEmpty)
    var missing = try training()
    missing.inputs = ["none"]
    #expect(message(missing).contains("none: cannot open"))
    #expect(
      try message(training("sh train.sh {seed} out")).contains("{checkpoint}"))
  }

  @Test func aScriptThatChangesMeanwhileIsNotTrusted() throws {
    try write("train.sh", "echo w > $2; echo '# later' >> train.sh")
    #expect(try message(training()).contains("changed while it ran"))
  }

  @Test func threadsWaitForTheOneThatTrains() async throws {
    try write("train.sh", "echo run >> runs; sleep 0.1; echo w > $2")
    let (cache, training) = (cache, try training())
    let new = try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<3 {
        group.addTask { try cache.checkpoint(for: training).isNew }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(new == 1 && runs == 1)
  }

  @Test func barsHaveADigest() throws {
    let bars = try MarketBuilder.standardAndPoors500()
    #expect(CheckpointCache.digest(of: [bars]) == CheckpointCache.digest(of: [bars]))
    #expect(CheckpointCache.digest(of: [bars]) != CheckpointCache.digest(of: [bars.rows(0..<9)]))
    #expect(CheckpointCache.digest(of: [bars]) != CheckpointCache.digest(of: [bars, bars]))
  }
}
