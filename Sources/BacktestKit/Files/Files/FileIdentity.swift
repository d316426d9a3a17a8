package import BacktestCore
internal import Glibc

/// What makes two names mean one file, whatever links lead to it: the device and the number that
/// the file has on it.
package struct FileIdentity: Hashable, Sendable {
  private let device: UInt64
  private let number: UInt64

  /// The identity of a file; `nil` where there is none of this name.
  package init?(_ path: String) {
    var status = stat()
    guard !path.utf8.contains(0), stat(path, &status) == 0 else { return nil }
    device = UInt64(status.st_dev)
    number = UInt64(status.st_ino)
  }

  /// Refuses to write over what is read.
  ///
  /// - Parameters:
  ///   - names: the files that are written or removed.
  ///   - folder: where they are.
  ///   - inputs: the paths of all files that are read.
  /// - Throws: `FileError` where a file to be written is, by any name, one of the inputs.
  package static func check(
    writing names: [String], in folder: String, reading inputs: [String]
  ) throws(FileError) {
    let read = Set(inputs.compactMap(FileIdentity.init))
    for name in names {
      let path = "\(folder)/\(name)"
      guard let own = FileIdentity(path), read.contains(own) else { continue }
      throw FileError(
        path: path, action: "replace it",
        reason: "it is one of the files that are read; choose another output folder")
    }
  }
}

/// What changes when the running program is built anew: its file, size and time of modification.
package func programStamp() -> String {
  var status = stat()
  guard stat("/proc/self/exe", &status) == 0 else { return "" }
  let time = status.st_mtim
  return "\(status.st_dev) \(status.st_ino) \(status.st_size) \(time.tv_sec) \(time.tv_nsec)"
}

/// The digest of the running program's file, which is the same for a copy of it elsewhere.
///
/// - Throws: `FileError` when the file cannot be read.
package func programDigest() throws(FileError) -> ContentDigest.Value {
  let file = try FileInput(path: "/proc/self/exe")
  var digest = ContentDigest()
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
  defer { buffer.deallocate() }
  while true {
    let count = try file.read(into: buffer)
    guard count > 0 else { return digest.value }
    digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
  }
}
