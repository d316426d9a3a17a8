import BacktestCore

extension Array where Element == Double {
  /// The values that sorting would put at some ranks, found without sorting all.
  ///
  /// Values are counted by their highest 16 bits, and only those that share these bits with a rank
  /// that is asked for are sorted.
  ///
  /// - Precondition: no value is not a number, and each rank is a position of the array.
  /// - Complexity: O(n) unless most values share their highest 16 bits.
  package func orderStatistics(_ ranks: [Int]) -> [Double] {
    if isInOrder { return ranks.map { self[$0] } }
    // So few are sorted faster than counted.
    guard count > 1 << 14 else {
      let sorted = sortedByRadix()
      return ranks.map { sorted[$0] }
    }
    var counts = [Int](repeating: 0, count: 1 << 16)
    for value in self { counts[value.highestSortingBits] += 1 }
    let order = ranks.indices.sorted { ranks[$0] < ranks[$1] }
    var isSorted = [Bool](repeating: false, count: counts.count)
    /// How many values below each rank are left unsorted.
    var omitted = [Int](repeating: 0, count: ranks.count)
    var (end, left, next) = (0, 0, 0)
    for group in counts.indices {
      end += counts[group]
      while next < order.count, ranks[order[next]] < end {
        omitted[order[next]] = left
        isSorted[group] = true
        next += 1
      }
      if !isSorted[group] { left += counts[group] }
    }
    let sorted = filter { isSorted[$0.highestSortingBits] }.sortedByRadix()
    return ranks.indices.map { sorted[ranks[$0] - omitted[$0]] }
  }

  /// Quantiles of values in any order, type 7.
  ///
  /// - Precondition: there is at least one value and none is not a number; shares lie from 0 to 1.
  package func quantiles(_ shares: [Double]) -> [Double] {
    let places = shares.map { QuantilePlace($0, among: count) }
    let found = orderStatistics(places.flatMap { [$0.lower, $0.upper] })
    return places.enumerated().map { index, place in
      place.value(between: found[2 * index], and: found[2 * index + 1])
    }
  }
}

extension Double {
  fileprivate var highestSortingBits: Int { Int(truncatingIfNeeded: sortingKey >> 48) }
}
