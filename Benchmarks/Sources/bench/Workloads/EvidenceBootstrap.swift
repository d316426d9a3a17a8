import BacktestKit

extension EvidenceStatistics {
  /// The interval of the Sharpe ratio from 10,000 draws.
  static func bootstrapOfSharpe(_ sample: EvidenceSample, repeats: Int) throws -> Measurement {
    try bootstrap("bootstrap_sharpe_10000_draws", of: ["sharpe"], 10_000, sample, repeats)
  }

  /// The intervals of 20 metrics from 10,000 draws.
  static func bootstrapOfTwenty(_ sample: EvidenceSample, repeats: Int) throws -> Measurement {
    let metrics = [
      "sharpe", "total-return", "cagr", "volatility", "sortino", "max-drawdown", "calmar",
      "ulcer-index", "omega", "skewness", "excess-kurtosis", "var-95", "cvar-95", "tail-ratio",
      "win-rate", "profit-factor", "downside-deviation", "autocorrelation", "best-return",
      "mean-return",
    ]
    return try bootstrap("bootstrap_20_metrics_10000_draws", of: metrics, 10_000, sample, repeats)
  }

  /// The intervals that every run shows.
  static func bootstrapOfHeadline(_ sample: EvidenceSample, repeats: Int) throws -> Measurement {
    try bootstrap(
      "bootstrap_headline_2000_draws", of: Metrics.headlineNames, 2_000, sample, repeats)
  }

  private static func bootstrap(
    _ engine: String, of metrics: [String], _ draws: Int, _ sample: EvidenceSample, _ repeats: Int
  ) throws -> Measurement {
    let performance = PerformanceMetrics(
      try ReturnsSample(returns: sample.returns, barsPerYear: 252))
    let bootstrap = Bootstrap(scheme: .stationary(meanBlock: 10), draws: draws, seed: 1)
    return try seconds(engine, repeats: repeats) {
      let found = try bootstrap.intervals(of: metrics, in: performance, threads: 1)
      return [
        ("sharpe_lower", found["sharpe"]?.lower ?? .nan),
        ("sharpe_upper", found["sharpe"]?.upper ?? .nan),
      ]
    }
  }
}
