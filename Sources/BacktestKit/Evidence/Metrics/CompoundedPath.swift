/// Where a compounding account ends and how deep it fell on the way.
struct CompoundedPath {
  /// The product of 1 + r; 0 from the ruin on.
  private(set) var growth = 1.0
  /// The least of value / highest value before it, the start included; 1 when it never fell.
  private(set) var lowestShare = 1.0
  /// The return at which nothing was left.
  private(set) var ruinedRow: Int?

  /// Follows returns from a value of 1.
  init(_ returns: UnsafeBufferPointer<Double>) {
    var value = 1.0
    var peak = 1.0
    var worst = 1.0
    for row in 0..<returns.count {
      value *= 1 + returns[row]
      peak = Double.maximum(peak, value)
      // The product stands for a division on every row; a new low is rare.
      if value < worst * peak {
        worst = value / peak
        if value <= 0 {
          ruinedRow = row
          break
        }
      }
    }
    growth = ruinedRow == nil ? value : 0
    lowestShare = ruinedRow == nil ? worst : 0
  }

  /// The deepest fall from a peak, as a negative fraction.
  var maxDrawdown: Double { lowestShare - 1 }
}
