@testable import BacktestCheckpoints
@testable import BacktestFiles
@testable import BacktestPolicies
import Glibc
import TestSupport
import Testing

/// Folders of policies that try to reach or to show what they should not.
@Suite struct HostileFolderTests {
  /// A copy of a small policy, changed.
  private func folder(_ change: (inout JSONValue) -> Void) throws -> ScratchFolder {
    let scratch = try ScratchFolder()
    let source = try PolicyImport(checkpoint: TrainerFixture.path("ppo_tanh.zip"))
    try source.policy(named: "p", try TrainerFixture.answers()).write(to: scratch.path)
    var manifest = JSONValue(
      try DocumentReader.read(path: "\(scratch.path)/manifest.json"))
    change(&manifest)
    try PlainFile.write(JSONWriter.bytes(of: manifest), to: "\(scratch.path)/manifest.json")
    return scratch
  }

  private static func weights(_ file: String) -> JSONValue {
    [["file": .text(file), "format": "safetensors"]]
  }

  @Test func aLinkOutOfTheFolderIsNotFollowed() throws {
    let outside = try ScratchFolder()
    let scratch = try folder { $0.set("weights", Self.weights("data/model.safetensors")) }
    #expect(
      rename("\(scratch.path)/model.safetensors", "\(outside.path)/model.safetensors") == 0)
    #expect(symlink(outside.path, "\(scratch.path)/data") == 0)
    let error = #expect(throws: PolicyError.self) { try TrainedPolicy(path: scratch.path) }
    #expect(error?.problem.contains("leads out of the manifest's folder") == true)
    #expect(throws: PolicyError.self) { try PolicyCheck(path: scratch.path) }
  }

  @Test func aLinkWithinTheFolderIsFollowed() throws {
    let scratch = try folder { $0.set("weights", Self.weights("data/model.safetensors")) }
    #expect(mkdir("\(scratch.path)/real", 0o755) == 0)
    #expect(
      rename("\(scratch.path)/model.safetensors", "\(scratch.path)/real/model.safetensors") == 0)
    #expect(symlink("real", "\(scratch.path)/data") == 0)
    _ = try TrainedPolicy(path: scratch.path)
  }

  @Test func aNormaliserBehindALinkIsNotRead() throws {
    let outside = try ScratchFolder()
    try PlainFile.write(Array(#"{"kind": "none"}"#.utf8), to: "\(outside.path)/norm.json")
    let scratch = try folder { manifest in
      var observation = manifest["observation"] ?? .table([])
      observation.set("normalise", ["file": "data/norm.json"])
      manifest.set("observation", observation)
    }
    #expect(symlink(outside.path, "\(scratch.path)/data") == 0)
    let error = #expect(throws: PolicyError.self) { try TrainedPolicy(path: scratch.path) }
    #expect(error?.problem.contains("leads out of the manifest's folder") == true)
  }

  @Test func aControlCharacterIsRefused() throws {
    for key in ["name", "algorithm", "timing"] {
      let scratch = try folder { $0.set(key, .text("quiet \u{1B}[2J\u{7}")) }
      let error = #expect(throws: PolicyError.self) { try TrainedPolicy(path: scratch.path) }
      #expect(error?.problem.contains("control character") == true)
      #expect(error.map { !"\($0)".contains("\u{1B}") } == true)
    }
  }

  /// A sparse file of 5 GB: its size is checked before anything of it is read.
  @Test func aFileBeyondTheLimitIsNotDigested() throws {
    let scratch = try folder { $0.set("weights", Self.weights("large.safetensors")) }
    let path = "\(scratch.path)/large.safetensors"
    let descriptor = open(path, O_CREAT | O_WRONLY, 0o644)
    #expect(descriptor >= 0 && ftruncate(descriptor, 5 << 30) == 0)
    close(descriptor)
    let error = #expect(throws: PolicyError.self) { try PolicyCheck(path: scratch.path) }
    #expect(error?.problem.contains("\(5 << 30) bytes, more than 384 MiB") == true)
  }
}
