public import BacktestCore

/// How much of the account was at work, and how much was traded.
///
/// All means are over the points after the base point, at which nothing can be held yet.
public struct AccountActivity: Hashable, Sendable {
  /// The mean of gross exposure / equity; 0 counts where no equity is left.
  public let exposure: Double?
  /// The share of points with a position.
  public let timeInMarket: Double?
  /// The sum of traded notional, halved, over the mean equity: how often the account was turned.
  public let turnover: Double?
  /// Turnover a year: times bars a year over the number of bars.
  public let annualTurnover: Double?

  /// The activity of an account.
  ///
  /// - Parameters:
  ///   - curve: equity and gross exposure at the base point and after each bar.
  ///   - tradedNotional: the sum of units x price x multiplier over all fills, positive, in money.
  ///   - barsPerYear: from the calendar; without it there is no annual turnover.
  public init(_ curve: EquityCurve, tradedNotional: Double, barsPerYear: Double?) {
    let n = Double(curve.equity.count - 1)
    let points = curve.equity.indices.dropFirst()
    func mean(_ value: (Int) -> Double) -> Double? {
      RatioFormulas.quotient(points.compensatedSum(value), n)
    }
    exposure = mean { curve.equity[$0] > 0 ? curve.grossExposure[$0] / curve.equity[$0] : 0 }
    timeInMarket = mean { curve.grossExposure[$0] > 0 ? 1 : 0 }
    turnover = RatioFormulas.quotient(tradedNotional / 2, mean { curve.equity[$0] })
    annualTurnover = turnover.flatMap { turned in
      barsPerYear.flatMap { RatioFormulas.quotient(turned * $0, n) }
    }
  }
}
