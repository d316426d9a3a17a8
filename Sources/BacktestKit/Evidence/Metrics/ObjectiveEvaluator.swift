package import BacktestCore

/// One metric of many runs: what an optimisation calls for every candidate and fold.
///
///     let objective = try ObjectiveEvaluator("sharpe", barsPerYear: 252)
///     objective.value(returns: foldReturns)
///
/// Only what the metric needs is computed; for the core ratios nothing is allocated. The value is
/// the one that `PerformanceMetrics` gives for the same returns or equity.
package struct ObjectiveEvaluator: Sendable {
  /// The metric.
  package let metric: MetricDefinition
  /// Bars in a year, from the calendar.
  package let barsPerYear: Double?
  /// The risk-free rate a year.
  package let riskFree: Double
  /// Sortino's and Omega's target a year.
  package let minimumAcceptableReturn: Double

  private let kernel: Kernel?

  /// The metrics with a fast path.
  private enum Kernel: String {
    case totalReturn = "total-return"
    case cagr, volatility, sharpe, sortino, calmar
    case maxDrawdown = "max-drawdown"
  }

  /// An evaluator of the metric of a name.
  ///
  /// - Throws: `EvidenceError` when there is no such metric, when it is annual and there is no
  ///   calendar, when it asks for dates, a benchmark or the account's activity, or when a number is
  ///   not one that a sample of returns accepts.
  package init(
    _ name: String, barsPerYear: Double?, riskFree: Double = 0,
    minimumAcceptableReturn: Double = 0
  ) throws(EvidenceError) {
    metric = try Metrics.named(name)
    if metric.needs.contains(.calendar), barsPerYear == nil { throw .noCalendar(metric: name) }
    guard metric.needs.isSubset(of: [.calendar, .roundTrips]) else {
      throw .needsMoreThanReturns(metric: name)
    }
    // A sample refuses rates that are none.
    _ = try ReturnsSample(
      returns: [], barsPerYear: barsPerYear, riskFree: .annual(riskFree),
      minimumAcceptableReturn: minimumAcceptableReturn)
    self.barsPerYear = barsPerYear
    self.riskFree = riskFree
    self.minimumAcceptableReturn = minimumAcceptableReturn
    kernel = Kernel(rawValue: name)
  }

  /// The metric of some simple returns; `nil` where it does not exist or a return is not finite.
  package func value(returns: [Double], roundTrips: [RoundTrip]? = nil) -> Double? {
    returns.withUnsafeBufferPointer { value(returns: $0, roundTrips: roundTrips) }
  }

  /// The metric of some simple returns in memory.
  package func value(
    returns: UnsafeBufferPointer<Double>, roundTrips: [RoundTrip]? = nil
  ) -> Double? {
    if let kernel { return value(kernel, returns: returns) }
    return value(
      of: try? ReturnsSample(
        returns: Array(returns), barsPerYear: barsPerYear, riskFree: .annual(riskFree),
        minimumAcceptableReturn: minimumAcceptableReturn), roundTrips)
  }

  /// The metric of an equity series, the base point first; `nil` where it does not exist, the base
  /// is not positive or a point is not finite.
  package func value(equity: [Double], roundTrips: [RoundTrip]? = nil) -> Double? {
    switch kernel {
    case .volatility, .sharpe, .sortino:
      guard let base = equity.first, base > 0 else { return nil }
      return value(returns: simpleReturns(ofEquity: equity))
    default:
      return value(
        of: try? ReturnsSample(
          equity: equity, barsPerYear: barsPerYear, riskFree: .annual(riskFree),
          minimumAcceptableReturn: minimumAcceptableReturn), roundTrips)
    }
  }

  private func value(of sample: ReturnsSample?, _ roundTrips: [RoundTrip]?) -> Double? {
    sample.flatMap {
      metric.value(in: MetricWorkspace(MetricInputs(sample: $0, roundTrips: roundTrips)))
    }
  }

  private func value(_ kernel: Kernel, returns: UnsafeBufferPointer<Double>) -> Double? {
    guard kernel == .sharpe || kernel == .sortino else {
      let core = CoreRatios(
        returns: returns, barsPerYear: barsPerYear, riskFree: riskFree,
        minimumAcceptableReturn: minimumAcceptableReturn)
      switch kernel {
      case .totalReturn: return core.totalReturn
      case .cagr: return core.cagr
      case .volatility: return core.volatility
      case .calmar: return core.calmar
      default: return core.maxDrawdown
      }
    }
    guard let barsPerYear, returns.count > 1, returns.allSatisfy({ $0 > -1 }) else { return nil }
    let dispersion = Dispersion(returns)
    guard dispersion.mean.isFinite, dispersion.squares.isFinite else { return nil }
    let rate = kernel == .sharpe ? riskFree : minimumAcceptableReturn
    guard let target = RiskFreeRate.perBar(ofAnnual: rate, barsPerYear: barsPerYear) else {
      return nil
    }
    let deviation =
      kernel == .sharpe
      ? dispersion.deviation() : RatioFormulas.downsideDeviation(returns, below: target)
    return RatioFormulas.annualizedRatio(
      dispersion.mean - target, deviation, barsPerYear: barsPerYear)
  }
}

/// The main figures by which runs are compared, in three passes over the returns and without
/// allocating memory.
///
///     CoreRatios(returns: [0.01, -0.01, 0.02, -0.02, 0.03], barsPerYear: 252).sharpe   // 4.5932
///
/// Each has the definition of the metric of its name. A figure is `nil` when it does not exist:
/// fewer than two returns, a denominator that is zero or mere rounding, no calendar, ruin (for the
/// ratios), or a return that is not finite (then all of them are).
/// - Complexity: O(n), about 3 ns a return.
public struct CoreRatios: Hashable, Sendable {
  /// The number of returns.
  public let count: Int
  /// The product of 1 + r, less 1.
  public private(set) var totalReturn: Double?
  /// The return a year that compounds to the total return.
  public private(set) var cagr: Double?
  /// The sample deviation of the returns, times the root of bars a year.
  public private(set) var volatility: Double?
  /// The Sharpe ratio a year.
  public private(set) var sharpe: Double?
  /// The Sortino ratio a year.
  public private(set) var sortino: Double?
  /// CAGR over the size of the deepest drawdown.
  public private(set) var calmar: Double?
  /// The deepest fall from a peak, the base point included, as a fraction from 0 to -1.
  public private(set) var maxDrawdown: Double?

  /// The figures of some simple returns.
  ///
  /// - Parameters:
  ///   - returns: fractions, one a bar.
  ///   - barsPerYear: from the calendar; `nil` leaves everything annual `nil`.
  ///   - riskFree: a year, as a fraction.
  ///   - minimumAcceptableReturn: a year, as a fraction; Sortino's target.
  public init(
    returns: [Double], barsPerYear: Double?, riskFree: Double = 0,
    minimumAcceptableReturn: Double = 0
  ) {
    self = returns.withUnsafeBufferPointer {
      CoreRatios(
        returns: $0, barsPerYear: barsPerYear, riskFree: riskFree,
        minimumAcceptableReturn: minimumAcceptableReturn)
    }
  }

  /// The figures of some simple returns in memory.
  public init(
    returns: UnsafeBufferPointer<Double>, barsPerYear: Double?, riskFree: Double = 0,
    minimumAcceptableReturn: Double = 0
  ) {
    count = returns.count
    guard count > 0 else { return }
    let dispersion = Dispersion(returns)
    guard dispersion.mean.isFinite, dispersion.squares.isFinite else { return }
    let path = CompoundedPath(returns)
    totalReturn = path.growth - 1
    maxDrawdown = path.maxDrawdown
    guard count > 1, let barsPerYear, barsPerYear > 0, barsPerYear.isFinite else { return }
    cagr = RatioFormulas.annualized(growth: path.growth, count: count, barsPerYear: barsPerYear)
    let deviation = dispersion.deviation()
    guard path.ruinedRow == nil else {
      volatility = CoreRatios.volatility(
        ofRuined: returns, row: path.ruinedRow ?? 0, barsPerYear: barsPerYear)
      return
    }
    volatility = deviation.map { $0 * barsPerYear.squareRoot() }
    calmar = RatioFormulas.calmar(cagr: cagr, maxDrawdown: path.maxDrawdown)
    guard
      let free = RiskFreeRate.perBar(ofAnnual: riskFree, barsPerYear: barsPerYear),
      let target = RiskFreeRate.perBar(ofAnnual: minimumAcceptableReturn, barsPerYear: barsPerYear)
    else { return }
    sharpe = RatioFormulas.annualizedRatio(
      dispersion.mean - free, deviation, barsPerYear: barsPerYear)
    sortino = RatioFormulas.annualizedRatio(
      dispersion.mean - target, RatioFormulas.downsideDeviation(returns, below: target),
      barsPerYear: barsPerYear)
  }

  /// The volatility of returns after which nothing was left: what followed the ruin counts as 0.
  private static func volatility(
    ofRuined returns: UnsafeBufferPointer<Double>, row: Int, barsPerYear: Double
  ) -> Double? {
    let dispersion = Dispersion(ruined(Array(returns), at: row))
    return dispersion.deviation().map { $0 * barsPerYear.squareRoot() }
  }
}

/// Where a compounding account ends and how deep it fell on the way.
struct CompoundedPath {
  /// The product of 1 + r; 0 from the ruin on.
  private(set) var growth = 1.0
  /// The deepest fall from a peak, as a negative fraction; -1 after ruin.
  private(set) var maxDrawdown = 0.0
  /// The return at which nothing was left.
  private(set) var ruinedRow: Int?

  /// Follows returns from a value of 1.
  init(_ returns: UnsafeBufferPointer<Double>) {
    var value = 1.0
    var drawdown = RunningDrawdown(peak: 1)
    for row in 0..<returns.count {
      value *= 1 + returns[row]
      if drawdown.update(value), value <= 0 {
        ruinedRow = row
        break
      }
    }
    growth = ruinedRow == nil ? value : 0
    maxDrawdown = ruinedRow == nil ? drawdown.deepest : -1
  }
}
