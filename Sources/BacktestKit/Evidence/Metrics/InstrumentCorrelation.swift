package import BacktestCore
package import BacktestNetworks

/// How the instruments of a universe moved together: Pearson correlations of their simple returns
/// between the sessions that all of them have.
///
///     let correlation = try InstrumentCorrelation(universe)
///     correlation[0, 1]   // of the first two instruments, from -1 to 1, or nil
package struct InstrumentCorrelation: Sendable {
  /// The number of returns of each instrument.
  package let returnCount: Int
  private let instruments: Int
  private let values: [Double]

  /// The correlations of a universe.
  ///
  /// - Throws: `LinearAlgebraError` when products of matrices are not to be had.
  package init(_ universe: Universe) throws(LinearAlgebraError) {
    instruments = universe.count
    let closes = commonCloses(of: universe)
    let rows = max(0, (closes.first?.count ?? 0) - 1)
    var matrix = [Double](repeating: 0, count: rows * instruments)
    for (column, prices) in closes.enumerated() where rows > 0 {
      let returns = zip(prices, prices.dropFirst()).map { $1 / $0 - 1 }
      let mean = returns.reduce(0, +) / Double(rows)
      let norm = returns.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }.squareRoot()
      // Returns that are equal but for rounding have no direction.
      let isConstant = norm <= 1e-14 * Double(rows).squareRoot()
      for (row, one) in returns.enumerated() {
        matrix[row * universe.count + column] = isConstant ? .nan : (one - mean) / norm
      }
    }
    returnCount = rows
    values = try LinearAlgebra.gram(matrix, columns: universe.count)
  }

  /// The correlation of two instruments; `nil` where one of them never moved or fewer than two
  /// returns are common.
  package subscript(a: Int, b: Int) -> Double? {
    let value = values[a * instruments + b]
    guard returnCount >= 2, value.isFinite else { return nil }
    return min(1, max(-1, value))
  }
}

/// The last close of each session that all instruments have.
private func commonCloses(of universe: Universe) -> [[Double]] {
  let series = universe.series.map { one -> [(date: CivilDate, close: Double)] in
    let calendar = one.calendar ?? AlwaysOpenCalendar()
    var sessions: [(date: CivilDate, close: Double)] = []
    let closes = one.continuous.close
    for row in 0..<one.count {
      let date = calendar.sessionDate(of: one.closeTimes[row])
      if sessions.last?.date == date { sessions.removeLast() }
      sessions.append((date, closes[row]))
    }
    return sessions
  }
  var places = [Int](repeating: 0, count: series.count)
  var closes = [[Double]](repeating: [], count: series.count)
  while zip(places, series).allSatisfy({ $0 < $1.count }) {
    let dates = zip(places, series).map { $1[$0].date }
    guard let latest = dates.max() else { break }
    let isCommon = dates.allSatisfy { $0 == latest }
    for index in series.indices where isCommon || dates[index] < latest {
      if isCommon { closes[index].append(series[index][places[index]].close) }
      places[index] += 1
    }
  }
  return closes
}
