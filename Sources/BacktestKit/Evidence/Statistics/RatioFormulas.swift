import BacktestCore
internal import Glibc

/// The formulas that several metrics share.
enum RatioFormulas {
  /// a / b, or `nil` for 0/0, x/0 and where the result is not finite.
  static func quotient(_ a: Double, _ b: Double?) -> Double? {
    guard let b, b != 0 else { return nil }
    let value = a / b
    return value.isFinite ? value : nil
  }

  /// growth^(B/n) - 1: the return a year that compounds to `growth` in `count` bars; -1 when
  /// nothing is left.
  static func annualized(growth: Double, count: Int, barsPerYear: Double) -> Double? {
    guard growth > 0 else { return -1 }
    let value = pow(growth, barsPerYear / Double(count)) - 1
    return value.isFinite ? value : nil
  }

  /// sqrt(B) x mean / deviation: Sharpe's ratio with a standard deviation, Sortino's with a
  /// downside deviation.
  static func annualizedRatio(_ mean: Double, _ deviation: Double?, barsPerYear: Double) -> Double?
  {
    quotient(mean, deviation).map { $0 * barsPerYear.squareRoot() }
  }

  /// Return a year over the size of a drawdown; no drawdown, or one of rounding only, gives `nil`.
  static func calmar(cagr: Double?, maxDrawdown: Double) -> Double? {
    cagr.flatMap { quotient($0, abs(maxDrawdown.withoutRounding())) }
  }

  /// sqrt(mean(min(r - target, 0)^2)) over all values.
  static func downsideDeviation(
    _ returns: UnsafeBufferPointer<Double>, below target: Double
  ) -> Double {
    let squares = VectorSums.squaredShortfalls(returns, below: target)
    return (squares / Double(returns.count)).squareRoot().withoutRounding()
  }
}
