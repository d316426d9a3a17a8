/// The colours of a heat map: one hue above zero and one below it, in four levels each.
struct HeatScale {
  /// The size from which a value has full colour.
  let full: Double

  /// A scale for some values: full colour from the ninth decile of their sizes, so that one extreme
  /// value does not pale all others.
  ///
  /// - Parameters:
  ///   - smallest: the least size with full colour.
  ///   - size: that of no values.
  init(_ values: [Double], smallest: Double, whenEmpty size: Double) {
    let sizes = values.map(abs).filter(\.isFinite).sorted()
    full = sizes.isEmpty ? size : max(sizes[(sizes.count - 1) * 9 / 10], smallest)
  }

  /// The colour of a value, from -4 to 4.
  func level(of value: Double) -> Int {
    let level = Int((min(abs(value) / full, 1) * 4).rounded(.up))
    return value < 0 ? -level : level
  }
}
