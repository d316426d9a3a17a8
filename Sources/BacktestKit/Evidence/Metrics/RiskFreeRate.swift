internal import Glibc

/// What money earns without risk; it is taken off each return before Sharpe's and its relatives'
/// ratios.
public enum RiskFreeRate: Hashable, Sendable {
  /// A rate a year, 0.02 for 2 %; a bar earns (1 + rate)^(1/B) - 1 where a year has B bars.
  case annual(Double)
  /// A rate a bar, the same for every bar.
  case perBar(Double)
  /// The rate of each bar, one for each return.
  case series([Double])

  /// Nothing.
  public static let zero = RiskFreeRate.annual(0)

  /// The rate a bar, or its mean for a series; `nil` where an annual rate meets no calendar.
  func meanPerBar(barsPerYear: Double?) -> Double? {
    switch self {
    case .annual(let rate): RiskFreeRate.perBar(ofAnnual: rate, barsPerYear: barsPerYear)
    case .perBar(let rate): rate
    case .series(let rates):
      rates.isEmpty ? nil : rates.compensatedSum { $0 } / Double(rates.count)
    }
  }

  /// The rate a year that compounds from the rate a bar.
  func compoundedAnnual(barsPerYear: Double) -> Double? {
    switch self {
    case .annual(let rate): rate
    case .perBar(let rate): expm1(barsPerYear * log1p(rate))
    case .series(let rates):
      rates.isEmpty
        ? nil
        : expm1(barsPerYear / Double(rates.count) * rates.compensatedSum { log1p($0) })
    }
  }

  /// (1 + rate)^(1/B) - 1, without the digits that a power near 1 loses.
  static func perBar(ofAnnual rate: Double, barsPerYear: Double?) -> Double? {
    if rate == 0 { return 0 }
    return barsPerYear.map { expm1(log1p(rate) / $0) }
  }
}
