import BacktestCore

/// What the first lines of a file say of its columns.
enum CSVFileLayout {
  /// A row is a bar. The symbol is that of a file which names its only one above the columns.
  case rows(CSVHeader, symbol: String? = nil)
  /// A row holds a bar of each of several instruments.
  case columns(CSVColumnGroups)

  /// Whether any instrument has volumes.
  var hasVolume: Bool {
    switch self {
    case .rows(let header, _): header.hasVolume
    case .columns(let groups): groups.all.contains { $0.header.hasVolume }
    }
  }

  /// Whether the file itself names its instruments.
  var namesSymbols: Bool {
    switch self {
    case .rows(let header, _): header.hasSymbol
    case .columns: true
    }
  }

  /// A header with the columns of times, and of symbols where there is one.
  var header: CSVHeader {
    switch self {
    case .rows(let header, _): header
    case .columns(let groups): groups.all[0].header
    }
  }
}

/// The columns of each of several instruments that share the rows of a file.
struct CSVColumnGroups {
  /// The instruments, in the order of their first columns; at least one.
  let all: [Group]
  /// The number of columns of the file.
  let columnCount: Int

  /// One instrument.
  struct Group {
    let symbol: String
    let header: CSVHeader
    /// Its columns of numbers.
    let numbers: [(column: Int, role: CSVRole)]

    init(symbol: String, header: CSVHeader) {
      self.symbol = symbol
      self.header = header
      numbers = header.roles.indices.compactMap { column in
        header.roles[column].isNumber ? (column, header.roles[column]) : nil
      }
    }
  }
}

/// Files that say what they are by their first lines.
enum CSVKnownLayout {
  /// The columns of a file without a header line, by its first row: a time, four prices, and
  /// perhaps a volume and a count of trades, or the twelve columns of Binance; `nil` for others.
  static func headers(ofRow fields: [String]) -> [String]? {
    guard let first = fields.first, fields.dropFirst().allSatisfy({ Double($0) != nil }) else {
      return nil
    }
    var stamp = first
    let isTime = stamp.withUTF8 { text in
      CSVTimestampText.iso(text) != nil || CSVTimestampText.epochUnit(text) != nil
    }
    guard isTime, (5...7).contains(fields.count) || fields.count == 12 else { return nil }
    let names = ["time", "open", "high", "low", "close", "volume"]
    return fields.indices.map { $0 < names.count ? names[$0] : "column \($0 + 1)" }
  }

  /// Whether two lines are the levels of a header of yfinance or pandas-datareader: the names of
  /// prices and the tickers, in either order. The first field of each is the name of its level.
  static func levels(
    _ first: [String], _ second: [String]
  ) -> (names: [String], symbols: [String])? {
    guard first.count == second.count, first.count > 1 else { return nil }
    let prices = ["open", "high", "low", "close", "adjclose", "volume"]
    func areNames(_ fields: [String]) -> Bool {
      fields.dropFirst().allSatisfy { prices.contains(CSVHeader.plain($0)) }
    }
    func isLevel(_ field: String) -> Bool {
      ["", "price", "ticker", "attributes", "symbols"].contains(field.lowercased())
    }
    guard isLevel(first[0]), isLevel(second[0]) else { return nil }
    if areNames(first), !areNames(second) { return (first, second) }
    return areNames(second) && !areNames(first) ? (second, first) : nil
  }
}
