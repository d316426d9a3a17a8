extension Array where Element == Double {
  /// The values that are finite, in their order.
  package var finiteValues: [Double] {
    // Mostly all are, and then nothing is copied.
    allSatisfy { $0.isFinite } ? self : filter { $0.isFinite }
  }

  /// The quantile of values that are sorted ascending, type 7: linear between the neighbours of
  /// position (n - 1) p.
  ///
  /// > R. J. Hyndman, Y. Fan, "Sample Quantiles in Statistical Packages", The American Statistician
  /// > 50(4), 1996.
  ///
  /// - Precondition: there is at least one value, and `p` lies between 0 and 1.
  package func sortedQuantile(_ p: Double) -> Double {
    let place = QuantilePlace(p, among: count)
    return place.value(between: self[place.lower], and: self[place.upper])
  }
}

/// Where the quantile of sorted values lies, type 7.
package struct QuantilePlace: Sendable {
  /// The neighbours of the quantile among the sorted values.
  package let lower: Int
  package let upper: Int
  private let share: Double

  /// The place of a quantile.
  ///
  /// - Precondition: there is at least one value, and `p` lies between 0 and 1.
  package init(_ p: Double, among count: Int) {
    precondition(count > 0 && p >= 0 && p <= 1, "a quantile needs values and a share from 0 to 1")
    let position = Double(count - 1) * p
    lower = Int(position)
    share = position - Double(lower)
    upper = share > 0 ? lower + 1 : lower
  }

  /// The quantile from its neighbours.
  package func value(between low: Double, and high: Double) -> Double {
    share > 0 ? low + share * (high - low) : low
  }
}
