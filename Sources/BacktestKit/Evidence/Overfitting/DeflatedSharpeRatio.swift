internal import BacktestCore
internal import Glibc

/// The probability that the true Sharpe ratio of the best of many trials is above what the best of
/// so many worthless ones would be expected to show.
///
///     let deflated = DeflatedSharpeRatio.estimate(
///       chosen, variance: varianceOfRatios, trials: TrialCount(.counted, 64))
///
/// It is the probabilistic Sharpe ratio against the threshold
/// sqrt(V) ((1 - g) Z(1 - 1/N) + g Z(1 - 1/(N e))), V the variance of the ratios of N trials and g
/// the constant of Euler.
/// > D. Bailey, M. Lopez de Prado, "The Deflated Sharpe Ratio",
/// > J. Portfolio Management 40(5), 2014.
public struct DeflatedSharpeRatio: Hashable, Sendable {
  /// What the ratios of worthless trials scatter about.
  public enum Null: String, Hashable, Sendable {
    /// About 0, as in the paper.
    case zero
    /// About the mean ratio of the trials: is the best better than a typical one and luck?
    case meanOfTrials = "mean-of-trials"
  }

  /// The probability.
  public let probability: Double
  /// The Sharpe ratio of one bar that the best of so many worthless trials is expected to show.
  public let threshold: Double
  /// The number of trials, and how it was counted.
  public let trials: TrialCount
  /// The variance of the ratios per bar between the trials, n - 1.
  public let variance: Double
  /// What worthless ratios scatter about.
  public let null: Null

  /// The deflated ratio of a chosen trial.
  ///
  /// - Parameters:
  ///   - chosen: the ratio of the chosen trial, per bar.
  ///   - variance: of the ratios per bar between all trials, n - 1.
  ///   - mean: of the ratios per bar of all trials; asked for by `null` alone.
  ///   - trials: their number.
  ///   - null: what worthless ratios scatter about.
  public static func estimate(
    _ chosen: SharpeEstimate, variance: Double, mean: Double = 0, trials: TrialCount,
    null: Null = .zero
  ) -> Result<DeflatedSharpeRatio, StatisticAbsence> {
    guard variance >= 0, variance.isFinite, trials.value >= 1, mean.isFinite else {
      return .failure(.tooFewTrials(Int(max(trials.value, 0)), needed: 2))
    }
    guard chosen.count >= 2 else {
      return .failure(.tooFewReturns(chosen.count, needed: 2))
    }
    let center = null == .zero ? 0 : mean
    let threshold = center + variance.squareRoot() * expectedMaximum(ofNormals: trials.value)
    guard let probability = chosen.probability(above: threshold) else {
      return .failure(.negativeVariance)
    }
    return .success(
      DeflatedSharpeRatio(
        probability: probability, threshold: threshold, trials: trials, variance: variance,
        null: null))
  }

  /// The expected greatest of `count` independent standard normal numbers, approximately; 0 of one.
  ///
  /// `count` need not be whole: (1 - g) Z(1 - 1/N) + g Z(1 - 1/(N e)).
  public static func expectedMaximum(ofNormals count: Double) -> Double {
    guard count > 1, count.isFinite else { return 0 }
    let value =
      (1 - eulerConstant) * NormalDistribution.upperQuantile(1 / count)
      + eulerConstant * NormalDistribution.upperQuantile(exp(-1) / count)
    return max(value, 0)
  }
}

/// How long a backtest has to be before the best of so many trials says anything.
///
/// > D. Bailey, J. Borwein, M. Lopez de Prado, Q. Zhu, "Pseudo-Mathematics and Financial
/// > Charlatanism", Notices of the AMS 61(5), 2014.
public enum MinimumBacktestLength {
  /// The years from which the best of worthless trials is expected to show less than an annual
  /// Sharpe ratio; `nil` where ratio or trials are not positive.
  public static func years(trials: Double, expectedMaximum ratio: Double) -> Double? {
    guard ratio > 0, trials >= 1, ratio.isFinite, trials.isFinite else { return nil }
    let deviations = DeflatedSharpeRatio.expectedMaximum(ofNormals: trials) / ratio
    return deviations * deviations
  }

  /// 2 ln(N) / ratio^2, which is above `years`; `nil` where ratio or trials are not positive.
  public static func upperBound(trials: Double, expectedMaximum ratio: Double) -> Double? {
    guard ratio > 0, trials >= 1, ratio.isFinite, trials.isFinite else { return nil }
    return 2 * log(trials) / (ratio * ratio)
  }
}

private let eulerConstant = 0.577_215_664_901_532_9

extension NormalDistribution {
  /// The value above which lies the probability `p`.
  fileprivate static func upperQuantile(_ p: Double) -> Double { -quantile(p) }
}
