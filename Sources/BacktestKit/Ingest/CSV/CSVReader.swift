public import BacktestCore
package import BacktestFiles

/// What a CSV reader is asked for.
///
///     var options = CSVReadOptions()
///     options.calendar = calendar
///     options.priceBasis = .adjusted
///     options.quality = .repair
public struct CSVReadOptions: Sendable {
  /// How columns and stamps are to be understood.
  public var mapping = CSVMapping()
  /// The market's hours; without one a daily bar lasts from 00:00 to 24:00 UTC, and gaps cannot
  /// be seen. A cached file knows a calendar again by its name.
  public var calendar: (any TradingCalendar)?
  /// How long a bar lasts; `nil` takes the smallest difference between stamps and checks that all
  /// others are multiples of it.
  public var timeframe: Timeframe?
  /// Which prices to take.
  public var priceBasis: BarSeries.PriceBasis = .raw
  /// What to do with invalid rows.
  public var quality: Quality = .strict
  /// Whether prices may be zero or negative, as those of futures may.
  public var allowsNonPositivePrices = false
  /// The date of the first session to keep; the file is checked whole all the same.
  public var from: CivilDate?
  /// The date of the last session to keep.
  public var to: CivilDate?
  /// A folder for the binary column cache; `nil` reads the text each time. The folder must exist.
  public var cacheDirectory: String?

  /// Raw prices, strict quality, no calendar and no cache.
  public init() {}

  /// What to do with invalid rows.
  public enum Quality: String, Hashable, Sendable, CaseIterable {
    /// Refuse the file and list them with their places.
    case strict
    /// Fix, hold or drop them and list each.
    case repair
  }
}

extension CSVReadOptions {
  /// The digest of all options that decide what the columns hold.
  var digest: ContentDigest.Value {
    let sessions = (calendar as? ExchangeCalendar)?.digest.hexadecimal ?? ""
    let parts = [
      mapping.canonicalText, (calendar?.name ?? "-") + sessions, timeframe?.description ?? "-",
      priceBasis.rawValue, quality.rawValue, allowsNonPositivePrices ? "any" : "positive",
    ]
    return .init(parts)
  }
}

extension ContentDigest.Value {
  fileprivate init(_ parts: [String]) {
    self = ContentDigest.of(parts.joined(separator: "\u{1E}").utf8)
  }
}

/// Reads bars from CSV files, plain or gzip.
///
///     var options = CSVReadOptions()
///     options.quality = .repair
///     let series = try CSVReader(options).load("prices.csv")
///
/// A file with a column of symbols gives one series for each; else it gives one. Text is read in
/// pieces of a megabyte, so the memory needed is that of the columns: 56 bytes a bar, and with a
/// cache only while a file is read for the first time.
public struct CSVReader: Sendable {
  /// What is asked for.
  public var options: CSVReadOptions
  /// Whether plain rows may bypass libcsv; tests compare both ways.
  var usesPlainRowParser = true
  /// Whether the paths `-` and `/dev/stdin` name standard input, which no cache keeps.
  package var acceptsStandardInput = false
  /// Called now and then while a text is read, with the stored bytes read so far and all of them.
  package var progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?
  /// Ends writing to the cache.
  package var interrupt = Interrupt()

  /// A reader with options.
  public init(_ options: CSVReadOptions = CSVReadOptions()) { self.options = options }

  /// All series of a file, in the order in which their symbols appear.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - symbol: The name of the instrument of a file without symbols; by default the file's name
  ///     without its folder and endings.
  /// - Throws: `DataError` when the file cannot be used, with up to 20 findings and their places.
  public func load(_ path: String, symbol: String? = nil) throws(DataError) -> [BarSeries] {
    let symbol = symbol ?? CSVReader.baseName(path)
    let isStandard = acceptsStandardInput && FileInput.isStandardInput(path)
    let directory = isStandard ? nil : options.cacheDirectory
    let cache = directory.map { BarCache(directory: $0, options: options) }
    var whole: [BarSeries]?
    if let cache { whole = try cache.series(of: path, symbol: symbol) }
    if whole == nil {
      let source = try CSVByteSource(path: path, acceptsStandardInput: acceptsStandardInput)
      source.progress = progress
      let read = try parse(source, symbol: symbol)
      whole = read.series
      if let cache {
        whole = interrupt.shield {
          cache.store(
            read.series, symbol: symbol, namesSymbols: read.namesSymbols, interrupt)
        }
      }
    }
    return try finished(whole ?? [], path)
  }

  /// All series of a text in memory, which may be gzip data.
  ///
  /// - Throws: `DataError` as for a file called `name`.
  public func load(bytes: [UInt8], name: String, symbol: String? = nil) throws(DataError)
    -> [BarSeries]
  {
    let symbol = symbol ?? CSVReader.baseName(name)
    let whole = try bytes.withUnsafeBufferPointer { (raw) throws(DataError) in
      try parse(CSVByteSource(bytes: UnsafeRawBufferPointer(raw), name: name), symbol: symbol)
        .series
    }
    return try finished(whole, name)
  }

  /// The sessions that are asked for, which the calendar has to know.
  private func finished(_ whole: [BarSeries], _ file: String) throws(DataError) -> [BarSeries] {
    let series = whole.map { $0.sessions(from: options.from, to: options.to) }
    guard let calendar = options.calendar, let coverage = calendar.coverage else { return series }
    for one in series {
      let ends = [one.closeTimes.first, one.closeTimes.last].compactMap { $0 }
      let dates = ends.map { close in
        let date = calendar.sessionDate(of: close)
        return calendar.session(on: date) == nil
          ? (close - TimeSpan(nanoseconds: 1)).utcDate : date
      }
      guard let date = dates.first(where: { !coverage.contains($0) }) else { continue }
      throw DataError(
        .beyondCalendar, file: file,
        "\(one.instrument.symbol) has a bar on \(date), but \(calendar.name) knows the sessions of "
          + "\(coverage.lowerBound) to \(coverage.upperBound) only; limit the bars by 'from' and "
          + "'to', or give a calendar of a file")
    }
    return series
  }

  private func parse(
    _ source: CSVByteSource, symbol: String
  ) throws(DataError) -> (series: [BarSeries], namesSymbols: Bool) {
    let reader = try CSVTableReader(
      source, options: options, defaultSymbol: symbol, usesPlainRowParser: usesPlainRowParser)
    let table = try reader.read()
    let namesSymbols = table.hasSymbol
    let origin = DataSource(
      path: source.name, byteCount: source.byteCount, digest: source.digest.value.hexadecimal)
    let series = try CSVSeriesBuilder(options: options, source: origin).series(from: table)
    return (series, namesSymbols)
  }

  /// The name of a file without its folder and endings such as `.csv.gz`.
  static func baseName(_ path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    let base = name.split(separator: ".", omittingEmptySubsequences: false).first ?? ""
    return base.isEmpty ? String(name) : String(base)
  }
}

extension BarCache {
  /// The cache of what is read with some options.
  init(directory: String, options: CSVReadOptions) {
    self.init(
      directory: directory, options: options.digest, calendar: options.calendar,
      priceBasis: options.priceBasis)
  }
}

extension BarSeries {
  /// The bars of one instrument in a CSV file, plain or gzip, with the hours of a market.
  ///
  ///     let btc = try BarSeries(csv: "btc-1m.csv", symbol: "BTC", calendar: .alwaysOpen)
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - symbol: The name of the instrument; in a file with a column of symbols the one to take.
  ///     By default the file's name without its folder and endings.
  ///   - calendar: The market's hours, which take precedence over those of `options`.
  ///   - options: What else is asked for.
  /// - Throws: `DataError` when the file cannot be used or does not hold the symbol.
  public init(
    csv path: String, symbol: String? = nil, calendar: some TradingCalendar,
    options: CSVReadOptions = CSVReadOptions()
  ) throws(DataError) {
    var options = options
    options.calendar = calendar
    try self.init(csv: path, symbol: symbol, options: options)
  }

  /// The bars of one instrument in a CSV file, plain or gzip.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - symbol: The name of the instrument; in a file with a column of symbols the one to take.
  ///     By default the file's name without its folder and endings.
  ///   - options: What else is asked for.
  /// - Throws: `DataError` when the file cannot be used or does not hold the symbol.
  public init(
    csv path: String, symbol: String? = nil, options: CSVReadOptions = CSVReadOptions()
  ) throws(DataError) {
    let all = try CSVReader(options).load(path, symbol: symbol)
    let names = all.map(\.instrument.symbol)
    if let index = symbol.map(names.firstIndex(of:)) ?? (all.count == 1 ? 0 : nil) {
      self = all[index]
      return
    }
    let some = names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
    throw DataError(
      .badHeader, file: path,
      symbol.map { "there is no \($0) in the file; its symbols are \(some)" }
        ?? "the file holds \(names.count) symbols (\(some)); name the one to take")
  }
}
