import BacktestCore

/// The mean of some values and how far they scatter about it.
///
/// Two passes with the correction of Chan, Golub and LeVeque: what the rounded mean leaves in the
/// deviations is taken out again, so equal values have no deviation even where their mean rounds.
/// > T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for Computing the Sample Variance",
/// > The American Statistician 37(3), 1983.
struct Dispersion {
  /// The number of values.
  let count: Int
  /// The arithmetic mean; not a number without values.
  let mean: Double
  /// The sum of squared deviations from the mean, never negative.
  let squares: Double

  /// The dispersion of some values.
  init(_ values: UnsafeBufferPointer<Double>) {
    count = values.count
    let n = Double(values.count)
    let rough = VectorSums.sum(values) / n
    let (sum, squares) = VectorSums.deviations(values, from: rough)
    mean = rough + sum / n
    self.squares = max(0, squares - sum * sum / n)
  }

  /// The dispersion of some values.
  init(_ values: [Double]) { self = values.withUnsafeBufferPointer { Dispersion($0) } }

  /// A dispersion from its parts.
  init(count: Int, mean: Double, squares: Double) {
    self.count = count
    self.mean = mean
    self.squares = squares
  }

  /// The deviation with the divisor n - `reduction`: 1 for a sample, 0 for a population. It is 0
  /// when it is no more than rounding, and `nil` when there are too few values.
  func deviation(reduction: Int = 1) -> Double? {
    guard count > reduction else { return nil }
    let deviation = (squares / Double(count - reduction)).squareRoot()
    return deviation.withoutRounding(scale: abs(mean))
  }
}

extension Double {
  /// This number, or 0 where it is no more than what rounding leaves of equal returns.
  ///
  /// A return is a price ratio near 1 less 1, so its rounding error is about the spacing of numbers
  /// near 1 however small the return is; larger numbers round at their own `scale`.
  func withoutRounding(scale: Double = 0) -> Double {
    abs(self) <= 16 * Double.ulpOfOne * Swift.max(1, scale) ? 0 : self
  }
}

/// The population's central moments up to the fourth.
struct CentralMoments {
  /// The number of values.
  let count: Int
  /// The mean of squared deviations; 0 when it is no more than rounding.
  let second: Double
  /// The mean of cubed deviations.
  let third: Double
  /// The mean of deviations to the fourth.
  let fourth: Double

  /// The moments of some values.
  init(_ values: [Double], about dispersion: Dispersion) {
    count = values.count
    let n = Double(values.count)
    let deviation = dispersion.deviation(reduction: 0) ?? 0
    second = deviation == 0 ? 0 : dispersion.squares / n
    var cubes = CompensatedSum()
    var fourths = CompensatedSum()
    for value in values {
      let distance = value - dispersion.mean
      let square = distance * distance
      cubes.add(square * distance)
      fourths.add(square * square)
    }
    third = cubes.value / n
    fourth = fourths.value / n
  }

  /// The skewness g1 = m3 / m2^1.5 of the population, or `nil` without dispersion.
  var skewness: Double? { second == 0 ? nil : third / (second * second.squareRoot()) }

  /// The kurtosis less 3, g2 = m4 / m2^2 - 3, of the population, or `nil` without dispersion.
  var excessKurtosis: Double? { second == 0 ? nil : fourth / (second * second) - 3 }

  /// The skewness G1 corrected for the bias of a sample; needs three values.
  var sampleSkewness: Double? {
    guard count > 2, let skewness else { return nil }
    let n = Double(count)
    return (n * (n - 1)).squareRoot() / (n - 2) * skewness
  }

  /// The excess kurtosis G2 corrected for the bias of a sample; needs four values.
  var sampleExcessKurtosis: Double? {
    guard count > 3, let excessKurtosis else { return nil }
    let n = Double(count)
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * excessKurtosis + 6)
  }
}
