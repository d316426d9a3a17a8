internal import CSQLite
internal import Glibc

/// A connection to a database file. One thread at a time may use it, which its owner's lock sees
/// to.
final class SQLiteConnection: @unchecked Sendable {
  /// The file.
  let path: String
  private let handle: OpaquePointer
  private var statements: [String: SQLiteStatement] = [:]

  /// What a connection may do.
  enum Access {
    /// Reads a file that nobody can write, without the log that readers otherwise share.
    case readUnchanging
    case write
    /// Writes, and makes the file where it is missing.
    case create
  }

  /// How long to wait for another process, in milliseconds.
  static let patience: Int32 = 5_000

  /// Opens a file.
  init(_ path: String, _ access: Access, patience: Int32 = patience) throws(RunStoreError) {
    self.path = path
    let flags =
      switch access {
      case .readUnchanging: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
      case .write: SQLITE_OPEN_READWRITE
      case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
      }
    var opened: OpaquePointer?
    let name = access == .readUnchanging ? Self.unchangingURI(path) : path
    let code = sqlite3_open_v2(name, &opened, flags | SQLITE_OPEN_NOMUTEX, nil)
    guard let opened else { throw RunStoreError(path, .cannotOpen("out of memory")) }
    handle = opened
    guard code == SQLITE_OK else {
      throw RunStoreError(path, .cannotOpen(Self.systemReason(opened, code)))
    }
    sqlite3_extended_result_codes(handle, 1)
    sqlite3_busy_timeout(handle, patience)
  }

  /// The address by which SQLite reads a file that never changes.
  private static func unchangingURI(_ path: String) -> String {
    let plain = path.utf8.map { byte -> String in
      let isPlain = byte > 0x20 && byte < 0x7F && !"%?#".utf8.contains(byte)
      let digits = String(byte, radix: 16, uppercase: true)
      return isPlain
        ? String(UnicodeScalar(byte)) : "%\(digits.count < 2 ? "0" : "")\(digits)"
    }
    return "file:\(plain.joined())?immutable=1"
  }

  deinit {
    for statement in statements.values { statement.finalize() }
    sqlite3_close_v2(handle)
  }

  private static func systemReason(_ handle: OpaquePointer, _ code: Int32) -> String {
    let number = sqlite3_system_errno(handle)
    guard number == 0 else { return String(cString: strerror(number)) }
    return String(cString: sqlite3_errstr(code))
  }

  /// Does what a text of SQL says, and takes no rows.
  func execute(_ sql: String) throws(RunStoreError) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw error(code) }
  }

  /// A statement that is prepared once, reset and ready to be bound.
  func prepare(_ sql: String) throws(RunStoreError) -> SQLiteStatement {
    if let known = statements[sql] {
      known.reset()
      return known
    }
    var made: OpaquePointer?
    let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
    let code = sqlite3_prepare_v3(handle, sql, -1, flags, &made, nil)
    guard code == SQLITE_OK, let made else { throw error(code) }
    let statement = SQLiteStatement(made, of: self)
    statements[sql] = statement
    return statement
  }

  /// The rows of the last statement that changed any.
  var changes: Int { Int(sqlite3_changes64(handle)) }

  /// The number of the row that was inserted last.
  var lastInserted: Int64 { sqlite3_last_insert_rowid(handle) }

  /// Does some work in one transaction, which is undone where it fails.
  func transaction<Value>(
    _ work: () throws(RunStoreError) -> Value
  ) throws(RunStoreError) -> Value {
    try execute("BEGIN IMMEDIATE")
    do throws(RunStoreError) {
      let value = try work()
      try execute("COMMIT")
      return value
    } catch {
      // A full disk may have ended the transaction already.
      if sqlite3_get_autocommit(handle) == 0 { try? execute("ROLLBACK") }
      throw error
    }
  }

  /// The error of a result code.
  func error(_ code: Int32) -> RunStoreError {
    let words = String(cString: sqlite3_errmsg(handle))
    let problem: RunStoreError.Problem =
      switch code & 0xFF {
      case SQLITE_BUSY, SQLITE_LOCKED: .locked
      case SQLITE_FULL: .full
      case SQLITE_READONLY: .readOnly
      case SQLITE_NOTADB: .notAStore
      case SQLITE_CORRUPT: .damaged(words)
      case SQLITE_CANTOPEN: .cannotOpen(Self.systemReason(handle, code))
      case SQLITE_IOERR: inputOutputProblem(words)
      default: .failed(words)
      }
    return RunStoreError(path, problem)
  }

  /// What the system says decides: a quota or a limit on the size of files means a full disk.
  private func inputOutputProblem(_ words: String) -> RunStoreError.Problem {
    let number = sqlite3_system_errno(handle)
    if [ENOSPC, EDQUOT, EFBIG].contains(number) { return .full }
    return .failed(number == 0 ? words : String(cString: strerror(number)))
  }
}

/// A prepared statement. Its connection owns it.
struct SQLiteStatement {
  private let handle: OpaquePointer
  private unowned let connection: SQLiteConnection

  fileprivate init(_ handle: OpaquePointer, of connection: SQLiteConnection) {
    self.handle = handle
    self.connection = connection
  }

  fileprivate func finalize() { sqlite3_finalize(handle) }

  /// Makes it ready for other values.
  fileprivate func reset() {
    sqlite3_reset(handle)
    sqlite3_clear_bindings(handle)
  }

  /// Sets a parameter, counted from 1.
  @discardableResult
  func bind(_ position: Int32, _ value: Int?) -> SQLiteStatement {
    if let value { sqlite3_bind_int64(handle, position, Int64(value)) }
    return self
  }

  @discardableResult
  func bind(_ position: Int32, _ value: Double?) -> SQLiteStatement {
    if let value { sqlite3_bind_double(handle, position, value) }
    return self
  }

  @discardableResult
  func bind(_ position: Int32, _ value: String?) -> SQLiteStatement {
    guard var value else { return self }
    value.withUTF8 { text in
      _ = text.withMemoryRebound(to: CChar.self) {
        sqlite3_bind_text(handle, position, $0.baseAddress ?? emptyText, Int32($0.count), transient)
      }
    }
    return self
  }

  @discardableResult
  func bind(_ position: Int32, blob: [UInt8]) -> SQLiteStatement {
    blob.withUnsafeBytes { bind(position, copying: $0) }
    return self
  }

  /// Sets a parameter to a copy of some bytes.
  func bind(_ position: Int32, copying bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, !bytes.isEmpty else {
      sqlite3_bind_zeroblob(handle, position, 0)
      return
    }
    sqlite3_bind_blob64(handle, position, base, UInt64(bytes.count), transient)
  }

  /// Runs a statement without rows, with a parameter set to values that are not copied.
  func run(_ position: Int32, lending values: [some BitwiseCopyable]) throws(RunStoreError) {
    let code = values.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress, !bytes.isEmpty {
        sqlite3_bind_blob64(handle, position, base, UInt64(bytes.count), nil)
      } else {
        sqlite3_bind_zeroblob(handle, position, 0)
      }
      defer { reset() }
      return sqlite3_step(handle)
    }
    guard code == SQLITE_DONE else { throw connection.error(code) }
  }

  /// Goes to the next row; false after the last one.
  func step() throws(RunStoreError) -> Bool {
    let code = sqlite3_step(handle)
    if code == SQLITE_ROW { return true }
    defer { sqlite3_reset(handle) }
    guard code == SQLITE_DONE else { throw connection.error(code) }
    return false
  }

  /// Runs a statement without rows.
  func run() throws(RunStoreError) { while try step() {} }

  /// Ends a statement whose other rows are not needed.
  func end() { sqlite3_reset(handle) }
}

// Columns, which are counted from 0.
extension SQLiteStatement {
  /// A whole number.
  func integer(_ column: Int32) throws(RunStoreError) -> Int {
    guard sqlite3_column_type(handle, column) == SQLITE_INTEGER else {
      throw damaged(column, "a whole number")
    }
    return Int(sqlite3_column_int64(handle, column))
  }

  /// How many there are of something: at least 0, and few enough that sums of many do not overflow.
  func count(_ column: Int32) throws(RunStoreError) -> Int {
    let count = try integer(column)
    guard (0...1 << 40).contains(count) else { throw damaged(column, "from 0 to 2^40") }
    return count
  }

  /// A whole number, or nothing.
  func optionalInteger(_ column: Int32) throws(RunStoreError) -> Int? {
    isNull(column) ? nil : try integer(column)
  }

  /// A number.
  func number(_ column: Int32) throws(RunStoreError) -> Double {
    let type = sqlite3_column_type(handle, column)
    guard type == SQLITE_FLOAT || type == SQLITE_INTEGER else { throw damaged(column, "a number") }
    return sqlite3_column_double(handle, column)
  }

  /// Text in UTF-8.
  func text(_ column: Int32) throws(RunStoreError) -> String {
    guard sqlite3_column_type(handle, column) == SQLITE_TEXT,
      let start = sqlite3_column_text(handle, column)
    else { throw damaged(column, "text") }
    let count = Int(sqlite3_column_bytes(handle, column))
    guard
      let text = String(validating: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    else { throw damaged(column, "text in UTF-8") }
    return text
  }

  /// Text in UTF-8, or nothing.
  func optionalText(_ column: Int32) throws(RunStoreError) -> String? {
    isNull(column) ? nil : try text(column)
  }

  /// Bytes.
  func blob(_ column: Int32, count expected: Int? = nil) throws(RunStoreError) -> [UInt8] {
    try blob(column, of: UInt8.self, count: expected)
  }

  /// A digest of 16 bytes, as two words that compare as its bytes do.
  func digest(_ column: Int32) throws(RunStoreError) -> (UInt64, UInt64) {
    guard sqlite3_column_type(handle, column) == SQLITE_BLOB,
      sqlite3_column_bytes(handle, column) == 16, let start = sqlite3_column_blob(handle, column)
    else { throw damaged(column, "16 bytes") }
    return (
      UInt64(bigEndian: start.loadUnaligned(as: UInt64.self)),
      UInt64(bigEndian: start.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    )
  }

  /// Numbers of a fixed width, one behind the other.
  func blob<Element: BitwiseCopyable>(
    _ column: Int32, of type: Element.Type, count expected: Int? = nil
  ) throws(RunStoreError) -> [Element] {
    guard sqlite3_column_type(handle, column) == SQLITE_BLOB else {
      throw damaged(column, "bytes")
    }
    let size = MemoryLayout<Element>.stride
    let byteCount = Int(sqlite3_column_bytes(handle, column))
    let count = byteCount / size
    guard byteCount % size == 0, expected.map({ $0 == count }) ?? true else {
      throw damaged(
        column, expected.map { "\($0) times \(size) bytes" } ?? "a multiple of \(size) bytes")
    }
    guard count > 0, let start = sqlite3_column_blob(handle, column) else { return [] }
    return Array(unsafeUninitializedCapacity: count) { buffer, filled in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(
        from: UnsafeRawBufferPointer(start: start, count: byteCount))
      filled = count
    }
  }

  /// Whether there is nothing in a column.
  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

  /// A value that is not what it must be.
  func damaged(_ column: Int32, _ expected: String) -> RunStoreError {
    let name = sqlite3_column_name(handle, column).map { String(cString: $0) } ?? "\(column)"
    return RunStoreError(connection.path, .damaged("'\(name)' must be \(expected)"))
  }
}

/// Makes SQLite copy what it is given.
private nonisolated(unsafe) let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

/// A place for text without characters, which has no address of its own.
private nonisolated(unsafe) let emptyText = UnsafePointer(
  UnsafeMutablePointer<CChar>.allocate(capacity: 1))
