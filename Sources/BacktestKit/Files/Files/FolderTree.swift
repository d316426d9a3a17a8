internal import Glibc

/// Folders with all that is in them.
package enum FolderTree {
  /// What could not be done, and the system's number for why.
  package struct Failure: Error, Equatable {
    package var path: String
    package var code: Int32

    /// The error as a file's.
    package func error(_ action: String) -> FileError {
      FileError(path: path, action: action, reason: String(cString: strerror(code)))
    }
  }

  /// Makes a folder and those above it, where they are not there yet.
  package static func make(_ path: String) throws(Failure) {
    var folder = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      folder += part
      if mkdir(folder, 0o777) != 0 {
        let code = errno
        guard isFolder(folder) else {
          throw Failure(path: folder, code: code == EEXIST ? ENOTDIR : code)
        }
      }
      folder += "/"
    }
  }

  /// Whether a folder stands under this name.
  package static func isFolder(_ path: String) -> Bool { kind(of: path) == S_IFDIR }

  /// Whether an ordinary file stands under this name.
  package static func isFile(_ path: String) -> Bool { kind(of: path) == S_IFREG }

  /// Whether a pipe, a device or another thing stands under this name that is neither a file nor a
  /// folder; reading such a thing may never end.
  package static func isSpecial(_ path: String) -> Bool {
    kind(of: path).map { $0 != S_IFREG && $0 != S_IFDIR } ?? false
  }

  private static func kind(of path: String) -> mode_t? {
    // What stands behind a NUL would be lost on the way to the system.
    guard !path.utf8.contains(0) else { return nil }
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  /// The files below a folder, as paths from it, in the order of their bytes.
  package static func files(below folder: String) throws(Failure) -> [String] {
    var files: [String] = []
    for name in try names(in: folder) {
      let path = "\(folder)/\(name)"
      if isRealFolder(path) {
        files += try FolderTree.files(below: path).map { "\(name)/\($0)" }
      } else {
        files.append(name)
      }
    }
    return files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Removes a folder and all that is in it; one that is not there is no failure.
  package static func remove(_ folder: String) throws(Failure) {
    guard isRealFolder(folder) else { return }
    for name in try names(in: folder) {
      let path = "\(folder)/\(name)"
      if isRealFolder(path) {
        try remove(path)
      } else if unlink(path) != 0 {
        throw Failure(path: path, code: errno)
      }
    }
    guard rmdir(folder) == 0 else { throw Failure(path: folder, code: errno) }
  }

  /// Whether a folder, and not a link to one, stands under this name.
  private static func isRealFolder(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func names(in folder: String) throws(Failure) -> [String] {
    guard let stream = opendir(folder) else { throw Failure(path: folder, code: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
