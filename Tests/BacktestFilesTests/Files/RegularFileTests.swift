@testable import BacktestFiles
import Glibc
import TestSupport
import Testing

/// Only regular files are read, and what writers leave behind is removed.
final class RegularFileTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func reason(_ path: String) -> String? {
    do throws(FileError) {
      _ = try FileBytes.read(path)
      return nil
    } catch {
      return error.reason
    }
  }

  @Test func pipesDevicesAndFoldersAreRefusedAtOnce() throws {
    let special = "it is a pipe or a device, not a file"
    let pipe = "\(scratch.path)/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    symlink("pipe", "\(scratch.path)/link")
    for path in [pipe, "\(scratch.path)/link", "/dev/zero", "/dev/null", "/dev/tty"] {
      #expect(reason(path) == special || path == "/dev/tty", "\(path): \(reason(path) ?? "read")")
    }
    #expect(reason("/dev/stdin") != nil || FolderTree.isFile("/dev/stdin"))
    #expect(reason(scratch.path) == "it is a directory")
    #expect(reason("\(scratch.path)/a\0b") == "the name holds a NUL character")
    let document = #expect(throws: DocumentError.self) { try DocumentReader.read(path: pipe) }
    #expect(document?.problems[0].message == "cannot read the file: \(special)")
  }

  @Test func aLinkToAFileIsRead() throws {
    try PlainFile.write([1, 2], to: "\(scratch.path)/file")
    symlink("file", "\(scratch.path)/link")
    #expect(try FileBytes.read("\(scratch.path)/link") == [1, 2])
  }

  @Test func standardInputIsReadWhereItIsMeant() {
    #expect(FileInput.isStandardInput("-") && FileInput.isStandardInput("/dev/stdin"))
    #expect(!FileInput.isStandardInput("./-"))
    #expect(reason("-") == "No such file or directory")
  }

  /// A writer that was killed leaves a file that the next writer of the same name removes.
  @Test func whatAKilledWriterHadBegunIsRemoved() throws {
    let path = "\(scratch.path)/file"
    for name in ["file.4000000-0.partial", "file.x-0.partial", "other.4000000-0.partial"] {
      try PlainFile.write([1], to: "\(scratch.path)/\(name)")
    }
    let living = try AtomicFile(path: path)
    try FileBytes.write([2], to: path)
    #expect(scratch.names.count == 4 && !scratch.names.contains("file.4000000-0.partial"))
    #expect(try FileBytes.read(path) == [2])
    _ = consume living
    #expect(scratch.names == ["file", "file.x-0.partial", "other.4000000-0.partial"])
  }

  @Test func namesOfOneFileAreOneIdentity() throws {
    let file = "\(scratch.path)/file"
    try PlainFile.write([1], to: file)
    link(file, "\(scratch.path)/hard")
    symlink("file", "\(scratch.path)/soft")
    for name in ["file", "hard", "soft"] {
      #expect(throws: FileError.self) {
        try FileIdentity.check(writing: [name], in: scratch.path, reading: [file])
      }
    }
    try FileIdentity.check(
      writing: ["other"], in: scratch.path, reading: [file, "\(scratch.path)/none"])
  }
}
