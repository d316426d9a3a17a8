import Glibc

/// Files written without care, where tests write many.
package enum PlainFile {
  package static func write(_ bytes: [UInt8], to path: String) throws {
    unlink(path)
    guard let file = fopen(path, "wb") else { throw ScratchFolder.Failure() }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw ScratchFolder.Failure() }
  }
}
