import BacktestKit
import Glibc

/// The data of the workloads: the CSV files of a folder, or seeded markets made on first use.
final class BenchData {
  /// The folder of `w1.csv`, `w2.csv`, `w3.csv` and `w6_returns.npy`; `nil` for seeded data.
  let directory: String?
  /// Whether the data are a small part of their full size.
  let isSmoke: Bool
  /// Seconds spent on reading or making data.
  private(set) var importSeconds = 0.0

  init(directory: String?, isSmoke: Bool) {
    self.directory = directory
    self.isSmoke = isSmoke
  }

  /// Where the data come from, as the figures say it.
  var origin: String { directory == nil ? "seeded" : "files" }

  /// One instrument in one-minute bars around the clock: 1,000,000 bars from 2020.
  func minuteBars() throws -> BarSeries {
    try timed {
      try read("w1.csv", calendar: .alwaysOpen, rows: 20_000)?.first
        ?? SeededMarket.minuteBars(count: isSmoke ? 20_000 : 1_000_000)
    }
  }

  /// Fifty instruments in daily bars: 2,520 business days from 2010.
  func manyDailyBars() throws -> [BarSeries] {
    try timed {
      try read("w2.csv", calendar: .weekdays, rows: 252)
        ?? SeededMarket.manyDailyBars(days: isSmoke ? 252 : 2_520, instruments: 50)
    }
  }

  /// One instrument in daily bars: 5,000 business days from 2000.
  func dailyBars() throws -> BarSeries {
    try timed {
      try read("w3.csv", calendar: .weekdays, rows: 500)?.first
        ?? SeededMarket.dailyBars(count: isSmoke ? 500 : 5_000)
    }
  }

  /// 1,000,000 daily simple returns.
  func returns() throws -> [Double] {
    try timed {
      guard let directory else { return SeededMarket.returns(count: isSmoke ? 20_000 : 1_000_000) }
      let all = try NumpyColumn.doubles(at: directory + "/w6_returns.npy")
      return isSmoke ? Array(all.prefix(20_000)) : all
    }
  }

  /// The path of the minute bars as text; seeded ones are written to `folder` first.
  func minuteFile(in folder: String) throws -> String {
    if let directory { return directory + "/w1.csv" }
    let bars = try minuteBars()
    let path = folder + "/w1.csv"
    try timed { try SeededMarket.write(bars, to: path) }
    return path
  }

  private func read(
    _ name: String, calendar: some TradingCalendar, rows: Int
  ) throws -> [BarSeries]? {
    guard let directory else { return nil }
    var options = CSVReadOptions()
    options.calendar = calendar
    let all = try CSVReader(options).load(directory + "/" + name)
    return isSmoke ? all.map { $0.rows(0..<min(rows, $0.count)) } : all
  }

  private func timed<Value>(_ body: () throws -> Value) rethrows -> Value {
    let start = ProcessTime.now
    defer { importSeconds += (ProcessTime.now - start).wall }
    return try body()
  }
}
