/// How large a position is.
///
///     let sizing = PositionSizing.riskPerTrade(0.01)
///     let stop = bar.close - 2 * range
///     let trade = SizingInput(equity: trading.equity, price: bar.close, stop: stop)
///     if let units = sizing.quantity(trade) { trading.target(bar.instrument, quantity: units) }
public enum PositionSizing: Hashable, Sendable {
  /// So many units.
  case quantity(Double)
  /// So much money.
  case value(Double)
  /// A share of equity.
  case equityFraction(Double)
  /// The share of equity whose volatility is the target: `target / volatility`, at most `cap`.
  case volatilityTarget(annual: Double, cap: Double = 1)
  /// The units that lose this share of equity when the stop is reached, without a gap:
  /// `equity x share / |price - stop|`.
  case riskPerTrade(Double)
  /// A part of the Kelly fraction, as a share of equity of at most `cap`; nothing where there is no
  /// edge. Half Kelly is 0.5.
  case fractionalKelly(Double, cap: Double = 1)
  /// A share of equity that grows with confidence: `share x (2p - 1)` for a probability p of being
  /// right, and nothing below one half.
  case confidence(Double)

  /// Units to hold, before rounding to the lot; `nil` where the input lacks what the rule needs, or
  /// the price, stop or volatility allows no size.
  public func quantity(_ input: SizingInput) -> Double? {
    let unit = input.price * input.multiplier
    guard unit > 0, unit.isFinite else { return nil }
    if case .quantity(let units) = self { return units }
    if case .value(let money) = self { return money / unit }
    if case .riskPerTrade(let share) = self {
      guard let stop = input.stop, stop != input.price, stop.isFinite else { return nil }
      let units = input.equity * share / (abs(input.price - stop) * input.multiplier)
      return stop < input.price ? units : -units
    }
    return weight(input).map { $0 * input.equity / unit }
  }

  /// The share of equity to hold; `nil` where the input lacks what the rule needs.
  public func weight(_ input: SizingInput) -> Double? {
    switch self {
    case .equityFraction(let share): return share
    case .volatilityTarget(let target, let cap):
      guard let volatility = input.annualVolatility, volatility > 0 else { return nil }
      return min(cap, target / volatility)
    case .fractionalKelly(let part, let cap):
      guard let kelly = input.kellyFraction else { return nil }
      return min(cap, part * max(0, kelly))
    case .confidence(let share):
      guard let probability = input.probability else { return nil }
      return share * max(0, 2 * probability - 1)
    case .quantity, .value, .riskPerTrade:
      guard input.equity > 0, let units = quantity(input) else { return nil }
      return units * input.price * input.multiplier / input.equity
    }
  }
}

/// What a sizing rule may look at: everything known at the decision.
public struct SizingInput: Hashable, Sendable {
  /// Equity in account currency.
  public var equity: Double
  /// The price of the instrument.
  public var price: Double
  /// Money per price unit and unit of quantity.
  public var multiplier: Double
  /// The price at which the position would be given up: below the price for a long position, above
  /// it for a short one.
  public var stop: Double?
  /// The annual standard deviation of returns, as a fraction.
  public var annualVolatility: Double?
  /// The share of equity that grows fastest: see ``KellyCriterion``.
  public var kellyFraction: Double?
  /// The probability with which the direction is right, as a policy or a forecast gives it.
  public var probability: Double?

  /// An input of a sizing rule; what the rule does not read may be left out.
  public init(
    equity: Double, price: Double, multiplier: Double = 1, stop: Double? = nil,
    annualVolatility: Double? = nil, kellyFraction: Double? = nil, probability: Double? = nil
  ) {
    self.equity = equity
    self.price = price
    self.multiplier = multiplier
    self.stop = stop
    self.annualVolatility = annualVolatility
    self.kellyFraction = kellyFraction
    self.probability = probability
  }
}

/// The share of capital whose expected logarithmic growth is largest.
///
/// > J. L. Kelly, "A New Interpretation of Information Rate", Bell System Technical Journal 35,
/// > 1956; E. O. Thorp, "The Kelly Criterion in Blackjack, Sports Betting and the Stock Market",
/// > 2006.
public enum KellyCriterion {
  /// The share to stake where a win pays `payoff` for each unit lost otherwise: `p - (1 - p) / b`.
  /// Negative where the odds are against.
  public static func fraction(winProbability: Double, payoff: Double) -> Double {
    winProbability - (1 - winProbability) / payoff
  }

  /// The share to hold of an asset with normal returns: `(mean - risk-free) / deviation^2`, all per
  /// the same period.
  public static func fraction(
    mean: Double, deviation: Double, riskFree: Double = 0
  ) -> Double {
    (mean - riskFree) / (deviation * deviation)
  }

  /// The shares to hold of several assets with normal returns: the inverse covariance matrix times
  /// the mean excess returns.
  ///
  /// - Throws: ``AllocationError/singularCovariance``.
  public static func fractions(
    means: [Double], covariance: CovarianceMatrix, riskFree: Double = 0
  ) throws(AllocationError) -> [Double] {
    var factor = CholeskyFactor(capacity: covariance.count)
    guard factor.factor(covariance, at: Array(0..<covariance.count)) else {
      throw .singularCovariance
    }
    var fractions = means.map { $0 - riskFree }
    factor.solve(&fractions)
    return fractions
  }
}
