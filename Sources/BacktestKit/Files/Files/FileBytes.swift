package import BacktestCore
internal import Glibc

/// A file, a folder or a program that the system does not give.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The path as it was given; empty where none was.
  public var path: String
  /// What was tried, such as `open` or `create the folder`.
  public var action: String
  /// Why it failed and, where something can be done about it, what to do.
  public var reason: String

  /// An error from its parts.
  package init(path: String, action: String, reason: String) {
    self.path = path
    self.action = action
    self.reason = reason
  }

  /// An error with the system's words for an error number.
  init(path: String, action: String, code: Int32) {
    self.init(path: path, action: action, reason: String(cString: strerror(code)))
  }

  /// The error that the last system call left in `errno`.
  package static func last(path: String, action: String) -> FileError {
    FileError(path: path, action: action, code: errno)
  }

  /// A file whose writing the user interrupted.
  static func interrupted(_ path: String) -> FileError {
    FileError(path: path, action: "write", reason: "interrupted")
  }

  /// One line: `out/equity.csv: cannot write: No space left on device`.
  public var description: String {
    "\(path.isEmpty ? "" : "\(path): ")cannot \(action): \(reason)"
  }
}

/// A file read from front to back, closed when the value goes.
///
/// It is a regular file: reading a pipe or a device may never end. Where standard input is
/// accepted, its names are `-` and `/dev/stdin`.
package struct FileInput: ~Copyable {
  let path: String
  /// The size when the file was opened.
  package let byteCount: Int
  private let descriptor: Int32

  /// Opens a file.
  ///
  /// - Throws: `FileError` where there is none, or something else has the name.
  package init(path: String, acceptsStandardInput: Bool = false) throws(FileError) {
    guard !path.utf8.contains(0) else {
      throw FileError(path: path, action: "open", reason: "the name holds a NUL character")
    }
    let isStandard = acceptsStandardInput && Self.isStandardInput(path)
    // Without O_NONBLOCK, opening a pipe would wait for its other end.
    let descriptor =
      isStandard
      ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
      : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      // What a socket answers.
      guard errno != ENXIO else { throw Self.special(path) }
      throw .last(path: path, action: "open")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      close(descriptor)
      throw .last(path: path, action: "open")
    }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG || isStandard && kind != S_IFDIR else {
      close(descriptor)
      guard kind == S_IFDIR else { throw Self.special(path) }
      throw FileError(path: path, action: "open", reason: "it is a directory")
    }
    self.path = path
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
  }

  private static func special(_ path: String) -> FileError {
    FileError(path: path, action: "open", reason: "it is a pipe or a device, not a file")
  }

  /// Whether a path names standard input.
  package static func isStandardInput(_ path: String) -> Bool {
    path == "-" || path == "/dev/stdin"
  }

  deinit { close(descriptor) }

  /// Reads until `target` is full or the file ends; returns the number of bytes read.
  package func read(into target: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    var filled = 0
    while filled < target.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: target[filled...])
      let count = Glibc.read(descriptor, rest.baseAddress, rest.count)
      if count == 0 { break }
      if count > 0 {
        filled += count
      } else if errno != EINTR {
        throw .last(path: path, action: "read")
      }
    }
    return filled
  }

  /// The whole file in memory, mapped read-only; `nil` for an empty file.
  ///
  /// The mapping stays valid when the file is replaced by a rename, and only then.
  package func map() throws(FileError) -> MappedBytes? {
    guard byteCount > 0 else { return nil }
    let start = mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0)
    guard let start, start != MAP_FAILED else { throw .last(path: path, action: "map") }
    let count = byteCount
    let storage = ColumnStorage(isMapped: true) { munmap(start, count) }
    return MappedBytes(storage: storage, start: UnsafeRawPointer(start), count: count)
  }
}

/// A mapped file.
package struct MappedBytes {
  /// Keeps the mapping.
  package let storage: ColumnStorage
  package let start: UnsafeRawPointer
  package let count: Int

  /// All bytes will be read once from front to back, so that they need not stay in memory.
  package func beginSinglePass() {
    madvise(UnsafeMutableRawPointer(mutating: start), count, MADV_SEQUENTIAL)
  }

  /// The pass is over; the bytes stay in memory as long as there is room.
  package func endSinglePass() {
    madvise(UnsafeMutableRawPointer(mutating: start), count, MADV_DONTNEED)
    madvise(UnsafeMutableRawPointer(mutating: start), count, MADV_NORMAL)
  }
}

/// A new file that is written from front to back, closed when its last owner lets go of it.
package final class FileOutput {
  /// What messages call the file.
  let path: String
  private var descriptor: Int32
  private let interrupt: Interrupt

  /// Creates a file, which must not be there yet; `path` is what messages call it.
  init(creating file: String, for path: String, interrupt: Interrupt) throws(FileError) {
    guard !file.contains("\0") else {
      throw FileError(path: path, action: "create", reason: "the name holds a NUL character")
    }
    self.interrupt = interrupt
    guard !interrupt.isRaised else { throw .interrupted(path) }
    descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .last(path: path, action: "create") }
    self.path = path
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Marks the file as one that is being written; false where it is taken for an abandoned one.
  fileprivate func lock() -> Bool {
    var status = stat()
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0 && fstat(descriptor, &status) == 0
      && status.st_nlink > 0
  }

  /// Another descriptor of the file, which keeps its lock; the caller closes it.
  fileprivate func duplicate() -> Int32 { fcntl(descriptor, F_DUPFD_CLOEXEC, 3) }

  /// Writes more bytes at the end.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    precondition(descriptor >= 0, "a finished file takes no more bytes")
    guard !interrupt.isRaised else { throw .interrupted(path) }
    if let code = writeAll(bytes, to: descriptor) {
      throw FileError(path: path, action: "write", code: code)
    }
  }

  /// Writes more bytes at the end.
  package func write(_ bytes: [UInt8]) throws(FileError) {
    try bytes.withUnsafeBufferPointer { (raw) throws(FileError) in
      try write(UnsafeRawBufferPointer(raw))
    }
  }

  /// Flushes the bytes to the disk and ends the writing.
  func finish() throws(FileError) {
    guard descriptor >= 0 else { return }
    guard !interrupt.isRaised else { throw .interrupted(path) }
    guard fsync(descriptor) == 0 else { throw .last(path: path, action: "write") }
    let status = close(descriptor)
    descriptor = -1
    if status != 0, errno != EINTR { throw .last(path: path, action: "write") }
  }
}

/// A file written under a temporary name beside its final one, flushed to the disk and then
/// renamed, so that the final name never shows a part of it.
///
/// Without `commit()` the temporary file is removed and the final one stays as it was. What a
/// killed process left is removed by the next writer of the same file.
package struct AtomicFile: ~Copyable {
  /// Where its bytes go.
  package let output: FileOutput
  private let temporary: String
  private var isCommitted = false

  /// Refuses to give a file the name of a device or a pipe: whoever may rename there would take
  /// `/dev/null` from everybody.
  ///
  /// - Throws: `FileError` where there is one.
  package static func check(_ path: String) throws(FileError) {
    guard FolderTree.isSpecial(path) else { return }
    throw FileError(
      path: path, action: "replace it",
      reason: "it is a pipe or a device, not a file; name a file")
  }

  /// A new file; `interrupt` ends the writing with an error.
  package init(path: String, interrupt: Interrupt = Interrupt()) throws(FileError) {
    try Self.check(path)
    Self.removeAbandoned(of: path)
    var attempt = 0
    while true {
      // Another writer of this process, or a killed one of the same number, may have the name.
      let name = "\(path).\(getpid())-\(attempt).partial"
      attempt += 1
      if attempt < 100, !path.utf8.contains(0), fileExists(name) { continue }
      let output = try FileOutput(creating: name, for: path, interrupt: interrupt)
      // Where files cannot be locked, nothing is removed as abandoned either.
      guard attempt >= 100 || output.lock() || fileExists(name) else { continue }
      self.output = output
      temporary = name
      return
    }
  }

  /// Removes what killed processes had begun to write for a file.
  private static func removeAbandoned(of path: String) {
    let (folder, start) = (folderPath(of: path), "\(lastPathComponent(of: path)).")
    for name in (try? FolderTree.names(in: folder)) ?? []
    where name.hasPrefix(start) && name.hasSuffix(".partial") {
      let numbers = name.dropFirst(start.count).dropLast(".partial".count).split(separator: "-")
      guard numbers.count == 2, numbers.allSatisfy({ Int($0) != nil }),
        let lock = PathLock("\(folder)/\(name)")
      else { continue }
      withExtendedLifetime(lock) { _ = unlink("\(folder)/\(name)") }
    }
  }

  deinit { if !isCommitted { unlink(temporary) } }

  /// Flushes the bytes and gives the file its name.
  package mutating func commit() throws(FileError) {
    // Without its lock the file would be taken for an abandoned one before it has its name.
    let locked = output.duplicate()
    defer { close(locked) }
    try output.finish()
    guard rename(temporary, output.path) == 0 else {
      throw .last(path: output.path, action: "put the file in its place")
    }
    isCommitted = true
    FolderTree.flush(folderPath(of: output.path))
  }
}

/// Writes all bytes to a file descriptor, again and again where the system takes only a part.
///
/// - Returns: `nil`, or the system's error number.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
  var done = 0
  while done < bytes.count {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
    let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
    if count >= 0 {
      done += count
    } else if errno != EINTR {
      return errno
    }
  }
  return nil
}

/// The bytes of whole files.
package enum FileBytes {
  /// All bytes of a file.
  ///
  /// - Throws: `FileError` when it cannot be read.
  package static func read(_ path: String) throws(FileError) -> [UInt8] {
    try read(path, upTo: .max)
  }

  /// All bytes of a file; of one with more than `limit` bytes the first `limit` and some more.
  static func read(
    _ path: String, upTo limit: Int, acceptsStandardInput: Bool = false
  ) throws(FileError) -> [UInt8] {
    let input = try FileInput(path: path, acceptsStandardInput: acceptsStandardInput)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(input.byteCount, limit))
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { chunk.deallocate() }
    while true {
      let count = try input.read(into: chunk)
      bytes.append(contentsOf: chunk[0..<count])
      if count < chunk.count || bytes.count > limit { return bytes }
    }
  }

  /// Replaces a file by `bytes`: whoever reads it meanwhile, or after a crash, finds the old
  /// bytes or the new, never a part.
  ///
  /// - Throws: `FileError` when it cannot be written; the old file is then untouched.
  package static func write(_ bytes: some Sequence<UInt8>, to path: String) throws(FileError) {
    var file = try AtomicFile(path: path)
    try file.output.write(Array(bytes))
    try file.commit()
  }

  /// Replaces a file by a text in UTF-8, as `write(_:to:)` with bytes does.
  ///
  /// - Throws: `FileError` when it cannot be written; the old file is then untouched.
  package static func write(_ text: String, to path: String) throws(FileError) {
    try write(text.utf8, to: path)
  }
}

/// The size of a file in bytes; `nil` where there is none.
package func fileSize(_ path: String) -> Int? {
  var status = stat()
  return stat(path, &status) == 0 ? Int(status.st_size) : nil
}

/// Whether there is a file or folder of a name.
package func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }
