internal import Glibc

/// A file or folder that could not be written.
public struct FileOutputError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file or folder.
  public var path: String
  /// What was tried, such as `create the folder`.
  public var action: String
  /// The system's error number.
  public var code: Int32

  /// `Reports/run/equity.csv: cannot write the file: No space left on device`.
  public var description: String {
    "\(path): cannot \(action): \(String(cString: strerror(code)))"
  }
}

/// A file that is written under a temporary name beside its place and then renamed, so its place
/// holds either what was there before or the whole new file.
///
/// Unless it was committed, the temporary file is removed when its last owner lets go of it. Data
/// are not forced to the disk: a killed process loses nothing, a power cut may.
package final class FileOutput: ByteSink {
  /// Where the file will be.
  let path: String
  private let temporaryPath: String
  private var descriptor: Int32

  /// Begins a file.
  init(path: String) throws(FileOutputError) {
    self.path = path
    let slash = path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex
    let stem = "\(path[..<slash]).\(path[slash...]).\(getpid())"
    var attempt = 0
    while true {
      let candidate = "\(stem)-\(attempt).partial"
      let descriptor = open(candidate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        (temporaryPath, self.descriptor) = (candidate, descriptor)
        return
      }
      // Another writer of this process, or a killed one of the same number, has that name.
      guard errno == EEXIST || errno == EINTR, attempt < 10_000 else {
        throw FileOutputError(path: path, action: "create the file", code: errno)
      }
      attempt += 1
    }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if !isCommitted { unlink(temporaryPath) }
  }

  private var isCommitted = false

  /// Appends bytes.
  package func write(_ bytes: [UInt8]) throws(FileOutputError) {
    precondition(descriptor >= 0, "a committed file takes no more bytes")
    if let code = writeAll(bytes, to: descriptor) {
      throw FileOutputError(path: path, action: "write the file", code: code)
    }
  }

  /// Ends the writing; the file has still its temporary name.
  func closeFile() throws(FileOutputError) {
    guard descriptor >= 0 else { return }
    let status = close(descriptor)
    descriptor = -1
    if status != 0 && errno != EINTR {
      throw FileOutputError(path: path, action: "write the file", code: errno)
    }
  }

  /// Puts the file in its place.
  func commit() throws(FileOutputError) {
    try closeFile()
    guard rename(temporaryPath, path) == 0 else {
      throw FileOutputError(path: path, action: "put the file in its place", code: errno)
    }
    isCommitted = true
  }

  /// Writes a whole file at once.
  static func write(_ bytes: [UInt8], to path: String) throws(FileOutputError) {
    let file = try FileOutput(path: path)
    try file.write(bytes)
    try file.commit()
  }
}

/// Writes all bytes to a file descriptor, again and again where the system takes only a part.
///
/// - Returns: `nil`, or the system's error number.
package func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
  bytes.withUnsafeBytes { buffer in
    var done = 0
    while done < buffer.count {
      let count = Glibc.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
      if count >= 0 {
        done += count
      } else if errno != EINTR {
        return errno
      }
    }
    return nil
  }
}
