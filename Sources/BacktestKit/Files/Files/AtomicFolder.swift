internal import Glibc

/// The files of one job, which replace those of the job before them all at once.
///
/// They are written to a hidden folder beside the final one. `commit()` flushes them to the disk
/// and exchanges the two folders in one step, so a job that fails or is killed leaves the old files
/// or the new ones, never some of each. Other entries of the final folder are kept. What a killed
/// job leaves behind is removed by the next job of the same folder, and so is a folder that was
/// made for a job that failed. While one job has the folder, another is refused.
///
///     var folder = try AtomicFolder(path: "Reports/run")
///     try folder.write(report, to: "report.html")
///     try folder.write(JSONWriter.bytes(of: result), to: "result.json")
///     try folder.commit()
///
/// Some folders cannot be exchanged: the working folder, a mount point, one whose parent is
/// read-only, and one that jobs share. There the files are renamed one by one: the last one of an
/// earlier job is removed first and the last new one comes last, so begin the file that says that
/// the others are complete last. A killed job then leaves the old files, the new ones, or a folder
/// without that file.
package struct AtomicFolder: ~Copyable {
  /// Where the files will be, as it was given.
  let path: String
  /// The folder itself, without links.
  private let place: FolderPlace
  /// Where the files are written.
  private var staging: String
  /// Keeps other jobs from taking `staging` for an abandoned folder.
  private let stagingLock: PathLock
  /// Keeps other jobs away from the final folder; `nil` where they share it, or where the file
  /// system has no locks.
  private let lock: PathLock?
  private let isBeside: Bool
  private let interrupt: Interrupt
  private var isExchanged = false
  private var isCommitted = false
  private var files: [(name: String, output: FileOutput)] = []
  private var removals: [String] = []

  /// A folder, which is made with those above it where it is missing.
  ///
  /// - Parameters:
  ///   - path: The folder.
  ///   - isShared: Whether several jobs keep files there, so that their names differ from
  ///     job to job.
  ///   - lock: A lock on the folder that the job has already.
  ///   - interrupt: Ends the writing with an error until all files are whole.
  /// - Throws: `FileError` where the folder cannot be written to, or another job has it.
  package init(
    path: String, isShared: Bool = false, lock: PathLock? = nil, interrupt: Interrupt = Interrupt()
  ) throws(FileError) {
    guard !interrupt.isRaised else { throw .interrupted(path) }
    let place = try FolderPlace(path)
    do throws(FileError) {
      try self.init(path, place, isShared: isShared, lock: lock, interrupt: interrupt)
    } catch {
      place.removeMade()
      throw error
    }
  }

  private init(
    _ path: String, _ place: FolderPlace, isShared: Bool, lock: PathLock?, interrupt: Interrupt
  ) throws(FileError) {
    let own = isShared ? nil : try place.locked(lock)
    place.removeUnfinished()
    let canExchange = !isShared && !place.isWorkingFolder
    let beside = canExchange ? Self.staging(at: place.beside) : nil
    guard let (staging, stagingLock) = beside ?? Self.staging(at: place.inside) else {
      throw .last(path: path, action: "create a folder in it")
    }
    self.path = path
    self.place = place
    self.staging = staging
    self.stagingLock = stagingLock
    self.lock = own
    isBeside = beside != nil
    self.interrupt = interrupt
  }

  private static func staging(at stem: String) -> (path: String, lock: PathLock)? {
    for attempt in 0..<100 {
      let path = "\(stem)\(getpid())-\(attempt)\(FolderPlace.unfinished)"
      guard mkdir(path, 0o777) == 0 else {
        if errno == EEXIST { continue }
        return nil
      }
      if let lock = PathLock(path) { return (path, lock) }
      // Another job took the new folder for an abandoned one.
      rmdir(path)
    }
    return nil
  }

  deinit {
    if !isExchanged { try? FolderTree.remove(staging) }
    if !isCommitted { place.removeMade(holding: lock) }
  }

  /// Whether a folder has only some files of a job, which was killed while it renamed them one by
  /// one. No living job may have the folder.
  package static func wasCutShort(_ path: String) -> Bool {
    (try? FolderPlace(path))?.holdsUnfinished ?? false
  }

  /// Begins a file, to be written piece by piece before `commit()`.
  package mutating func file(_ name: String) throws(FileError) -> FileOutput {
    let output = try FileOutput(
      creating: "\(staging)/\(name)", for: "\(path)/\(name)", interrupt: interrupt)
    files.append((name, output))
    return output
  }

  /// Writes a whole file.
  package mutating func write(_ bytes: [UInt8], to name: String) throws(FileError) {
    try file(name).write(bytes)
  }

  /// Has files removed by `commit()` that an earlier job may have left and that would contradict
  /// the new ones.
  package mutating func remove(_ names: [String]) { removals += names }

  /// Puts all files in their places.
  package mutating func commit() throws(FileError) {
    for file in files {
      try file.output.finish()
      if FolderTree.isRealFolder("\(place.path)/\(file.name)") {
        throw FileError(
          path: "\(path)/\(file.name)", action: "put the file in its place", code: EISDIR)
      }
    }
    FolderTree.flush(staging)
    let ours = Set(files.map(\.name) + removals)
    place.removeReplaced(ours)
    if !isBeside || !exchange(ours) {
      // The files of jobs that share a folder come one after another, and those of two jobs may
      // have the same names.
      let turn = lock == nil ? place.waited() : nil
      defer { withExtendedLifetime(turn) {} }
      try renameEach()
    }
    isCommitted = true
  }

  /// Exchanges the folders; false where this file system, or this folder, does not allow it.
  private mutating func exchange(_ ours: Set<String>) -> Bool {
    // From here on the hidden folder may hold what belongs to the user, so its name must say so.
    let replaced = String(staging.dropLast(FolderPlace.unfinished.count)) + FolderPlace.replaced
    guard place.copyMode(to: staging), rename(staging, replaced) == 0 else { return false }
    staging = replaced
    for name in (try? FolderTree.names(in: place.path)) ?? []
    where !ours.contains(name) && !FolderTree.isRealFolder("\(place.path)/\(name)") {
      link("\(place.path)/\(name)", "\(staging)/\(name)")
    }
    // The old folder keeps its lock while its entries move, so that no other job tidies it up.
    guard let old = place.replace(by: staging) else { return false }
    isExchanged = true
    FolderTree.flush(place.parent)
    place.rescue(from: old, except: ours, overwrites: true)
    return true
  }

  /// Renames the files one by one.
  private func renameEach() throws(FileError) {
    for name in removals + (files.last.map { [$0.name] } ?? []) { unlink("\(place.path)/\(name)") }
    for (name, _) in files {
      let target = "\(place.path)/\(name)"
      if rename("\(staging)/\(name)", target) == 0 { continue }
      guard errno == EXDEV else {
        throw .last(path: "\(path)/\(name)", action: "put the file in its place")
      }
      try FileBytes.write(try FileBytes.read("\(staging)/\(name)"), to: target)
    }
    FolderTree.flush(place.path)
  }

  /// The error for a folder that another job has.
  package static func isTaken(_ path: String) -> FileError {
    FileError(
      path: path, action: "write into the folder",
      reason: "another job is using it; wait for its end, or choose another folder")
  }

  /// Finds out before long work whether files could be written here, and writes nothing.
  ///
  /// - Throws: `FileError` when something else has the name, or neither the folder nor the nearest
  ///   one above it can be written to.
  package static func check(_ path: String) throws(FileError) {
    guard !path.utf8.contains(0) else { throw FolderPlace.nulError(path) }
    var folder = path.isEmpty ? "." : path
    while true {
      var status = stat()
      if stat(folder, &status) == 0 {
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        if isFolder, access(folder, W_OK | X_OK) == 0 { return }
        throw FileError(
          path: folder, action: "write into the folder", code: isFolder ? errno : ENOTDIR)
      }
      guard errno == ENOENT || errno == ENOTDIR else {
        throw .last(path: folder, action: "create the folder")
      }
      let parts = folder.split(separator: "/")
      folder = (folder.hasPrefix("/") ? "/" : "") + parts.dropLast().joined(separator: "/")
      if folder.isEmpty { folder = "." }
    }
  }
}
