import BacktestCore
internal import Glibc

/// The values of a metric in resamples, and the intervals that follow from them.
struct BootstrapDistribution {
  /// The values in ascending order.
  let sorted: [Double]
  /// The value in the sample itself.
  let value: Double

  /// The distribution of some values; those that are not a number do not count.
  init(_ values: some Sequence<Double>, around value: Double) {
    sorted = values.filter { !$0.isNaN }.sorted()
    self.value = value
  }

  /// The deviation of the values, n - 1; 0 with fewer than two.
  var standardError: Double { Dispersion(sorted).deviation() ?? 0 }

  /// The bounds by a method; `nil` where the correction of `bca` fails.
  ///
  /// - Parameter jackknife: the metric of the sample without one row each, which `bca` needs.
  func bounds(
    _ method: IntervalMethod, level: Double, jackknife: [Double] = []
  ) -> (lower: Double, upper: Double)? {
    let tail = (1 - level) / 2
    switch method {
    case .percentile: return quantiles(tail, 1 - tail)
    case .basic:
      let (lower, upper) = quantiles(tail, 1 - tail)
      return (2 * value - upper, 2 * value - lower)
    case .bca:
      return correctedShares(tail, jackknife: jackknife).map { quantiles($0, $1) }
    }
  }

  private func quantiles(_ a: Double, _ b: Double) -> (lower: Double, upper: Double) {
    (sorted.sortedQuantile(a), sorted.sortedQuantile(b))
  }

  /// The shares at which quantiles are taken after correction for bias and acceleration.
  ///
  /// > B. Efron, "Better Bootstrap Confidence Intervals", JASA 82(397), 1987.
  func correctedShares(_ tail: Double, jackknife: [Double]) -> (Double, Double)? {
    let bias = biasCorrection
    let acceleration = Self.acceleration(jackknife)
    guard bias.isFinite else { return nil }
    func share(_ tail: Double) -> Double {
      let shifted = bias + NormalDistribution.quantile(tail)
      return NormalDistribution.cumulative(bias + shifted / (1 - acceleration * shifted))
    }
    let shares = (share(tail), share(1 - tail))
    return shares.0 <= shares.1 ? shares : nil
  }

  /// The normal quantile of the share of values below the sample's.
  var biasCorrection: Double {
    let below = sorted.count { $0 < value }
    return NormalDistribution.quantile(Double(below) / Double(sorted.count))
  }

  /// A sixth of the skewness of the values that leave out one row each.
  static func acceleration(_ jackknife: [Double]) -> Double {
    let values = jackknife.filter { !$0.isNaN }
    guard !values.isEmpty else { return 0 }
    let mean = values.compensatedSum { $0 } / Double(values.count)
    let squares = values.compensatedSum { (mean - $0) * (mean - $0) }
    let cubes = values.compensatedSum { (mean - $0) * (mean - $0) * (mean - $0) }
    guard squares > 0 else { return 0 }
    return cubes / (6 * squares * squares.squareRoot())
  }
}
