internal import Glibc

/// Folders with all that is in them.
package enum FolderTree {
  /// Makes a folder and those above it, where they are not there yet.
  ///
  /// - Returns: The folders that were made, the outermost first.
  @discardableResult
  package static func make(_ path: String) throws(FileError) -> [String] {
    guard !path.utf8.contains(0) else {
      throw FileError(
        path: path, action: "create the folder", reason: "the name holds a NUL character")
    }
    var made: [String] = []
    var folder = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      folder += part
      if mkdir(folder, 0o777) == 0 {
        made.append(folder)
      } else {
        let code = errno
        guard isFolder(folder) else {
          throw FileError(
            path: folder, action: "create the folder", code: code == EEXIST ? ENOTDIR : code)
        }
      }
      folder += "/"
    }
    return made
  }

  /// Whether the path is a folder.
  package static func isFolder(_ path: String) -> Bool { kind(of: path) == S_IFDIR }

  /// Whether the path is an ordinary file.
  package static func isFile(_ path: String) -> Bool { kind(of: path) == S_IFREG }

  /// Whether the path is a device, a pipe or a socket, which no file may take the place of.
  static func isSpecial(_ path: String) -> Bool {
    kind(of: path).map { $0 != S_IFREG && $0 != S_IFDIR } ?? false
  }

  /// Whether a file that exists lies in a folder or below it once all links are followed.
  package static func holds(_ file: String, in folder: String) -> Bool {
    guard let file = resolved(file), let folder = resolved(folder) else { return true }
    return file.hasPrefix(folder == "/" ? folder : folder + "/")
  }

  /// The path without links; `nil` where there is nothing.
  private static func resolved(_ path: String) -> String? {
    guard !path.utf8.contains(0), let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }

  private static func kind(of path: String) -> mode_t? {
    // The system would ignore all that follows a NUL.
    guard !path.utf8.contains(0) else { return nil }
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  /// The files below a folder, as paths from it, in the order of their bytes.
  package static func files(below folder: String) throws(FileError) -> [String] {
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
  package static func remove(_ folder: String) throws(FileError) {
    guard isRealFolder(folder) else { return }
    for name in try names(in: folder) {
      let path = "\(folder)/\(name)"
      if isRealFolder(path) {
        try remove(path)
      } else if unlink(path) != 0 {
        throw .last(path: path, action: "remove")
      }
    }
    guard rmdir(folder) == 0 else { throw .last(path: folder, action: "remove") }
  }

  /// Whether the path is a folder and not a link to one.
  package static func isRealFolder(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The names in a folder, in no order.
  package static func names(in folder: String) throws(FileError) -> [String] {
    guard let stream = opendir(folder) else { throw .last(path: folder, action: "read") }
    defer { closedir(stream) }
    // The system's memory may end with the name, before the end of the field for the longest one.
    let start = MemoryLayout<dirent>.offset(of: \.d_name)!
    var names: [String] = []
    while let entry = readdir(stream) {
      let bytes = UnsafeRawPointer(entry) + start
      let name = String(cString: bytes.assumingMemoryBound(to: CChar.self))
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Flushes the names in a folder, so that a rename survives a power cut. A folder that cannot be
  /// flushed is no failure, since the files in it are complete either way.
  static func flush(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
