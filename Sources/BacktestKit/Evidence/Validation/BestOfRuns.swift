/// What is left of the best of several runs once it is said that it was chosen.
package struct BestOfRuns: Sendable, Equatable {
  /// The number of runs with daily returns.
  package let count: Int
  /// The mean correlation of their daily returns.
  package let meanCorrelation: Double
  /// How many runs without resemblance they are worth.
  package let effective: Double
  /// The annual Sharpe ratio that the best of so many worthless runs would be expected to show.
  package let threshold: Double
  /// The probability that the best run's true ratio is above zero, given that it is the best.
  package let deflatedSharpe: Double

  /// The evidence of a choice; `nil` with fewer than two runs that vary.
  ///
  /// - Parameters:
  ///   - correlations: those of all pairs.
  ///   - best: the curve that was chosen.
  ///   - riskFree: what a day earns without risk, for each curve.
  ///   - daysPerYear: the days with returns in a year.
  package init?(
    _ curves: DailyCurves, correlations: [[Double?]], best: Int, riskFree: [Double],
    daysPerYear: Double
  ) {
    let estimates = zip(curves.returns, riskFree).map { returns, rate in
      SharpeEstimate(returns: returns.filter(\.isFinite).map { $0 - rate })
    }
    let ratios = estimates.compactMap { $0?.ratio }
    let pairs = correlations.indices.flatMap { a in
      correlations[a][(a + 1)...].compactMap(\.self)
    }
    guard ratios.count >= 2, !pairs.isEmpty, let chosen = estimates[best] else { return nil }
    let correlation = pairs.reduce(0, +) / Double(pairs.count)
    let variance = TrialMoments(ratios).variance ?? 0
    let trials = TrialCount.averageCorrelation(correlation, trials: ratios.count)
    guard
      let deflated = try? DeflatedSharpeRatio.estimate(
        chosen, variance: variance, trials: trials
      ).get()
    else { return nil }
    count = ratios.count
    meanCorrelation = correlation
    effective = trials.value
    threshold = deflated.threshold * daysPerYear.squareRoot()
    deflatedSharpe = deflated.probability
  }
}
