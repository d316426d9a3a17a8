/// The handful of figures by which runs are compared, in three passes over the returns and without
/// any memory of its own.
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
