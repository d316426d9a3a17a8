import BacktestKit
import Glibc

/// Markets that follow fixed random processes, the same for the same seed.
///
/// Prices are rounded to six decimals, so that a text file can hold them exactly.
enum SeededMarket {
  static func minuteBars(count: Int) throws -> BarSeries {
    var random = NormalStream(seed: 1)
    let start = firstSecond(2020, 1, 1)
    var bars = walk(
      count: count, using: &random, start: 100, deviation: 5e-4, gap: 1e-4, wick: 2e-4, drift: 0)
    bars.times = (0..<count).map { start + 60 * Int64($0) }
    // At least 1,000 units, so that an order of 100 always fits.
    for _ in 0..<count { bars.volume.append((exp(7 + random.next()) + 1_000).rounded(.down)) }
    return try bars.series(
      0, symbol: "W1", timeframe: .intraday(seconds: 60), calendar: .alwaysOpen, barSeconds: 60)
  }

  static func dailyBars(count: Int) throws -> BarSeries {
    var random = NormalStream(seed: 3)
    var bars = walk(
      count: count, using: &random, start: 100, deviation: 0.01, gap: 0.002, wick: 0.004,
      drift: 0.0002)
    bars.times = businessDays(from: firstSecond(2000, 1, 3), count: count)
    bars.volume = [Double](repeating: 1_000_000, count: count)
    return try bars.series(
      0, symbol: "W3", timeframe: .session, calendar: .weekdays, barSeconds: 86_400)
  }

  /// Instruments with one common factor and moves of their own.
  static func manyDailyBars(days: Int, instruments: Int) throws -> [BarSeries] {
    var random = NormalStream(seed: 2)
    let blank = [Double](repeating: 0, count: days * instruments)
    var bars = PriceColumns(
      open: blank, high: blank, low: blank, close: blank,
      volume: blank.map { _ in 5_000_000 },
      times: businessDays(from: firstSecond(2010, 1, 4), count: days))
    let factor = (0..<days).map { _ in 0.008 * random.next() }
    for instrument in 0..<instruments {
      let start = 20 + 3 * Double(instrument)
      var logarithm = 0.0
      var last = start
      for day in 0..<days {
        let cell = day * instruments + instrument
        let open = day == 0 ? start : rounded(last * exp(0.003 * random.next()))
        logarithm += factor[day] + 0.012 * random.next() + 0.0003
        let close = rounded(start * exp(logarithm))
        bars.set(cell, open: open, close: close, wick: 0.004, using: &random)
        last = close
      }
    }
    return try (0..<instruments).map { column in
      try bars.series(
        column, symbol: "S" + (column < 10 ? "0" : "") + String(column), timeframe: .session,
        calendar: .weekdays, barSeconds: 86_400)
    }
  }

  /// Daily bars around the clock, of which each instrument's close a second after those of the one
  /// before it.
  static func staggeredBars(days: Int, instruments: Int) throws -> [BarSeries] {
    let start = firstSecond(2015, 1, 1)
    return try (0..<instruments).map { instrument in
      var random = NormalStream(seed: UInt64(instrument) + 100)
      var bars = walk(
        count: days, using: &random, start: 100, deviation: 0.01, gap: 0.002, wick: 0.004, drift: 0)
      bars.times = (0..<days).map { start + 86_400 * Int64($0) + Int64(instrument) }
      bars.volume = [Double](repeating: 1_000_000, count: days)
      return try bars.series(
        0, symbol: "S\(1_000 + instrument)", timeframe: .session, calendar: .alwaysOpen,
        barSeconds: 86_400)
    }
  }

  static func returns(count: Int) -> [Double] {
    var random = NormalStream(seed: 6)
    return (0..<count).map { _ in max(0.0004 + 0.01 * random.next(), -0.2) }
  }

  /// A geometric walk with a gap from each close to the next open. Volume and times stay empty.
  private static func walk(
    count: Int, using random: inout NormalStream, start: Double, deviation: Double, gap: Double,
    wick: Double, drift: Double
  ) -> PriceColumns {
    let blank = [Double](repeating: 0, count: count)
    var bars = PriceColumns(
      open: blank, high: blank, low: blank, close: blank, volume: [], times: [])
    var logarithm = 0.0
    var last = start
    for row in 0..<count {
      let jump = row == 0 ? 0 : gap * random.next()
      logarithm += jump + deviation * random.next() + drift - 0.5 * deviation * deviation
      let open = row == 0 ? start : rounded(last * exp(jump))
      let close = rounded(start * exp(logarithm))
      bars.set(row, open: open, close: close, wick: wick, using: &random)
      last = close
    }
    return bars
  }

  private static func businessDays(from start: Int64, count: Int) -> [Int64] {
    // The start is a Monday, so five days on is always a weekend away.
    (0..<Int64(count)).map { start + ($0 / 5 * 7 + $0 % 5) * 86_400 }
  }

  private static func firstSecond(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
    guard let date = CivilDate(year: year, month: month, day: day) else { return 0 }
    return date.midnight.nanoseconds / 1_000_000_000
  }
}

extension PriceColumns {
  fileprivate mutating func set(
    _ cell: Int, open: Double, close: Double, wick: Double, using random: inout NormalStream
  ) {
    let top = max(open, close)
    let bottom = min(open, close)
    self.open[cell] = open
    self.close[cell] = close
    high[cell] = max(rounded(top * exp(wick * abs(random.next()))), top)
    low[cell] = min(rounded(bottom * exp(-wick * abs(random.next()))), bottom)
  }
}

private func rounded(_ price: Double) -> Double { (price * 1e6).rounded() / 1e6 }
