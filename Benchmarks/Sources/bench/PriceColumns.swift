import BacktestKit

/// Prices in columns. With several instruments the columns hold one row of `width` values a time.
struct PriceColumns {
  var open, high, low, close, volume: [Double]
  /// Seconds since 1970 at which each bar begins.
  var times: [Int64]

  /// The number of instruments.
  var width: Int { times.isEmpty ? 0 : close.count / times.count }

  /// One instrument's columns as a series.
  ///
  /// - Parameter barSeconds: the length of a bar.
  func series(
    _ instrument: Int, symbol: String, timeframe: Timeframe, calendar: some TradingCalendar,
    barSeconds: Int64
  ) throws -> BarSeries {
    func column(_ all: [Double]) -> Column<Double> {
      width == 1
        ? Column(all) : Column(times.indices.map { all[$0 * width + instrument] })
    }
    return try BarSeries(
      instrument: Instrument(symbol: symbol), timeframe: timeframe, calendar: calendar,
      openTimes: Column(times.map { Timestamp(seconds: $0) }),
      closeTimes: Column(times.map { Timestamp(seconds: $0 + barSeconds) }), open: column(open),
      high: column(high), low: column(low), close: column(close), volume: column(volume))
  }
}
