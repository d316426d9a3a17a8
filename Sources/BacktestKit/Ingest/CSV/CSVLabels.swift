package import BacktestCore

/// A column of labels by date, such as a list of recessions or a column of a data file.
///
/// The file has a header line. Dates are `YYYY-MM-DD`, whatever time of day follows, or as
/// `timeFormat` says; they ascend, one row a date.
///
///     var columns = CSVLabels()
///     columns.label = "phase"
///     let rows = try columns.load("phases.csv")
package struct CSVLabels: Sendable {
  /// The column of dates; `nil` finds it by its name.
  package var date: String?
  /// The column of labels; `nil` finds it by its name.
  package var label: String?
  /// The column of the dates from which labels were known; `nil` where there is none.
  package var knownFrom: String?
  /// How dates are written that are not ISO dates.
  package var timeFormat = CSVMapping.TimeFormat.automatic

  /// Columns that are found by their names.
  package init() {}

  /// One row.
  package struct Row: Hashable, Sendable {
    /// The date.
    package var date: CivilDate
    /// The label; empty where the field is.
    package var label: String
    /// The date from which it was known, where there is such a column.
    package var knownFrom: CivilDate?
  }

  /// What tables call the bars without a label.
  private static var reservedLabel: String { "unlabelled" }

  /// More labels than this are a mistaken column.
  private static var labelLimit: Int { 64 }

  /// The rows of a file, plain or gzip.
  ///
  /// - Throws: `DataError` with the first findings and their lines.
  package func load(_ path: String) throws(DataError) -> [Row] {
    var buffer = CSVTextBuffer(try CSVByteSource(path: path))
    try buffer.refill()
    if buffer.next[0] == 0xEF && buffer.next[1] == 0xBB && buffer.next[2] == 0xBF {
      buffer.position += 3
    }
    let records = CSVRecordReader(separator: buffer.likelySeparator(), file: path)
    var (line, rows, seen) = (1, [Row](), Set<String>())
    var log = DataIssueLog(file: path)
    var columns: Columns?
    reading: while log.issues.count < DataError.limit {
      switch try records.next(&buffer) {
      case .end: break reading
      case .blank(let lines): line += lines
      case .malformed(let message):
        log.add(.malformedRow, line: line, message)
        break reading
      case .record(let lines):
        if let columns {
          if let row = row(records, columns, at: line, after: rows.last?.date, &log) {
            rows.append(row)
            if seen.insert(row.label).inserted, seen.count > Self.labelLimit {
              throw DataError(
                .badHeader, file: path, line: line,
                "the column of labels holds more than \(Self.labelLimit) different ones, which is "
                  + "the limit; name another column")
            }
          }
        } else {
          columns = try header(records, path, line)
        }
        line += lines
      }
    }
    guard log.issues.isEmpty else { throw DataError(log.issues, canBeRepaired: false) }
    guard !rows.isEmpty else {
      throw DataError(
        .unreadableFile, file: path, "there are no labels; a header line and rows are needed")
    }
    return rows
  }

  /// Where the columns are.
  private struct Columns {
    var count: Int
    var date: Int
    var label: Int
    var knownFrom: Int?
  }

  private func header(
    _ records: CSVRecordReader, _ file: String, _ line: Int
  ) throws(DataError) -> Columns {
    let names = (0..<records.fieldCount).map { DataIssue.printable(records.field($0)) }
    func column(
      _ wanted: String?, _ key: String, _ aliases: [String]
    ) throws(DataError) -> Int {
      let found = (wanted.map { [$0] } ?? aliases).lazy.compactMap { name in
        names.firstIndex(of: name)
          ?? names.firstIndex { CSVHeader.plain($0) == CSVHeader.plain(name) }
      }.first
      if let found { return found }
      let listed = names.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
      throw DataError(
        .badHeader, file: file, line: line,
        "no column \(DataIssue.quoted(wanted ?? aliases[0])); the columns are \(listed); name it "
          + "by '\(key)'")
    }
    return Columns(
      count: names.count, date: try column(date, "date", CSVHeader.aliases(.time)),
      label: try column(label, "label", ["label", "regime", "state", "phase"]),
      knownFrom: try knownFrom.map { name throws(DataError) in try column(name, "known-from", []) })
  }

  private func row(
    _ records: CSVRecordReader, _ columns: Columns, at line: Int, after last: CivilDate?,
    _ log: inout DataIssueLog
  ) -> Row? {
    guard records.fieldCount == columns.count else {
      log.add(
        .malformedRow, line: line,
        "the row has \(NumberText.count(records.fieldCount, "field")), the header has "
          + "\(columns.count)")
      return nil
    }
    func readDate(_ column: Int) -> CivilDate? {
      if let date = records.withField(column, civilDate) { return date }
      let place = records.place(of: column, line: line)
      log.add(
        .badTime, line: place.line, column: place.column,
        "\(DataIssue.quoted(records.field(column))) is not a date; write it like 2011-02-28")
      return nil
    }
    guard let date = readDate(columns.date) else { return nil }
    if let last, date <= last {
      let isRepeated = date == last
      log.add(
        isRepeated ? .duplicateTime : .outOfOrder, line: line,
        isRepeated
          ? "the date \(date) occurs twice; a day has one label"
          : "the date \(date) comes before \(last) in the row above it; sort the rows by date")
      return nil
    }
    var knownFrom: CivilDate?
    if let column = columns.knownFrom {
      guard let date = readDate(column) else { return nil }
      knownFrom = date
    }
    let label = DataIssue.printable(records.field(columns.label))
    guard label != Self.reservedLabel else {
      log.add(
        .malformedRow, line: line,
        "'\(label)' is what bars without a label are called; leave the label empty, or rename it")
      return nil
    }
    return Row(date: date, label: label, knownFrom: knownFrom)
  }

  private func civilDate(_ text: UnsafeBufferPointer<UInt8>) -> CivilDate? {
    func day(_ seconds: Int64) -> CivilDate {
      CivilDate(daysSinceEpoch: Int((seconds >= 0 ? seconds : seconds - 86_399) / 86_400))
    }
    if let civil = CSVTimestampText.iso(text) { return day(civil.seconds) }
    var clock = CSVTimestampParser(format: timeFormat, zone: .utc)
    guard let stamp = clock?.read(text) else { return nil }
    let seconds = stamp.nanoseconds / 1_000_000_000 + Int64(stamp.secondsEast)
    return day(seconds)
  }
}
