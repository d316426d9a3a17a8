extension Array where Element == Double {
  /// The quantile of values that are sorted ascending, type 7: linear between the neighbours of
  /// position (n - 1) p.
  ///
  /// > R. J. Hyndman, Y. Fan, "Sample Quantiles in Statistical Packages", The American Statistician
  /// > 50(4), 1996.
  ///
  /// - Precondition: there is at least one value, and `p` lies between 0 and 1.
  package func sortedQuantile(_ p: Double) -> Double {
    precondition(!isEmpty && p >= 0 && p <= 1, "a quantile needs values and a share from 0 to 1")
    let position = Double(count - 1) * p
    let lower = Int(position)
    let share = position - Double(lower)
    guard share > 0 else { return self[lower] }
    return self[lower] + share * (self[lower + 1] - self[lower])
  }
}
