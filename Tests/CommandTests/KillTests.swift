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

  /// The moment of a job at which a signal is sent.
  enum Moment: CustomTestStringConvertible {
    /// The job has used a share of the processor time that it takes to its end.
    case used(percent: Int)
    /// So many files have come or gone since the job began.
    case changed(files: Int)

    var testDescription: String { "\(self)" }
  }

  /// A folder in which a job with other rules has written, and the slow job is to write.
  private struct Workplace {
    let folder: WorkFolder
    /// What the quick job wrote, and what the slow one would write.
    let old: [String: [UInt8]]
    let new: [String: [UInt8]]
    /// Nanoseconds of processor time of the slow job.
    let length: Int

    init() throws {
      folder = try SampleStudy.folder()
      let job = try BuiltProgram.start(KillTests.slow, in: folder)
      var length = 0
      while try job.wait(until: { (job.processorTime ?? 0) > length }) {
        length = job.processorTime ?? length
      }
      self.length = length
      #expect(try job.finish().status == 0 && length > 0)
      new = try folder.files("out")
      let quick = try BuiltProgram.run("walkforward", "study.yaml", "--out", "out", in: folder)
      #expect(quick.status == 0)
      old = try folder.files("out")
      #expect(old.count == 12 && new.count == 12 && old["folds.csv"] != new["folds.csv"])
    }

    /// Starts the slow job and waits for a moment of it.
    ///
    /// - Returns: The job, and whether it was still running then.
    func start(until moment: Moment) throws -> (job: BuiltProgram.Running, isRunning: Bool) {
      let before = folder.listing
      let job = try BuiltProgram.start(KillTests.slow, in: folder)
      try job.waitUntilItListens()
      let isRunning = try job.wait {
        switch moment {
        case .used(let percent): (job.processorTime ?? 0) >= length * percent / 100
        case .changed(let files): folder.listing.symmetricDifference(before).count >= files
        }
      }
      return (job, isRunning)
    }
  }

  @Test func interrupts() throws {
    let place = try Workplace()
    let moments: [(Int32, Moment)] = [
      (SIGINT, .used(percent: 0)), (SIGINT, .used(percent: 20)), (SIGINT, .used(percent: 50)),
      (SIGTERM, .used(percent: 60)), (SIGINT, .used(percent: 90)), (SIGINT, .changed(files: 1)),
      (SIGINT, .changed(files: 9)), (SIGTERM, .changed(files: 14)),
    ]
    for (signal, moment) in moments {
      let (job, isRunning) = try place.start(until: moment)
      if isRunning { job.send(signal) }
      let ended = try job.finish()
      let files = try place.folder.files("out")
      if case .used(let percent) = moment, percent <= 60 {
        #expect(isRunning && ended.status == 130, "at \(moment): \(ended)")
      }
      if ended.status == 0 {
        // It was done before the signal came.
        #expect(files == place.new)
        continue
      }
      #expect(ended.status == 130, "\(ended)")
      #expect(ended.errors.hasSuffix("interrupted; no file is half written\n"))
      // A signal may come between the last line of output and the end of the process.
      #expect(ended.output == "" || files == place.new)
      #expect(
        files == place.old || files == place.new, "at \(moment): \(place.folder.names("out"))")
    }
  }

  @Test func kills() throws {
    let place = try Workplace()
    let moments: [Moment] =
      [50, 90].map { .used(percent: $0) } + [1, 3, 6, 9, 11, 14, 17].map { .changed(files: $0) }
    var killedCount = 0
    for moment in moments {
      let (job, isRunning) = try place.start(until: moment)
      if isRunning { job.send(SIGKILL) }
      let ended = try job.finish()
      #expect(ended.status == -SIGKILL || ended.status == 0)
      killedCount += ended.status == 0 ? 0 : 1
      let files = try place.folder.files("out")
      #expect(
        files == place.old || files == place.new, "at \(moment): \(place.folder.names("out"))")
    }
    #expect(killedCount >= 3, "most jobs ended before they could be killed")
    try theNextJobTidiesUp(place)
  }

  /// A job that is killed as soon as its files are whole, so most likely while it exchanges them.
  @Test func killsWhileTheFoldersAreExchanged() throws {
    let place = try Workplace()
    try place.folder.write("mine", to: "out/own/notes.txt")
    for _ in 0..<5 {
      let job = try BuiltProgram.start(Self.slow, in: place.folder)
      _ = try job.wait {
        place.folder.names().contains { $0.hasSuffix(".replaced.partial") }
      }
      job.send(SIGKILL)
      _ = try job.finish()
      let files = try place.folder.files("out", skipping: "own")
      #expect(files == place.old || files == place.new, "\(place.folder.names("out"))")
    }
    try theNextJobTidiesUp(place)
    #expect(try place.folder.text("out/own/notes.txt") == "mine")
  }

  private func theNextJobTidiesUp(_ place: Workplace) throws {
    #expect(try BuiltProgram.run(Self.slow, in: place.folder).status == 0)
    #expect(try place.folder.files("out", skipping: "own") == place.new)
    #expect(
      !place.folder.names().contains { $0.hasSuffix(".partial") }, "\(place.folder.names())")
  }

  @Test func aFullDiskLeavesTheOldFiles() throws {
    let folder = try SampleStudy.folder()
    #expect(try BuiltProgram.run("run", "study.yaml", "--out", "out", "-q", in: folder).status == 0)
    let old = try folder.files("out")
    // A limit on the size of files stands for a disk that is full.
    let text = try Shell.output(
      """
      cd '\(folder.path)' && ulimit -f 8 && '\(BuiltProgram.path)' run study.yaml \
      --out out --set name=Other; echo "status $?"
      """)
    #expect(text.hasSuffix("File too large\nstatus 2\n"), "\(text)")
    #expect(try folder.files("out") == old)
  }
}
