/// The thirds of a growing set of values.
///
/// All values are given beforehand and ordered once; a tree of counts (P. Fenwick, 1994) over that
/// order tells which of them are in the set. Inserting and asking take O(log n), and an answer
/// depends on the inserted values alone.
struct TercileRanks {
  private let sorted: [Double]
  private let place: [Int]
  private var tree: [Int]
  private var count = 0
  private let topStep: Int

  /// An empty set that may take each of these values once.
  init(_ values: [Double]) {
    let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    var place = [Int](repeating: 0, count: values.count)
    for (position, index) in order.enumerated() { place[index] = position }
    self.place = place
    sorted = order.map { values[$0] }
    tree = [Int](repeating: 0, count: values.count + 1)
    var step = 1
    while step * 2 <= values.count { step *= 2 }
    topStep = step
  }

  /// Puts the value with this index into the set.
  mutating func insert(_ index: Int) {
    var node = place[index] + 1
    while node < tree.count {
      tree[node] += 1
      node += node & -node
    }
    count += 1
  }

  /// The quantiles 1/3 and 2/3 of the values in the set, which must not be empty.
  var cuts: VolatilityTerciles.Cuts { TercileRanks.cuts(count: count, value: value(rank:)) }

  /// The quantiles 1/3 and 2/3 of ascending values; `nil` without values.
  static func cuts(ofSorted values: [Double]) -> VolatilityTerciles.Cuts? {
    values.isEmpty ? nil : cuts(count: values.count) { values[$0] }
  }

  /// The value of a rank, counted from 0, among those in the set.
  private func value(rank: Int) -> Double {
    var (position, remaining, step) = (0, rank + 1, topStep)
    while step > 0 {
      if position + step < tree.count, tree[position + step] < remaining {
        position += step
        remaining -= tree[position]
      }
      step /= 2
    }
    return sorted[position]
  }

  /// Type-7 quantiles; whole ranks are found in integers, so that a cut which is a value of the set
  /// is that value exactly.
  private static func cuts(count: Int, value: (Int) -> Double) -> VolatilityTerciles.Cuts {
    func cut(_ third: Int) -> Double {
      let (rank, rest) = ((count - 1) * third).quotientAndRemainder(dividingBy: 3)
      let below = value(rank)
      return rest == 0 ? below : below + (value(rank + 1) - below) * (Double(rest) / 3)
    }
    return VolatilityTerciles.Cuts(lower: cut(1), upper: cut(2))
  }
}
