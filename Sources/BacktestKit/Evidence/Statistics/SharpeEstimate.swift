internal import BacktestCore

/// A Sharpe ratio of one bar with what its uncertainty depends on: the number of returns and their
/// shape.
///
///     let estimate = SharpeEstimate(returns: returns)
///     estimate?.probability(above: 0)            // probabilistic Sharpe ratio
///     estimate?.minimumTrackRecord(above: 0)     // bars
///
/// Ratios are per bar everywhere here: an annual ratio in these formulas gives a probability near 1
/// for anything. Kurtosis is 3 for a normal distribution.
/// > D. Bailey, M. Lopez de Prado, "The Sharpe Ratio Efficient Frontier", J. Risk 15(2), 2012.
public struct SharpeEstimate: Hashable, Sendable {
  /// mean(r) / sd(r) of one bar, n - 1 deviation.
  public let ratio: Double
  /// The number of returns.
  public let count: Int
  /// The skewness of the population.
  public let skewness: Double
  /// The kurtosis of the population, 3 for a normal distribution.
  public let kurtosis: Double

  /// An estimate from its parts; a normal distribution unless said otherwise.
  public init(ratio: Double, count: Int, skewness: Double = 0, kurtosis: Double = 3) {
    self.ratio = ratio
    self.count = count
    self.skewness = skewness
    self.kurtosis = kurtosis
  }

  /// The estimate of some returns; `nil` with fewer than two, when one is not finite, or when they
  /// do not scatter.
  public init?(returns: [Double]) {
    let dispersion = Dispersion(returns)
    guard
      let estimate = SharpeEstimate(
        dispersion, CentralMoments(returns, about: dispersion))
    else { return nil }
    self = estimate
  }

  /// The estimate of returns over a risk-free rate, whose mean and deviation are `excess` and
  /// whose moments are `moments`.
  init?(_ excess: Dispersion, _ moments: CentralMoments) {
    guard let deviation = excess.deviation(), deviation > 0, deviation.isFinite,
      let skewness = moments.skewness, let excessKurtosis = moments.excessKurtosis
    else { return nil }
    let ratio = excess.mean / deviation
    guard ratio.isFinite, skewness.isFinite, excessKurtosis.isFinite else { return nil }
    self.init(
      ratio: ratio, count: excess.count, skewness: skewness, kurtosis: excessKurtosis + 3)
  }

  /// Where the variance of a Sharpe ratio is evaluated.
  public enum Variant: Hashable, Sendable {
    /// At the estimate, divided by n - 1 (Bailey, Lopez de Prado, 2012): what is commonly called
    /// the probabilistic Sharpe ratio.
    case atEstimate
    /// At the ratio to be exceeded, divided by n, for returns with a first-order autocorrelation
    /// (Lopez de Prado, Lipton, Zoonekynd, 2025).
    case atThreshold(autocorrelation: Double)
  }

  /// The probability that the true ratio of one bar is above a threshold: Phi((S - S*) / se(S)).
  ///
  /// `nil` with fewer than two returns, or where skewness and kurtosis leave the variance no
  /// positive value.
  public func probability(above threshold: Double = 0, _ variant: Variant = .atEstimate) -> Double?
  {
    guard let variance = unitVariance(threshold, variant) else { return nil }
    let observations: Double
    switch variant {
    case .atEstimate: observations = Double(count - 1)
    case .atThreshold: observations = Double(count)
    }
    let score = (ratio - threshold) * (observations / variance).squareRoot()
    return score.isFinite ? NormalDistribution.cumulative(score) : nil
  }

  /// The number of bars from which the ratio, were it to stay what it is, would be above a
  /// threshold with a confidence; `nil` where it is not above it, or has no variance.
  ///
  /// - Parameters:
  ///   - threshold: a ratio of one bar.
  ///   - confidence: a probability between 0 and 1.
  public func minimumTrackRecord(
    above threshold: Double = 0, confidence: Double = 0.95, _ variant: Variant = .atEstimate
  ) -> Double? {
    guard ratio > threshold, confidence > 0, confidence < 1,
      let variance = unitVariance(threshold, variant)
    else { return nil }
    let distance = NormalDistribution.quantile(confidence) / (ratio - threshold)
    let base: Double
    switch variant {
    case .atEstimate: base = 1
    case .atThreshold: base = 0
    }
    let length = base + variance * distance * distance
    return length.isFinite ? length : nil
  }

  /// sqrt((1 + S^2/2) / n), for normal returns (Lo, 2002); `nil` without returns.
  public var normalStandardError: Double? {
    count > 0 ? ((1 + ratio * ratio / 2) / Double(count)).squareRoot() : nil
  }

  /// sqrt((1 - g3 S + (g4 - 1)/4 S^2) / n), for returns of any shape (Mertens, 2002); `nil` where
  /// there are too few returns or the variance is not positive.
  public var standardError: Double? {
    unitVariance(ratio, .atEstimate).map { ($0 / Double(count)).squareRoot() }
  }

  /// n times the variance of the ratio; `nil` where it is not positive.
  private func unitVariance(_ threshold: Double, _ variant: Variant) -> Double? {
    guard count >= 2, ratio.isFinite, threshold.isFinite else { return nil }
    let variance: Double
    switch variant {
    case .atEstimate:
      variance = 1 - skewness * ratio + (kurtosis - 1) / 4 * ratio * ratio
    case .atThreshold(let rho):
      guard abs(rho) < 1 else { return nil }
      let linear = 1 + 2 * rho / (1 - rho)
      let cubic = 1 + rho / (1 - rho) + rho * rho / (1 - rho * rho)
      let quartic = 1 + 2 * rho * rho / (1 - rho * rho)
      variance =
        linear - cubic * skewness * threshold
        + quartic * (kurtosis - 1) / 4 * threshold * threshold
    }
    return variance > 0 && variance.isFinite ? variance : nil
  }
}
