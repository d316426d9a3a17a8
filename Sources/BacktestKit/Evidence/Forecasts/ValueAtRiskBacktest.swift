internal import Glibc
public import BacktestCore

/// Whether forecasts of value at risk were right: how often returns fell below them, and whether
/// those returns came at random times.
///
///     let rule = ValueAtRisk(.historical, confidence: 0.99)
///     let backtest = ValueAtRiskBacktest(rule, returns: returns)
///     print(backtest?.violations ?? 0, backtest?.coverage.pValue ?? .nan)
public struct ValueAtRiskBacktest: Hashable, Sendable {
  /// The probability of a violation that the forecasts state.
  public let probability: Double
  /// The number of forecasts.
  public let count: Int
  /// The returns below their forecast.
  public let violations: Int
  /// Whether violations are as frequent as stated, chi-square with one degree of freedom.
  ///
  /// > P. H. Kupiec, "Techniques for Verifying the Accuracy of Risk Measurement Models",
  /// > J. Derivatives 3(2), 1995.
  public let coverage: HypothesisTest
  /// Whether a violation is as likely after a violation as after none, on the pairs of neighbours:
  /// chi-square with one degree of freedom.
  ///
  /// > P. F. Christoffersen, "Evaluating Interval Forecasts", International Economic Review 39(4),
  /// > 1998.
  public let independence: HypothesisTest
  /// Both together: the sum of the two statistics, chi-square with two degrees of freedom.
  public let conditionalCoverage: HypothesisTest
  /// Whether violations can be explained by the four before and by the forecast: chi-square with
  /// six degrees of freedom; `nil` where the regression has no solution, as without violations, or
  /// was not asked for.
  ///
  /// > R. F. Engle, S. Manganelli, "CAViaR", J. Business & Economic Statistics 22(4), 2004.
  public let dynamicQuantile: HypothesisTest?
  /// `1 + sum(r h / (n p |ES|))`: 0 is expected, negative where losses beyond the value at risk are
  /// larger or more frequent than stated.
  ///
  /// > C. Acerbi, B. Székely, "Back-testing Expected Shortfall", Risk, 2014, test 2.
  public let shortfallStatistic: Double
  /// The mean of (p - h)(r - VaR): less is better, and the true quantile has the least.
  public let quantileLoss: Double

  /// The test of a rule on returns, of which the first window is only looked at; `nil` where no
  /// return is left to be forecast.
  ///
  /// - Parameter testsDynamicQuantile: whether `dynamicQuantile` is computed, which takes longer
  ///   than all else.
  public init?(_ rule: ValueAtRisk, returns: [Double], testsDynamicQuantile: Bool = true) {
    let forecasts = rule.forecasts(for: returns)
    guard !forecasts.isEmpty else { return nil }
    self.init(
      forecasts: forecasts, returns: Array(returns.dropFirst(rule.window)),
      probability: 1 - rule.confidence, testsDynamicQuantile: testsDynamicQuantile)
  }

  /// The test of forecasts, one for each return.
  ///
  /// - Precondition: there is at least one, and the probability lies between 0 and 1.
  public init(
    forecasts: [ValueAtRisk.Forecast], returns: [Double], probability: Double,
    testsDynamicQuantile: Bool = true
  ) {
    precondition(!returns.isEmpty && forecasts.count == returns.count, "a forecast for each return")
    precondition(probability > 0 && probability < 1, "a probability between 0 and 1")
    let hits = zip(returns, forecasts).map { $0 < $1.value }
    self.probability = probability
    count = hits.count
    violations = hits.count { $0 }
    coverage = Self.coverage(violations: violations, of: count, probability: probability)
    let independence = Self.independence(hits)
    self.independence = HypothesisTest(
      statistic: independence,
      pValue: ChiSquareDistribution.upperTail(independence, degreesOfFreedom: 1))
    let both = coverage.statistic + independence
    conditionalCoverage = HypothesisTest(
      statistic: both, pValue: ChiSquareDistribution.upperTail(both, degreesOfFreedom: 2))
    dynamicQuantile =
      testsDynamicQuantile
      ? Self.dynamicQuantile(hits, forecasts: forecasts.map(\.value), probability: probability)
      : nil
    let expected = Double(count) * probability
    shortfallStatistic =
      1
      + hits.indices.compensatedSum {
        hits[$0] ? returns[$0] / (expected * abs(forecasts[$0].expectedShortfall)) : 0
      }
    quantileLoss =
      hits.indices.compensatedSum {
        (probability - (hits[$0] ? 1 : 0)) * (returns[$0] - forecasts[$0].value)
      } / Double(count)
  }

  /// Kupiec's test of so many violations.
  public static func coverage(violations: Int, of count: Int, probability: Double) -> HypothesisTest
  {
    let (x, n) = (Double(violations), Double(count))
    let stated = entropy(n - x, 1 - probability) + entropy(x, probability)
    let found = entropy(n - x, 1 - x / n) + entropy(x, x / n)
    let statistic = max(0, 2 * (found - stated))
    return HypothesisTest(
      statistic: statistic,
      pValue: ChiSquareDistribution.upperTail(statistic, degreesOfFreedom: 1))
  }

  /// Basel's zone of so many violations in 250 days at 99 %.
  ///
  /// > Basel Committee on Banking Supervision, "Supervisory Framework for the Use of Backtesting",
  /// > 1996.
  public static func zone(violations: Int) -> Zone {
    violations <= 4 ? .green : violations <= 9 ? .yellow : .red
  }

  /// How a supervisor reads the violations of 250 days at 99 %.
  public enum Zone: String, Hashable, Sendable {
    /// Up to 4.
    case green
    /// From 5 to 9.
    case yellow
    /// From 10 on.
    case red
  }

  /// count x ln(probability), 0 without counts.
  private static func entropy(_ count: Double, _ probability: Double) -> Double {
    count == 0 ? 0 : count * log(probability)
  }

  private static func independence(_ hits: [Bool]) -> Double {
    var pairs = [0.0, 0, 0, 0]
    for (before, after) in zip(hits, hits.dropFirst()) {
      pairs[(before ? 2 : 0) + (after ? 1 : 0)] += 1
    }
    let (after0, after1) = (pairs[0] + pairs[1], pairs[2] + pairs[3])
    let (none, some) = (pairs[0] + pairs[2], pairs[1] + pairs[3])
    let total = after0 + after1
    guard total > 0 else { return 0 }
    let apart =
      (after0 > 0 ? entropy(pairs[0], pairs[0] / after0) + entropy(pairs[1], pairs[1] / after0) : 0)
      + (after1 > 0
        ? entropy(pairs[2], pairs[2] / after1) + entropy(pairs[3], pairs[3] / after1) : 0)
    let together = entropy(none, none / total) + entropy(some, some / total)
    return max(0, 2 * (apart - together))
  }

  private static func dynamicQuantile(
    _ hits: [Bool], forecasts: [Double], probability: Double
  ) -> HypothesisTest? {
    let lags = 4
    guard hits.count > lags + 6 else { return nil }
    let marks = hits.map { ($0 ? 1 : 0) - probability }
    let rows = lags..<hits.count
    var columns = [Array(repeating: 1.0, count: rows.count)]
    for lag in 1...lags { columns.append(rows.map { marks[$0 - lag] }) }
    columns.append(rows.map { forecasts[$0] })
    let values = rows.map { marks[$0] }
    guard let regression = LeastSquares(values, on: columns) else { return nil }
    let explained = rows.indices.map { $0 - lags }.compensatedSum { row in
      let fitted = values[row] - regression.residuals[row]
      return fitted * fitted
    }
    let statistic = explained / (probability * (1 - probability))
    return HypothesisTest(
      statistic: statistic,
      pValue: ChiSquareDistribution.upperTail(statistic, degreesOfFreedom: columns.count))
  }
}
