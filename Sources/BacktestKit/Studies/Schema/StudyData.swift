public import BacktestCore
import BacktestFiles
public import BacktestIngest

/// Which bars a study runs on.
public struct StudyData: Sendable {
  /// The market's hours; a study must name them, because annual figures need a year.
  public var calendar: any TradingCalendar = AlwaysOpenCalendar()
  /// How long a bar lasts; `nil` infers it.
  public var timeframe: Timeframe?
  /// A coarser timeframe to which bars are put together before the run.
  public var resample: Timeframe?
  /// Which prices to take.
  public var priceBasis = BarSeries.PriceBasis.raw
  /// What to do with rows that cannot be.
  public var quality = CSVReadOptions.Quality.strict
  /// The first session to keep.
  public var from: CivilDate?
  /// The last session to keep.
  public var to: CivilDate?
  /// A folder for the binary column cache, as the study gives it; `nil` reads the text each time.
  public var cache: String?
  /// How columns and stamps are to be understood.
  public var mapping = CSVMapping()
  /// The files.
  public var files: [StudyFile] = []
}

/// A price file and the instruments in it.
public struct StudyFile: Sendable {
  /// The path as the study gives it; relative to the study's folder.
  public var path: String
  /// The name of the instrument; `nil` takes the file's symbols or its name.
  public var symbol: String?
  /// The currency of the prices.
  public var currency = "USD"
  /// What kind of thing it is.
  public var assetClass = AssetClass.equity
  /// The smallest price step.
  public var tickSize: Double?
  /// The grain of quantities.
  public var lotSize = Instrument.LotSize.standard
  /// Money per price unit and unit of quantity.
  public var multiplier = 1.0

  /// A file of plain equities in dollars.
  public init(path: String) { self.path = path }
}

extension StudyData {
  init(_ table: inout DocumentTable) {
    calendar = table.value("calendar", .calendar).calendar
    timeframe = table.optional("timeframe", .timeframe)
    resample = table.optional("resample", .timeframe)
    priceBasis = table.value("price", .choice(), default: PriceChoice.raw).basis
    quality = table.value("quality", .choice(), default: .strict)
    from = table.optional("from", .date)
    to = table.optional("to", .date)
    if let from, let to, to < from { table.report("'to' lies before 'from'", at: "to") }
    cache = table.optional("cache", .text)
    mapping = table.section("columns") { CSVMapping(&$0) }
    files = table.sections("files") { StudyFile(&$0) }
    if files.isEmpty {
      table.report("a study needs at least one file: add 'files:' with a list of 'path: …'")
    }
  }
}

/// The words for prices in a study; `adj_close` says by its name which column is used.
private enum PriceChoice: String, CaseIterable {
  case raw, adjusted
  case adjustedClose = "adj_close"

  var basis: BarSeries.PriceBasis { self == .raw ? .raw : .adjusted }
}

extension StudyFile {
  init(_ table: inout DocumentTable) {
    self.init(path: "")
    path = table.value("path", .text)
    symbol = table.optional("symbol", .text)
    currency = table.value("currency", .text, default: "USD")
    assetClass = table.value("asset-class", .choice(), default: .equity)
    tickSize = table.optional("tick", .number(.positive))
    lotSize = table.value("lot", .lot, default: .standard)
    multiplier = table.value("multiplier", .number(.positive), default: 1)
  }

  /// The instrument of a series in this file.
  func instrument(_ symbol: String) -> Instrument {
    Instrument(
      symbol: symbol, currency: currency, assetClass: assetClass, tickSize: tickSize,
      lotSize: lotSize, multiplier: multiplier)
  }
}

extension CSVMapping {
  fileprivate init(_ table: inout DocumentTable) {
    self.init()
    time = table.optional("time", .text)
    open = table.optional("open", .text)
    high = table.optional("high", .text)
    low = table.optional("low", .text)
    close = table.optional("close", .text)
    volume = table.optional("volume", .text)
    adjustedClose = table.optional("adjusted-close", .text)
    symbol = table.optional("symbol", .text)
    headers = table.optionalList("headers", of: .text)
    separator = table.optional("separator", .separator)
    timeFormat = table.value("time-format", .timeFormat, default: .automatic)
    timestamps = table.value("timestamps", .stampMeaning, default: .open)
    if let zone = table.optional("time-zone", .zone) { self.zone = zone }
  }
}
