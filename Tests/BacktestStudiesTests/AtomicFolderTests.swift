@testable import BacktestFiles
@testable import BacktestStudies
import TestSupport
import Glibc
import Testing

/// Result folders: the old files or the new ones, and whatever else is in the folder stays.
final class AtomicFolderTests {
  private let scratch: ScratchFolder
  /// The folder that jobs write to.
  private let out: String

  init() throws {
    scratch = try ScratchFolder()
    out = scratch.path + "/out"
  }

  deinit { for name in scratch.names { try? FolderTree.remove("\(scratch.path)/\(name)") } }

  /// A job that writes two files and may have left a third before.
  private func job(_ text: String, in path: String? = nil, isShared: Bool = false) throws {
    var folder = try AtomicFolder(path: path ?? out, isShared: isShared)
    try folder.write(Array(text.utf8), to: "a.csv")
    try folder.write(Array(text.utf8), to: "result.json")
    folder.remove(["folds.csv"])
    try folder.commit()
  }

  private func text(_ name: String) -> String? { scratch.text("out/\(name)") }

  private func names(_ path: String) throws -> [String] { try FolderTree.names(in: path).sorted() }

  private func write(_ text: String, to name: String) throws {
    try PlainFile.write(Array(text.utf8), to: "\(scratch.path)/\(name)")
  }

  @Test func filesAppearTogetherOrNotAtAll() throws {
    struct Failure: Error {}
    func job(fails: Bool) throws {
      var folder = try AtomicFolder(path: out)
      try folder.write(Array("a".utf8), to: "a.csv")
      var csv = try CSVWriter(["x"], to: try folder.file("b.csv"))
      try csv.row { $0.field(1) }
      if fails { throw Failure() }
      try csv.finish()
      #expect(text("a.csv") == nil)
      try folder.commit()
    }
    #expect(throws: Failure.self) { try job(fails: true) }
    // Nor does the folder that was made for it.
    #expect(scratch.names.isEmpty)
    try job(fails: false)
    #expect(try names(out) == ["a.csv", "b.csv"] && text("b.csv") == "x\n1\n")
    #expect(scratch.names == ["out"])
  }

  @Test func otherEntriesStay() throws {
    try job("old")
    try write("1", to: "out/folds.csv")
    try write("mine", to: "out/notes.txt")
    try FolderTree.make("\(out)/charts/deep")
    try write("drawn", to: "out/charts/deep/one.svg")
    symlink("notes.txt", "\(out)/link")
    chmod(out, 0o750)
    let before = scratch.identity("out/notes.txt")
    try job("new")
    #expect(try names(out) == ["a.csv", "charts", "link", "notes.txt", "result.json"])
    #expect(text("a.csv") == "new" && text("notes.txt") == "mine" && text("link") == "mine")
    #expect(text("charts/deep/one.svg") == "drawn")
    #expect(scratch.identity("out/notes.txt") == before && scratch.names == ["out"])
    var status = stat()
    #expect(stat(out, &status) == 0 && status.st_mode & 0o7777 == 0o750)
  }

  @Test func aFolderBehindALinkIsReplacedWhereItIs() throws {
    try FolderTree.make("\(scratch.path)/disk/real")
    symlink("disk/real", out)
    try job("old")
    try job("new")
    #expect(try names("\(scratch.path)/disk/real") == ["a.csv", "result.json"])
    #expect(text("a.csv") == "new" && !FolderTree.isRealFolder(out))
  }

  @Test func sharedFoldersKeepTheFilesOfOtherJobs() throws {
    try write("x", to: "other.csv")
    try job("old", in: scratch.path, isShared: true)
    try job("new", in: scratch.path, isShared: true)
    #expect(scratch.names == ["a.csv", "other.csv", "result.json"])
    #expect(scratch.text("a.csv") == "new")
  }

  /// A job that was killed while it wrote leaves a folder that no other job takes for a result.
  @Test func whatAKilledJobHadBegunIsRemoved() throws {
    try job("old")
    try FolderTree.make("\(scratch.path)/.out.4000000-0.partial")
    try write("half", to: ".out.4000000-0.partial/a.csv")
    try FolderTree.make("\(scratch.path)/.out.mine.partial")
    try job("new")
    #expect(scratch.names == [".out.mine.partial", "out"] && text("a.csv") == "new")
  }

  /// A job that was killed right after the exchange leaves the old folder, in which the user's own
  /// folders still are.
  @Test func whatAKilledJobHadReplacedIsPutBackAndRemoved() throws {
    try job("new")
    let old = ".out.4000000-0.replaced.partial"
    try FolderTree.make("\(scratch.path)/\(old)/charts")
    for name in ["a.csv", "result.json", "folds.csv"] { try write("old", to: "\(old)/\(name)") }
    try write("drawn", to: "\(old)/charts/one.svg")
    try write("mine", to: "out/notes.txt")
    link("\(out)/notes.txt", "\(scratch.path)/\(old)/notes.txt")
    try job("newer")
    #expect(try names(out) == ["a.csv", "charts", "notes.txt", "result.json"])
    #expect(text("charts/one.svg") == "drawn" && text("a.csv") == "newer")
    #expect(scratch.names == ["out"])
  }

  /// Where the system exchanges no folders, a job can be killed while neither is in its place.
  @Test func aFolderThatWasMovedAsideIsPutBack() throws {
    try job("old")
    rename(out, "\(scratch.path)/.out.4000000-aside.replaced.partial")
    _ = try AtomicFolder(path: out)
    #expect(try names(out) == ["a.csv", "result.json"] && text("a.csv") == "old")
    #expect(scratch.names == ["out"])
  }

  /// Two jobs never have one folder at the same time, and the one that comes too late says so.
  @Test func aLivingJobIsLeftAlone() throws {
    var slow = try AtomicFolder(path: out)
    try slow.write(Array("slow".utf8), to: "a.csv")
    let refused = #expect(throws: FileError.self) { try job("quick") }
    #expect(
      refused?.description.hasSuffix(
        "/out: cannot write into the folder: another job is using it; wait for its end, or choose "
          + "another folder") == true)
    // Through a link it is the same folder.
    symlink("out", "\(scratch.path)/link")
    #expect(throws: FileError.self) { try job("quick", in: "\(scratch.path)/link") }
    unlink("\(scratch.path)/link")
    try slow.commit()
    #expect(text("a.csv") == "slow" && text("result.json") == nil)
    #expect(scratch.names == ["out"])
  }

  /// Of two jobs that begin at once, one writes all its files, and the other writes after it or
  /// not at all. Whether they meet is up to chance; `aLivingJobIsLeftAlone` makes two meet.
  @Test func pairsOfWritersNeverMix() async throws {
    let out = out
    for round in 0..<100 {
      let outcomes = await withTaskGroup(of: Bool.self) { group in
        for name in ["left \(round)", "right \(round)"] {
          group.addTask { Self.writes(name, to: out) }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(outcomes.contains(true))
      let found = text("a.csv")
      #expect(found == text("b.csv") && found == text("result.json"))
      #expect(found?.hasSuffix(" \(round)") == true && scratch.names == ["out"])
    }
  }

  private static func writes(_ text: String, to path: String) -> Bool {
    do throws(FileError) {
      var folder = try AtomicFolder(path: path)
      for name in ["a.csv", "b.csv", "result.json"] { try folder.write(Array(text.utf8), to: name) }
      try folder.commit()
      return true
    } catch {
      return false
    }
  }

  /// Jobs that share a folder come one after another.
  @Test func sharingJobsNeverMixFilesOfOneName() async throws {
    let path = scratch.path
    for _ in 0..<20 {
      await withTaskGroup(of: Void.self) { group in
        for name in ["left", "right"] {
          group.addTask {
            do throws(FileError) {
              var folder = try AtomicFolder(path: path, isShared: true)
              try folder.write(Array(name.utf8), to: "x.csv")
              try folder.write(Array(name.utf8), to: "x.json")
              try folder.commit()
            } catch {
              Issue.record("\(error)")
            }
          }
        }
      }
      #expect(scratch.text("x.csv") == scratch.text("x.json"))
      #expect(scratch.names == ["x.csv", "x.json"])
    }
  }

  /// A folder of two blocks: the second file finds no room.
  @Test func aFullDiskLeavesNothingBehind() throws {
    let disk = "\(scratch.path)/disk"
    try FolderTree.make(disk)
    guard mount("none", disk, "tmpfs", 0, "size=64k") == 0 else {
      // Only root may mount; the limit on file sizes in KillTests stands in for it then.
      try FolderTree.remove(disk)
      return
    }
    defer { umount2(disk, 2) }
    try job("old", in: "\(disk)/out")
    let full = #expect(throws: FileError.self) {
      var folder = try AtomicFolder(path: "\(disk)/out")
      try folder.write(Array("new".utf8), to: "a.csv")
      try folder.write([UInt8](repeating: 7, count: 200_000), to: "result.json")
      try folder.commit()
    }
    #expect(full?.description.hasSuffix("No space left on device") == true)
    #expect(try names(disk) == ["out"] && names("\(disk)/out") == ["a.csv", "result.json"])
    #expect(throws: FileError.self) {
      try FileBytes.write([UInt8](repeating: 7, count: 200_000), to: "\(disk)/one")
    }
    #expect(throws: FileError.self) {
      var folder = try AtomicFolder(path: "\(disk)/other/deep")
      try folder.write([UInt8](repeating: 7, count: 200_000), to: "result.json")
    }
    #expect(try names(disk) == ["out"])
  }

  @Test func foldersAreMade() throws {
    var folder = try AtomicFolder(path: "\(out)/one/two")
    try folder.write([], to: "empty")
    try folder.commit()
    #expect(access("\(out)/one/two/empty", F_OK) == 0)
  }

  @Test func failuresNameTheFileAndTheReason() throws {
    let notAFolder = FileError(path: "/dev/null", action: "create the folder", code: ENOTDIR)
    #expect(throws: notAFolder) { _ = try AtomicFolder(path: "/dev/null/x") }
    try job("old")
    try FolderTree.remove("\(scratch.path)/none")
    unlink("\(out)/a.csv")
    try FolderTree.make("\(out)/a.csv")
    let taken = #expect(throws: FileError.self) { try job("new") }
    #expect(
      taken?.description == "\(out)/a.csv: cannot put the file in its place: Is a directory")
    #expect(text("result.json") == "old" && scratch.names == ["out"])
  }
}

extension ScratchFolder {
  /// The number by which the file system knows an entry.
  fileprivate func identity(_ name: String) -> UInt64? {
    var status = stat()
    return lstat("\(path)/\(name)", &status) == 0 ? UInt64(status.st_ino) : nil
  }
}
