package import BacktestCore

/// What an account was worth at the end of each day.
package struct DailyCurve: Sendable, Equatable {
  /// The days, strictly ascending; the first is that of the base point.
  package let dates: [CivilDate]
  /// The value at the end of each day.
  package let wealth: [Double]

  /// The last value of each day in UTC, where midnight ends a day.
  ///
  /// - Precondition: there is a value for each time, and times ascend.
  package init(times: [Timestamp], wealth values: [Double]) {
    precondition(times.count == values.count, "a value for each time")
    var dates: [CivilDate] = []
    var wealth: [Double] = []
    for (time, value) in zip(times, values) {
      let date = Timestamp(nanoseconds: time.nanoseconds - 1).utcDate
      if dates.last == date {
        wealth[wealth.count - 1] = value
      } else {
        dates.append(date)
        wealth.append(value)
      }
    }
    (self.dates, self.wealth) = (dates, wealth)
  }

  /// The growth of one unit of money by some returns from a day on.
  ///
  /// - Precondition: there is a date for each return.
  package init(from base: CivilDate, dates: [CivilDate], returns: [Double]) {
    precondition(dates.count == returns.count, "a date for each return")
    var value = 1.0
    wealth =
      [1]
      + returns.map { one in
        value *= 1 + one
        return value
      }
    self.dates = [base] + dates
  }

  /// The return of each day but the first; not a number where nothing was left to earn from.
  package var returns: [Double] {
    zip(wealth, wealth.dropFirst()).map { $0 > 0 ? $1 / $0 - 1 : .nan }
  }
}

/// The daily returns of several curves laid on one axis of days, to be compared in pairs.
package struct DailyCurves: Sendable {
  /// Every day on which some curve has a return, ascending.
  package let dates: [CivilDate]
  /// The returns of each curve by day; not a number where it has none.
  package let returns: [[Double]]

  /// The returns of these curves.
  package init(_ curves: [DailyCurve]) {
    let dates = Set(curves.flatMap { $0.dates.dropFirst() }).sorted()
    let places = Dictionary(uniqueKeysWithValues: dates.enumerated().map { ($1, $0) })
    returns = curves.map { curve in
      var row = [Double](repeating: .nan, count: dates.count)
      for (date, value) in zip(curve.dates.dropFirst(), curve.returns) {
        if let place = places[date] { row[place] = value }
      }
      return row
    }
    self.dates = dates
  }

  /// The returns of two curves on the days that both have.
  package func common(_ a: Int, _ b: Int) -> AlignedReturns? {
    let rows = dates.indices.filter { returns[a][$0].isFinite && returns[b][$0].isFinite }
    return try? AlignedReturns(
      returns: rows.map { returns[a][$0] }, benchmark: rows.map { returns[b][$0] })
  }

  /// Pearson's correlation of two curves on their common days; `nil` with fewer than twenty, or
  /// where one of them does not vary.
  package func correlation(_ a: Int, _ b: Int) -> Double? {
    var (count, x, y) = (0.0, 0.0, 0.0)
    let (first, second) = (returns[a], returns[b])
    for row in first.indices where first[row].isFinite && second[row].isFinite {
      (count, x, y) = (count + 1, x + first[row], y + second[row])
    }
    guard count >= 20 else { return nil }
    (x, y) = (x / count, y / count)
    var (xx, yy, xy) = (0.0, 0.0, 0.0)
    for row in first.indices where first[row].isFinite && second[row].isFinite {
      let (dx, dy) = (first[row] - x, second[row] - y)
      (xx, yy, xy) = (xx + dx * dx, yy + dy * dy, xy + dx * dy)
    }
    guard xx > 1e-24, yy > 1e-24 else { return nil }
    return min(1, max(-1, xy / (xx * yy).squareRoot()))
  }

  /// The correlations of all pairs, row by row; `nil` where a pair has none.
  package var correlations: [[Double?]] {
    var matrix = returns.map { _ in [Double?](repeating: nil, count: returns.count) }
    for a in returns.indices {
      for b in a..<returns.count {
        let value = correlation(a, b)
        (matrix[a][b], matrix[b][a]) = (value, value)
      }
    }
    return matrix
  }
}
