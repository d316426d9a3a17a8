import BacktestCore

/// Appends values to bytes, little-endian.
struct BinaryWriter {
  var bytes: [UInt8] = []

  mutating func word(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func integer(_ value: Int) { word(UInt64(bitPattern: Int64(value))) }

  mutating func text(_ value: String) {
    integer(value.utf8.count)
    bytes.append(contentsOf: value.utf8)
  }
}

/// Takes values from bytes; `nil` when they end too early.
struct BinaryCursor {
  private let bytes: UnsafeRawBufferPointer
  private var position: Int

  init(_ bytes: UnsafeRawBufferPointer, from position: Int) {
    self.bytes = bytes
    self.position = position
  }

  mutating func word() -> UInt64? {
    guard bytes.count - position >= 8 else { return nil }
    defer { position += 8 }
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
  }

  mutating func integer() -> Int? { word().map { Int(Int64(bitPattern: $0)) } }

  mutating func text() -> String? {
    guard let count = integer(), count >= 0, count <= bytes.count - position else { return nil }
    defer { position += count }
    return String(decoding: bytes[position..<position + count], as: UTF8.self)
  }
}

extension BarCacheKey {
  init?(_ cursor: inout BinaryCursor) {
    guard let size = cursor.integer(), let a = cursor.word(), let b = cursor.word(),
      let c = cursor.word(), let d = cursor.word()
    else { return nil }
    self.init(
      content: .init(high: a, low: b), byteCount: size, options: .init(high: c, low: d))
  }

  func write(to writer: inout BinaryWriter) {
    writer.integer(byteCount)
    for half in [content.high, content.low, options.high, options.low] { writer.word(half) }
  }
}

extension BarCacheEntry {
  init?(_ cursor: inout BinaryCursor) {
    guard let isNamed = cursor.word(), let name = cursor.text(), let length = cursor.text(),
      let timeframe = Timeframe(length), let rowCount = cursor.integer(),
      let offset = cursor.integer(), let high = cursor.word(), let low = cursor.word(),
      let issueCount = cursor.integer()
    else { return nil }
    var issues: [DataIssue] = []
    for _ in 0..<max(0, issueCount) {
      guard let issue = DataIssue(&cursor) else { return nil }
      issues.append(issue)
    }
    self.init(
      symbol: isNamed == 1 ? name : nil, timeframe: timeframe, rowCount: rowCount, offset: offset,
      digest: .init(high: high, low: low), issues: issues)
  }

  func write(to writer: inout BinaryWriter) {
    writer.word(symbol == nil ? 0 : 1)
    writer.text(symbol ?? "")
    writer.text(timeframe.description)
    writer.integer(rowCount)
    writer.integer(offset)
    writer.word(digest.high)
    writer.word(digest.low)
    writer.integer(issues.count)
    for issue in issues { issue.write(to: &writer) }
  }
}

extension DataIssue {
  fileprivate init?(_ cursor: inout BinaryCursor) {
    guard let code = cursor.text().flatMap(Code.init(rawValue:)), let line = cursor.integer(),
      let column = cursor.integer(), let message = cursor.text(), let repair = cursor.text(),
      let count = cursor.integer()
    else { return nil }
    self.init(
      code: code, file: "", line: line, column: column, message: message,
      repair: Repair(rawValue: repair), count: count)
  }

  fileprivate func write(to writer: inout BinaryWriter) {
    writer.text(code.rawValue)
    writer.integer(line)
    writer.integer(column)
    writer.text(message)
    writer.text(repair?.rawValue ?? "")
    writer.integer(count)
  }
}
