package import BacktestCore
internal import Glibc
internal import Synchronization

/// A file to which finished pieces of work are appended, so that a job that was killed goes on
/// where it stopped.
///
///     let journal = RecordJournal(path: ".demo.units", key: digest)
///     if journal.bytes(of: 7) == nil { journal.add(result, of: 7) }
///     journal.remove()
///
/// A journal is a help that work can do without: where it cannot be read or written it is left out,
/// and one of other work begins anew. A record that a kill cut short, or whose bytes have changed,
/// counts as not there, and so do all that follow it.
package final class RecordJournal: Sendable {
  private struct State {
    /// The file; negative where nothing can be written.
    var descriptor: Int32
    var records: [Int: [UInt8]]
  }

  private let path: String
  private let state: Mutex<State>

  /// The journal at a path, with what an earlier job with the same key has left in it.
  ///
  /// - Parameters:
  ///   - path: its file, which no other living job may have.
  ///   - key: what everything in it depends on.
  package init(path: String, key: ContentDigest.Value) {
    self.path = path
    let header = Self.magic + Self.bytes(of: key)
    let found = (try? Self.read(path, header)) ?? Contents()
    let descriptor = path.utf8.contains(0) ? -1 : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    var status = stat()
    var isUsable = descriptor >= 0 && fstat(descriptor, &status) == 0
    isUsable = isUsable && status.st_mode & S_IFMT == S_IFREG
    isUsable = isUsable && ftruncate(descriptor, found.byteCount) == 0
    isUsable = isUsable && lseek(descriptor, 0, SEEK_END) == found.byteCount
    if isUsable, found.byteCount == 0 { isUsable = Self.write(header, to: descriptor) }
    if !isUsable, descriptor >= 0 { close(descriptor) }
    state = Mutex(State(descriptor: isUsable ? descriptor : -1, records: found.records))
  }

  deinit {
    state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } }
  }

  /// Whether what is added is kept in the file.
  package var isKept: Bool { state.withLock { $0.descriptor >= 0 } }

  /// The number of finished pieces.
  package var count: Int { state.withLock { $0.records.count } }

  /// What a piece gave; `nil` unless it is finished.
  package func bytes(of piece: Int) -> [UInt8]? { state.withLock { $0.records[piece] } }

  /// Keeps what a piece gave, in place of what it gave before.
  package func add(_ bytes: [UInt8], of piece: Int) {
    let record = Self.record(bytes, of: piece)
    state.withLock { state in
      state.records[piece] = bytes
      // After a failure the file may end within a record, so nothing may follow.
      if state.descriptor >= 0, !Self.write(record, to: state.descriptor) {
        close(state.descriptor)
        state.descriptor = -1
      }
    }
  }

  /// Removes the file, once the work is done.
  package func remove() {
    state.withLock { if $0.descriptor >= 0 { unlink(path) } }
  }
}

// MARK: The format

/// A header of magic and key, 24 bytes, then for each record its number, its length and the digest
/// of both and its bytes, 8 + 8 + 16 bytes, and the bytes. All numbers are little-endian.
extension RecordJournal {
  private static let magic = Array("BTKJRNL1".utf8)
  private static let prefixCount = 32

  private static func bytes(of word: UInt64) -> [UInt8] {
    withUnsafeBytes(of: word.littleEndian) { Array($0) }
  }

  private static func bytes(of digest: ContentDigest.Value) -> [UInt8] {
    bytes(of: digest.high) + bytes(of: digest.low)
  }

  private static func record(_ bytes: [UInt8], of piece: Int) -> [UInt8] {
    let prefix =
      Self.bytes(of: UInt64(bitPattern: Int64(piece))) + Self.bytes(of: UInt64(bytes.count))
    return prefix + Self.bytes(of: ContentDigest.of(prefix + bytes)) + bytes
  }

  /// What a file holds.
  private struct Contents {
    /// The whole records.
    var records: [Int: [UInt8]] = [:]
    /// How many bytes of the file they take with the header; none where it is no journal of this
    /// header.
    var byteCount = 0
    /// The size of the file.
    var fileSize = 0
  }

  /// The records of a journal that nobody writes to any more.
  ///
  /// - Throws: `FileError` where it cannot be read, belongs to another key, or is damaged.
  package static func records(
    at path: String, key: ContentDigest.Value
  ) throws(FileError) -> [Int: [UInt8]] {
    let found = try read(path, magic + bytes(of: key))
    guard found.byteCount > 0 else {
      throw FileError(
        path: path, action: "use it",
        reason: "it does not begin as the units of this configuration, data and version do")
    }
    guard found.byteCount == found.fileSize else {
      throw FileError(
        path: path, action: "use it",
        reason: "it is damaged after \(NumberText.count(found.records.count, "unit")), at byte "
          + "\(found.byteCount) of \(found.fileSize)")
    }
    return found.records
  }

  private static func read(
    _ path: String, _ header: [UInt8]
  ) throws(FileError) -> Contents {
    let file = try FileBytes.read(path)
    guard file.starts(with: header) else { return Contents(fileSize: file.count) }
    func word(_ position: Int) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(file[position + $1]) << UInt64(8 * $1) }
    }
    var records: [Int: [UInt8]] = [:]
    var position = header.count
    while file.count - position >= prefixCount {
      let length = word(position + 8)
      let start = position + prefixCount
      guard length <= UInt64(file.count - start) else { break }
      let bytes = Array(file[start..<(start + Int(length))])
      let piece = Int(Int64(bitPattern: word(position)))
      guard file[position..<(start + Int(length))].elementsEqual(record(bytes, of: piece)) else {
        break
      }
      records[piece] = bytes
      position = start + Int(length)
    }
    return Contents(records: records, byteCount: position, fileSize: file.count)
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
        if count > 0 { written += count } else if errno != EINTR { return false }
      }
      return true
    }
  }
}
