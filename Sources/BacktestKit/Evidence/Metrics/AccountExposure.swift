package import BacktestCore

/// What the account held at each point of its curve, as shares of its equity.
///
/// Gross is the sum of absolute position values, net that of signed values; long and short follow:
/// long - short = net and long + short = gross. 0 where no equity is left.
package struct AccountExposure: Sendable {
  /// Absolute values of all positions.
  package let gross: [Double]
  /// Signed values; `nil` under weights accounting, which knows no sides, and where positions of
  /// folds end at their marks, which no cash shows.
  package let net: [Double]?
  /// Values of long positions.
  package let long: [Double]?
  /// Sizes of short positions, positive.
  package let short: [Double]?

  /// The exposure of a run.
  package init(_ run: BacktestResult) {
    let equity = run.curve.equity
    gross = equity.indices.map { equity[$0] > 0 ? run.curve.grossExposure[$0] / equity[$0] : 0 }
    let isMarked = run.trades.contains(where: \.isMarked)
    guard !isMarked, let values = run.cashCurve?.netExposure else {
      (net, long, short) = (nil, nil, nil)
      return
    }
    let net = equity.indices.map { equity[$0] > 0 ? values[$0] / equity[$0] : 0 }
    self.net = net
    long = zip(gross, net).map { max(($0 + $1) / 2, 0) }
    short = zip(gross, net).map { max(($0 - $1) / 2, 0) }
  }
}

extension BacktestResult {
  /// The value of each instrument's position over equity at some points of the curve, instrument by
  /// instrument; signed, 0 where no equity is left. `nil` under weights accounting, with several
  /// currencies, and where positions of folds end at their marks.
  package func weights(at points: [Int]) -> [[Double]]? {
    let history = positionHistory
    guard configuration.accounting.placesOrders, conversions.isEmpty,
      !history.isEmpty || fills.isEmpty, !trades.contains(where: \.isMarked)
    else { return nil }
    var held = [Double](repeating: 0, count: universe.count)
    var rows = [Int](repeating: -1, count: universe.count)
    var weights = [[Double]](repeating: [], count: universe.count)
    var next = 0
    // Fills inside a bar come before the equity point of its close, those at an open after it.
    let inside = Set(
      fills.lazy.filter(\.isIntrabar).map { ChangePlace(instrument: $0.instrument, time: $0.time) })
    func isBefore(_ record: PositionRecord, _ time: Timestamp) -> Bool {
      record.time < time
        || record.time == time
          && inside.contains(ChangePlace(instrument: record.instrument, time: time))
    }
    for point in points {
      let time = curve.times[point]
      while next < history.count, isBefore(history[next], time) {
        held[Int(history[next].instrument.index)] = history[next].quantity
        next += 1
      }
      for (index, series) in universe.series.enumerated() {
        while rows[index] + 1 < series.count, series.closeTimes[rows[index] + 1] <= time {
          rows[index] += 1
        }
        let price = rows[index] < 0 ? 0 : series.close[rows[index]]
        let value = held[index] * price * series.instrument.multiplier
        let equity = curve.equity[point]
        weights[index].append(equity > 0 ? value / equity : 0)
      }
    }
    return weights
  }
}

/// A change of the position in an instrument at an instant.
private struct ChangePlace: Hashable {
  var instrument: InstrumentID
  var time: Timestamp
}

/// What was traded in each month over the mean equity of the month, halved: how often the account
/// was turned, by the definition of the metric `turnover`.
package struct MonthlyTurnover: Sendable {
  /// The months with points of the curve, in order: year and month.
  package private(set) var months: [(year: Int, month: Int)] = []
  /// The turnover of each.
  package private(set) var values: [Double] = []

  /// The turnover of a run; `nil` without dates, or where nothing was filled.
  package init?(_ run: BacktestResult) {
    guard !run.fills.isEmpty, run.conversions.isEmpty, run.curve.times.count > 1 else { return nil }
    func key(_ time: Timestamp) -> Int {
      let date = run.universe.sessionDate(of: time)
      return Int(date.year) * 12 + Int(date.month) - 1
    }
    var (worth, counts, traded) = ([Int: Double](), [Int: Int](), [Int: Double]())
    var (day, current) = (Int64.min, Int.min)
    var (sum, count) = (0.0, 0)
    func close() {
      if count > 0 { (worth[current], counts[current]) = (sum, count) }
    }
    for (time, equity) in zip(run.curve.times, run.curve.equity).dropFirst() {
      // The calendar is asked once an hour, which no month's end divides.
      let hour = time.nanoseconds / 3_600_000_000_000
      if hour != day {
        let month = key(time)
        if month != current {
          close()
          (sum, count) = (worth[month, default: 0], counts[month, default: 0])
        }
        (day, current) = (hour, month)
      }
      sum += equity
      count += 1
    }
    close()
    for fill in run.fills {
      let multiplier = run.universe[fill.instrument].instrument.multiplier
      traded[key(fill.time), default: 0] += abs(fill.quantity * fill.price * multiplier)
    }
    for month in worth.keys.sorted() {
      let mean = worth[month, default: 0] / Double(counts[month] ?? 1)
      months.append((month / 12, month % 12 + 1))
      values.append(mean > 0 ? traded[month, default: 0] / 2 / mean : 0)
    }
  }
}
