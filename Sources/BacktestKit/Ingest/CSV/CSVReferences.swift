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

  /// Columns that are found by their names.
  package init() {}

  /// The series of a file, plain or gzip: one called `name`, or several called `name.column`.
  ///
  /// - Throws: `DataError` with the first findings and their places.
  package func load(_ path: String, name: String) throws(DataError) -> [ReferenceSeries] {
    var buffer = CSVTextBuffer(try CSVByteSource(path: path))
    try buffer.refill()
    if buffer.next[0] == 0xEF && buffer.next[1] == 0xBB && buffer.next[2] == 0xBF {
      buffer.position += 3
    }
    let separator = mapping.separator?.asciiValue ?? buffer.likelySeparator()
    let records = CSVRecordReader(separator: separator, file: path)
    guard var clock = CSVTimestampParser(format: mapping.timeFormat, zone: mapping.zone) else {
      throw DataError(.badTime, file: path, "the time pattern is invalid")
    }
    let numbers = CSVNumberText(decimal: mapping.decimal, groupsByComma: separator == 0x2C)
    var log = DataIssueLog(file: path)
    var columns: Columns?
    var line = 1
    var rows: [[(Timestamp, Double)]] = []
    reading: while log.issues.count < DataError.limit {
      switch try records.next(&buffer) {
      case .end: break reading
      case .blank(let lines): line += lines
      case .malformed(let message):
        log.add(.malformedRow, line: line, message)
        break reading
      case .record(let lines):
        if let columns {
          take(records, columns, line, &clock, numbers, &rows, &log)
        } else {
          let found = try header(records, path, line)
          rows = found.values.map { _ in [] }
          columns = found
        }
        line += lines
      }
    }
    guard log.issues.isEmpty else { throw DataError(log.issues) }
    return try series(rows, columns, path, name)
  }

  private struct Columns {
    var names: [String]
    var known: Int
    var values: [Int]
  }

  private func series(
    _ rows: [[(Timestamp, Double)]], _ columns: Columns?, _ path: String, _ name: String
  ) throws(DataError) -> [ReferenceSeries] {
    guard let columns else {
      throw DataError(
        .unreadableFile, file: path, "the file is empty; a header line and rows are needed")
    }
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

  private func header(
    _ records: CSVRecordReader, _ file: String, _ line: Int
  ) throws(DataError) -> Columns {
    let names = (0..<records.fieldCount).map { DataIssue.printable(records.field($0)) }
    func column(_ wanted: [String], _ key: String) throws(DataError) -> Int {
      let plain = wanted.map(CSVHeader.plain)
      for name in plain {
        if let found = names.firstIndex(where: { CSVHeader.plain($0) == name }) { return found }
      }
      let listed = names.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
      throw DataError(
        .badHeader, file: file, line: line,
        "no column \(DataIssue.quoted(wanted[0])); the columns are \(listed); name it by '\(key)'")
    }
    let time: Int
    if let known {
      time = try column([known], "known")
    } else {
      time = try column(mapping.time.map { [$0] } ?? CSVHeader.aliases(.time), "time")
    }
    if let values {
      var found: [Int] = []
      for value in values { found.append(try column([value], "values")) }
      return Columns(names: names, known: time, values: found)
    }
    let others = names.indices.filter { $0 != time }
    let only = others.count == 1 ? others[0] : try column(CSVHeader.aliases(.close), "values")
    return Columns(names: names, known: time, values: [only])
  }

  private func take(
    _ records: CSVRecordReader, _ columns: Columns, _ line: Int, _ clock: inout CSVTimestampParser,
    _ numbers: CSVNumberText, _ rows: inout [[(Timestamp, Double)]], _ log: inout DataIssueLog
  ) {
    guard records.fieldCount == columns.names.count else {
      return log.add(
        .malformedRow, line: line,
        "the row has \(NumberText.count(records.fieldCount, "field")), the header has "
          + "\(columns.names.count)")
    }
    func place(_ column: Int) -> (line: Int, column: Int) {
      records.place(of: column, line: line)
    }
    guard let stamp = records.withField(columns.known, { clock.read($0) }) else {
      let text = records.field(columns.known)
      let at = place(columns.known)
      return log.add(
        .badTime, line: at.line, column: at.column,
        "\(DataIssue.quoted(text)) \(clock.advice(for: text))")
    }
    let time = knownTime(stamp)
    for (index, column) in columns.values.enumerated() {
      let at = place(column)
      guard let number = records.withField(column, numbers.read), !number.isInfinite else {
        log.add(
          .badNumber, line: at.line, column: at.column,
          "\(DataIssue.quoted(records.field(column))) is not a number")
        continue
      }
      if number.isNaN { continue }
      if let last = rows[index].last?.0, time <= last {
        let known = place(columns.known)
        log.add(
          time == last ? .duplicateTime : .outOfOrder, line: known.line, column: known.column,
          "the value is known at \(time), the one above it at \(last); times must ascend")
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
