/// What one column of a file means.
enum CSVRole: Int, CaseIterable {
  // The raw values of the numbers are their places in `CSVRow.numbers`.
  case open, high, low, close, adjustedClose, volume
  case time, timeOfDay, symbol, ignored

  /// Whether its fields are numbers.
  var isNumber: Bool { rawValue <= CSVRole.volume.rawValue }

  /// The name in messages.
  var label: String {
    switch self {
    case .adjustedClose: "adjusted close"
    case .timeOfDay: "time of day"
    default: "\(self)"
    }
  }
}

/// The values of one record.
struct CSVRow: BitwiseCopyable {
  /// When, as a stamp.
  var stamp = CSVStamp()
  /// First price.
  var open = Double.nan
  /// Highest price.
  var high = Double.nan
  /// Lowest price.
  var low = Double.nan
  /// Last price.
  var close = Double.nan
  /// Last price adjusted for splits and dividends.
  var adjustedClose = Double.nan
  /// Units traded.
  var volume = Double.nan
}

/// A stamp as it was read.
struct CSVStamp: BitwiseCopyable, Equatable {
  /// Nanoseconds since 1970 in UTC.
  var nanoseconds: Int64 = 0
  /// How far the clock that was read is east of UTC, in seconds.
  var secondsEast: Int32 = 0
  /// Whether the text told a time of day.
  var hasTimeOfDay = false

  /// Nanoseconds since 1970 as the clock shows.
  var localNanoseconds: Int64 { nanoseconds &+ Int64(secondsEast) * 1_000_000_000 }
}
