package import BacktestCore
internal import Glibc

/// A file that cannot be opened, read or written.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The path as it was given.
  public var path: String
  /// What was tried: `open`, `read`, `write`, …
  public var action: String
  /// Why it failed, in the system's words.
  public var reason: String

  /// An error from its parts.
  public init(path: String, action: String, reason: String) {
    self.path = path
    self.action = action
    self.reason = reason
  }

  /// The error that the last system call left in `errno`.
  package static func last(path: String, action: String) -> FileError {
    FileError(path: path, action: action, reason: String(cString: strerror(errno)))
  }

  /// One line with the path, the action and the reason.
  public var description: String { "\(path): cannot \(action): \(reason)" }
}

/// A file read from front to back, closed when the value goes.
package struct FileInput: ~Copyable {
  let path: String
  /// The size when the file was opened.
  package let byteCount: Int
  private let descriptor: Int32

  package init(path: String) throws(FileError) {
    let descriptor = path.contains("\0") ? -1 : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .last(path: path, action: "open") }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      close(descriptor)
      throw .last(path: path, action: "open")
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      close(descriptor)
      throw FileError(path: path, action: "open", reason: "it is a directory")
    }
    self.path = path
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
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
    let storage = ColumnStorage { munmap(start, count) }
    return MappedBytes(storage: storage, start: UnsafeRawPointer(start), count: count)
  }
}

/// A mapped file.
package struct MappedBytes {
  /// Keeps the mapping.
  package let storage: ColumnStorage
  package let start: UnsafeRawPointer
  package let count: Int
}

/// The bytes of whole files.
public enum FileBytes {
  /// All bytes of a file.
  ///
  /// - Throws: `FileError` when it cannot be read.
  public static func read(_ path: String) throws(FileError) -> [UInt8] {
    let input = try FileInput(path: path)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(input.byteCount)
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { chunk.deallocate() }
    while true {
      let count = try input.read(into: chunk)
      bytes.append(contentsOf: chunk[0..<count])
      if count < chunk.count { return bytes }
    }
  }

  /// Replaces a file by `bytes`: whoever reads it meanwhile, or after a crash, finds the old
  /// bytes or the new, never a part.
  ///
  /// - Throws: `FileError` when it cannot be written; the old file is then untouched.
  public static func write(_ bytes: some Sequence<UInt8>, to path: String) throws(FileError) {
    var output = try AtomicFile(path: path)
    let whole = Array(bytes)
    try whole.withUnsafeBufferPointer { (raw) throws(FileError) in
      try output.append(UnsafeRawBufferPointer(raw))
    }
    try output.commit()
  }

  /// Replaces a file by a text in UTF-8, as `write(_:to:)` with bytes does.
  ///
  /// - Throws: `FileError` when it cannot be written; the old file is then untouched.
  public static func write(_ text: String, to path: String) throws(FileError) {
    try write(text.utf8, to: path)
  }
}

/// Whether there is a file or folder of a name.
package func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }
