internal import Glibc

/// The map from values to positions along an axis, 0 at its lower end and 1 at its upper end.
struct ChartScale {
  /// The values at the two ends.
  let range: ClosedRange<Double>
  /// Whether equal ratios rather than equal differences are equally far apart.
  let isLogarithmic: Bool
  private let origin: Double
  private let span: Double

  /// A scale over a range; logarithmic only where the range is positive.
  init(_ range: ClosedRange<Double>, isLogarithmic: Bool = false) {
    self.range = range
    self.isLogarithmic = isLogarithmic && range.lowerBound > 0
    let (low, high) = (range.lowerBound, range.upperBound)
    origin = self.isLogarithmic ? log(low) : low
    let length = (self.isLogarithmic ? log(high) : high) - origin
    span = length > 0 ? length : 1
  }

  /// Where a value stands; below 0 or above 1 outside the range.
  func position(_ value: Double) -> Double {
    ((isLogarithmic ? log(max(value, Double.leastNormalMagnitude)) : value) - origin) / span
  }

  /// The smallest range that holds every finite value, or `nil` where there is none.
  static func extent(of values: some Sequence<Double>) -> ClosedRange<Double>? {
    var low = Double.infinity
    var high = -Double.infinity
    for value in values where value.isFinite {
      low = min(low, value)
      high = max(high, value)
    }
    return low <= high ? low...high : nil
  }

  /// A range widened by a share of its length on both sides, and to some length where it has none.
  static func padded(
    _ range: ClosedRange<Double>, by share: Double, isLogarithmic: Bool = false
  ) -> ClosedRange<Double> {
    let (low, high) = (range.lowerBound, range.upperBound)
    if isLogarithmic, low > 0 {
      let factor = high > low ? pow(high / low, share) : 1.1
      return low / factor...high * factor
    }
    let margin = high > low ? (high - low) * share : max(abs(high) * 0.1, 0.5e-3)
    return low - margin...high + margin
  }
}
