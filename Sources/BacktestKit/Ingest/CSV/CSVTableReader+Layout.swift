import BacktestCore

// MARK: The first lines

extension CSVTableReader {
  /// Reads the header lines.
  mutating func readLayout(_ records: CSVRecordReader) throws(DataError) -> CSVFileLayout {
    if let names = options.mapping.headers { return try layout(names, line: 0) }
    let start = buffer.position
    let startLine = line
    var (names, headerLine) = try readNames(records)
    // Files of CryptoDataDownload begin with an address.
    if names.count == 1, names[0].lowercased().hasPrefix("http") {
      (names, headerLine) = try readNames(records)
    }
    if options.mapping.namesNoColumn, options.mapping.layout == .rows {
      if let headers = CSVKnownLayout.headers(ofRow: names) {
        (buffer.position, line) = (start, startLine)
        return try layout(headers, line: 0)
      }
      if let levels = try readLevels(records, below: names) {
        return try layout(levels.names, symbols: levels.symbols, line: headerLine)
      }
    }
    return try layout(names, line: headerLine)
  }

  /// The fields of the next record and its line.
  private mutating func readNames(
    _ records: CSVRecordReader
  ) throws(DataError) -> ([String], line: Int) {
    while true {
      switch try records.next(&buffer) {
      case .end:
        throw DataError(
          .unreadableFile, file: source.name,
          "the file is empty; a header line and rows are needed")
      case .blank(let lines): try skipBlank(lines)
      case .malformed(let message):
        throw DataError(.malformedRow, file: source.name, line: line, message)
      case .record(let lines):
        let here = line
        line += lines
        return ((0..<records.fieldCount).map { DataIssue.printable(records.field($0)) }, here)
      }
    }
  }

  /// The second level of a header, and the line with the name of the index below it; `nil`, and
  /// nothing read, where the next line is a row.
  private mutating func readLevels(
    _ records: CSVRecordReader, below first: [String]
  ) throws(DataError) -> (names: [String], symbols: [String])? {
    var (position, startLine) = (buffer.position, line)
    guard case .record(let lines) = try records.next(&buffer) else {
      buffer.position = position
      return nil
    }
    let second = (0..<records.fieldCount).map { DataIssue.printable(records.field($0)) }
    guard let levels = CSVKnownLayout.levels(first, second) else {
      buffer.position = position
      return nil
    }
    line += lines
    (position, startLine) = (buffer.position, line)
    if case .record(let lines) = try records.next(&buffer), records.fieldCount > 1,
      (1..<records.fieldCount).allSatisfy({ records.field($0).isEmpty }),
      CSVHeader.aliases(.time).contains(CSVHeader.plain(records.field(0)))
    {
      line += lines
    } else {
      (buffer.position, line) = (position, startLine)
    }
    return levels
  }

  /// The layout of a file whose columns have names.
  private func layout(_ names: [String], line: Int) throws(DataError) -> CSVFileLayout {
    guard options.mapping.layout == .wide else {
      return .rows(try header(names, options.mapping, line: line))
    }
    let time = options.mapping.time
    let times = names.indices.filter { column in
      let plain = CSVHeader.plain(names[column])
      return time.map { CSVHeader.plain($0) == plain } ?? CSVHeader.aliases(.time).contains(plain)
    }
    guard let column = times.first, names.count > 1 else {
      throw DataError(
        .badHeader, file: source.name, line: line,
        "a wide table needs a column of times and one for each instrument; name that of times by "
          + "'time' in 'data.columns'")
    }
    var mapping = options.mapping
    (mapping.time, mapping.close) = ("time", "close")
    (mapping.open, mapping.high, mapping.low) = ("close", "close", "close")
    // The closes are taken for what the study says that they are.
    if rules.adjusts { mapping.adjustedClose = "close" }
    return try groups(
      names.indices.filter { $0 != column }.map { ($0, names[$0]) }, timeColumn: column, line: line
    ) { (columns: [Int]) throws(DataError) in
      var own = [String](repeating: "", count: names.count)
      own[column] = "time"
      for price in columns { own[price] = "close" }
      return try header(own, mapping, line: line)
    }
  }

  /// The layout of a file with names of prices and tickers above its columns.
  private func layout(
    _ names: [String], symbols: [String], line: Int
  ) throws(DataError) -> CSVFileLayout {
    if Set(symbols.dropFirst()).count == 1 {
      let header = try header(["Date"] + names.dropFirst(), options.mapping, line: line)
      return .rows(header, symbol: defaultSymbol == fileSymbol ? symbols[1] : nil)
    }
    return try groups(
      (1..<names.count).map { ($0, symbols[$0]) }, timeColumn: 0, line: line
    ) { (columns: [Int]) throws(DataError) in
      var own = [String](repeating: "", count: names.count)
      own[0] = "Date"
      for column in columns { own[column] = names[column] }
      return try header(own, options.mapping, line: line)
    }
  }

  /// The name that a file's instrument has unless somebody gives another.
  private var fileSymbol: String { CSVReader.baseName(source.name) }

  private func groups(
    _ columns: [(column: Int, symbol: String)], timeColumn: Int, line: Int,
    _ header: ([Int]) throws(DataError) -> CSVHeader
  ) throws(DataError) -> CSVFileLayout {
    var order: [String] = []
    var byName: [String: [Int]] = [:]
    for (column, symbol) in columns {
      guard !symbol.isEmpty else {
        throw DataError(
          .badHeader, file: source.name, line: line,
          "column \(column + 1) has no name; each column of prices names its instrument")
      }
      if byName[symbol] == nil { order.append(symbol) }
      byName[symbol, default: []].append(column)
    }
    guard order.count <= CSVLimits.symbolCount else {
      throw DataError(
        .unreadableFile, file: source.name, line: line,
        "the header names more than \(CSVLimits.symbolCount) symbols, which is the limit")
    }
    var all: [CSVColumnGroups.Group] = []
    for symbol in order {
      all.append(.init(symbol: symbol, header: try header(byName[symbol] ?? [])))
    }
    return .columns(CSVColumnGroups(all: all, columnCount: columns.count + 1))
  }

  private func header(
    _ names: [String], _ mapping: CSVMapping, line: Int
  ) throws(DataError) -> CSVHeader {
    try CSVHeader(
      names: names, mapping: mapping, needsAdjustedClose: rules.adjusts, file: source.name,
      line: line)
  }
}

extension CSVMapping {
  /// Whether no column is named, so that a file may say itself what it is.
  fileprivate var namesNoColumn: Bool {
    [time, timeOfDay, open, high, low, close, volume, adjustedClose, symbol].allSatisfy {
      $0 == nil
    }
  }
}

// MARK: Rows of several instruments

extension CSVTableReader {
  mutating func readRows(
    _ records: CSVRecordReader, groups: CSVColumnGroups
  ) throws(DataError) {
    while true {
      try checkLimits()
      switch try records.next(&buffer) {
      case .end: return
      case .blank(let lines): try skipBlank(lines)
      case .record(let lines):
        takeRecord(records, groups: groups)
        line += lineStep * lines
      case .malformed(let message):
        log.add(.malformedRow, line: line, message)
        return
      }
    }
  }

  private mutating func takeRecord(_ records: CSVRecordReader, groups: CSVColumnGroups) {
    guard records.fieldCount == groups.columnCount else {
      return refuse(
        .malformedRow, records, column: min(records.fieldCount, groups.columnCount),
        "the row has \(NumberText.count(records.fieldCount, "field")), the header has "
          + "\(groups.columnCount)")
    }
    let header = groups.all[0].header
    guard let column = header.column(of: .time),
      let stamp = readStamp(records, column: column, header: header)
    else { return }
    for (index, group) in groups.all.enumerated() {
      guard let row = readRow(records, group, at: stamp) else { continue }
      let line = line
      let isInvalid = !builders[index].pointee.review(row, line: line, rules: rules) { role in
        records.place(of: group.header.column(of: role) ?? 0, line: line)
      }
      if isInvalid { invalidRowCount += 1 }
    }
  }

  /// The bar of one instrument; `nil` where it has none in this row, or a field is no number.
  private mutating func readRow(
    _ records: CSVRecordReader, _ group: CSVColumnGroups.Group, at stamp: CSVTimestamp
  ) -> CSVRow? {
    var row = CSVRow()
    row.stamp = stamp
    var isEmpty = true
    for (column, role) in group.numbers {
      guard let number = readNumber(records, column: column, role: role) else { return nil }
      row[role] = number
      if role != .volume, !number.isNaN { isEmpty = false }
    }
    if isEmpty { return nil }
    for (role, from) in group.header.shared { row[role] = row[from] }
    return row
  }
}

// MARK: Files whose newest row comes first

extension CSVTableReader {
  /// Turns the rest of the text around where the newest row comes first. Lines keep their numbers.
  mutating func turnDescendingRows(
    _ layout: CSVFileLayout, separator: UInt8
  ) throws(DataError) {
    guard descends(layout.header, separator: separator) else { return }
    let (text, lineCount) = try buffer.reversedLines()
    buffer = CSVTextBuffer(CSVByteSource(text: text, name: source.name))
    try buffer.refill()
    line += lineCount - 1
    lineStep = -1
  }

  /// Whether each of the next rows is older than the one above it.
  private func descends(_ header: CSVHeader, separator: UInt8) -> Bool {
    guard let time = header.column(of: .time) else { return false }
    let parser = CSVRecordParser(separator: separator)
    var clock = clock
    var last: [String: Int64] = [:]
    var steps = 0
    for text in buffer.nextLines(64) {
      var outcome = parser.feed(UnsafeRawBufferPointer(text))
      if outcome != .record, text.last != 0x0A { outcome = parser.finish() }
      guard outcome == .record, parser.fieldCount == header.names.count else { return false }
      var stamp = parser.field(time)
      if let second = header.column(of: .timeOfDay) { stamp += " " + parser.field(second) }
      guard let here = stamp.withUTF8({ clock.read($0) }) else { return false }
      let symbol = header.column(of: .symbol).map(parser.field) ?? ""
      if let before = last.updateValue(here.nanoseconds, forKey: symbol) {
        guard here.nanoseconds < before else { return false }
        steps += 1
      }
    }
    // Two rows out of order are more likely a mistake.
    return steps > 1
  }
}
