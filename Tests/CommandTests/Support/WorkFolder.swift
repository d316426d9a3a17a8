import Foundation
import Glibc

/// A folder for one test, removed with all that is in it when the value goes.
final class WorkFolder {
  let path: String

  init() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("backtestkit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // Through its links, so that paths which a process names are the same.
    path = folder.resolvingSymlinksInPath().path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, with the folders above it.
  func write(_ bytes: [UInt8], to name: String) throws {
    let file = "\(path)/\(name)"
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: file))
  }

  func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
  }

  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(path)/\(name)")
  }

  /// The names of what a folder holds, in order; nothing for a folder that is not there.
  func names(_ folder: String = ".") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []).sorted()
  }

  /// All files below the folder, each with the number by which the file system knows it: another
  /// file under the same name has another.
  var listing: Set<String> {
    let files = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    return Set(
      files.compactMap { name in
        var status = stat()
        return lstat("\(path)/\(name)", &status) == 0 ? "\(status.st_ino) \(name)" : nil
      })
  }

  /// All files of a folder with their bytes, save one entry that is no file.
  func files(_ folder: String, skipping other: String? = nil) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in names(folder) where name != other { files[name] = try bytes("\(folder)/\(name)") }
    return files
  }
}

/// Files that the tests read.
enum CommandFixture {
  /// The path of a file below `Fixtures/`.
  static func path(_ name: String) -> String {
    let parts = #filePath.split(separator: "/")
    return "/" + parts.dropLast(4).joined(separator: "/") + "/Fixtures/" + name
  }
}
