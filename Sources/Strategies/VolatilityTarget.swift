public import BacktestKit

/// Long in every instrument, with a weight that keeps its volatility near a target: the weight is
/// the target over the exponentially weighted volatility of past returns, up to a cap.
///
/// > A. Moreira and T. Muir, "Volatility-Managed Portfolios", *J. Finance* 72, 2017.
public struct VolatilityTarget: Strategy {
  /// The annual volatility of an instrument alone.
  public let target: Double
  /// The largest share of equity in one instrument, before it is divided among all.
  public let cap: Double
  /// The weight of the variance before, at each bar.
  public let decay: Double
  /// Returns with which the variance begins.
  public let seed: Int
  /// Bars in a year, by which volatility is annualised.
  public let barsPerYear: Double
  /// The change of a weight from which it is traded.
  public let band: Double
  private var volatilities: [ExponentialVolatility] = []

  /// A target for the annual volatility of each instrument.
  ///
  /// - Precondition: the decay lies between 0 and 1, and the seed is at least two returns.
  public init(
    target: Double = 0.1, cap: Double = 1, decay: Double = 0.94, seed: Int = 20,
    barsPerYear: Double = 252, band: Double = 0.05
  ) {
    precondition(decay > 0 && decay < 1 && seed >= 2)
    self.target = target
    self.cap = cap
    self.decay = decay
    self.seed = seed
    self.barsPerYear = barsPerYear
    self.band = band
  }

  /// `seed`.
  public var warmup: Int { seed }

  /// Makes a volatility for each instrument.
  public mutating func onStart(_ trading: inout TradingContext) {
    volatilities = Array(
      repeating: ExponentialVolatility(decay: decay, seed: seed), count: trading.universe.count)
  }

  /// Trades an instrument to its weight where that has changed by the band or more.
  public mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    let rule = PositionSizing.volatilityTarget(annual: target, cap: cap)
    for bar in bars {
      guard let deviation = volatilities[Int(bar.instrument.index)].update(bar.close) else {
        continue
      }
      let input = SizingInput(
        equity: trading.equity, price: bar.close,
        annualVolatility: deviation * barsPerYear.squareRoot())
      guard let weight = rule.weight(input) else { continue }
      let share = weight / Double(bars.instrumentCount)
      let change = abs(share - trading.targetWeight(bar.instrument))
      if change > 0, change * Double(bars.instrumentCount) >= band {
        trading.rebalance(bar.instrument, weight: share)
      }
    }
  }

  /// `volatility-target`.
  public static let definition = StrategyDefinition(
    name: "volatility-target",
    summary: "Holds every instrument with a weight that keeps its volatility near a target.",
    parameters: [
      .number("target", default: 0.1, in: 0.001...10, "Annual volatility, as a fraction."),
      .number("cap", default: 1, in: 0.01...10, "The largest weight, before it is divided."),
      .number("decay", default: 0.94, in: 0.5...0.999, "The weight of the variance before."),
      .integer("seed", default: 20, in: 2...5_000, "Returns with which the variance begins."),
      .number("bars-per-year", default: 252, in: 1...600_000, "Bars in a year."),
      .number("band", default: 0.05, in: 0...10, "The change of a weight from which it is traded."),
    ],
    make: {
      VolatilityTarget(
        target: $0.number("target"), cap: $0.number("cap"), decay: $0.number("decay"),
        seed: $0.integer("seed"), barsPerYear: $0.number("bars-per-year"),
        band: $0.number("band"))
    })
}
