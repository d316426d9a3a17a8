internal import CLibCSV

/// The parser of record: libcsv in strict mode, fed line by line.
///
/// It decides what a record and a field are; the fast lane reads only rows on which both agree.
final class CSVRecordParser {
  /// The text of all fields of the last record, one after another.
  private(set) var text: [UInt8] = []
  /// Where each field of the last record ends in `text`.
  private(set) var fieldEnds: [Int] = []
  private var isComplete = false
  private let parser: UnsafeMutablePointer<csv_parser>

  /// What a line came to.
  enum Outcome {
    /// A record ends with it.
    case record
    /// Nothing: a blank line.
    case blank
    /// A quoted field goes on in the next line.
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
