package import BacktestCore

extension ReturnsSample {
  /// The sample from its last point at or before a date; `nil` without dates, where it begins
  /// later, or where nothing was left by then.
  package func since(_ date: CivilDate) -> ReturnsSample? {
    guard let pointDates, let first = pointDates.lastIndex(where: { $0 <= date }),
      first + 1 < pointDates.count, wealth[first] > 0
    else { return nil }
    var riskFree = riskFree
    if case .series(let rates) = riskFree { riskFree = .series(Array(rates[first...])) }
    return try? ReturnsSample(
      equity: Array(wealth[first...]), pointDates: Array(pointDates[first...]),
      barsPerYear: barsPerYear, riskFree: riskFree,
      minimumAcceptableReturn: minimumAcceptableReturn)
  }

  /// The sample of the last so many years, counted back from its last date; `nil` where it is
  /// shorter than that.
  package func trailing(years: Int) -> ReturnsSample? {
    guard let last = pointDates?.last else { return nil }
    return since(last.adding(months: -12 * years))
  }

  /// The wealth that the same returns would have given with every one of them times a factor, from
  /// the same beginning.
  package func scaledWealth(by factor: Double) -> [Double] {
    var value = wealth.first ?? 1
    return [value]
      + returns.map { one in
        value *= max(1 + factor * one, 0)
        return value
      }
  }

  /// The autocorrelations at lags 1 to 10 about one mean; `nil` for ten returns or fewer, or where
  /// all are equal.
  package var autocorrelations: [Double]? { Self.autocorrelations(of: returns) }

  /// The autocorrelations of squared distances from the mean, which show clusters of volatility.
  package var squaredAutocorrelations: [Double]? {
    let mean = Dispersion(returns).mean
    return Self.autocorrelations(of: returns.map { ($0 - mean) * ($0 - mean) })
  }

  private static func autocorrelations(of values: [Double]) -> [Double]? {
    let dispersion = Dispersion(values)
    guard values.count > LaggedProducts.lagCount, dispersion.deviation() != 0 else { return nil }
    return LaggedProducts.sums(values.map { $0 - dispersion.mean }).map { $0 / dispersion.squares }
  }

  /// The returns against those of a normal distribution of the same mean and deviation: pairs of
  /// standard normal quantiles at (i - 0.5) / n and returns in ascending order, in units of their
  /// deviation from the mean. A quarter of `limit` is kept at each end, and of those between them
  /// so many that about `limit` remain.
  ///
  /// > M. B. Wilk, R. Gnanadesikan, "Probability Plotting Methods for the Analysis of Data",
  /// > Biometrika 55(1), 1968.
  ///
  /// - Parameter sorted: the returns in ascending order, where they are there already.
  package func normalQuantiles(
    of sorted: [Double]? = nil, limit: Int = 240
  ) -> [(normal: Double, actual: Double)] {
    let sorted = sorted ?? returns.sortedByRadix()
    let dispersion = Dispersion(returns)
    guard let deviation = dispersion.deviation(), deviation > 0 else { return [] }
    let edge = limit / 4
    let step = max(1, (sorted.count - 2 * edge) / max(limit - 2 * edge, 1))
    return sorted.indices.compactMap { row in
      let isEdge = row < edge || row >= sorted.count - edge
      guard isEdge || (row - edge).isMultiple(of: step) else { return nil }
      let share = (Double(row) + 0.5) / Double(sorted.count)
      return (NormalDistribution.quantile(share), (sorted[row] - dispersion.mean) / deviation)
    }
  }
}

/// How long a period of returns is.
package enum ReturnPeriod: CaseIterable, Sendable {
  /// Monday to Sunday.
  case week
  /// A calendar month.
  case month
  /// Three calendar months.
  case quarter
  /// A calendar year.
  case year

  /// Equal for dates of the same period, ascending with time.
  fileprivate func key(_ date: CivilDate) -> Int {
    let month = Int(date.year) * 12 + Int(date.month) - 1
    switch self {
    // 1970-01-05 was a Monday.
    case .week: return (date.daysSinceEpoch - 4).flooredQuotient(by: 7).quotient
    case .month: return month
    case .quarter: return month.flooredQuotient(by: 3).quotient
    case .year: return Int(date.year)
    }
  }
}

extension ReturnsSample {
  /// Returns compounded over the periods of their session dates, in order; the first and the last
  /// period may be incomplete. Empty without dates.
  package func returns(by period: ReturnPeriod) -> [Double] {
    guard let pointDates else { return [] }
    var found: [Double] = []
    var base = wealth.first ?? 0
    for point in wealth.indices.dropFirst() {
      // Points of one date have one period, so the calendar is asked once a day.
      let isLast =
        point + 1 == wealth.count
        || pointDates[point + 1] != pointDates[point]
          && period.key(pointDates[point + 1]) != period.key(pointDates[point])
      guard isLast else { continue }
      found.append(base > 0 ? wealth[point] / base - 1 : 0)
      base = wealth[point]
    }
    return found
  }
}
