/// How capital is divided among instruments: a function from a window of returns to weights.
///
///     let allocation = Allocation(.riskParity, covariance: .ledoitWolf(.identity))
///     if let window = trading.returns(of: instruments, count: 252) {
///       let weights = try allocation.weights(for: window)   // they sum to 1
///     }
public struct Allocation: Hashable, Sendable {
  /// The rule by which capital is divided.
  public var method: Method
  /// How covariances are estimated.
  public var covariance: CovarianceEstimate
  /// The smallest and the largest weight of each instrument.
  ///
  /// Minimum variance, maximum Sharpe and maximum diversification are the exact optimum within
  /// the bounds. The other methods have no bounds: theirs are the nearest weights within them, in
  /// the sum of squares.
  public var bounds: WeightBounds
  /// The most that weights may change, as the sum of absolute changes; `nil` is no limit.
  public var maximumTurnover: Double?
  /// The risk-free return per period that maximum Sharpe subtracts from mean returns.
  public var riskFreeReturn = 0.0
  /// The share of risk that each instrument gets under risk parity; `nil` is equal shares.
  public var riskBudgets: [Double]?

  /// The rule by which capital is divided.
  public enum Method: String, Hashable, Sendable, CaseIterable {
    /// The same weight for each instrument.
    case equalWeight = "equal-weight"
    /// In proportion to 1 / standard deviation.
    case inverseVolatility = "inverse-volatility"
    /// The smallest variance.
    case minimumVariance = "minimum-variance"
    /// Each instrument contributes the same part of the variance, or its budget.
    case riskParity = "risk-parity"
    /// Variance is divided down a tree of clusters.
    case hierarchicalRiskParity = "hierarchical-risk-parity"
    /// The largest ratio of mean excess return to standard deviation.
    case maximumSharpe = "maximum-sharpe"
    /// The largest ratio of the weighted mean of the standard deviations to the portfolio's.
    case maximumDiversification = "maximum-diversification"
  }

  /// A rule; long-only and fully invested unless bounds say otherwise.
  public init(
    _ method: Method, covariance: CovarianceEstimate = .sample, bounds: WeightBounds = .all(0...1),
    maximumTurnover: Double? = nil
  ) {
    self.method = method
    self.covariance = covariance
    self.bounds = bounds
    self.maximumTurnover = maximumTurnover
  }

  /// The weights for a window of returns. They sum to 1, unless the turnover limit keeps them from
  /// it.
  ///
  /// - Parameters:
  ///   - window: simple returns of each instrument.
  ///   - current: the weights held now, from which the turnover is counted: the result lies on the
  ///     straight line from them to the best weights, as far as the limit allows. `nil` where
  ///     nothing is held, and no limit holds.
  /// - Throws: ``AllocationError`` where there are no such weights.
  public func weights(
    for window: ReturnsWindow, from current: [Double]? = nil
  ) throws(AllocationError) -> [Double] {
    guard window.isFinite else { throw .invalidReturns }
    guard method != .equalWeight else {
      return limited(try bounded(equal(window.instrumentCount)), from: current)
    }
    guard window.count >= covariance.minimumCount else {
      throw .tooFewReturns(window.count, needed: covariance.minimumCount)
    }
    let estimate = covariance.matrix(of: window)
    return try weights(covariance: estimate, means: window.means, from: current)
  }

  /// The weights for a covariance matrix and mean returns per period, which only maximum Sharpe
  /// reads.
  ///
  /// - Throws: as for a window of returns.
  public func weights(
    covariance: CovarianceMatrix, means: [Double], from current: [Double]? = nil
  ) throws(AllocationError) -> [Double] {
    let size = covariance.count
    precondition(means.count == size, "one mean for each instrument")
    if method == .equalWeight { return limited(try bounded(equal(size)), from: current) }
    if let still = covariance.variances.firstIndex(where: { !($0 > 0) }) {
      throw .noVariance(instrument: still)
    }
    let best: [Double]
    switch method {
    case .equalWeight: best = equal(size)
    case .inverseVolatility: best = try bounded(shares(covariance.deviations.map { 1 / $0 }))
    case .hierarchicalRiskParity:
      best = try bounded(HierarchicalRiskParity.weights(covariance))
    case .riskParity:
      best = try bounded(try RiskBudgeting.weights(covariance, budgets: riskBudgets))
    case .minimumVariance:
      var program = try program(covariance, means)
      try program.minimise(tilt: 0)
      best = program.weights
    case .maximumSharpe:
      var program = try program(covariance, means.map { $0 - riskFreeReturn })
      try program.maximiseRatio()
      best = program.weights
    case .maximumDiversification:
      var program = try program(covariance, covariance.deviations)
      try program.maximiseRatio()
      best = program.weights
    }
    return limited(best, from: current)
  }

  private func equal(_ size: Int) -> [Double] { Array(repeating: 1 / Double(size), count: size) }

  private func shares(_ parts: [Double]) -> [Double] {
    let total = parts.reduce(0, +)
    return parts.map { $0 / total }
  }

  private func program(
    _ covariance: CovarianceMatrix, _ gains: [Double]
  ) throws(AllocationError) -> PortfolioProgram {
    let start = try bounded(equal(covariance.count))
    return PortfolioProgram(
      covariance: covariance, gains: gains, bounds: bounds.ranges(covariance.count), start: start)
  }

  private func bounded(_ weights: [Double]) throws(AllocationError) -> [Double] {
    try bounds.nearest(to: weights)
  }

  /// The weights, or as far on the way to them as the turnover limit allows.
  private func limited(_ weights: [Double], from current: [Double]?) -> [Double] {
    guard let current, let maximumTurnover else { return weights }
    precondition(current.count == weights.count, "one current weight for each instrument")
    let turnover = zip(weights, current).reduce(0) { $0 + abs($1.0 - $1.1) }
    guard turnover > maximumTurnover else { return weights }
    let part = maximumTurnover / turnover
    return zip(current, weights).map { $0 + part * ($1 - $0) }
  }
}

/// The smallest and the largest weight that an instrument may have.
public enum WeightBounds: Hashable, Sendable {
  /// The same for all instruments.
  case all(ClosedRange<Double>)
  /// One for each instrument, in their order.
  case each([ClosedRange<Double>])

  /// A range for each of so many instruments.
  func ranges(_ count: Int) -> [ClosedRange<Double>] {
    switch self {
    case .all(let range): return Array(repeating: range, count: count)
    case .each(let ranges):
      precondition(ranges.count == count, "one range for each instrument")
      return ranges
    }
  }

  /// The weights within the bounds that sum to 1 and are nearest to others, in the sum of squares.
  ///
  /// They are the others less one number, cut to the bounds. The sum falls in straight pieces as
  /// that number grows: the piece is found among the places where a weight meets a bound.
  func nearest(to weights: [Double]) throws(AllocationError) -> [Double] {
    let ranges = ranges(weights.count)
    func total(_ shift: Double) -> Double {
      zip(weights, ranges).reduce(0) { $0 + $1.1.clamp($1.0 - shift) }
    }
    let lowest = ranges.reduce(0) { $0 + $1.lowerBound }
    let highest = ranges.reduce(0) { $0 + $1.upperBound }
    guard lowest <= 1 + 1e-12, highest >= 1 - 1e-12 else {
      throw .impossibleBounds(lowest: lowest, highest: highest)
    }
    let isInside = zip(weights, ranges).allSatisfy { $1.contains($0) }
    if isInside, abs(weights.reduce(0, +) - 1) <= 1e-15 * Double(weights.count) { return weights }
    let corners = zip(weights, ranges).flatMap { [$0 - $1.upperBound, $0 - $1.lowerBound] }.sorted()
    var (low, high) = (0, corners.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if total(corners[middle]) >= 1 { low = middle } else { high = middle }
    }
    let (above, below) = (total(corners[low]), total(corners[high]))
    let part = above > below ? min(1, max(0, (above - 1) / (above - below))) : 0
    let shift = corners[low] + part * (corners[high] - corners[low])
    return zip(weights, ranges).map { $1.clamp($0 - shift) }
  }
}

extension ClosedRange where Bound == Double {
  fileprivate func clamp(_ value: Double) -> Double {
    Swift.min(upperBound, Swift.max(lowerBound, value))
  }
}

/// Why there are no weights.
public enum AllocationError: Error, Hashable, CustomStringConvertible {
  /// A return is not a finite number.
  case invalidReturns
  /// Fewer returns than the covariance estimate needs.
  case tooFewReturns(Int, needed: Int)
  /// The returns of an instrument, by its place, are all equal.
  case noVariance(instrument: Int)
  /// The covariance matrix has no inverse.
  case singularCovariance
  /// Bounds between which weights cannot sum to 1.
  case impossibleBounds(lowest: Double, highest: Double)
  /// No weights within the bounds have a positive mean excess return.
  case noPositiveReturn
  /// Risk budgets that are not above 0, or of another number than the instruments.
  case impossibleBudgets

  /// What is wrong and what to do.
  public var description: String {
    switch self {
    case .invalidReturns:
      "a return is not a finite number; check the prices of the window"
    case .tooFewReturns(let count, let needed):
      "\(count) returns are too few for the covariance estimate; give at least \(needed)"
    case .noVariance(let instrument):
      "the returns of instrument \(instrument) are all equal; leave it out"
    case .singularCovariance:
      "the covariance matrix has no inverse, as with more instruments than returns; take a longer "
        + "window or a Ledoit-Wolf estimate"
    case .impossibleBounds(let lowest, let highest):
      "the bounds allow sums of weights from \(NumberText.plain(lowest)) to "
        + "\(NumberText.plain(highest)), but weights sum to 1"
    case .noPositiveReturn:
      "no weights within the bounds have a positive mean excess return"
    case .impossibleBudgets: "risk budgets must be above 0, one for each instrument"
    }
  }
}
