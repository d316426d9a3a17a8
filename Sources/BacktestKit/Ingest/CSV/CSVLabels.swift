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
    var rows: [Row] = []
    var seen = Set<String>()
    let source = try CSVByteSource(path: path)
    _ = try CSVListReader(file: path).read(source) { (header) throws(DataError) in
      try columns(header)
    } row: { (fields, columns, log) throws(DataError) in
      guard let row = row(fields, columns, after: rows.last?.date, &log) else { return }
      rows.append(row)
      if seen.insert(row.label).inserted, seen.count > Self.labelLimit {
        throw DataError(
          .badHeader, file: path, line: fields.line,
          "the column of labels holds more than \(Self.labelLimit) different ones, which is the "
            + "limit; name another column")
      }
    }
    guard !rows.isEmpty else {
      throw DataError(
        .unreadableFile, file: path, "there are no labels; a header line and rows are needed")
    }
    return rows
  }

  /// Where the columns are.
  private struct Columns {
    var date: Int
    var label: Int
    var knownFrom: Int?
  }

  private func columns(_ header: CSVListHeader) throws(DataError) -> Columns {
    func column(
      _ wanted: String?, _ key: String, _ aliases: [String]
    ) throws(DataError) -> Int {
      try header.column(wanted.map { [$0] } ?? aliases, advice: "; name it by '\(key)'")
    }
    return Columns(
      date: try column(date, "date", CSVHeader.aliases(.time)),
      label: try column(label, "label", ["label", "regime", "state", "phase"]),
      knownFrom: try knownFrom.map { name throws(DataError) in try column(name, "known-from", []) })
  }

  private func row(
    _ row: CSVListRow, _ columns: Columns, after last: CivilDate?, _ log: inout DataIssueLog
  ) -> Row? {
    func readDate(_ column: Int) -> CivilDate? {
      if let date = row.withField(column, civilDate) { return date }
      row.report(
        .badTime, column,
        "\(DataIssue.quoted(row.field(column))) is not a date; write it like 2011-02-28", to: &log)
      return nil
    }
    guard let date = readDate(columns.date) else { return nil }
    if let last, date <= last {
      let isRepeated = date == last
      log.add(
        isRepeated ? .duplicateTime : .outOfOrder, line: row.line,
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
    let label = DataIssue.printable(row.field(columns.label))
    guard label != Self.reservedLabel else {
      log.add(
        .malformedRow, line: row.line,
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
