import Glibc

/// The text files of the project as they lie on disk.
enum SourceTree {
  /// The project's root folder.
  static let root: String = {
    let parts = #filePath.split(separator: "/")
    return "/" + parts.dropLast(3).joined(separator: "/")
  }()

  /// Every text file that people wrote, in ascending order of paths; data and output are left out.
  ///
  /// None where the root is not the project's, so that a wrong root never means another tree.
  static let files: [SourceText] = {
    guard access(root + "/Tests/HouseTests", F_OK) == 0 else { return [] }
    return paths(below: "").filter(isWritten).sorted().compactMap { path in
      read(path).map { SourceText(path: path, bytes: $0) }
    }
  }()

  /// The Swift files of the library.
  static let library = files.filter { $0.path.hasPrefix("Sources/BacktestKit/") && $0.isSwift }

  private static let textEndings = [".swift", ".md", ".yaml", ".yml", ".h", ".modulemap"]

  private static func isWritten(_ path: String) -> Bool {
    textEndings.contains { path.hasSuffix($0) } || path.hasPrefix("script/")
      || path.hasPrefix(".ci/")
  }

  private static func isSkipped(folder: String) -> Bool {
    let name = folder.split(separator: "/").last ?? ""
    return (name.hasPrefix(".") && name != ".ci") || folder.hasPrefix("Reports/")
  }

  private static func paths(below folder: String) -> [String] {
    guard let directory = opendir(root + "/" + folder) else { return [] }
    defer { closedir(directory) }
    var found: [String] = []
    while let entry = readdir(directory) {
      // The system's memory may end with the name, before the end of the field.
      let bytes = UnsafeRawPointer(entry) + MemoryLayout<dirent>.offset(of: \.d_name)!
      let name = String(cString: bytes.assumingMemoryBound(to: CChar.self))
      let path = folder.isEmpty ? name : folder + "/" + name
      if entry.pointee.d_type == UInt8(DT_DIR) {
        if !isSkipped(folder: path) { found += paths(below: path) }
      } else {
        found.append(path)
      }
    }
    return found
  }

  private static func read(_ path: String) -> [UInt8]? {
    guard let file = fopen(root + "/" + path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
      bytes += chunk[0..<count]
    }
    return bytes
  }
}

extension SourceText {
  /// Whether this is a Swift file.
  var isSwift: Bool { path.hasSuffix(".swift") }

}
