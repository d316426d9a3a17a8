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

  /// The returns in a year of 365.25 days; 252 where that is not known.
  package var daysPerYear: Double { Self.daysPerYear(dates) }

  fileprivate static func daysPerYear(_ dates: [CivilDate]) -> Double {
    guard let first = dates.first, let last = dates.last,
      case let days = last.daysSinceEpoch - first.daysSinceEpoch, days > 90
    else { return 252 }
    return Double(dates.count - 1) / Double(days) * 365.25
  }
}

/// The returns of several curves, to be compared in pairs from one common day to the next.
package struct DailyCurves: Sendable {
  private let curves: [DailyCurve]
  /// The returns of each curve, from one of its days to the next.
  package let returns: [[Double]]

  /// The returns of these curves.
  package init(_ curves: [DailyCurve]) {
    self.curves = curves
    returns = curves.map(\.returns)
  }

  /// The returns of two curves between the days that both have. Where one of them has more days,
  /// as days beside weeks, its returns are compounded.
  package func common(_ a: Int, _ b: Int) -> AlignedReturns? {
    let (first, second) = commonReturns(a, b)
    let rows = first.indices.filter { first[$0].isFinite && second[$0].isFinite }
    return try? AlignedReturns(
      returns: rows.map { first[$0] }, benchmark: rows.map { second[$0] })
  }

  /// The common returns of two curves in a year of 365.25 days; 252 where that is not known.
  package func commonPerYear(_ a: Int, _ b: Int) -> Double {
    if curves[a].dates == curves[b].dates { return curves[a].daysPerYear }
    let places = commonPlaces(a, b)
    return DailyCurve.daysPerYear(places.map { curves[a].dates[$0.a] })
  }

  private func commonReturns(_ a: Int, _ b: Int) -> (a: [Double], b: [Double]) {
    if curves[a].dates == curves[b].dates { return (returns[a], returns[b]) }
    let places = commonPlaces(a, b)
    func between(_ wealth: [Double], _ places: [Int]) -> [Double] {
      zip(places, places.dropFirst()).map { wealth[$0] > 0 ? wealth[$1] / wealth[$0] - 1 : .nan }
    }
    return (
      between(curves[a].wealth, places.map(\.a)), between(curves[b].wealth, places.map(\.b))
    )
  }

  /// The places of the days that two curves share.
  private func commonPlaces(_ a: Int, _ b: Int) -> [(a: Int, b: Int)] {
    let (first, second) = (curves[a].dates, curves[b].dates)
    var places: [(a: Int, b: Int)] = []
    var (i, j) = (0, 0)
    while i < first.count, j < second.count {
      if first[i] == second[j] {
        places.append((i, j))
        (i, j) = (i + 1, j + 1)
      } else if first[i] < second[j] {
        i += 1
      } else {
        j += 1
      }
    }
    return places
  }

  /// Pearson's correlation of the common returns of two curves; `nil` with fewer than twenty, or
  /// where one of them does not vary.
  package func correlation(_ a: Int, _ b: Int) -> Double? {
    var (count, x, y) = (0.0, 0.0, 0.0)
    let (first, second) = commonReturns(a, b)
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
