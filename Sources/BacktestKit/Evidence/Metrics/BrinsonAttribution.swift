internal import Glibc

/// Why a portfolio's return differs from its benchmark's: how it weighted the segments, and what it
/// chose within them.
///
///     let attribution = BrinsonAttribution([
///       Segment(name: "UK", weight: 0.4, benchmarkWeight: 0.4, return: 0.2, benchmarkReturn: 0.1),
///     ])
///
/// > G. P. Brinson, N. Fachler, "Measuring Non-US Equity Portfolio Performance", J. Portfolio
/// > Management 11(3), 1985.
public struct BrinsonAttribution: Hashable, Sendable {
  /// The effects of each segment, in the order in which the segments were given.
  public let segments: [SegmentEffects]
  /// The sum of weight x return over the segments.
  public let portfolioReturn: Double
  /// The same of the benchmark.
  public let benchmarkReturn: Double

  /// What a portfolio and its benchmark held of a part of the market, and its returns there.
  public struct Segment: Hashable, Sendable {
    /// The name, such as a sector or a country.
    public var name: String
    /// The portfolio's weight.
    public var weight: Double
    /// The benchmark's weight.
    public var benchmarkWeight: Double
    /// The portfolio's return in the segment.
    public var `return`: Double
    /// The benchmark's return in the segment.
    public var benchmarkReturn: Double

    /// A segment from its parts.
    public init(
      name: String, weight: Double, benchmarkWeight: Double, return: Double,
      benchmarkReturn: Double
    ) {
      self.name = name
      self.weight = weight
      self.benchmarkWeight = benchmarkWeight
      self.return = `return`
      self.benchmarkReturn = benchmarkReturn
    }
  }

  /// The effects of one segment, as returns.
  public struct SegmentEffects: Hashable, Sendable {
    /// The name of the segment.
    public var name: String
    /// `(w - b)(R_b - B)`: being over- or underweight in what did better or worse than the
    /// benchmark as a whole.
    public var allocation: Double
    /// `b (R_w - R_b)`: choosing well within it.
    public var selection: Double
    /// `(w - b)(R_w - R_b)`: both at once.
    public var interaction: Double

    /// All three.
    public var total: Double { allocation + selection + interaction }
  }

  /// The attribution of one period. The effects sum to the difference of the returns where both
  /// sets of weights have the same sum.
  public init(_ segments: [Segment]) {
    portfolioReturn = segments.reduce(0) { $0 + $1.weight * $1.return }
    let benchmark = segments.reduce(0) { $0 + $1.benchmarkWeight * $1.benchmarkReturn }
    benchmarkReturn = benchmark
    self.segments = segments.map { segment in
      let active = segment.weight - segment.benchmarkWeight
      let choice = segment.return - segment.benchmarkReturn
      return SegmentEffects(
        name: segment.name, allocation: active * (segment.benchmarkReturn - benchmark),
        selection: segment.benchmarkWeight * choice, interaction: active * choice)
    }
  }

  /// The attribution of a period whose effects are known already.
  init(effects: [SegmentEffects], portfolioReturn: Double, benchmarkReturn: Double) {
    segments = effects
    self.portfolioReturn = portfolioReturn
    self.benchmarkReturn = benchmarkReturn
  }

  /// The sums of the effects over all segments.
  public var total: SegmentEffects {
    segments.reduce(
      into: SegmentEffects(name: "total", allocation: 0, selection: 0, interaction: 0)
    ) {
      $0.allocation += $1.allocation
      $0.selection += $1.selection
      $0.interaction += $1.interaction
    }
  }
}

/// The effects of several periods, linked so that they sum to the difference of the compounded
/// returns.
///
/// Each period's effects are scaled by `k_t / k`, where `k_t = (ln(1 + R_t) - ln(1 + B_t)) /
/// (R_t - B_t)` and k is the same of the compounded returns.
/// > D. R. Cariño, "Combining Attribution Effects over Time", J. Performance Measurement 3(4),
/// > 1999.
public struct LinkedAttribution: Hashable, Sendable {
  /// The compounded return of the portfolio.
  public let portfolioReturn: Double
  /// The compounded return of the benchmark.
  public let benchmarkReturn: Double
  /// The linked effects of each segment, in the order in which segments first occur.
  public let segments: [BrinsonAttribution.SegmentEffects]
  /// The linked effects, summed over segments.
  public let total: BrinsonAttribution.SegmentEffects

  /// The link of periods in order of time.
  public init(_ periods: [BrinsonAttribution]) {
    let portfolio = periods.reduce(1) { $0 * (1 + $1.portfolioReturn) } - 1
    let benchmark = periods.reduce(1) { $0 * (1 + $1.benchmarkReturn) } - 1
    let whole = Self.factor(portfolio, benchmark)
    var sums: [BrinsonAttribution.SegmentEffects] = []
    var places: [String: Int] = [:]
    var sum = BrinsonAttribution.SegmentEffects(
      name: "total", allocation: 0, selection: 0, interaction: 0)
    for period in periods {
      let scale = Self.factor(period.portfolioReturn, period.benchmarkReturn) / whole
      for effects in period.segments {
        let place = places[effects.name] ?? sums.count
        if place == sums.count {
          places[effects.name] = place
          sums.append(
            BrinsonAttribution.SegmentEffects(
              name: effects.name, allocation: 0, selection: 0, interaction: 0))
        }
        sums[place].add(effects, times: scale)
      }
      sum.add(period.total, times: scale)
    }
    portfolioReturn = portfolio
    benchmarkReturn = benchmark
    segments = sums
    total = sum
  }

  /// `(ln(1 + R) - ln(1 + B)) / (R - B)`, without the digits that the difference of two logarithms
  /// loses where the returns are close to each other.
  private static func factor(_ portfolio: Double, _ benchmark: Double) -> Double {
    let ratio = (portfolio - benchmark) / (1 + benchmark)
    return ratio == 0 ? 1 / (1 + benchmark) : log1p(ratio) / (portfolio - benchmark)
  }
}

extension BrinsonAttribution.SegmentEffects {
  fileprivate mutating func add(_ other: Self, times scale: Double) {
    allocation += scale * other.allocation
    selection += scale * other.selection
    interaction += scale * other.interaction
  }
}
