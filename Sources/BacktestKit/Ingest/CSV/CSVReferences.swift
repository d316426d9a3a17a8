package import BacktestCore

/// Columns of values with the times at which they were known, such as an index, a rate or a
/// sentiment score.
///
/// The file has a header line and one row a time. A value is known at the instant of its row, or of
/// the column `known`; where that is a date, at the close of its session, without a calendar at the
/// end of its day in UTC. Empty fields are no values.
package struct CSVReferences: Sendable {
  /// How columns, times and numbers are written: `time`, `timeFormat`, `zone`, `decimal`,
  /// `separator`.
  package var mapping = CSVMapping()
  /// The market's hours.
  package var calendar: (any TradingCalendar)?
  /// The column of the times at which values were known; `nil` takes that of the rows.
  package var known: String?
  /// The columns of values; `nil` takes the only one besides, or the one called close.
  package var values: [String]?
  /// Whether all columns besides are values where none are named.
  package var takesAllColumns = false

  /// Columns that are found by their names.
  package init() {}

  /// The series of a file, plain or gzip: one called `name`, or several called `name.column`.
  ///
  /// - Throws: `DataError` with the first findings and their places.
  package func load(_ path: String, name: String) throws(DataError) -> [ReferenceSeries] {
    guard var clock = CSVTimestampParser(format: mapping.timeFormat, zone: mapping.zone) else {
      throw DataError(.badTime, file: path, "the time pattern is invalid")
    }
    var rows: [[(Timestamp, Double)]] = []
    let reader = CSVListReader(file: path, separator: mapping.separator?.asciiValue)
    let found = try reader.read(CSVByteSource(path: path)) { (header) throws(DataError) in
      let columns = try self.columns(header)
      rows = columns.values.map { _ in [] }
      return columns
    } row: { row, columns, log in
      take(row, columns, &clock, &rows, &log)
    }
    return try series(rows, found, path, name)
  }

  private struct Columns {
    var names: [String]
    var numbers: CSVNumberText
    var known: Int
    var values: [Int]
  }

  private func series(
    _ rows: [[(Timestamp, Double)]], _ columns: Columns, _ path: String, _ name: String
  ) throws(DataError) -> [ReferenceSeries] {
    var all: [ReferenceSeries] = []
    for (column, values) in zip(columns.values, rows) {
      let own = columns.values.count == 1 ? name : "\(name).\(columns.names[column])"
      do throws(MarketError) {
        all.append(
          try ReferenceSeries(
            name: own, knownTimes: Column(values.map(\.0)), values: Column(values.map(\.1))))
      } catch {
        throw DataError(.unreadableFile, file: path, "\(error)")
      }
    }
    return all
  }

  private func columns(_ header: CSVListHeader) throws(DataError) -> Columns {
    func column(_ wanted: [String], _ key: String) throws(DataError) -> Int {
      try header.column(wanted, advice: "; name it by '\(key)'")
    }
    let numbers = CSVNumberText(
      decimal: mapping.decimal, groupsByComma: header.separator == 0x2C)
    let time: Int
    if let known {
      time = try column([known], "known")
    } else {
      time = try column(mapping.time.map { [$0] } ?? CSVHeader.aliases(.time), "time")
    }
    var found: [Int] = []
    if let values {
      for value in values { found.append(try column([value], "values")) }
    } else {
      let others = header.names.indices.filter { $0 != time }
      let isPlain = others.count == 1 || takesAllColumns && !others.isEmpty
      found = isPlain ? others : [try column(CSVHeader.aliases(.close), "values")]
    }
    return Columns(names: header.names, numbers: numbers, known: time, values: found)
  }

  private func take(
    _ row: CSVListRow, _ columns: Columns, _ clock: inout CSVTimestampParser,
    _ rows: inout [[(Timestamp, Double)]], _ log: inout DataIssueLog
  ) {
    guard let stamp = row.withField(columns.known, { clock.read($0) }) else {
      let text = row.field(columns.known)
      return row.report(
        .badTime, columns.known, "\(DataIssue.quoted(text)) \(clock.advice(for: text))", to: &log)
    }
    let time = knownTime(stamp)
    // A date is known at its end, which may be the midnight after it.
    let shown = { (time: Timestamp) in
      stamp.hasTimeOfDay ? "\(time)" : "\((time - .seconds(1)).utcDate)"
    }
    for (index, column) in columns.values.enumerated() {
      guard let number = row.withField(column, columns.numbers.read), !number.isInfinite else {
        row.report(
          .badNumber, column, "\(DataIssue.quoted(row.field(column))) is not a number", to: &log)
        continue
      }
      if number.isNaN { continue }
      if let last = rows[index].last?.0, time <= last {
        row.report(
          time == last ? .duplicateTime : .outOfOrder, columns.known,
          "the value is of \(shown(time)), the one above it of \(shown(last)); times must ascend",
          to: &log)
        continue
      }
      rows[index].append((time, number))
    }
  }

  /// When a value is known: a date is known when its session closes.
  private func knownTime(_ stamp: CSVTimestamp) -> Timestamp {
    let time = Timestamp(nanoseconds: stamp.nanoseconds)
    guard !stamp.hasTimeOfDay else { return time }
    let date = (time + .seconds(Int64(stamp.secondsEast))).utcDate
    let end = date.midnight + .days(1)
    guard let calendar else { return end }
    // A date without a session, such as a Sunday, is known at its end, before the next one opens.
    return calendar.session(on: date)?.close ?? end
  }
}
