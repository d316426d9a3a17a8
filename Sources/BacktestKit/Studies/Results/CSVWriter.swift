import BacktestCore
package import BacktestFiles

/// Something that takes bytes.
package protocol ByteSink {
  /// Why bytes may not be taken; `Never` for memory.
  associatedtype Failure: Error
  /// Takes bytes behind those it has.
  mutating func write(_ bytes: [UInt8]) throws(Failure)
}

extension FileOutput: ByteSink {}

/// Writes rows of comma-separated values to a sink, in large pieces.
///
/// A number is written in the fewest digits that read back as the same Double, a whole one without
/// `.0`, one that is not finite as an empty field. Text is quoted where it must be. Rows end in a
/// line feed.
/// > Y. Shafranovich, *Common Format and MIME Type for CSV Files*, RFC 4180, 2005.
///
///     var csv = try CSVWriter(["time", "equity"], to: file)
///     try csv.row { $0.field("2018-12-31"); $0.field(100_000.0) }
///     try csv.finish()
package struct CSVWriter<Sink: ByteSink> {
  private var sink: Sink
  private var row = CSVRowWriter()
  private let columns: Int

  /// A writer that begins with the names of the columns.
  package init(_ header: [String], to sink: Sink) throws(Sink.Failure) {
    self.sink = sink
    columns = header.count
    row.bytes.reserveCapacity(CSVRowWriter.pieceSize + 4_096)
    try self.row { row in
      for name in header { row.field(name) }
    }
  }

  /// Writes one row.
  ///
  /// - Precondition: `fill` writes as many fields as there are columns.
  package mutating func row(_ fill: (inout CSVRowWriter) -> Void) throws(Sink.Failure) {
    row.write(columns, fill)
    if row.bytes.count >= CSVRowWriter.pieceSize { try flush() }
  }

  /// Writes many rows, of which some are made at the same time.
  ///
  /// - Precondition: `fill` writes as many fields as there are columns, for the number of a row.
  package mutating func rows(
    _ count: Int, _ fill: @Sendable (inout CSVRowWriter, _ index: Int) -> Void
  ) throws(Sink.Failure) {
    try flush()
    let (columns, size) = (columns, 4_096)
    // Some pieces at a time, so that a long table is never in memory as a whole.
    for start in stride(from: 0, to: count, by: 64 * size) {
      let end = min(start + 64 * size, count)
      let pieces = parallelMap(count: (end - start + size - 1) / size) { (piece) throws(Never) in
        var row = CSVRowWriter()
        let first = start + piece * size
        for index in first..<min(first + size, end) { row.write(columns) { fill(&$0, index) } }
        return row.bytes
      }
      for piece in pieces { try sink.write(piece) }
    }
  }

  /// Hands everything to the sink and gives the sink back.
  @discardableResult
  package mutating func finish() throws(Sink.Failure) -> Sink {
    try flush()
    return sink
  }

  private mutating func flush() throws(Sink.Failure) {
    try sink.write(row.bytes)
    row.bytes.removeAll(keepingCapacity: true)
  }
}

/// A row while its fields are written, one after the other.
package struct CSVRowWriter {
  fileprivate static let pieceSize = 1 << 16
  fileprivate var bytes: [UInt8] = []
  fileprivate var fields = 0

  /// Writes a whole row.
  fileprivate mutating func write(_ columns: Int, _ fill: (inout CSVRowWriter) -> Void) {
    fields = 0
    fill(&self)
    precondition(fields == columns, "a row must have as many fields as there are columns")
    bytes.append(0x0A)
  }

  /// Writes a number; one that is not finite is an empty field.
  package mutating func field(_ value: Double) {
    separate()
    guard value.isFinite else { return }
    if let whole = Int(exactly: value), abs(whole) < 1 << 53, whole != 0 || value.sign == .plus {
      return append(whole)
    }
    var text = value.description
    text.withUTF8 { digits in
      // Zero below zero is the only whole number that is left to `description`, as "-0.0".
      let isWhole = digits.count > 2 && digits[digits.count - 2] == 0x2E && digits.last == 0x30
      bytes.append(contentsOf: isWhole ? digits.dropLast(2) : digits[...])
    }
  }

  /// Writes a number, or an empty field where there is none.
  mutating func field(_ value: Double?) { field(value ?? .nan) }

  /// Writes a whole number.
  mutating func field(_ value: Int) {
    separate()
    append(value)
  }

  /// Writes a time in ISO 8601, or an empty field where there is none.
  mutating func field(_ time: Timestamp?) {
    separate()
    time?.append(to: &bytes)
  }

  /// Writes text, in quotes where it holds a comma, a quote, a line end or blanks at its ends.
  package mutating func field(_ text: String) {
    separate()
    let needsQuotes =
      text.utf8.contains { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }
      || text.utf8.first == 0x20 || text.utf8.last == 0x20
    guard needsQuotes else {
      bytes.append(contentsOf: text.utf8)
      return
    }
    bytes.append(0x22)
    for byte in text.utf8 {
      if byte == 0x22 { bytes.append(0x22) }
      bytes.append(byte)
    }
    bytes.append(0x22)
  }

  private mutating func separate() {
    if fields > 0 { bytes.append(0x2C) }
    fields += 1
  }

  private mutating func append(_ value: Int) {
    var text = String(value)
    text.withUTF8 { bytes.append(contentsOf: $0) }
  }
}
