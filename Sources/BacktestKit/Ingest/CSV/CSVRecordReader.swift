/// Reads record after record from a buffer over libcsv, and knows where each field stands.
final class CSVRecordReader {
  private let parser: CSVRecordParser
  private let file: String
  private let separator: UInt8
  /// The record with its ending, as it stands in the file.
  private var record: [UInt8] = []

  init(separator: UInt8, file: String) {
    self.separator = separator
    self.file = file
    parser = CSVRecordParser(separator: separator)
  }

  /// What stands next; with how many lines it takes.
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
      CSVPlace.of(column: column, in: record, separator: separator, line: line)
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
        return .malformed("a NUL byte; this is no CSV file, or it is UTF-16: save it as UTF-8")
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
    "the row is longer than a megabyte; a quote may not be closed, or this is no CSV file"
  }
}

/// Where fields stand, and how text is shown.
enum CSVPlace {
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

  /// Text in quotes, on one line and not too long.
  static func quoted(_ text: String) -> String { "\"\(printable(text))\"" }

  /// Text on one line and not too long.
  static func printable(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(40).map { scalar in
      scalar.value < 0x20 || scalar.value == 0x7F ? "?" : String(scalar)
    }
    return shown.joined() + (text.unicodeScalars.count > 40 ? "…" : "")
  }
}

/// Numbers as they stand in fields.
enum CSVNumberText {
  /// Reads a field: NaN where it is empty or says that nothing is known, `nil` where it is no
  /// number.
  static func read(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    if let number = DecimalText.parse(text) { return number }
    guard text.count <= 9 else { return nil }
    switch String(decoding: text, as: UTF8.self).lowercased() {
    case "", "nan", "na", "n/a", "null", "none", "-nan", "#n/a", "-", ".": return .nan
    case "inf", "+inf", "infinity", "+infinity": return .infinity
    case "-inf", "-infinity": return -.infinity
    default: return nil
    }
  }
}

extension CSVRow {
  /// The number of a role.
  subscript(role: CSVRole) -> Double {
    get {
      switch role {
      case .open: open
      case .high: high
      case .low: low
      case .close: close
      case .adjustedClose: adjustedClose
      case .volume: volume
      case .time, .timeOfDay, .symbol, .ignored: .nan
      }
    }
    set {
      switch role {
      case .open: open = newValue
      case .high: high = newValue
      case .low: low = newValue
      case .close: close = newValue
      case .adjustedClose: adjustedClose = newValue
      case .volume: volume = newValue
      case .time, .timeOfDay, .symbol, .ignored: break
      }
    }
  }
}
