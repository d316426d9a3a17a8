internal import BacktestCore

/// Whether two series of returns differ in their Sharpe ratios by more than chance.
///
///     let comparison = try SharpeComparison.test(strategy, index).get()
///     comparison.pValue   // two-sided
///
/// The returns are taken to be independent from bar to bar and jointly normal.
/// > J. D. Jobson, B. Korkie, "Performance Hypothesis Testing with the Sharpe and Treynor
/// > Measures", J. Finance 36(4), 1981.
/// > C. Memmel, "Performance Hypothesis Testing with the Sharpe Ratio", Finance Letters 1, 2003.
public struct SharpeComparison: Hashable, Sendable {
  /// The first ratio less the second, per bar, with population deviations.
  public let difference: Double
  /// The correlation of the returns.
  public let correlation: Double
  /// The standard error of the difference.
  public let standardError: Double
  /// The difference over its standard error.
  public let statistic: Double
  /// The probability of a difference at least as large, either way, between equal ratios.
  public let pValue: Double

  /// The test of two series of the same bars.
  ///
  /// - Throws: `EvidenceError` when they are of different lengths or a return is not finite.
  public static func test(
    _ first: [Double], _ second: [Double]
  ) throws(EvidenceError) -> Result<SharpeComparison, StatisticAbsence> {
    try checkTrial(first, number: 0, rows: first.count)
    try checkTrial(second, number: 1, rows: first.count)
    guard first.count >= 2 else { return .failure(.tooFewReturns(first.count, needed: 2)) }
    let (a, b) = (Dispersion(first), Dispersion(second))
    guard let deviationA = a.deviation(reduction: 0), deviationA > 0,
      let deviationB = b.deviation(reduction: 0), deviationB > 0,
      let left = standardised(first), let right = standardised(second)
    else { return .failure(.noDispersion) }
    let rho = min(1, max(-1, zip(left, right).compensatedSum { $0.0 * $0.1 }))
    let (x, y) = (a.mean / deviationA, b.mean / deviationB)
    let variance =
      (2 - 2 * rho + 0.5 * (x * x + y * y - 2 * x * y * rho * rho)) / Double(first.count)
    // Of equal series, or of one that is a multiple of the other, nothing but rounding is left.
    guard variance > 16 * Double.ulpOfOne / Double(first.count), variance.isFinite else {
      return .failure(.noDispersion)
    }
    let statistic = (x - y) / variance.squareRoot()
    return .success(
      SharpeComparison(
        difference: x - y, correlation: rho, standardError: variance.squareRoot(),
        statistic: statistic, pValue: 2 * NormalDistribution.cumulative(-abs(statistic))))
  }
}

extension SharpeEstimate {
  /// The standard error of the ratio of returns that depend on those before: the delta method on
  /// the moments' long-run covariance, with Bartlett's weights 1 - l / (lags + 1).
  ///
  /// With 0 lags it is `standardError`, but for the deviation's divisor, which is n here.
  /// > A. Lo, "The Statistics of Sharpe Ratios", Financial Analysts Journal 58(4), 2002.
  ///
  /// - Returns: per bar; `nil` where the returns do not vary, the variance is not positive, or
  ///   there are no more returns than lags.
  public static func standardError(of returns: [Double], lags: Int) -> Double? {
    let dispersion = Dispersion(returns)
    guard lags >= 0, returns.count > max(lags, 1),
      let deviation = dispersion.deviation(reduction: 0),
      deviation > 0, deviation.isFinite
    else { return nil }
    let ratio = dispersion.mean / deviation
    let influences = returns.map { value in
      let score = (value - dispersion.mean) / deviation
      return score - ratio / 2 * (score * score - 1)
    }
    var variance = CompensatedSum()
    influences.withUnsafeBufferPointer { all in
      for lag in 0...lags {
        let weight = lag == 0 ? 1 : 2 * (1 - Double(lag) / Double(lags + 1))
        variance.add(
          weight
            * VectorSums.product(
              UnsafeBufferPointer(rebasing: all[lag...]),
              UnsafeBufferPointer(rebasing: all[..<(all.count - lag)])))
      }
    }
    let n = Double(returns.count)
    return variance.value > 0 ? variance.value.squareRoot() / n : nil
  }
}
