public import BacktestCore

/// The closing prices that define regimes: of an index, of an instrument, or of equal parts of a
/// whole universe.
///
///     let regimes = try PriceTrend().labels(for: RegimeSeries(equalPartsOf: universe))
public struct RegimeSeries: Sendable {
  /// What the prices are called in tables: a symbol.
  public let name: String
  /// The prices; those of equal parts begin at 1.
  public let closes: [Double]
  /// When each was known, ascending.
  public let times: [Timestamp]

  /// The closes of one instrument.
  public init(_ bars: BarSeries) {
    self.init(
      name: bars.instrument.symbol, closes: Array(bars.continuous.close),
      times: Array(bars.closeTimes))
  }

  /// What equal parts of all instruments are worth, made equal again at every close, from 1; the
  /// closes of the only instrument where there is one.
  ///
  /// An instrument counts from its second close on, and while it has closed within the last 10 days
  /// (30, 100, 300 or 1,200 for bars of a week, month, quarter or year). So a value depends on
  /// earlier closes only, and not on what will be listed later. Where instruments close at
  /// different times, each close is a point.
  ///
  /// - Throws: `EvidenceError.unusableClose` where a close is not above zero.
  public init(equalPartsOf universe: Universe) throws(EvidenceError) {
    guard universe.series.count > 1 else {
      self.init(universe.series[0])
      return
    }
    let times = Array(Set(universe.series.flatMap { Array($0.closeTimes) })).sorted()
    var returns = [Double](repeating: 0, count: times.count)
    // How many instruments begin to count at a point, less those that cease to.
    var changes = [Int](repeating: 0, count: times.count + 1)
    for series in universe.series.map(\.continuous) {
      if let row = series.close.firstIndex(where: { !($0 > 0) }) {
        throw .unusableClose(row: row, value: series.close[row])
      }
      var point = 0
      for row in 0..<series.count {
        let close = series.closeTimes[row]
        let before = row > 0 ? series.closeTimes[row - 1] : close
        let end = before + series.timeframe.patience
        while times[point] < close { point += 1 }
        if row > 0, close <= end { returns[point] += series.close[row] / series.close[row - 1] - 1 }
        let next = row + 1 < series.count ? series.closeTimes[row + 1] : .distantFuture
        changes[point + 1] += 1
        let last = min(next, close + series.timeframe.patience)
        var (low, high) = (point + 1, times.count)
        while low < high {
          let middle = (low + high) / 2
          if times[middle] <= last { low = middle + 1 } else { high = middle }
        }
        changes[low] -= 1
      }
    }
    var (value, counting) = (1.0, 0)
    let closes = times.indices.map { point in
      counting += changes[point]
      if counting > 0 { value *= 1 + returns[point] / Double(counting) }
      return value
    }
    self.init(
      name: "equal parts of \(universe.series.count) instruments", closes: closes, times: times)
  }

  private init(name: String, closes: [Double], times: [Timestamp]) {
    self.name = name
    self.closes = closes
    self.times = times
  }
}

extension Timeframe {
  /// How long after a close another may be awaited.
  fileprivate var patience: TimeSpan {
    switch self {
    case .intraday, .session: .days(10)
    case .week: .days(30)
    case .month: .days(100)
    case .quarter: .days(300)
    case .year: .days(1_200)
    }
  }
}

extension RegimeClassifier {
  /// Labels each price of a series.
  ///
  /// - Throws: `EvidenceError` when the prices cannot be used.
  public func labels(for series: RegimeSeries) throws(EvidenceError) -> RegimeLabels {
    try labels(closes: series.closes, times: series.times)
  }
}
