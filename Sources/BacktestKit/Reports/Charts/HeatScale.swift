import BacktestCore

/// The colours of a heat map: one hue above zero and one below it, in four levels each.
struct HeatScale {
  /// The size from which a value has full colour.
  let full: Double
  /// The sizes from which the second, third and fourth colour begin.
  let bounds: [Double]

  /// A scale for some values: full colour from the ninth decile of their sizes, so that one extreme
  /// value does not pale all others.
  ///
  /// - Parameters:
  ///   - smallest: the least size with full colour.
  ///   - size: that of no values.
  ///   - fromZero: whether the palest colour begins at 0 although all values are on one side of it.
  ///     Otherwise it begins at the least size, so that values near each other differ.
  init(_ values: [Double], smallest: Double, whenEmpty size: Double, fromZero: Bool = true) {
    let known = values.finiteValues
    let sizes = known.map(abs).sorted()
    let full = sizes.isEmpty ? size : max(sizes[(sizes.count - 1) * 9 / 10], smallest)
    let isOneSided = known.allSatisfy { $0 > 0 } || known.allSatisfy { $0 < 0 }
    let least = fromZero || !isOneSided ? 0 : sizes.first.map { $0 < full ? $0 : 0 } ?? 0
    self.full = full
    bounds = (1...3).map { least + (full - least) * Double($0) / 4 }
  }

  /// A scale whose second, third and fourth colour begin at given sizes.
  init(bounds: [Double]) {
    precondition(bounds.count == 3, "three bounds between four colours")
    self.bounds = bounds
    full = bounds[2]
  }

  /// The colour of a value, from -4 to 4.
  func level(of value: Double) -> Int {
    let size = abs(value)
    guard size > 0 else { return 0 }
    let level = 1 + bounds.count { size > $0 }
    return value < 0 ? -level : level
  }
}
