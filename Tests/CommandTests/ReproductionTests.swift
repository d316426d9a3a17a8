@testable import BacktestKit
import Foundation
import Testing

/// Same inputs, same result: across processes, threads, orders of files and builds.
struct ReproductionTests {
  private func fingerprint(_ words: [String], in folder: WorkFolder) throws -> String {
    let ended = try BuiltProgram.run(words + ["--json", "--out", "out", "--force"], in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(words): \(ended)")
    return try ResultRecord(path: folder.path + "/out/result.json").fingerprint
  }

  /// The fingerprints stand in a file, so that every build and every machine has to give them.
  @Test func fingerprintsAreThoseOfEveryBuild() throws {
    let folder = try SampleStudy.folder()
    let demo = CommandFixture.path("studies/demo.yaml")
    var lines: [String] = []
    for (name, words) in [
      ("sample run", ["run", "study.yaml"]), ("sample walk", ["walkforward", "study.yaml"]),
      ("demo run", ["run", demo]),
    ] {
      lines.append("\(name) \(try fingerprint(words, in: folder))")
    }
    let text = lines.map { $0 + "\n" }.joined()
    let file = CommandFixture.path("commands/fingerprints.txt")
    if ProcessInfo.processInfo.environment["BACKTESTKIT_REWRITE"] == "1" {
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    }
    #expect(text == (try String(contentsOfFile: file, encoding: .utf8)))
  }

  @Test func threadsDoNotMatter() throws {
    let folder = try SampleStudy.folder()
    var results: [[String: [UInt8]]] = []
    for threads in ["1", "2", "5"] {
      _ = try fingerprint(["walkforward", "study.yaml", "--threads", threads], in: folder)
      results.append(try folder.files("out"))
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  @Test func theOrderOfFilesAndKeysDoesNotMatter() throws {
    let folder = try SampleStudy.folder()
    let (a, b) = (
      "    - {path: prices/a.csv, symbol: AAA}\n", "    - {path: prices/b.csv, symbol: BBB}\n"
    )
    #expect(SampleStudy.text.contains(b + a))
    // The keys the other way round too, and with them the dimensions of the grid.
    let (fast, slow) = ("fast: [3, 5]", "slow: [10, 20]")
    let head = "name: Two shares\n"
    let shuffled = SampleStudy.text.replacing(b + a, with: a + b)
      .replacing("{\(fast), \(slow)}", with: "{\(slow), \(fast)}")
      .replacing("{fast: 5, slow: 20, weight: 0.5}", with: "{weight: 0.5, slow: 20, fast: 5}")
    for command in ["run", "walkforward"] {
      try folder.write(SampleStudy.text, to: "study.yaml")
      _ = try fingerprint([command, "study.yaml"], in: folder)
      let first = try folder.files("out")
      try folder.write(shuffled.replacing(head, with: "") + head, to: "study.yaml")
      _ = try fingerprint([command, "study.yaml"], in: folder)
      for (name, bytes) in try folder.files("out") { #expect(bytes == first[name], "\(name)") }
    }
  }

  /// The program of the other build configuration: release beside debug, and debug beside release.
  private static let otherProgram =
    BuiltProgram.path.contains("/debug/")
    ? BuiltProgram.path.replacingOccurrences(of: "/debug/", with: "/release/")
    : BuiltProgram.path.replacingOccurrences(of: "/release/", with: "/debug/")

  /// Whether there is such a program and no source is newer; the fixed fingerprints above hold each
  /// build by itself.
  private static var otherProgramIsCurrent: Bool {
    guard let built = modificationDate(otherProgram) else { return false }
    let root = URL(fileURLWithPath: CommandFixture.path("..")).standardized
    let sources = FileManager.default.enumerator(atPath: root.path + "/Sources")
    let files = (sources?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".swift") }
    let dates = files.compactMap { modificationDate("\(root.path)/Sources/\($0)") }
    return !dates.isEmpty && dates.allSatisfy { $0 < built }
  }

  /// When a file was written last; `nil` for one that is not there.
  private static func modificationDate(_ path: String) -> Date? {
    try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
  }

  @Test(
    .enabled(
      if: ReproductionTests.otherProgramIsCurrent,
      "needs a current bt-run of the other configuration: swift build -c release --product bt-run"))
  func debugAndReleaseAgree() throws {
    let folder = try SampleStudy.folder()
    _ = try fingerprint(["walkforward", "study.yaml"], in: folder)
    let text = try Shell.output(
      "cd '\(folder.path)' && '\(Self.otherProgram)' walkforward study.yaml -q --out other")
    #expect(text == "")
    #expect(try folder.files("out") == folder.files("other"))
  }

  @Test func expectations() throws {
    let folder = try SampleStudy.folder()
    for (command, kind) in [("run", "run"), ("walkforward", "walk-forward")] {
      let hash = try fingerprint([command, "study.yaml"], in: folder)
      let json = "out/result.json"
      #expect(try folder.text(json).contains("\"kind\": \"\(kind)\""))
      // The result knows whether it was a run or a walk-forward.
      let same = try BuiltProgram.run("run", json, "--expect", hash.uppercased(), in: folder)
      #expect(same.status == 0, "\(same)")
      let changed = ["--set", "execution.slippage.basis-points=3"]
      let other = try BuiltProgram.run(["run", json, "--expect", hash] + changed, in: folder)
      #expect(other.status == 3 && other.output == "")
      #expect(other.errors.hasPrefix("bt-run run: \(json): the fingerprint is "))
      #expect(
        other.errors.hasSuffix(
          ", not \(hash) as expected: this run does not reproduce that one\n"))
      let quiet = try BuiltProgram.run("run", json, "--expect", hash, "-q", in: folder)
      #expect(quiet.status == 0 && quiet.output == "" && quiet.errors == "")
      let kept = try BuiltProgram.run(
        ["run", json, "--out", "kept-\(command)", "-q"] + changed, in: folder)
      #expect(kept.status == 0)
      let new = try ResultRecord(path: folder.path + "/kept-\(command)/result.json")
      #expect(new.fingerprint != hash)
      #expect(
        try BuiltProgram.run(
          "run", "kept-\(command)/result.json", "--expect", new.fingerprint, in: folder
        ).status == 0)
    }
    #expect(!folder.exists("Reports"))
    for hash in ["", "abc", String(repeating: "g", count: 32), String(repeating: "0", count: 33)] {
      #expect(
        try BuiltProgram.run("run", "study.yaml", "--expect", hash, in: folder).status == 2)
    }
  }
}
