import Foundation
import Glibc
import Testing

/// A sweep that is killed goes on where it stopped, and ends with the same bytes.
struct SweepKillTests {
  private static let words = [
    "sweep", "study.yaml", "--out", "out", "-q", "--set",
    "sweep={grid: {fast: [\((2...25).map(String.init).joined(separator: ", "))], "
      + "slow: [\((26...45).map(String.init).joined(separator: ", "))]}}",
  ]

  /// What lies beside the folder of the results.
  private static func journal(_ folder: WorkFolder) -> Int {
    (try? folder.bytes(".out.units").count) ?? 0
  }

  @Test func aKilledSweepGoesOn() throws {
    let folder = try SampleStudy.folder()
    let whole = try BuiltProgram.run(Self.words + ["--threads", "1"], in: folder)
    #expect(whole.status == 0, "\(whole)")
    let expected = try folder.files("out")
    #expect(expected["sweep.csv"]?.split(separator: 0x0A).count == 481)
    #expect(Self.journal(folder) == 0)
    // Killed after a third, and after two thirds, of what it keeps; then with other threads.
    var size = 0
    for threads in ["1", "3"] {
      let job = try BuiltProgram.start(Self.words + ["--threads", threads], in: folder)
      let wanted = size + 120_000
      let isRunning = try job.wait { Self.journal(folder) > wanted }
      if isRunning { job.send(SIGKILL) }
      #expect(try job.finish().status == (isRunning ? -SIGKILL : 0) && isRunning)
      #expect(try folder.files("out") == expected, "the old result is whole")
      size = Self.journal(folder)
      #expect(size > wanted)
    }
    let last = try BuiltProgram.run(Self.words + ["--threads", "2"], in: folder)
    #expect(last.status == 0, "\(last)")
    #expect(try folder.files("out") == expected)
    #expect(!folder.exists(".out.units") && folder.names() == ["out", "prices", "study.yaml"])
    #expect(last.processorTime < whole.processorTime, "it began anew")
  }

  /// Units of another study, other prices or a torn file are of no use.
  @Test func whatBelongsToAnotherSweepIsIgnored() throws {
    let folder = try SampleStudy.folder()
    let job = try BuiltProgram.start(Self.words, in: folder)
    #expect(try job.wait { Self.journal(folder) > 50_000 })
    job.send(SIGKILL)
    _ = try job.finish()
    let journal = try folder.bytes(".out.units")
    // The study costs more now.
    let changed = Self.words + ["--set", "execution.slippage.basis-points=9"]
    #expect(try BuiltProgram.run(changed, in: folder).status == 0)
    let expected = try folder.files("out")
    try folder.write(journal, to: ".out.units")
    #expect(try BuiltProgram.run(changed, in: folder).status == 0)
    #expect(try folder.files("out") == expected)
    try folder.write(Array(journal.prefix(journal.count - 7)) + [1, 2, 3], to: ".out.units")
    #expect(try BuiltProgram.run(Self.words, in: folder).status == 0)
    #expect(try folder.files("out") != expected && !folder.exists(".out.units"))
  }
}
