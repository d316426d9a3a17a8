/// The mean correlation of many return series, which come one at a time and need not cover the same
/// days.
///
/// Each series is standardised over its own days. Of the products of two series the sum over all
/// days and all pairs is, day by day, (S^2 - Q) / 2 with the sum S and the sum of squares Q over
/// the series of that day, so that no pair is ever looked at. Dividing by the number of products
/// gives the mean correlation; where all series have the same days it is the mean of the
/// off-diagonal elements of their correlation matrix.
package struct CorrelationTally: Sendable {
  /// The series that is being put together; NaN where it has no return.
  private var series: [Float]
  private var sums: [Double]
  private var squares: [Double]
  private var counts: [Double]

  /// A tally over a number of days.
  package init(dayCount: Int) {
    series = Array(repeating: .nan, count: dayCount)
    sums = Array(repeating: 0, count: dayCount)
    squares = sums
    counts = sums
  }

  /// Lays returns over the series, in place of those that it has for the same days.
  ///
  /// - Parameter days: the day of each return, as a position from 0.
  package mutating func lay(_ returns: [Float], on days: [Int]) {
    for (day, value) in zip(days, returns) { series[day] = value }
  }

  /// Ends the series and begins the next one.
  package mutating func finishSeries() {
    var values: [Double] = []
    values.reserveCapacity(series.count)
    for value in series where value.isFinite { values.append(Double(value)) }
    let dispersion = Dispersion(values)
    // A series that never moves has no correlation.
    if let deviation = dispersion.deviation(reduction: 0), deviation > 0 {
      let factor = 1 / deviation
      for day in series.indices where series[day].isFinite {
        let score = (Double(series[day]) - dispersion.mean) * factor
        sums[day] += score
        squares[day] += score * score
        counts[day] += 1
      }
    }
    for day in series.indices { series[day] = .nan }
  }

  /// The mean correlation of two series; `nil` where no two series have a day in common.
  package var mean: Double? {
    var products = 0.0
    var pairs = 0.0
    for day in sums.indices {
      products += sums[day] * sums[day] - squares[day]
      pairs += counts[day] * (counts[day] - 1)
    }
    return pairs > 0 ? products / pairs : nil
  }
}
