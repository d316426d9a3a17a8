import BacktestCore
import BacktestFiles

/// A cached file: a prologue, a directory of series and findings, and the columns.
///
/// Layout, little-endian:
///
///     offset  size  what
///     0       8     "BTKBARS" and a version byte
///     8       8     size of the whole file
///     16      8     size of the directory
///     24      16    digest of the 24 bytes above and of the directory
///     40      ...   directory
///     64 n    ...   columns, each at a multiple of 64: open time, close time, open, high, low,
///                   close, volume for each series in turn
///
/// The directory has a digest of each series' columns, so that a file that lost its end to a full
/// disk or a power cut, or a byte to a bad one, is made anew and never believed.
struct BarCacheFile {
  private static let magic: [UInt8] = Array("BTKBARS".utf8) + [4]
  private static let prologueSize = 40
  private static let columnCount = 7

  private let bytes: MappedBytes
  private let entries: [BarCacheEntry]

  /// Opens a cached file; `nil` unless it is whole and agrees with `key`.
  init?(path: String, key: BarCacheKey) {
    guard let bytes = Self.mapped(path), bytes.count >= Self.prologueSize else { return nil }
    let whole = UnsafeRawBufferPointer(start: bytes.start, count: bytes.count)
    guard whole.prefix(8).elementsEqual(Self.magic) else { return nil }
    var prologue = BinaryReader(whole, from: 8)
    let directoryLimit = UInt64(bytes.count - Self.prologueSize)
    guard prologue.word() == UInt64(bytes.count), let size = prologue.word(),
      size <= directoryLimit, let high = prologue.word(), let low = prologue.word()
    else { return nil }
    let end = Self.prologueSize + Int(size)
    let directory = UnsafeRawBufferPointer(rebasing: whole[Self.prologueSize..<end])
    let digest = Self.digest(UnsafeRawBufferPointer(rebasing: whole[0..<24]), directory)
    guard digest == ContentDigest.Value(high: high, low: low) else { return nil }
    var cursor = BinaryReader(directory, from: 0)
    guard BarCacheKey(&cursor) == key, let count = cursor.word(), count < 1 << 32 else {
      return nil
    }
    var entries: [BarCacheEntry] = []
    // Once digested, the columns wait for a run, which need not be soon, nor read all of them.
    bytes.beginSinglePass()
    defer { bytes.endSinglePass() }
    for _ in 0..<count {
      guard let entry = BarCacheEntry(&cursor), entry.fits(fileSize: bytes.count),
        entry.digest == Self.digest(ofColumnsAt: entry.offset, rows: entry.rowCount, in: whole)
      else { return nil }
      entries.append(entry)
    }
    self.bytes = bytes
    self.entries = entries
  }

  private static func mapped(_ path: String) -> MappedBytes? {
    do throws(FileError) { return try FileInput(path: path).map() } catch { return nil }
  }

  private static func digest(
    _ prologue: UnsafeRawBufferPointer, _ directory: UnsafeRawBufferPointer
  ) -> ContentDigest.Value {
    var digest = ContentDigest()
    digest.update(prologue)
    digest.update(directory)
    return digest.value
  }

  /// The digest of a series' columns in a file, without padding.
  private static func digest(
    ofColumnsAt offset: Int, rows: Int, in file: UnsafeRawBufferPointer
  ) -> ContentDigest.Value {
    var digest = ContentDigest()
    for column in 0..<columnCount {
      let start = offset + column * columnSize(rows)
      digest.update(UnsafeRawBufferPointer(rebasing: file[start..<start + rows * 8]))
    }
    return digest.value
  }

  /// The digest of a series' columns before they are written.
  private static func digest(of series: BarSeries) -> ContentDigest.Value {
    var digest = ContentDigest()
    for times in [series.openTimes, series.closeTimes] {
      times.withUnsafeBufferPointer { digest.update(UnsafeRawBufferPointer($0)) }
    }
    for values in [series.open, series.high, series.low, series.close, series.volume] {
      values.withUnsafeBufferPointer { digest.update(UnsafeRawBufferPointer($0)) }
    }
    return digest.value
  }

  /// The series with their columns in the mapped file.
  func series(
    calendar: (any TradingCalendar)?, priceBasis: BarSeries.PriceBasis, symbol: String,
    source: DataSource
  ) -> [BarSeries] {
    entries.map { entry in
      let size = BarCacheFile.columnSize(entry.rowCount)
      let symbol = entry.symbol ?? symbol
      func column<T>(_ index: Int) -> Column<T> {
        let start = bytes.start + entry.offset + index * size
        return Column(
          storage: bytes.storage, start: start.assumingMemoryBound(to: T.self),
          count: entry.rowCount)
      }
      var series = BarSeries(
        trusted: Instrument(symbol: symbol), timeframe: entry.timeframe,
        calendar: calendar, times: (0..<2).map { column($0) },
        prices: (2..<7).map { column($0) }, priceBasis: priceBasis)
      series.source = source
      series.issues = entry.issues.map { $0.issue(of: symbol, in: source.path) }
      return series
    }
  }

  fileprivate static func columnSize(_ rowCount: Int) -> Int { (rowCount * 8 + 63) / 64 * 64 }
}

// MARK: Writing

extension BarCacheFile {
  /// Writes series to a cached file; where `namesSymbols` is false, whoever asks names them.
  static func write(
    _ series: [BarSeries], namesSymbols: Bool, key: BarCacheKey, to path: String,
    interrupt: Interrupt = Interrupt()
  ) throws(FileError) {
    // The directory holds the offsets, whose size does not depend on them.
    let draft = directory(series, namesSymbols, key: key, start: 0)
    let start = (prologueSize + draft.count + 63) / 64 * 64
    let directory = directory(series, namesSymbols, key: key, start: start)
    let total = series.reduce(start) { $0 + columnCount * columnSize($1.count) }
    var head = BinaryWriter()
    head.bytes = magic
    head.word(UInt64(total))
    head.word(UInt64(directory.count))
    let digest = head.bytes.withUnsafeBytes { prologue in
      directory.withUnsafeBytes { Self.digest(prologue, $0) }
    }
    head.word(digest.high)
    head.word(digest.low)
    head.bytes += directory
    head.bytes += [UInt8](repeating: 0, count: start - head.bytes.count)
    var file = try AtomicFile(path: path, interrupt: interrupt)
    try file.output.write(head.bytes)
    for one in series {
      for times in [one.openTimes, one.closeTimes] { try file.output.write(column: times) }
      for values in [one.open, one.high, one.low, one.close, one.volume] {
        try file.output.write(column: values)
      }
    }
    try file.commit()
  }

  private static func directory(
    _ series: [BarSeries], _ namesSymbols: Bool, key: BarCacheKey, start: Int
  ) -> [UInt8] {
    var writer = BinaryWriter()
    key.write(to: &writer)
    writer.word(UInt64(series.count))
    var offset = start
    for one in series {
      let symbol = one.instrument.symbol
      let entry = BarCacheEntry(
        symbol: namesSymbols ? symbol : nil, timeframe: one.timeframe, rowCount: one.count,
        offset: offset, digest: digest(of: one),
        issues: one.issues.map { BarCacheIssue($0, of: symbol) })
      entry.write(to: &writer)
      offset += columnCount * columnSize(one.count)
    }
    return writer.bytes
  }
}

extension FileOutput {
  fileprivate func write<T>(column: Column<T>) throws(FileError) {
    // A closure of `withUnsafeBufferPointer` cannot throw a typed error through `rethrows`.
    let outcome = column.withUnsafeBufferPointer { values in
      Result { () throws(FileError) in try write(UnsafeRawBufferPointer(values)) }
    }
    try outcome.get()
    let size = column.count * MemoryLayout<T>.stride
    try write([UInt8](repeating: 0, count: BarCacheFile.columnSize(column.count) - size))
  }
}

/// One series in the directory of a cached file.
struct BarCacheEntry {
  /// The symbol as the file names it; `nil` for a file without symbols.
  var symbol: String?
  var timeframe: Timeframe
  var rowCount: Int
  /// Where its first column begins.
  var offset: Int
  /// The digest of its columns.
  var digest: ContentDigest.Value
  var issues: [BarCacheIssue]

  func fits(fileSize: Int) -> Bool {
    guard offset >= 0, offset % 64 == 0, rowCount >= 0, rowCount < 1 << 40 else { return false }
    return offset <= fileSize && (fileSize - offset) / 7 >= BarCacheFile.columnSize(rowCount)
  }
}

/// A finding about a series, whose file and symbol are those of whoever asks.
struct BarCacheIssue {
  private var issue: DataIssue
  /// Whether the message begins with the symbol, which is then not in it.
  private var namesSymbol: Bool

  init(_ issue: DataIssue, of symbol: String) {
    self.issue = issue
    self.issue.file = ""
    let start = "\(DataIssue.printable(symbol)): ".utf8
    namesSymbol = issue.message.utf8.starts(with: start)
    if namesSymbol {
      self.issue.message = String(
        decoding: issue.message.utf8.dropFirst(start.count), as: UTF8.self)
    }
  }

  /// The finding as it is for a symbol and a file.
  func issue(of symbol: String, in file: String) -> DataIssue {
    var issue = issue
    issue.file = file
    if namesSymbol { issue.message = "\(DataIssue.printable(symbol)): \(issue.message)" }
    return issue
  }
}

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
struct BinaryReader {
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
  init?(_ cursor: inout BinaryReader) {
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
  init?(_ cursor: inout BinaryReader) {
    guard let isNamed = cursor.word(), let name = cursor.text(), let length = cursor.text(),
      let timeframe = Timeframe(length), let rowCount = cursor.integer(),
      let offset = cursor.integer(), let high = cursor.word(), let low = cursor.word(),
      let issueCount = cursor.integer()
    else { return nil }
    var issues: [BarCacheIssue] = []
    for _ in 0..<max(0, issueCount) {
      guard let issue = BarCacheIssue(&cursor) else { return nil }
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

extension BarCacheIssue {
  fileprivate init?(_ cursor: inout BinaryReader) {
    guard let code = cursor.text().flatMap(DataIssue.Code.init(rawValue:)),
      let line = cursor.integer(), let column = cursor.integer(),
      let namesSymbol = cursor.word(), let message = cursor.text(), let repair = cursor.text(),
      let count = cursor.integer(), let isDated = cursor.word(), let time = cursor.word()
    else { return nil }
    self.namesSymbol = namesSymbol == 1
    issue = DataIssue(
      code: code, file: "", line: line == 0 ? nil : line,
      column: column == 0 ? nil : column, message: message,
      repair: DataIssue.Repair(rawValue: repair), count: count)
    if isDated == 1 { issue.time = Timestamp(nanoseconds: Int64(bitPattern: time)) }
  }

  fileprivate func write(to writer: inout BinaryWriter) {
    writer.text(issue.code.rawValue)
    writer.integer(issue.line ?? 0)
    writer.integer(issue.column ?? 0)
    writer.word(namesSymbol ? 1 : 0)
    writer.text(issue.message)
    writer.text(issue.repair?.rawValue ?? "")
    writer.integer(issue.count)
    writer.word(issue.time == nil ? 0 : 1)
    writer.word(UInt64(bitPattern: issue.time?.nanoseconds ?? 0))
  }
}
