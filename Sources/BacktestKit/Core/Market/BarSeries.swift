/// One bar of one instrument: what traded between its open time and its close time.
///
/// A bar is known at its close time and not before.
public struct Bar: Hashable, Sendable, BitwiseCopyable {
  /// Whose bar it is.
  public var instrument: InstrumentID
  /// When the bar begins.
  public var openTime: Timestamp
  /// When the bar ends and becomes known.
  public var closeTime: Timestamp
  /// The first price.
  public var open: Double
  /// The highest price.
  public var high: Double
  /// The lowest price.
  public var low: Double
  /// The last price.
  public var close: Double
  /// Units traded; NaN where the source gives none.
  public var volume: Double
  /// The product of the split ratios since the first bar of the series: 1 where nothing was split.
  public var scale: Double

  /// A bar from its parts, taken as they are.
  @inlinable
  public init(
    instrument: InstrumentID = InstrumentID(0), openTime: Timestamp, closeTime: Timestamp,
    open: Double, high: Double, low: Double, close: Double, volume: Double = .nan,
    scale: Double = 1
  ) {
    self.scale = scale
    self.instrument = instrument
    self.openTime = openTime
    self.closeTime = closeTime
    self.open = open
    self.high = high
    self.low = low
    self.close = close
    self.volume = volume
  }

  /// The bar in the units of the series' first bar, so that splits leave no jump: what indicators
  /// and features read. Orders and fills are in the units of the day.
  @inlinable
  public var continuous: Bar {
    Bar(
      instrument: instrument, openTime: openTime, closeTime: closeTime, open: open * scale,
      high: high * scale, low: low * scale, close: close * scale, volume: volume / scale)
  }

  /// The mean of high, low and close.
  @inlinable
  public var typicalPrice: Double { (high + low + close) / 3 }

  /// Whether prices are finite, positive, and open and close lie within low and high.
  public var isConsistent: Bool {
    low > 0 && high.isFinite && low <= open && low <= close && open <= high && close <= high
      && !(volume < 0)
  }
}

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
  package var source: DataSource?
  /// What happened to the shares, in order of ex-dates.
  public internal(set) var actions: [CorporateAction] = []
  /// What holders of a perpetual contract pay one another, in order of time.
  public internal(set) var funding: [FundingRate] = []
  /// The series of finer bars inside these, or none.
  var finerBars: [BarSeries] = []
  /// The scale of each bar, and its prices and volume in one unit; empty where nothing was split.
  private(set) var scale = Column<Double>([])
  private(set) var continuousColumns: [Column<Double>] = []
  /// What is unusual in the source, in row order; empty for clean data.
  public var issues: [DataIssue] = []

  /// Which prices the columns hold.
  public enum PriceBasis: String, Sendable {
    /// As traded.
    case raw
    /// Scaled by adjusted close over close, so that splits and dividends leave no jump.
    case adjusted
  }

  /// A series over columns of equal length, checked as the rows of a file are.
  ///
  /// - Parameters:
  ///   - volume: units traded; `nil`, or zeros or NaN in every row, is a source without volumes.
  ///   - allowsNonPositivePrices: whether prices may be zero or negative, as those of futures may.
  /// - Throws: `MarketError` with the first invalid row: times that do not ascend, a price
  ///   that is not finite or not positive, a high below the low, an open or close outside them, a
  ///   volume that is missing, negative or infinite. Also when lengths differ.
  /// - Complexity: O(bars).
  public init(
    instrument: Instrument, timeframe: Timeframe, calendar: (any TradingCalendar)?,
    openTimes: Column<Timestamp>, closeTimes: Column<Timestamp>, open: Column<Double>,
    high: Column<Double>, low: Column<Double>, close: Column<Double>,
    volume: Column<Double>? = nil, priceBasis: PriceBasis = .raw,
    allowsNonPositivePrices: Bool = false
  ) throws(MarketError) {
    let count = closeTimes.count
    let lengths = [openTimes.count, open.count, high.count, low.count, close.count]
    guard lengths.allSatisfy({ $0 == count }), (volume?.count ?? count) == count else {
      throw MarketError(symbol: instrument.symbol, "the columns have different lengths")
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
    let hasVolume = isGiven && self.volume.contains { !$0.isNaN }
    var row = 0
    while row < count {
      if let problem = problem(row, allowsNonPositivePrices, hasVolume: hasVolume) {
        throw MarketError(symbol: instrument.symbol, row: row, problem)
      }
      row += 1
    }
  }

  /// What is wrong with a row; `nil` when nothing is.
  private func problem(
    _ row: Int, _ allowsNonPositivePrices: Bool, hasVolume: Bool
  ) -> String? {
    let bar = self[row]
    let isAfter =
      row == 0
      || closeTimes[row - 1] < bar.closeTime && openTimes[row - 1] <= bar.openTime
    guard isAfter else { return "does not come after the row before it; sort the bars by time" }
    let isPlain =
      bar.isConsistent && (bar.volume < .infinity || !hasVolume)
      && bar.openTime <= bar.closeTime
    if isPlain { return nil }
    return problem(of: bar, allowsNonPositivePrices, hasVolume: hasVolume).map {
      "(closes \(bar.closeTime)) \($0)"
    }
  }

  /// What is wrong with a bar by itself; `nil` when nothing is.
  private func problem(
    of bar: Bar, _ allowsNonPositivePrices: Bool, hasVolume: Bool
  ) -> String? {
    if bar.openTime > bar.closeTime { return "opens after it closes" }
    let prices = [
      ("open", bar.open), ("high", bar.high), ("low", bar.low), ("close", bar.close),
    ]
    for (name, price) in prices {
      if !price.isFinite { return "has the \(name) \(price); a price must be a finite number" }
      if price <= 0, !allowsNonPositivePrices {
        return "has the \(name) \(price); prices must be positive unless "
          + "allowsNonPositivePrices says otherwise"
      }
    }
    if bar.high < bar.low { return "has the high \(bar.high) below the low \(bar.low)" }
    for (name, price) in [prices[0], prices[3]] where price < bar.low || price > bar.high {
      return "has the \(name) \(price) outside \(bar.low) to \(bar.high)"
    }
    guard hasVolume else { return nil }
    if bar.volume.isNaN {
      return "has no volume, but other rows have one; use 0 where nothing traded"
    }
    return bar.volume < 0 || bar.volume == .infinity
      ? "has the volume \(bar.volume); it must be finite and not negative" : nil
  }

  /// The number of bars.
  public var count: Int { close.count }

  /// The bar in a row.
  public subscript(row: Int) -> Bar {
    Bar(
      openTime: openTimes[row], closeTime: closeTimes[row], open: open[row], high: high[row],
      low: low[row], close: close[row], volume: volume[row],
      scale: scale.isEmpty ? 1 : scale[row])
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
    issues = whole.issues(in: range)
    actions = whole.actions
    funding = whole.funding
    finerBars = whole.finerBars
    if !whole.scale.isEmpty {
      scale = whole.scale.rows(range)
      continuousColumns = whole.continuousColumns.map { $0.rows(range) }
    }
  }

  /// The findings at some of the rows, and those whose place in time is not known. What lies
  /// between the first of them and the bar before lies outside.
  private func issues(in range: Range<Int>) -> [DataIssue] {
    guard !issues.isEmpty, range.count < count, !range.isEmpty else { return issues }
    let times = closeTimes[range.lowerBound]...closeTimes[range.upperBound - 1]
    return issues.filter { issue in
      guard let time = issue.time else { return true }
      return times.contains(time)
        && !([.gap, .jump].contains(issue.code) && time == times.lowerBound)
    }
  }

  /// Takes over the ratios by which units change before some rows, ascending.
  mutating func setScale(_ factors: [(row: Int, ratio: Double)]) {
    let before = factors.filter { $0.row < count }
    guard !before.isEmpty else { return }
    var scales = [Double](repeating: 1, count: count)
    for factor in before {
      for row in factor.row..<count { scales[row] *= factor.ratio }
    }
    scale = Column(scales)
    continuousColumns =
      [open, high, low, close].map { prices in Column(zip(prices, scales).map { $0 * $1 }) }
      + [Column(zip(volume, scales).map { $0 / $1 })]
  }
}

/// Bars that do not make a series or a universe, or cannot be put together as asked.
public struct MarketError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Whose bars they are; `nil` where no single instrument is meant.
  public var symbol: String?
  /// The row in which the problem shows, from 0; `nil` where no single row is meant.
  public var row: Int?
  /// What is wrong and what to do.
  public var problem: String

  init(symbol: String? = nil, row: Int? = nil, _ problem: String) {
    self.symbol = symbol
    self.row = row
    self.problem = problem
  }

  /// One line: `SPX: row 12 does not come after the row before it; sort the bars by time`.
  public var description: String {
    (symbol.map { "\($0): " } ?? "") + (row.map { "row \($0) " } ?? "") + problem
  }
}

extension BarSeries {
  /// A series whose columns are known to be of equal length and in order, so that opening a cached
  /// one need not touch them.
  package init(
    trusted instrument: Instrument, timeframe: Timeframe, calendar: (any TradingCalendar)?,
    times: [Column<Timestamp>], prices: [Column<Double>], priceBasis: PriceBasis
  ) {
    self.instrument = instrument
    self.timeframe = timeframe
    self.calendar = calendar
    openTimes = times[0]
    closeTimes = times[1]
    open = prices[0]
    high = prices[1]
    low = prices[2]
    close = prices[3]
    volume = prices[4]
    self.priceBasis = priceBasis
  }

  /// Whether the open and close times lie in the same memory as those of another series.
  func sharesTimes(with other: BarSeries) -> Bool {
    count == other.count && closeTimes.start == other.closeTimes.start
      && openTimes.start == other.openTimes.start
  }

  /// Whether another series has the same open and close times.
  func hasTimes(of other: BarSeries) -> Bool {
    if sharesTimes(with: other) { return true }
    return count == other.count && closeTimes.last == other.closeTimes.last
      && closeTimes.elementsEqual(other.closeTimes) && openTimes.elementsEqual(other.openTimes)
  }

  /// The same series with the columns of times of another one, which has the same.
  func sharingTimes(of other: BarSeries) -> BarSeries {
    var shared = BarSeries(
      trusted: instrument, timeframe: timeframe, calendar: calendar,
      times: [other.openTimes, other.closeTimes], prices: [open, high, low, close, volume],
      priceBasis: priceBasis)
    shared.source = source
    shared.issues = issues
    shared.actions = actions
    shared.funding = funding
    shared.finerBars = finerBars
    shared.scale = scale
    shared.continuousColumns = continuousColumns
    return shared
  }

  /// The bars whose sessions lie between two dates, both included.
  package func sessions(from first: CivilDate?, to last: CivilDate?) -> BarSeries {
    guard first != nil || last != nil else { return self }
    return rows(rowRange(from: first, to: last))
  }

  /// The rows whose sessions lie between two dates, both included.
  func rowRange(from first: CivilDate?, to last: CivilDate?) -> Range<Int> {
    func date(_ row: Int) -> CivilDate {
      let time = closeTimes[row]
      return calendar?.sessionDate(of: time) ?? (time - TimeSpan(nanoseconds: 1)).utcDate
    }
    let start = first.map { first in firstRow { date($0) >= first } } ?? 0
    let end = last.map { last in firstRow { date($0) > last } } ?? count
    return min(start, end)..<end
  }

  /// The first row for which a test that stays true once it is true holds.
  func firstRow(where isAfter: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isAfter(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// Where bars came from, so that a result can be traced to its bytes.
package struct DataSource: Hashable, Sendable {
  /// The path as the user gave it.
  package var path: String
  /// The size of the file in bytes.
  package var byteCount: Int
  /// The fast 128-bit content digest of the file, 32 hexadecimal digits.
  package var digest: String

  /// A source from its parts.
  package init(path: String, byteCount: Int, digest: String) {
    self.path = path
    self.byteCount = byteCount
    self.digest = digest
  }
}
