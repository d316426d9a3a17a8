import BacktestFiles
internal import Glibc

/// The result files of one job, which appear together at its end or not at all.
///
/// All of them are written under temporary names and renamed by `commit()`, in the order in which
/// they were begun: begin the one that says that the others are there last. A job that fails or
/// lets go of the folder leaves the old files as they were.
///
///     var folder = try ResultFolder(path: "Reports/run")
///     try folder.write(report, to: "report.html")
///     try folder.write(JSONWriter.bytes(of: result), to: "result.json")
///     try folder.commit()
package struct ResultFolder {
  /// Where the files will be.
  let path: String
  private var files: [FileOutput] = []
  private var removals: [String] = []

  /// A folder, which is made with those above it where it is missing.
  package init(path: String) throws(FileOutputError) {
    self.path = path
    try Self.makeFolders(path)
  }

  /// Begins a file, to be written piece by piece before `commit()`.
  package mutating func file(_ name: String) throws(FileOutputError) -> FileOutput {
    let file = try FileOutput(path: "\(path)/\(name)")
    files.append(file)
    return file
  }

  /// Writes a whole file.
  package mutating func write(_ bytes: [UInt8], to name: String) throws(FileOutputError) {
    try file(name).write(bytes)
  }

  /// Puts all files in their places.
  package consuming func commit() throws(FileOutputError) {
    for file in files { try file.closeFile() }
    for name in removals { unlink("\(path)/\(name)") }
    for file in files { try file.commit() }
  }

  /// Finds out before long work whether files could be written here, and writes nothing.
  ///
  /// - Throws: `FileOutputError` when the folder is none, or neither it nor the nearest one above
  ///   it can be written to.
  package static func check(_ path: String) throws(FileOutputError) {
    var folder = path.isEmpty ? "." : path
    while true {
      var status = stat()
      if stat(folder, &status) == 0 {
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        if isFolder, access(folder, W_OK | X_OK) == 0 { return }
        throw FileOutputError(
          path: folder, action: "write into the folder", code: isFolder ? errno : ENOTDIR)
      }
      guard errno == ENOENT || errno == ENOTDIR else {
        throw FileOutputError(path: folder, action: "create the folder", code: errno)
      }
      let parts = folder.split(separator: "/")
      folder = (folder.hasPrefix("/") ? "/" : "") + parts.dropLast().joined(separator: "/")
      if folder.isEmpty { folder = "." }
    }
  }

  /// Has files that an earlier job left, and that would contradict the new ones, removed by
  /// `commit()`.
  package mutating func remove(_ names: [String]) { removals += names }

  private static func makeFolders(_ path: String) throws(FileOutputError) {
    do throws(FolderTree.Failure) {
      try FolderTree.make(path)
    } catch {
      throw FileOutputError(path: error.path, action: "create the folder", code: error.code)
    }
  }
}
