import Foundation
import Glibc
import Testing

/// A sweep that is killed goes on where it stopped, and ends with the same bytes.
struct SweepKillTests {
  private static let words = [
    "sweep", "study.yaml", "--out", "out", "-q", "--set",
    "sweep={grid: {fast: [2, 3, 5, 8, 13, 16, 20, 25], "
      + "slow: [26, 28, 30, 33, 36, 40, 42, 45]}}",
  ]

  /// The bytes that lie beside the folder of the results.
  private static func journal(_ folder: WorkFolder) -> [UInt8] {
    (try? folder.bytes(".out.units")) ?? []
  }

  /// Starts a sweep and kills it as soon as so many bytes are kept.
  ///
  /// - Returns: the fewest bytes that were seen.
  @discardableResult
  private static func kill(
    _ words: [String], in folder: WorkFolder, beyond size: Int
  ) throws -> Int {
    var fewest = journal(folder).count
    let job = try BuiltProgram.start(words, in: folder)
    let isRunning = try job.wait {
      usleep(500)
      let count = journal(folder).count
      fewest = min(fewest, count)
      return count > size
    }
    #expect(isRunning, "it ended before it could be killed")
    job.send(SIGKILL)
    #expect(try job.finish().status == -SIGKILL)
    return fewest
  }

  @Test func aKilledSweepGoesOn() throws {
    let folder = try SampleStudy.folder()
    #expect(try BuiltProgram.run(Self.words + ["--threads", "1"], in: folder).status == 0)
    let expected = try folder.files("out")
    #expect(expected["sweep.csv"]?.split(separator: 0x0A).count == 65)
    #expect(Self.journal(folder).isEmpty)
    // Killed twice, then with other threads.
    var kept: [UInt8] = []
    for threads in ["1", "3"] {
      let fewest = try Self.kill(
        Self.words + ["--threads", threads], in: folder, beyond: kept.count + 10_000)
      #expect(try folder.files("out") == expected, "the old result is whole")
      // Units are added to those of the job before, of which the last may be torn.
      let whole = kept.dropLast(2_000)
      #expect(fewest >= whole.count, "it began anew")
      #expect(Self.journal(folder).starts(with: whole), "it began anew")
      kept = Self.journal(folder)
    }
    #expect(try BuiltProgram.run(Self.words + ["--threads", "2"], in: folder).status == 0)
    #expect(try folder.files("out") == expected)
    #expect(!folder.exists(".out.units") && folder.names() == ["out", "prices", "study.yaml"])
  }

  /// Units of another study, other prices or a torn file are of no use.
  @Test func whatBelongsToAnotherSweepIsIgnored() throws {
    let folder = try SampleStudy.folder()
    try Self.kill(Self.words, in: folder, beyond: 10_000)
    let journal = Self.journal(folder)
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
