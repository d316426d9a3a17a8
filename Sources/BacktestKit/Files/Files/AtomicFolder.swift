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

/// A folder whose files are replaced, and the hidden folders that are made for it.
private struct FolderPlace {
  /// How the name of a folder ends that is still being written.
  static let unfinished = ".partial"
  /// How the name of a folder ends that is being exchanged, and then holds the old files.
  static let replaced = ".replaced.partial"

  /// The folder itself, without links.
  let path: String
  let parent: String
  private let name: String
  /// The folders that were made for it, the outermost first.
  private let made: [String]

  init(_ path: String) throws(FileError) {
    guard !path.utf8.contains(0) else { throw Self.nulError(path) }
    let whole = path.isEmpty ? "." : path
    Self.restore(whole)
    var made: [String] = []
    var found: UnsafeMutablePointer<CChar>?
    // A job that failed may remove the folder that it had made before this one has it.
    for _ in 0..<100 where found == nil {
      made = try FolderTree.make(whole)
      found = realpath(whole, nil)
    }
    guard let real = found else { throw .last(path: path, action: "open") }
    defer { free(real) }
    self.made = made
    self.path = String(cString: real)
    let slash = self.path.lastIndex(of: "/") ?? self.path.startIndex
    name = String(self.path[slash...].dropFirst())
    parent = slash == self.path.startIndex ? "/" : String(self.path[..<slash])
  }

  static func nulError(_ path: String) -> FileError {
    FileError(path: path, action: "open", reason: "the name holds a NUL character")
  }

  /// Removes the folders that were made for it, as far as they are empty. One that another job
  /// holds is empty too, until that job is done.
  func removeMade(holding lock: PathLock? = nil) {
    guard !made.isEmpty else { return }
    let attempt = lock.map { PathLock.Attempt.locked($0) } ?? PathLock.attempt(path)
    if case .isHeld = attempt { return }
    withExtendedLifetime(attempt) { for folder in made.reversed() { rmdir(folder) } }
  }

  /// How the paths of hidden folders beside this one begin.
  var beside: String { "\(parent == "/" ? "" : parent)/.\(name)." }
  /// How the paths of hidden folders inside this one begin.
  var inside: String { "\(path)/.\(name)." }

  /// Whether this is the folder of the process, whose shell would be left in a removed one.
  var isWorkingFolder: Bool { Self.isSame(".", path, follows: true) }

  /// Gives another folder the permissions of this one.
  func copyMode(to other: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && chmod(other, status.st_mode & 0o7777) == 0
  }

  /// A lock on the folder, or the one that is held already; `nil` where the file system has none.
  ///
  /// - Throws: `FileError` where another job holds it.
  func locked(_ held: PathLock?) throws(FileError) -> PathLock? {
    if let held, held.holds(path) { return held }
    for _ in 0..<100 {
      switch PathLock.attempt(path) {
      case .locked(let lock): return lock
      case .isHeld: throw AtomicFolder.isTaken(path)
      // Another job has just replaced the folder, or removed the one that it had made.
      case .isGone: try FolderTree.make(path)
      }
    }
    return nil
  }

  /// A lock on the folder once no other job has it; `nil` where that takes more than ten seconds.
  func waited() -> PathLock? {
    for _ in 0..<1_000 {
      if let lock = PathLock(path) { return lock }
      poll(nil, 0, 10)
    }
    return nil
  }

  /// Whether two names are of one and the same entry.
  private static func isSame(_ a: String, _ b: String, follows: Bool = false) -> Bool {
    var (first, second) = (stat(), stat())
    let flags = follows ? 0 : AT_SYMLINK_NOFOLLOW
    return fstatat(AT_FDCWD, a, &first, flags) == 0 && fstatat(AT_FDCWD, b, &second, flags) == 0
      && first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }
}

// MARK: Exchanging

extension FolderPlace {
  private typealias Rename =
    @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32

  /// The call that exchanges two names, which Swift's module of the C library leaves out.
  private static let renameWithFlags = dlsym(nil, "renameat2").map {
    unsafeBitCast($0, to: Rename.self)
  }

  /// Puts another folder in the place of this one and gives the path of the old one; `nil` where
  /// nothing could be changed.
  func replace(by other: String) -> String? {
    let exchange: UInt32 = 2  // RENAME_EXCHANGE
    if let rename = Self.renameWithFlags {
      if rename(AT_FDCWD, other, AT_FDCWD, path, exchange) == 0 { return other }
      guard errno == ENOSYS || errno == EINVAL else { return nil }
    }
    // For a moment neither folder is in its place; the next job puts the old one back.
    let aside = "\(beside)\(getpid())-aside\(Self.replaced)"
    guard Glibc.rename(path, aside) == 0 else { return nil }
    if Glibc.rename(other, path) == 0 { return aside }
    Glibc.rename(aside, path)
    return nil
  }

  /// Puts a folder back that a killed job had moved aside.
  private static func restore(_ path: String) {
    let parts = path.split(separator: "/")
    guard let name = parts.last, name != ".", name != "..", !fileExists(path) else { return }
    let parent = (path.hasPrefix("/") ? "/" : "./") + parts.dropLast().joined(separator: "/")
    for hidden in (try? FolderTree.names(in: parent)) ?? []
    where hidden.hasPrefix(".\(name).") && hidden.hasSuffix("-aside\(replaced)") {
      guard let lock = PathLock("\(parent)/\(hidden)") else { continue }
      withExtendedLifetime(lock) { _ = rename("\(parent)/\(hidden)", path) }
      return
    }
  }
}

// MARK: Tidying up

extension FolderPlace {
  /// Calls `body` with each hidden folder of this one that no living job holds.
  private func abandoned(_ body: (String) -> Void) {
    for stem in [beside, inside] {
      let slash = stem.lastIndex(of: "/") ?? stem.startIndex
      let (folder, start) = (String(stem[..<slash]), stem[slash...].dropFirst())
      for name in (try? FolderTree.names(in: folder.isEmpty ? "/" : folder)) ?? []
      where name.hasPrefix(start) && name.hasSuffix(Self.unfinished) {
        // The number of a process follows, so no folder of the user's is taken for one of these.
        guard name.dropFirst(start.count).first?.isNumber == true,
          let lock = PathLock("\(folder)/\(name)")
        else { continue }
        withExtendedLifetime(lock) { body("\(folder)/\(name)") }
      }
    }
  }

  /// Removes what killed jobs had begun.
  func removeUnfinished() {
    abandoned { if !$0.hasSuffix(Self.replaced) { try? FolderTree.remove($0) } }
  }

  /// Removes the old files that killed jobs had replaced, once all else in their folders is back.
  func removeReplaced(_ ours: Set<String>) {
    abandoned { if $0.hasSuffix(Self.replaced) { rescue(from: $0, except: ours) } }
  }

  /// Moves all that is not in this folder yet back from an old one, and removes the old one.
  ///
  /// - Parameters:
  ///   - ours: The names of files that the job replaces or removes.
  ///   - overwrites: Whether the entries of the old folder are the newer ones.
  func rescue(from old: String, except ours: Set<String>, overwrites: Bool = false) {
    for name in (try? FolderTree.names(in: old)) ?? [] {
      let (source, target) = ("\(old)/\(name)", "\(path)/\(name)")
      let isKept = FolderTree.isRealFolder(source) || !ours.contains(name)
      let isBack = Self.isSame(source, target)
      if isKept, !isBack, overwrites || !Self.isThere(target) {
        rename(source, target)
      } else if !FolderTree.isRealFolder(source) {
        unlink(source)
      }
    }
    // A folder that could not be moved keeps this one from being removed.
    rmdir(old)
  }

  private static func isThere(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }
}
