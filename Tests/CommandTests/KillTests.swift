import Foundation
import Glibc
import Testing

/// Jobs that are interrupted or killed leave whole files.
struct KillTests {
  /// A walk-forward of some hundred milliseconds, and what it writes over.
  private static let slow = [
    "walkforward", "study.yaml", "--out", "out", "--threads", "1", "--set",
    "walk-forward.grid.fast=[\((2...9).map(String.init).joined(separator: ", "))]", "--set",
    "walk-forward.grid.slow=[\((10...25).map(String.init).joined(separator: ", "))]",
  ]

  /// The folder after a whole job with other rules, and the files of the job that is to be killed.
  private func prepared() throws -> (
    folder: WorkFolder, old: [String: [UInt8]], new: [String: [UInt8]], microseconds: Int
  ) {
    let folder = try SampleStudy.folder()
    let clock = ContinuousClock()
    var status: Int32 = -1
    let time = try clock.measure { status = try BuiltProgram.run(Self.slow, in: folder).status }
    #expect(status == 0)
    let new = try folder.files("out")
    status = try BuiltProgram.run("walkforward", "study.yaml", "--out", "out", in: folder).status
    #expect(status == 0)
    let old = try folder.files("out")
    #expect(old.count == 9 && new.count == 9 && old["folds.csv"] != new["folds.csv"])
    let microseconds = Int(time / .microseconds(1))
    return (folder, old, new, microseconds)
  }

  @Test func interrupts() throws {
    let (folder, old, new, length) = try prepared()
    for (signal, part) in [
      (SIGINT, 0), (SIGINT, 20), (SIGINT, 50), (SIGTERM, 70), (SIGINT, 90), (SIGINT, 96),
      (SIGINT, 99),
    ] {
      let job = try BuiltProgram.start(Self.slow, in: folder)
      try job.waitUntilItListens()
      usleep(UInt32(length * part / 100))
      job.send(signal)
      let ended = try job.finish()
      let files = try folder.files("out")
      if ended.status == 0 {
        // It was done before the signal came.
        #expect(files == new)
        continue
      }
      #expect(ended.status == 130, "\(ended)")
      #expect(ended.errors.hasSuffix("interrupted; no file is half written\n"))
      #expect(ended.output == "")
      #expect(files == old || files == new, "at \(part) %: \(folder.names("out"))")
    }
  }

  @Test func kills() throws {
    let (folder, old, new, length) = try prepared()
    for part in [50, 85, 90, 92, 94, 96, 98, 100] {
      let job = try BuiltProgram.start(Self.slow, in: folder)
      usleep(UInt32(length * part / 100))
      job.send(SIGKILL)
      let ended = try job.finish()
      #expect(ended.status == -SIGKILL || ended.status == 0)
      let files = try folder.files("out")
      #expect(files == old || files == new, "killed at \(part) %: \(folder.names("out"))")
    }
    try theNextJobTidiesUp(folder, new)
  }

  /// A job that is killed as soon as its files are whole, so most likely while it exchanges them.
  @Test func killsWhileTheFoldersAreExchanged() throws {
    let (folder, old, new, _) = try prepared()
    try folder.write("mine", to: "out/own/notes.txt")
    for _ in 0..<5 {
      let job = try BuiltProgram.start(Self.slow, in: folder)
      while job.isRunning, !folder.names().contains(where: { $0.hasSuffix(".replaced.partial") }) {}
      job.send(SIGKILL)
      _ = try job.finish()
      let files = try folder.files("out", skipping: "own")
      #expect(files == old || files == new, "\(folder.names("out"))")
    }
    #expect(try BuiltProgram.run(Self.slow, in: folder).status == 0)
    #expect(try folder.files("out", skipping: "own") == new)
    #expect(try folder.text("out/own/notes.txt") == "mine")
    #expect(!folder.names().contains(where: isStaging))
  }

  private func isStaging(_ name: String) -> Bool { name.hasSuffix(".partial") }

  private func theNextJobTidiesUp(_ folder: WorkFolder, _ new: [String: [UInt8]]) throws {
    #expect(try BuiltProgram.run(Self.slow, in: folder).status == 0)
    #expect(try folder.files("out") == new)
    #expect(!folder.names().contains(where: isStaging), "\(folder.names())")
  }

  @Test func aFullDiskLeavesTheOldFiles() throws {
    let folder = try SampleStudy.folder()
    #expect(try BuiltProgram.run("run", "study.yaml", "--out", "out", "-q", in: folder).status == 0)
    let old = try folder.files("out")
    // A limit on the size of files stands for a disk that is full.
    let text = try Shell.output(
      """
      cd '\(folder.path)' && ulimit -f 8 && trap '' XFSZ && '\(BuiltProgram.path)' run study.yaml \
      --out out --set name=Other; echo "status $?"
      """)
    #expect(text.hasSuffix("File too large\nstatus 2\n"), "\(text)")
    #expect(try folder.files("out") == old)
  }
}
