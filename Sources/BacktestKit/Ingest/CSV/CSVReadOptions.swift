public import BacktestCore

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
  /// What to do with rows that cannot be.
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

  /// What to do with rows that cannot be.
  public enum Quality: String, Hashable, Sendable, CaseIterable {
    /// Refuse the file and say where they stand.
    case strict
    /// Fix, hold or drop them and list each.
    case repair
  }
}

extension CSVReadOptions {
  /// The digest of all options that decide what the columns hold.
  var digest: ContentDigest.Value {
    let parts = [
      mapping.canonicalText, calendar?.name ?? "-", timeframe?.description ?? "-",
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
