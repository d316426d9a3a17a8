import Glibc

/// Prices in columns. With several instruments the columns hold one row of `width` values a time.
struct PriceColumns {
  var open, high, low, close, volume: [Double]
  /// Seconds since 1970 at which each bar begins.
  var times: [Int64]

  /// The number of instruments.
  var width: Int { times.isEmpty ? 0 : close.count / times.count }
}

/// The data of the workloads: columns in a folder, or seeded ones made on first use.
final class BenchData {
  /// The folder of `.npy` files; `nil` for seeded data.
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
  func minuteBars() throws -> PriceColumns {
    try loading("w1", rows: 20_000) {
      SeededMarket.minuteBars(count: isSmoke ? 20_000 : 1_000_000)
    }
  }

  /// Fifty instruments in daily bars: 2,520 business days from 2010, one row of 50 values a day.
  func manyDailyBars() throws -> PriceColumns {
    try loading("w2", rows: 252) {
      SeededMarket.manyDailyBars(days: isSmoke ? 252 : 2_520, instruments: 50)
    }
  }

  /// One instrument in daily bars: 5,000 business days from 2000.
  func dailyBars() throws -> PriceColumns {
    try loading("w3", rows: 500) { SeededMarket.dailyBars(count: isSmoke ? 500 : 5_000) }
  }

  /// 1,000,000 daily simple returns.
  func returns() throws -> [Double] {
    try timed {
      guard let directory else { return SeededMarket.returns(count: isSmoke ? 20_000 : 1_000_000) }
      let all = try NumpyColumn.doubles(at: directory + "/w6_returns.npy")
      return isSmoke ? Array(all.prefix(20_000)) : all
    }
  }

  private func loading(
    _ prefix: String, rows: Int, make: () -> PriceColumns
  ) throws -> PriceColumns {
    try timed {
      guard let directory else { return make() }
      let times = try NumpyColumn.integers(at: "\(directory)/\(prefix)_ts.npy")
      let rows = isSmoke ? min(rows, times.count) : times.count
      func column(_ name: String) throws -> [Double] {
        let path = "\(directory)/\(prefix)_\(name).npy"
        let all = try NumpyColumn.doubles(at: path)
        guard !times.isEmpty, all.count % times.count == 0 else {
          throw BenchError("\(path): \(all.count) values do not fit \(times.count) times")
        }
        return Array(all.prefix(all.count / times.count * rows))
      }
      return PriceColumns(
        open: try column("open"), high: try column("high"), low: try column("low"),
        close: try column("close"), volume: try column("volume"), times: Array(times.prefix(rows)))
    }
  }

  private func timed<Value>(_ body: () throws -> Value) rethrows -> Value {
    let start = ProcessTime.now
    defer { importSeconds += (ProcessTime.now - start).wall }
    return try body()
  }
}
