import BacktestCore

extension Metrics {
  static let tailDefinitions: [MetricDefinition] =
    tailDefinitions(percent: 95, share: 0.05) + tailDefinitions(percent: 99, share: 0.01) + [
      MetricDefinition(
        "tail-ratio", "Tail ratio", .ratio, higherIsBetter: true,
        "|95th percentile| / |5th percentile|, type 7"
      ) { $0.tailRatio }
    ]

  /// The measures of the worst share of returns, each a signed return.
  private static func tailDefinitions(percent: Int, share: Double) -> [MetricDefinition] {
    func tail(
      _ name: String, _ title: String, _ definition: String,
      _ compute: @escaping @Sendable (MetricWorkspace) -> Double?
    ) -> MetricDefinition {
      MetricDefinition(
        name.replacing("95", with: "\(percent)"), "\(title) \(percent) %", .fraction,
        higherIsBetter: true, definition, compute: compute)
    }
    return [
      tail("var-95", "VaR", "quantile of r, type 7") { $0.sorted.sortedQuantile(share) },
      tail("var-95-lower", "VaR, lower", "order statistic ceil(a n) of r, type 1") {
        $0.sorted[max(Int(($0.count * share).rounded(.up)), 1) - 1]
      },
      tail(
        "expected-shortfall-95", "Expected shortfall",
        "(sum of the floor(n a) least r + the fraction of the next) / (n a) "
          + "(Acerbi, Tasche, 2002)"
      ) { $0.expectedShortfall(share) },
      tail("cvar-95", "CVaR", "mean of r at or below the type 7 quantile") {
        $0.meanAtOrBelow($0.sorted.sortedQuantile(share))
      },
      tail("cvar-95-discrete", "CVaR, discrete", "mean of the floor((n - 1) a) + 1 least r") {
        $0.meanOfLeast(Int(($0.count - 1) * share) + 1)
      },
      tail("var-95-gaussian", "VaR, Gaussian", "mean + z sd, z the normal quantile of a") {
        $0.valueAt(NormalDistribution.quantile(share))
      },
      tail("cvar-95-gaussian", "CVaR, Gaussian", "mean - sd phi(z) / a") {
        $0.valueAt(-NormalDistribution.density(NormalDistribution.quantile(share)) / share)
      },
      tail(
        "var-95-cornish-fisher", "VaR, Cornish-Fisher",
        "mean + sd (z + (z^2-1) S/6 + (z^3-3z) K/24 - (2z^3-5z) S^2/36), population skewness S "
          + "and excess kurtosis K (Favre, Galeano, 2002)"
      ) { $0.cornishFisher(share) },
    ]
  }
}

extension MetricWorkspace {
  fileprivate var tailRatio: Double? {
    let lower = abs(sorted.sortedQuantile(0.05)).withoutRounding()
    return RatioFormulas.quotient(abs(sorted.sortedQuantile(0.95)), lower)
  }

  fileprivate func expectedShortfall(_ share: Double) -> Double? {
    let wanted = count * share
    let whole = Int(wanted)
    let least = sorted.prefix(whole).compensatedSum { $0 }
    return (least + (wanted - Double(whole)) * sorted[whole]) / wanted
  }

  fileprivate func meanAtOrBelow(_ limit: Double) -> Double? {
    meanOfLeast(sorted.prefix { $0 <= limit }.count)
  }

  fileprivate func meanOfLeast(_ wanted: Int) -> Double? {
    RatioFormulas.quotient(sorted.prefix(wanted).compensatedSum { $0 }, Double(wanted))
  }

  /// The return a number of deviations from the mean.
  fileprivate func valueAt(_ deviations: Double) -> Double? {
    deviation.map { dispersion.mean + deviations * $0 }
  }

  fileprivate func cornishFisher(_ share: Double) -> Double? {
    guard let skew = moments.skewness, let excess = moments.excessKurtosis else { return nil }
    let z = NormalDistribution.quantile(share)
    let cubic = (z * z * z - 3 * z) * excess / 24 - (2 * z * z * z - 5 * z) * skew * skew / 36
    return valueAt(z + (z * z - 1) * skew / 6 + cubic)
  }
}
