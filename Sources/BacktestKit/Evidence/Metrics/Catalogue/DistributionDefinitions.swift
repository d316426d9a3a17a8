import BacktestCore

extension Metrics {
  static let distributionDefinitions: [MetricDefinition] = [
    MetricDefinition("skewness", "Skewness", .ratio, "m3 / m2^1.5 of the population") {
      $0.moments.skewness
    },
    MetricDefinition(
      "sample-skewness", "Sample skewness", .ratio, "the same corrected for the sample's bias"
    ) { $0.moments.sampleSkewness },
    MetricDefinition(
      "excess-kurtosis", "Excess kurtosis", .ratio, "m4 / m2^2 - 3 of the population"
    ) { $0.moments.excessKurtosis },
    MetricDefinition(
      "sample-excess-kurtosis", "Sample excess kurtosis", .ratio,
      "the same corrected for the sample's bias"
    ) { $0.moments.sampleExcessKurtosis },
    MetricDefinition(
      "jarque-bera", "Jarque-Bera", .ratio,
      "n/6 (S^2 + K^2/4), population skewness S and excess kurtosis K (Jarque, Bera, 1980)"
    ) { $0.jarqueBera },
    MetricDefinition(
      "jarque-bera-p", "Jarque-Bera p-value", .fraction,
      "chance of at least that statistic in normal returns: tail of chi-square(2)"
    ) { space in
      space.jarqueBera.map { ChiSquareDistribution.upperTail($0, degreesOfFreedom: 2) }
    },
    MetricDefinition(
      "autocorrelation", "Autocorrelation", .ratio,
      "sum of (r_t - m)(r_(t-1) - m) / sum of (r - m)^2, one mean m"
    ) { $0.autocorrelations(1)?.first },
    MetricDefinition(
      "lag-correlation", "Lag correlation", .ratio,
      "Pearson's correlation of r_t and r_(t-1), a mean for each"
    ) { $0.lagCorrelation },
    MetricDefinition(
      "ljung-box-10", "Ljung-Box", .ratio,
      "n (n + 2) sum of rho_k^2 / (n - k) over the lags 1 to 10 (Ljung, Box, 1978)"
    ) { $0.ljungBox },
    MetricDefinition(
      "ljung-box-10-p", "Ljung-Box p-value", .fraction,
      "chance of at least that statistic in independent returns: tail of chi-square(10)"
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
