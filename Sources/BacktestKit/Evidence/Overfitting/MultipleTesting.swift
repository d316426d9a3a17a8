internal import BacktestCore
internal import Glibc

/// How p-values are adjusted when several hypotheses are tested at once.
///
///     let adjusted = try MultipleTesting.holm.adjusted([0.01, 0.04, 0.03])   // 0.03, 0.06, 0.06
///
/// An adjusted p-value is at or below a level where the hypothesis is rejected at that level.
public enum MultipleTesting: String, Hashable, Sendable, CaseIterable {
  /// n p: holds the probability of one false rejection, whatever depends on what.
  case bonferroni
  /// 1 - (1 - p)^n: the same for independent tests (Sidak, 1967).
  case sidak
  /// Bonferroni's step by step, always at least as strong (Holm, 1979).
  case holm
  /// Sidak's step by step (Holm, 1979).
  case holmSidak = "holm-sidak"
  /// Holds the expected share of false rejections among all, for tests that are independent or
  /// depend positively (Benjamini, Hochberg, 1995).
  case benjaminiHochberg = "benjamini-hochberg"
  /// The same, whatever depends on what (Benjamini, Yekutieli, 2001).
  case benjaminiYekutieli = "benjamini-yekutieli"

  /// The adjusted p-values in the order of the given ones.
  ///
  /// - Throws: `EvidenceError` when a value is not a probability.
  public func adjusted(_ values: [Double]) throws(EvidenceError) -> [Double] {
    for (place, value) in values.enumerated() where !(value >= 0 && value <= 1) {
      throw .invalidShare(what: "p-value \(place)", value: value)
    }
    let n = Double(values.count)
    switch self {
    case .bonferroni: return values.map { min(1, $0 * n) }
    case .sidak: return values.map { familyWise($0, n) }
    case .holm: return stepDown(values) { min(1, $0 * $1) }
    case .holmSidak: return stepDown(values, familyWise)
    case .benjaminiHochberg: return stepUp(values, factor: n)
    case .benjaminiYekutieli:
      return stepUp(values, factor: n * (0..<values.count).reduce(0) { $0 + 1 / Double($1 + 1) })
    }
  }

  /// The annual Sharpe ratio that a p-value adjusted for the number of trials leaves of one: the
  /// haircut is what is lost.
  ///
  /// The ratio's t-value is turned into a two-sided normal p-value, adjusted as the smallest of
  /// `trials`, and turned back. With Holm and the other step-wise corrections the smallest p-value
  /// is adjusted like Bonferroni's.
  /// > C. Harvey, Y. Liu, "Backtesting", J. Portfolio Management 42(1), 2015.
  ///
  /// - Parameters:
  ///   - ratio: the annual Sharpe ratio.
  ///   - years: the length of the sample.
  ///   - trials: how many were tested.
  /// - Returns: a ratio from 0 to `ratio`; `nil` where an argument is not positive and finite.
  public func haircut(sharpe ratio: Double, years: Double, trials: Double) -> Double? {
    guard ratio > 0, years > 0, trials >= 1, ratio.isFinite, years.isFinite, trials.isFinite
    else { return nil }
    let p = 2 * NormalDistribution.cumulative(-ratio * years.squareRoot())
    let adjusted: Double
    switch self {
    case .sidak, .holmSidak: adjusted = familyWise(p, trials)
    case .benjaminiYekutieli:
      let harmonic = (1...max(1, Int(trials))).reduce(0) { $0 + 1 / Double($1) }
      adjusted = min(1, p * trials * harmonic)
    case .bonferroni, .holm, .benjaminiHochberg: adjusted = min(1, p * trials)
    }
    guard adjusted > 0 else { return ratio }
    return min(ratio, max(0, -NormalDistribution.quantile(adjusted / 2) / years.squareRoot()))
  }

  /// From the smallest p-value on: none is adjusted below the one before it.
  private func stepDown(
    _ values: [Double], _ adjust: (_ p: Double, _ count: Double) -> Double
  ) -> [Double] {
    var result = values
    var floor = 0.0
    for (rank, place) in values.indices.sorted(by: { values[$0] < values[$1] }).enumerated() {
      floor = max(floor, adjust(values[place], Double(values.count - rank)))
      result[place] = floor
    }
    return result
  }

  /// From the greatest p-value on: none is adjusted above the one before it.
  private func stepUp(_ values: [Double], factor: Double) -> [Double] {
    var result = values
    var ceiling = 1.0
    let order = values.indices.sorted { values[$0] < values[$1] }
    for (rank, place) in order.enumerated().reversed() {
      ceiling = min(ceiling, values[place] * factor / Double(rank + 1))
      result[place] = ceiling
    }
    return result
  }

  /// 1 - (1 - p)^n without loss of small values.
  private func familyWise(_ p: Double, _ count: Double) -> Double {
    min(1, -expm1(count * log1p(-p)))
  }
}
