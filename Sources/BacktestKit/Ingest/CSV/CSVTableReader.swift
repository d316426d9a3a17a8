import BacktestCore

/// Reads one file into builders, one for each symbol, plain rows by the
/// fast parser, everything else by libcsv.
struct CSVTableReader: ~Copyable {
  let options: CSVReadOptions
  let source: CSVByteSource
  let defaultSymbol: String
  private let usesPlainRowParser: Bool
  var buffer: CSVTextBuffer
  var rules = CSVRowRules()
  var clock: CSVTimestampParser
  /// How numbers are written.
  private var numbers = CSVNumberText()
  /// The line of the next record.
  var line = 1
  /// How lines are counted: downwards where the newest row comes first in the file.
  var lineStep = 1
  var log: DataIssueLog
  /// How many rows were refused or repaired.
  var invalidRowCount = 0
  /// How many blank lines there are since the last row.
  private var blankLineCount = 0
  var builders = CSVBuilderSet()

  /// What a file holds.
  struct Table: ~Copyable {
    var builders: CSVBuilderSet
    /// Findings that belong to no symbol.
    var log: DataIssueLog
    var hasVolume: Bool
    /// Whether rows name their instrument.
    var hasSymbol: Bool
  }

  init(
    _ source: CSVByteSource, options: CSVReadOptions, defaultSymbol: String,
    usesPlainRowParser: Bool = true
  ) throws(DataError) {
    guard
      let clock = CSVTimestampParser(format: options.mapping.timeFormat, zone: options.mapping.zone)
    else {
      throw DataError(
        .badTime, file: source.name,
        "the time pattern is invalid; write it like dd/MM/yyyy HH:mm")
    }
    self.options = options
    self.source = source
    self.defaultSymbol = defaultSymbol
    self.usesPlainRowParser = usesPlainRowParser
    self.clock = clock
    buffer = CSVTextBuffer(source)
    log = DataIssueLog(file: source.name)
    rules.repairs = options.quality == .repair
    rules.allowsNonPositivePrices = options.allowsNonPositivePrices
    rules.adjusts = options.priceBasis == .adjusted
  }

  /// Reads the whole file.
  consuming func read() throws(DataError) -> Table {
    try buffer.refill()
    if buffer.next[0] == 0xEF && buffer.next[1] == 0xBB && buffer.next[2] == 0xBF {
      buffer.position += 3
    }
    let separator = try fieldSeparator()
    let records = CSVRecordReader(separator: separator, file: source.name)
    numbers.decimal = options.mapping.decimal
    numbers.groupsByComma = separator == 0x2C
    let layout = try readLayout(records)
    try turnDescendingRows(layout, separator: separator)
    rules.hasVolume = layout.hasVolume
    switch layout {
    case .rows(let header, let symbol):
      if !header.hasSymbol {
        builders.open(symbol ?? defaultSymbol, expectedCount: expectedRowCount, file: source.name)
      }
      try readRows(records, header: header, separator: separator)
    case .columns(let groups):
      for group in groups.all {
        builders.open(group.symbol, expectedCount: expectedRowCount, file: source.name)
      }
      try readRows(records, groups: groups)
    }
    return Table(
      builders: builders, log: log, hasVolume: layout.hasVolume, hasSymbol: layout.namesSymbols)
  }

  private mutating func readRows(
    _ records: CSVRecordReader, header: CSVHeader, separator: UInt8
  ) throws(DataError) {
    let lane = CSVPlainRowParser(header: header, separator: separator)
    let hasSymbol = header.hasSymbol
    // Timestamps in two columns and decimal commas are read only through libcsv.
    let usesPlainRowParser =
      usesPlainRowParser && !header.hasTimeOfDay && options.mapping.decimal == .point
    while true {
      if usesPlainRowParser { readPlainRows(lane, header: header, hasSymbol: hasSymbol) }
      try checkLimits()
      switch try records.next(&buffer) {
      case .end: return
      case .blank(let lines): try skipBlank(lines)
      case .record(let lines):
        blankLineCount = 0
        takeRecord(records, header: header)
        line += lineStep * lines
      case .malformed(let message):
        // After a stray quote the rest can no longer be divided into records.
        log.add(.malformedRow, line: line, message)
        return
      }
    }
  }

  /// Reads plain rows up to the first one that is not.
  private mutating func readPlainRows(
    _ lane: borrowing CSVPlainRowParser, header: CSVHeader, hasSymbol: Bool
  ) {
    var row = CSVRow()
    var symbol = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    var next = buffer.next
    let start = next
    var consumed = start
    while lane.read(&next, clock: &clock, row: &row, symbol: &symbol) {
      if hasSymbol { builders.select(symbol, file: source.name) }
      let builder = builders.selected!
      if builder.pointee.isPlain(row, rules) {
        if rules.adjusts { row.adjust() }
        builder.pointee.append(row, line: line)
        builder.pointee.lastStamp = row.stamp.nanoseconds
      } else {
        let record = UnsafeBufferPointer(start: consumed, count: next - consumed)
        review(row, in: record, header: header, separator: lane.separator)
      }
      line += lineStep
      consumed = next
    }
    buffer.position += consumed - start
  }

  @inline(never)
  private mutating func review(
    _ row: CSVRow, in record: UnsafeBufferPointer<UInt8>, header: CSVHeader, separator: UInt8
  ) {
    let line = line
    let isInvalid = !builders.selected.pointee.review(row, line: line, rules: rules) { role in
      let column = header.column(of: role) ?? 0
      return CSVFieldPlace.of(column: column, in: record, separator: separator, line: line)
    }
    if isInvalid { invalidRowCount += 1 }
  }

  mutating func skipBlank(_ lines: Int) throws(DataError) {
    line += lineStep * lines
    blankLineCount += lines
    guard blankLineCount > CSVLimits.blankLineCount else { return }
    throw DataError(
      .unreadableFile, file: source.name, line: line,
      "more than \(CSVLimits.blankLineCount) blank lines follow one another, which is the limit; "
        + "this is no price file")
  }

  func checkLimits() throws(DataError) {
    let isMost = invalidRowCount > line / 2
    if invalidRowCount > CSVLimits.invalidRowCount, isMost || !rules.repairs {
      throw DataError(
        .unreadableFile, file: source.name, line: line,
        "more than \(CSVLimits.invalidRowCount) rows are invalid, which is the limit; this is no "
          + "price file of this layout")
    }
    if builders.count > CSVLimits.symbolCount {
      throw DataError(
        .unreadableFile, file: source.name, line: line,
        "the rows name more than \(CSVLimits.symbolCount) symbols, which is the limit; name their "
          + "column by 'symbol' in 'data.columns'")
    }
  }
}

// MARK: Records

extension CSVTableReader {
  /// Takes the values of the record that libcsv has just completed.
  private mutating func takeRecord(_ records: CSVRecordReader, header: CSVHeader) {
    let count = header.names.count
    guard records.fieldCount == count else {
      let fields = "\(records.fieldCount) field\(records.fieldCount == 1 ? "" : "s")"
      return refuse(
        .malformedRow, records, column: min(records.fieldCount, count),
        "the row has \(fields), the header has \(count)")
    }
    guard let row = readValues(records, header: header) else { return }
    if let column = header.column(of: .symbol) {
      records.withField(column) { builders.select($0, file: source.name) }
    }
    let line = line
    let isInvalid = !builders.selected.pointee.review(row, line: line, rules: rules) { role in
      records.place(of: header.column(of: role) ?? 0, line: line)
    }
    if isInvalid { invalidRowCount += 1 }
  }

  /// The values of a record of the right length; `nil` when any of them cannot be read.
  private mutating func readValues(_ records: CSVRecordReader, header: CSVHeader) -> CSVRow? {
    var row = CSVRow()
    var isReadable = true
    for (column, role) in header.roles.enumerated() {
      switch role {
      case .ignored, .timeOfDay: continue
      case .symbol:
        if !records.withField(column, { $0.isEmpty }) { continue }
        refuse(.malformedRow, records, column: column, "the symbol is missing")
      case .time:
        if let stamp = readStamp(records, column: column, header: header) {
          row.stamp = stamp
          continue
        }
      default:
        if let number = readNumber(records, column: column, role: role) {
          row[role] = number
          continue
        }
      }
      isReadable = false
    }
    for (role, from) in header.shared { row[role] = row[from] }
    return isReadable ? row : nil
  }

  /// The number in a field; `nil` where it is none, which is noted.
  mutating func readNumber(
    _ records: CSVRecordReader, column: Int, role: CSVRole
  ) -> Double? {
    let numbers = numbers
    let read = role == .volume ? numbers.readVolume : numbers.read
    if let number = records.withField(column, read) { return number }
    let text = records.field(column)
    var advice = ""
    if text.contains(","), options.mapping.decimal == .point {
      advice = "; if the comma is the decimal mark, set 'decimal' to comma"
    }
    refuse(
      .badNumber, records, column: column,
      "the \(role.label) \(DataIssue.quoted(text)) is not a number\(advice)")
    return nil
  }

  mutating func readStamp(
    _ records: CSVRecordReader, column: Int, header: CSVHeader
  ) -> CSVTimestamp? {
    var stamp: CSVTimestamp?
    var text: String
    if let second = header.column(of: .timeOfDay) {
      text = records.field(column) + " " + records.field(second)
      stamp = Array(text.utf8).withUnsafeBufferPointer { clock.read($0) }
    } else {
      text = ""
      stamp = records.withField(column) { clock.read($0) }
    }
    if stamp == nil {
      if text.isEmpty { text = records.field(column) }
      let shown = DataIssue.quoted(text)
      refuse(.badTime, records, column: column, "\(shown) \(clock.advice(for: text))")
    }
    return stamp
  }

  mutating func refuse(
    _ code: DataIssue.Code, _ records: CSVRecordReader, column: Int, _ message: String
  ) {
    let place = records.place(of: column, line: line)
    invalidRowCount += 1
    log.add(code, line: place.line, column: place.column, message)
  }

  /// The separator of the mapping, or the likeliest in the first line.
  private mutating func fieldSeparator() throws(DataError) -> UInt8 {
    if let wanted = options.mapping.separator {
      guard CSVMapping.isSeparator(wanted), let byte = wanted.asciiValue else {
        throw DataError(
          .badHeader, file: source.name,
          "the separator \(DataIssue.quoted(String(wanted))) is not supported; "
            + "use one such as , ; or a tab")
      }
      return byte
    }
    return buffer.likelySeparator()
  }

  /// A guess at the number of rows; room that is not used takes no memory.
  private var expectedRowCount: Int {
    var sampleEnd = buffer.next
    var lines = 0
    let start = sampleEnd
    while sampleEnd.pointee != 0, lines < 100 {
      if sampleEnd.pointee == 0x0A { lines += 1 }
      sampleEnd += 1
    }
    guard lines > 0 else { return 16 }
    let left = source.expectedByteCount
    return min(left * lines / (sampleEnd - start) * 21 / 20, 1 << 28)
  }
}
