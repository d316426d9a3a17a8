internal import Glibc

/// A folder whose files are replaced, and the hidden folders that are made for it.
struct FolderPlace {
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
    (name, parent) = (lastPathComponent(of: self.path), folderPath(of: self.path))
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

  /// Whether a hidden folder inside this one was left by a job that renamed its files one by one.
  var holdsUnfinished: Bool {
    ((try? FolderTree.names(in: path)) ?? []).contains {
      $0.hasPrefix(".\(name).") && $0.hasSuffix(Self.unfinished)
    }
  }

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
      let (folder, start) = (folderPath(of: stem), lastPathComponent(of: stem))
      for name in (try? FolderTree.names(in: folder)) ?? []
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
