package import BacktestCore
import BacktestFiles

/// Returns by date from a CSV file of any origin: a header line, a column of dates, and one of
/// simple returns, 0.01 for one percent.
///
///     let rows = try CSVReturns("fund.csv").rows
///
/// A date is the one that is written, whatever time of day and zone follow. Nothing is guessed:
/// what could be prices, percent figures or a second return of a day is refused, with its line.
package struct CSVReturns: Sendable {
  /// The rows, dates ascending, every return finite and -1 or more.
  package private(set) var rows: [Row] = []

  /// The return of a date.
  package struct Row: Hashable, Sendable {
    /// The date.
    package var date: CivilDate
    /// The return as a fraction.
    package var value: Double
    /// The line in the file.
    package var line: Int
  }

  /// Names of columns that hold prices.
  private static let priceNames =
    [CSVRole.close, .adjustedClose, .open].flatMap(CSVHeader.aliases)
    + ["price", "nav", "value", "equity", "balance", "level"]
  /// What a file without a header needs.
  private static let headerAdvice = "begin the file with a line such as date,return"
  /// Beyond this the mean size of returns is that of percent figures or of prices.
  private static let largestMean = 0.5

  /// Reads a file, plain or gzip.
  ///
  /// - Throws: `DataError` with the first findings and their lines.
  package init(_ path: String) throws(DataError) {
    guard var clock = CSVTimestampParser(format: .automatic, zone: .utc) else {
      throw DataError(.badTime, file: path, "times cannot be read")
    }
    let source: CSVByteSource
    do throws(DataError) {
      source = try CSVByteSource(path: path)
    } catch {
      throw DataError(
        .unreadableFile, file: path,
        "\(error.issues[0].message); name a CSV file of dates and returns")
    }
    var found: [Row] = []
    var growth = 1.0
    var decimal: CSVMapping.DecimalMark?
    let columns = try CSVListReader(file: path).read(source) { (header) throws(DataError) in
      try Self.columns(header, clock)
    } row: { row, columns, log in
      guard let date = Self.date(row, columns, &clock, after: found.last, &log),
        let value = Self.value(row, columns, &decimal, &log)
      else { return }
      growth *= 1 + value
      guard growth.isFinite else {
        return row.report(
          .badNumber, columns.value,
          "with a return of \(NumberText.exact(value)) the growth is too large for a number; "
            + Self.unitAdvice, to: &log)
      }
      found.append(Row(date: date, value: value, line: row.line))
    }
    guard !found.isEmpty else {
      throw DataError(
        .unreadableFile, file: path,
        "no row has a return; write a date and a return on each line below the header")
    }
    rows = found
    try check(columns, path)
  }

  private static let unitAdvice = "write 0.01 for one percent, and returns instead of prices"

  private struct Columns {
    var date: Int
    var value: Int
    var name: String
    var separator: UInt8
  }

  private static func columns(
    _ header: CSVListHeader, _ clock: CSVTimestampParser
  ) throws(DataError) -> Columns {
    func problem(_ text: String) -> DataError {
      let listed = header.names.prefix(8).map(DataIssue.quoted).joined(separator: ", ")
      return DataError(
        .badHeader, file: header.file, line: header.line, "\(text); the columns are \(listed)")
    }
    var clock = clock
    let first = Array(header.names[0].utf8)
    if header.names.count > 1, first.withUnsafeBufferPointer({ clock.read($0) }) != nil {
      throw problem("there is no header; \(headerAdvice)")
    }
    // Tables of other programs leave the name of their index out.
    let unnamed = header.names[0].isEmpty ? 0 : nil
    guard let date = header.column(CSVHeader.aliases(.time)) ?? unnamed else {
      throw problem("no column holds dates; \(headerAdvice)")
    }
    let others = header.names.indices.filter { $0 != date }
    guard others.count == 1 else {
      throw problem(
        others.isEmpty
          ? "there is no column of returns; \(headerAdvice)"
          : "it has \(others.count) columns beside the dates; keep the one of returns")
    }
    return Columns(
      date: date, value: others[0], name: header.names[others[0]], separator: header.separator)
  }

  private static func date(
    _ row: CSVListRow, _ columns: Columns, _ clock: inout CSVTimestampParser, after last: Row?,
    _ log: inout DataIssueLog
  ) -> CivilDate? {
    guard let stamp = row.withField(columns.date, { clock.read($0) }) else {
      let text = row.field(columns.date)
      row.report(
        .badTime, columns.date,
        "\(DataIssue.quoted(text)) is not a date; write dates as 2024-01-31, and for a month its "
          + "last day", to: &log)
      return nil
    }
    let written = Timestamp(nanoseconds: stamp.nanoseconds) + .seconds(Int64(stamp.secondsEast))
    let date = written.utcDate
    guard let last, date <= last.date else { return date }
    if date == last.date {
      row.report(
        .duplicateTime, columns.date,
        "\(date) has a return on line \(last.line) already; "
          + (stamp.hasTimeOfDay
            ? "compound the returns of a day into one" : "take one of the two out"),
        to: &log)
    } else {
      row.report(
        .outOfOrder, columns.date,
        "\(date) comes after \(last.date) of line \(last.line); sort the lines by date", to: &log)
    }
    return nil
  }

  private static func value(
    _ row: CSVListRow, _ columns: Columns, _ decimal: inout CSVMapping.DecimalMark?,
    _ log: inout DataIssueLog
  ) -> Double? {
    let text = row.field(columns.value)
    // Where commas do not part the fields, the first number with a mark tells which one is meant.
    if decimal == nil, columns.separator != UInt8(ascii: ","),
      let mark = text.last(where: { $0 == "," || $0 == "." })
    {
      decimal = mark == "," ? .comma : .point
    }
    let numbers = CSVNumberText(decimal: decimal ?? .point, groupsByComma: false)
    func problem(_ message: String) -> Double? {
      row.report(
        .badNumber, columns.value, "\(DataIssue.quoted(text)) \(message)", to: &log)
      return nil
    }
    guard !text.allSatisfy(\.isWhitespace) else {
      row.report(
        .badNumber, columns.value,
        "it is empty; write a number, 0 for none, or take the line out", to: &log)
      return nil
    }
    guard let value = row.withField(columns.value, numbers.read) else {
      if text.contains("%") {
        return problem("has a percent sign; write 0.01 for one percent")
      }
      return problem(
        text.contains(",")
          ? "is not a number; write decimals with a point, such as 0.01"
          : "is not a number; write a return such as 0.01, or take the line out")
    }
    guard value.isFinite else {
      return problem("is not a return; write a number, 0 for none, or take the line out")
    }
    guard value >= -1 else {
      return problem(
        "is a loss of more than everything, which -1 is; write -0.01 for minus one percent")
    }
    return value
  }

  /// Refuses what is most likely no returns.
  private func check(_ columns: Columns, _ path: String) throws(DataError) {
    // A total loss is one, whatever the others are.
    let others = rows.filter { $0.value > -1 }
    guard let largest = others.max(by: { abs($0.value) < abs($1.value) }) else { return }
    let mean = others.reduce(0) { $0 + abs($1.value) } / Double(others.count)
    let percent = NumberFormat.percent(decimals: 1)
    guard mean < Self.largestMean else {
      throw DataError(
        .badNumber, file: path, line: largest.line,
        "the returns are \(percent.text(mean)) on average, and \(percent.text(largest.value)) on "
          + "this line; \(Self.unitAdvice)")
    }
    let isPrice = Self.priceNames.contains(CSVHeader.plain(columns.name))
    let allRise = rows.allSatisfy { $0.value > 0 }
    if allRise, rows.count >= 3 && isPrice || rows.count >= 20 && mean > 0.05 {
      throw DataError(
        .badNumber, file: path, line: rows[0].line,
        "no value of the column \(DataIssue.quoted(columns.name)) is below zero, as prices are; "
          + "write returns: each price over the one before it, less one")
    }
  }
}
