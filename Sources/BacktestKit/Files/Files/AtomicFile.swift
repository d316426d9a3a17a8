internal import Glibc

/// A file written under a temporary name beside its final one, flushed to the disk and then
/// renamed, so that the final name never shows a part of it.
///
/// Without `commit()` the temporary file is removed and the final one stays as it was.
package struct AtomicFile: ~Copyable {
  private let path: String
  private let temporary: String
  private let descriptor: Int32
  private var isCommitted = false

  package init(path: String) throws(FileError) {
    guard !path.contains("\0") else {
      throw FileError(path: path, action: "create", reason: "the name holds a NUL character")
    }
    var descriptor: Int32 = -1
    var name = ""
    for attempt in 0..<100 {
      name = "\(path).\(getpid())-\(attempt).partial"
      descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 || errno != EEXIST { break }
    }
    guard descriptor >= 0 else { throw .last(path: path, action: "create") }
    self.path = path
    self.descriptor = descriptor
    temporary = name
  }

  deinit {
    close(descriptor)
    if !isCommitted { unlink(temporary) }
  }

  /// Writes more bytes at the end.
  package func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if count >= 0 {
        written += count
      } else if errno != EINTR {
        throw .last(path: path, action: "write")
      }
    }
  }

  /// Flushes the bytes and gives the file its name.
  package mutating func commit() throws(FileError) {
    guard fsync(descriptor) == 0 else { throw .last(path: path, action: "write") }
    guard rename(temporary, path) == 0 else { throw .last(path: path, action: "rename") }
    isCommitted = true
    // The rename itself survives a power cut only when the folder is flushed too; a folder that
    // cannot be flushed is no reason to fail, since the bytes are complete either way.
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folderDescriptor >= 0 {
      fsync(folderDescriptor)
      close(folderDescriptor)
    }
  }
}
