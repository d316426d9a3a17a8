import BacktestCore
internal import CLibCSV

/// Reads record after record from a buffer through libcsv, and knows the position of each field.
final class CSVRecordReader {
  private let parser: CSVRecordParser
  private let file: String
  private let separator: UInt8
  /// The record as it is in the file, with its line ending.
  private var record: [UInt8] = []

  init(separator: UInt8, file: String) {
    self.separator = separator
    self.file = file
    parser = CSVRecordParser(separator: separator)
  }

  /// What comes next, and how many lines it takes.
  enum Item {
    case record(lines: Int)
    case blank(lines: Int)
    case malformed(String)
    case end
  }

  var fieldCount: Int { parser.fieldCount }

  func field(_ index: Int) -> String { parser.field(index) }

  func withField<R>(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    parser.withField(index, body)
  }

  /// The line and column of a field of the last record; one past the last field is the record's
  /// end.
  func place(of column: Int, line: Int) -> (line: Int, column: Int) {
    record.withUnsafeBufferPointer { record in
      CSVFieldPlace.of(column: column, in: record, separator: separator, line: line)
    }
  }

  /// Takes the next line, or the lines of a record that has line breaks in quotes.
  func next(_ buffer: inout CSVTextBuffer) throws(DataError) -> Item {
    record.removeAll(keepingCapacity: true)
    var lines = 0
    while true {
      guard let text = try buffer.line() else { return .malformed(tooLong) }
      let isEnd = text.isEmpty
      if text.contains(0) {
        return .malformed("a NUL byte; this is not a CSV file, or it is UTF-16: save it as UTF-8")
      }
      record.append(contentsOf: text)
      let outcome = isEnd ? parser.finish() : parser.feed(UnsafeRawBufferPointer(text))
      buffer.position += text.count
      if !isEnd { lines += 1 }
      switch outcome {
      case .record: return .record(lines: lines)
      case .blank: return isEnd ? .end : .blank(lines: lines)
      case .malformed:
        return .malformed("a quote opens or closes in the wrong place; double quotes inside fields")
      case .open:
        if record.count > CSVTextBuffer.capacity { return .malformed(tooLong) }
      }
    }
  }

  private var tooLong: String {
    "the row is longer than 1 MiB; a quote may not be closed, or this is not a CSV file"
  }
}

/// The positions of fields.
enum CSVFieldPlace {
  /// The line and column, from 1, of a field in a record that begins on `line`.
  static func of(
    column: Int, in record: UnsafeBufferPointer<UInt8>, separator: UInt8, line: Int
  ) -> (line: Int, column: Int) {
    var (place, field) = ((line: line, column: 1), 0)
    var isQuoted = false
    for byte in record {
      if field == column { break }
      if !isQuoted && (byte == 0x0A || byte == 0x0D) { break }
      if byte == 0x22 { isQuoted.toggle() }
      if !isQuoted && byte == separator { field += 1 }
      if byte == 0x0A {
        place = (place.line + 1, 1)
      } else {
        place.column += 1
      }
    }
    return place
  }
}

/// The parser of record: libcsv in strict mode, fed line by line.
///
/// It decides what a record and a field are; the plain-row parser reads only rows on which both
/// agree.
final class CSVRecordParser {
  /// The text of all fields of the last record, one after another.
  private(set) var text: [UInt8] = []
  /// Where each field of the last record ends in `text`.
  private(set) var fieldEnds: [Int] = []
  private var isComplete = false
  private let parser: UnsafeMutablePointer<csv_parser>

  /// What a line holds.
  enum Outcome {
    /// A record ends with it.
    case record
    /// Nothing: a blank line.
    case blank
    /// A quoted field continues on the next line.
    case open
    /// Quotes that open or close nowhere.
    case malformed
  }

  init(separator: UInt8) {
    parser = .allocate(capacity: 1)
    parser.initialize(to: csv_parser())
    csv_init(parser, UInt8(CSV_STRICT | CSV_STRICT_FINI))
    csv_set_delim(parser, separator)
  }

  deinit {
    csv_free(parser)
    parser.deinitialize(count: 1)
    parser.deallocate()
  }

  /// Takes a line with its ending, or the first half of a CRLF ending.
  func feed(_ line: UnsafeRawBufferPointer) -> Outcome {
    if isComplete { reset() }
    let context = Unmanaged.passUnretained(self).toOpaque()
    let count = csv_parse(parser, line.baseAddress, line.count, takeField, takeRecord, context)
    guard count == line.count else { return .malformed }
    if isComplete { return .record }
    return parser.pointee.pstate == 0 ? .blank : .open
  }

  /// Ends the text, which may complete a last line without ending.
  func finish() -> Outcome {
    if isComplete { reset() }
    let context = Unmanaged.passUnretained(self).toOpaque()
    guard csv_fini(parser, takeField, takeRecord, context) == 0 else { return .malformed }
    return isComplete ? .record : .blank
  }

  /// The number of fields of the last record.
  var fieldCount: Int { fieldEnds.count }

  /// Calls `body` with the text of a field of the last record.
  func withField<R>(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    let start = index == 0 ? 0 : fieldEnds[index - 1]
    return text.withUnsafeBufferPointer { all in
      body(UnsafeBufferPointer(rebasing: all[start..<fieldEnds[index]]))
    }
  }

  /// The text of a field of the last record.
  func field(_ index: Int) -> String { withField(index) { String(decoding: $0, as: UTF8.self) } }

  private func reset() {
    text.removeAll(keepingCapacity: true)
    fieldEnds.removeAll(keepingCapacity: true)
    isComplete = false
  }

  fileprivate func append(_ field: UnsafeRawBufferPointer) {
    text.append(contentsOf: field)
    fieldEnds.append(text.count)
  }

  fileprivate func complete() { isComplete = true }
}

private func takeField(
  _ start: UnsafeMutableRawPointer?, _ count: Int, _ context: UnsafeMutableRawPointer?
) {
  guard let context else { return }
  let parser = Unmanaged<CSVRecordParser>.fromOpaque(context).takeUnretainedValue()
  parser.append(UnsafeRawBufferPointer(start: start, count: count))
}

private func takeRecord(_ ending: Int32, _ context: UnsafeMutableRawPointer?) {
  guard let context else { return }
  Unmanaged<CSVRecordParser>.fromOpaque(context).takeUnretainedValue().complete()
}
