import BacktestCore

extension Metrics {
  static let riskDefinitions: [MetricDefinition] = [
    MetricDefinition(
      "volatility", "Volatility", .fraction, higherIsBetter: false, needs: .calendar,
      "sqrt(B) x sd(r), n - 1 deviation"
    ) { $0.volatility },
    MetricDefinition(
      "standard-deviation", "Standard deviation per bar", .fraction, higherIsBetter: false,
      "sd(r), n - 1 deviation"
    ) { $0.deviation },
    MetricDefinition(
      "population-deviation", "Population standard deviation per bar", .fraction,
      higherIsBetter: false,
      "sd(r) with the divisor n"
    ) { $0.dispersion.deviation(reduction: 0) },
    MetricDefinition(
      "downside-deviation", "Downside deviation", .fraction, higherIsBetter: false,
      needs: .calendar, "sqrt(B) x sqrt(mean(min(r - MAR, 0)^2)) over all n"
    ) { space in space.downsideDeviation.map { $0 * space.barsPerYear.squareRoot() } },
    MetricDefinition(
      "downside-deviation-per-bar", "Downside deviation per bar", .fraction,
      higherIsBetter: false, "sqrt(mean(min(r - MAR, 0)^2)) over all n"
    ) { $0.downsideDeviation },
    MetricDefinition(
      "downside-deviation-negatives-only", "Downside deviation (losing bars only)", .fraction,
      higherIsBetter: false,
      "the same, divided by the number of returns below MAR instead of n"
    ) { $0.lossDeviation },
    MetricDefinition(
      "semideviation", "Semideviation per bar", .fraction, higherIsBetter: false,
      "sqrt(mean(min(r - mean, 0)^2)) over all n"
    ) { $0.semideviation(reduction: 0) },
    MetricDefinition(
      "sample-semideviation", "Sample semideviation per bar", .fraction, higherIsBetter: false,
      "the same, divided by n - 1"
    ) { $0.semideviation(reduction: 1) },
  ]
}

extension MetricWorkspace {
  /// The downside deviation over the losing bars alone.
  var lossDeviation: Double? {
    guard let target = sample.minimumPerBar, let deviation = downsideDeviation else { return nil }
    let below = sample.returns.count { $0 < target }
    return RatioFormulas.quotient(deviation * count.squareRoot(), Double(below).squareRoot())
  }

  fileprivate func semideviation(reduction: Double) -> Double? {
    let squares = sample.returns.withUnsafeBufferPointer {
      VectorSums.squaredShortfalls($0, below: dispersion.mean)
    }
    return (squares / (count - reduction)).squareRoot().withoutRounding()
  }
}

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
        name.replacing("95", with: "\(percent)"), "\(title) \(percent)%", .fraction,
        higherIsBetter: true, definition, compute: compute)
    }
    return [
      tail("var-95", "VaR", "quantile of r, type 7") { $0.sorted.sortedQuantile(share) },
      tail("var-95-lower", "VaR, lower", "order statistic ceil(a n) of r, type 1") {
        $0.sorted[max(Int(($0.count * share).rounded(.up)), 1) - 1]
      },
      tail(
        "expected-shortfall-95", "Expected shortfall",
        "(sum of the floor(n a) smallest r + the fraction of the next) / (n a) "
          + "(Acerbi, Tasche, 2002)"
      ) { $0.expectedShortfall(share) },
      tail("cvar-95", "CVaR", "mean of r at or below the type 7 quantile") {
        $0.meanAtOrBelow($0.sorted.sortedQuantile(share))
      },
      tail("cvar-95-discrete", "CVaR, discrete", "mean of the floor((n - 1) a) + 1 smallest r") {
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

extension Metrics {
  static let distributionDefinitions: [MetricDefinition] = [
    MetricDefinition("skewness", "Skewness", .ratio, "m3 / m2^1.5 of the population") {
      $0.moments.skewness
    },
    MetricDefinition(
      "sample-skewness", "Sample skewness", .ratio, "the same, corrected for sample bias"
    ) { $0.moments.sampleSkewness },
    MetricDefinition(
      "excess-kurtosis", "Excess kurtosis", .ratio, "m4 / m2^2 - 3 of the population"
    ) { $0.moments.excessKurtosis },
    MetricDefinition(
      "sample-excess-kurtosis", "Sample excess kurtosis", .ratio,
      "the same, corrected for sample bias"
    ) { $0.moments.sampleExcessKurtosis },
    MetricDefinition(
      "jarque-bera", "Jarque-Bera", .ratio,
      "n/6 (S^2 + K^2/4), population skewness S and excess kurtosis K (Jarque, Bera, 1980)"
    ) { $0.jarqueBera },
    MetricDefinition(
      "jarque-bera-p", "Jarque-Bera p-value", .fraction,
      "probability of a statistic at least this large if returns were normal: tail of chi-square(2)"
    ) { space in
      space.jarqueBera.map { ChiSquareDistribution.upperTail($0, degreesOfFreedom: 2) }
    },
    MetricDefinition(
      "autocorrelation", "Autocorrelation", .ratio,
      "sum of (r_t - m)(r_(t-1) - m) / sum of (r - m)^2, one mean m"
    ) { $0.autocorrelations(1)?.first },
    MetricDefinition(
      "lag-correlation", "Lag correlation", .ratio,
      "Pearson's correlation of r_t and r_(t-1), each with its mean"
    ) { $0.lagCorrelation },
    MetricDefinition(
      "ljung-box-10", "Ljung-Box", .ratio,
      "n (n + 2) sum of rho_k^2 / (n - k) over the lags 1 to 10 (Ljung, Box, 1978)"
    ) { $0.ljungBox },
    MetricDefinition(
      "ljung-box-10-p", "Ljung-Box p-value", .fraction,
      "probability of a statistic at least this large if returns were independent: tail of "
        + "chi-square(10)"
    ) { space in
      space.ljungBox.map { ChiSquareDistribution.upperTail($0, degreesOfFreedom: 10) }
    },
  ]
}

extension MetricWorkspace {
  fileprivate var jarqueBera: Double? {
    guard let skew = moments.skewness, let excess = moments.excessKurtosis else { return nil }
    return count / 6 * (skew * skew + excess * excess / 4)
  }

  fileprivate var ljungBox: Double? {
    autocorrelations(10).map { correlations in
      let sum = correlations.enumerated().compensatedSum {
        $0.element * $0.element / (count - Double($0.offset + 1))
      }
      return count * (count + 2) * sum
    }
  }

  fileprivate var lagCorrelation: Double? {
    let earlier = Array(sample.returns.dropLast())
    let later = Array(sample.returns.dropFirst())
    let (a, b) = (Dispersion(earlier), Dispersion(later))
    guard let first = a.deviation(), let second = b.deviation(), first != 0, second != 0 else {
      return nil
    }
    let comoment = zip(earlier, later).compensatedSum { ($0 - a.mean) * ($1 - b.mean) }
    return comoment / (a.squares * b.squares).squareRoot()
  }
}
