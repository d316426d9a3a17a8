import BacktestCore

/// Reads a table of anything but bars: a header line, then rows with as many fields.
struct CSVListReader {
  /// What findings call the file.
  let file: String
  /// What separates fields; `nil` is what the first line suggests.
  var separator: UInt8?

  /// A reader of a file with that name.
  init(file: String, separator: UInt8? = nil) {
    self.file = file
    self.separator = separator
  }

  /// Reads the header, then each row, and returns what the header says.
  ///
  /// - Parameters:
  ///   - header: finds the columns.
  ///   - row: takes a row, or adds a finding to the log.
  /// - Throws: `DataError` with the first findings and their lines.
  func read<Columns>(
    _ source: CSVByteSource, header: (CSVListHeader) throws(DataError) -> Columns,
    row: (CSVListRow, Columns, inout DataIssueLog) throws(DataError) -> Void
  ) throws(DataError) -> Columns {
    var buffer = CSVTextBuffer(source)
    try buffer.refill()
    if buffer.next[0] == 0xEF && buffer.next[1] == 0xBB && buffer.next[2] == 0xBF {
      buffer.position += 3
    }
    let separator = separator ?? buffer.likelySeparator()
    let records = CSVRecordReader(separator: separator, file: file)
    var log = DataIssueLog(file: file)
    var found: (columns: Columns, count: Int)?
    var line = 1
    reading: while log.issues.count < DataError.limit {
      switch try records.next(&buffer) {
      case .end: break reading
      case .blank(let lines): line += lines
      case .malformed(let message):
        log.add(.malformedRow, line: line, message)
        break reading
      case .record(let lines):
        if let found {
          if records.fieldCount == found.count {
            try row(CSVListRow(records: records, line: line), found.columns, &log)
          } else {
            log.add(
              .malformedRow, line: line,
              "the row has \(NumberText.count(records.fieldCount, "field")), the header has "
                + "\(found.count); give each row a field for each column")
          }
        } else {
          let names = (0..<records.fieldCount).map { DataIssue.printable(records.field($0)) }
          let first = CSVListHeader(names: names, file: file, line: line, separator: separator)
          found = (try header(first), names.count)
        }
        line += lines
      }
    }
    guard log.issues.isEmpty else { throw DataError(log.issues, canBeRepaired: false) }
    guard let found else {
      throw DataError(
        .unreadableFile, file: file, "the file is empty; a header line and rows are needed")
    }
    return found.columns
  }
}

/// The header line of a table.
struct CSVListHeader {
  let names: [String]
  let file: String
  let line: Int
  let separator: UInt8

  /// The column with the first of some names that there is, written alike or with other capitals
  /// and separators.
  func column(_ wanted: [String]) -> Int? {
    wanted.lazy.compactMap { name in
      names.firstIndex(of: name)
        ?? names.firstIndex { CSVHeader.plain($0) == CSVHeader.plain(name) }
    }.first
  }

  /// The same, or an error that lists the columns.
  ///
  /// - Parameter advice: what else to say, such as how to name the column.
  func column(_ wanted: [String], advice: String) throws(DataError) -> Int {
    if let found = column(wanted) { return found }
    let listed = names.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
    throw DataError(
      .badHeader, file: file, line: line,
      "no column \(DataIssue.quoted(wanted[0])); the columns are \(listed)\(advice)")
  }
}

/// A row of a table, good until the next one is read.
struct CSVListRow {
  private let records: CSVRecordReader
  let line: Int

  init(records: CSVRecordReader, line: Int) {
    self.records = records
    self.line = line
  }

  func field(_ column: Int) -> String { records.field(column) }

  func withField<R>(_ column: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    records.withField(column, body)
  }

  /// Adds a finding at a field of the row.
  func report(
    _ code: DataIssue.Code, _ column: Int, _ message: String, to log: inout DataIssueLog
  ) {
    let place = records.place(of: column, line: line)
    log.add(code, line: place.line, column: place.column, message)
  }
}
