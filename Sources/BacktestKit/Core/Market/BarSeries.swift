/// The bars of one instrument in one timeframe, in columns, ascending in time.
///
/// The columns have one row a bar. `openTimes` and `closeTimes` never decrease, and close times
/// are strictly ascending. Copies share memory.
public struct BarSeries: Sendable {
  /// What was traded.
  public var instrument: Instrument
  /// How long a bar lasts.
  public let timeframe: Timeframe
  /// The market's hours; `nil` where they are not known, and then nothing can be annualised.
  public let calendar: (any TradingCalendar)?
  /// When each bar begins.
  public let openTimes: Column<Timestamp>
  /// When each bar ends and becomes known.
  public let closeTimes: Column<Timestamp>
  /// First prices.
  public let open: Column<Double>
  /// Highest prices.
  public let high: Column<Double>
  /// Lowest prices.
  public let low: Column<Double>
  /// Last prices.
  public let close: Column<Double>
  /// Units traded; NaN in every row where the source gives none or only zeros; 0 marks a bar on
  /// which nothing traded, so that no order fills on it.
  public let volume: Column<Double>
  /// Whether prices were scaled to adjusted closes.
  public var priceBasis: PriceBasis
  /// Where the bars came from, for provenance.
  public var source: DataSource?
  /// What was odd in the source, in row order; empty for clean data.
  public var issues: [DataIssue] = []

  /// Which prices the columns hold.
  public enum PriceBasis: String, Sendable {
    /// As traded.
    case raw
    /// Scaled by adjusted close over close, so that splits and dividends leave no jump.
    case adjusted
  }

  /// A series over columns of equal length.
  ///
  /// - Throws: `BarSeriesError` when lengths differ or times do not ascend.
  public init(
    instrument: Instrument, timeframe: Timeframe, calendar: (any TradingCalendar)?,
    openTimes: Column<Timestamp>, closeTimes: Column<Timestamp>, open: Column<Double>,
    high: Column<Double>, low: Column<Double>, close: Column<Double>,
    volume: Column<Double>? = nil, priceBasis: PriceBasis = .raw
  ) throws(BarSeriesError) {
    let count = closeTimes.count
    let lengths = [openTimes.count, open.count, high.count, low.count, close.count]
    guard lengths.allSatisfy({ $0 == count }), (volume?.count ?? count) == count else {
      throw .unequalColumns(instrument.symbol)
    }
    var row = 1
    while row < count {
      guard closeTimes[row - 1] < closeTimes[row], openTimes[row] >= openTimes[row - 1] else {
        throw .unorderedTimes(instrument.symbol, row: row)
      }
      row += 1
    }
    self.instrument = instrument
    self.timeframe = timeframe
    self.calendar = calendar
    self.openTimes = openTimes
    self.closeTimes = closeTimes
    self.open = open
    self.high = high
    self.low = low
    self.close = close
    let isGiven = volume?.contains { $0 != 0 } ?? false
    self.volume = isGiven ? volume! : Column(repeatElement(Double.nan, count: count))
    self.priceBasis = priceBasis
  }

  /// The number of bars.
  public var count: Int { close.count }

  /// The bar in a row.
  public subscript(row: Int) -> Bar {
    Bar(
      openTime: openTimes[row], closeTime: closeTimes[row], open: open[row], high: high[row],
      low: low[row], close: close[row], volume: volume[row])
  }

  /// Whether the source gave volumes.
  public var hasVolume: Bool { count > 0 && volume.contains { !$0.isNaN } }

  /// The bars of a range of rows, sharing memory.
  public func rows(_ range: Range<Int>) -> BarSeries {
    BarSeries(self, range)
  }

  private init(_ whole: BarSeries, _ range: Range<Int>) {
    instrument = whole.instrument
    timeframe = whole.timeframe
    calendar = whole.calendar
    openTimes = whole.openTimes.rows(range)
    closeTimes = whole.closeTimes.rows(range)
    open = whole.open.rows(range)
    high = whole.high.rows(range)
    low = whole.low.rows(range)
    close = whole.close.rows(range)
    volume = whole.volume.rows(range)
    priceBasis = whole.priceBasis
    source = whole.source
    issues = whole.issues
  }
}

/// Columns that do not make a series.
public enum BarSeriesError: Error, Equatable, CustomStringConvertible {
  /// Columns of different lengths; the symbol is given.
  case unequalColumns(String)
  /// Times that do not ascend at a row (0-based).
  case unorderedTimes(String, row: Int)

  /// One line that says what is wrong and where.
  public var description: String {
    switch self {
    case .unequalColumns(let symbol): "\(symbol): the columns have different lengths"
    case .unorderedTimes(let symbol, let row):
      "\(symbol): row \(row) does not come after the row before it; sort the bars by time"
    }
  }
}
