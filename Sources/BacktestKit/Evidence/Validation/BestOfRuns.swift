/// What is left of the best of several runs once it is said that it was chosen.
package struct BestOfRuns: Sendable, Equatable {
  /// The number of runs with daily returns.
  package let count: Int
  /// The mean correlation of their daily returns; a pair without one counts as 0.
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
  ///   - daysPerYear: the returns of each curve in a year.
  package init?(
    _ curves: DailyCurves, correlations: [[Double?]], best: Int, riskFree: [Double],
    daysPerYear: [Double]
  ) {
    let estimates = zip(curves.returns, riskFree).map { returns, rate in
      SharpeEstimate(returns: returns.filter(\.isFinite).map { $0 - rate })
    }
    // Ratios of weeks beside those of days, in the unit of the best.
    let ratios = zip(estimates, daysPerYear).compactMap { estimate, perYear in
      estimate.map { $0.ratio * (perYear / daysPerYear[best]).squareRoot() }
    }
    // Runs that do not vary are no trials, and resemble nothing.
    let varying = estimates.indices.filter { estimates[$0] != nil }
    let pairs = varying.indices.flatMap { a in
      varying[(a + 1)...].map { correlations[varying[a]][$0] }
    }
    guard ratios.count >= 2, let chosen = estimates[best] else { return nil }
    // Nothing shows that runs of different times resemble each other, and luck had a new try.
    let correlation = pairs.reduce(0) { $0 + ($1 ?? 0) } / Double(pairs.count)
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
    threshold = deflated.threshold * daysPerYear[best].squareRoot()
    deflatedSharpe = deflated.probability
  }
}
