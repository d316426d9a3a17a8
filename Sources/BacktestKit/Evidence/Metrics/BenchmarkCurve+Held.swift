package import BacktestCore

extension BenchmarkCurve {
  /// Equal parts of every instrument of a universe, bought at its last close on or before a date,
  /// or at its first one after it, and kept to another; without costs.
  ///
  /// - Returns: `nil` where a price is not above zero, or where fewer than two sessions are known.
  package static func held(
    _ universe: Universe, from first: CivilDate, through last: CivilDate
  ) -> BenchmarkCurve? {
    let parts = universe.series.compactMap { try? BenchmarkCurve($0) }
    guard parts.count == universe.count, first < last else { return nil }
    let dates = Set(parts.flatMap(\.dates)).union([first])
      .filter { (first...last).contains($0) }.sorted()
    guard dates.count > 1 else { return nil }
    var values = [Double](repeating: 0, count: dates.count)
    for part in parts {
      for (row, value) in part.scaled(to: 1, on: dates).enumerated() { values[row] += value ?? 1 }
    }
    return try? BenchmarkCurve(
      heldName(of: parts.count), dates: dates, prices: values,
      pricesPerYear: parts.compactMap(\.pricesPerYear).max())
  }

  /// Adds what one unit of money has become at some times that was put into a series at the first
  /// of them, or at its first close after it; 1 until then.
  static func addHeldValues(
    of series: BarSeries, at times: [Timestamp], to values: inout [Double]
  ) {
    let closes = series.totalReturnCloses
    var row = -1
    var bought: Double?
    for (point, time) in times.enumerated() {
      while row + 1 < series.count, series.closeTimes[row + 1] <= time { row += 1 }
      if row >= 0, bought == nil { bought = closes[row] }
      values[point] += bought.map { closes[row] / $0 } ?? 1
    }
  }
}
