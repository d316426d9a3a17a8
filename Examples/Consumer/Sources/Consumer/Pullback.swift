import BacktestKit

/// Buys weakness within strength: a low two-bar RSI while the close is above its long average.
/// Sells when the close is back above its short average.
struct Pullback: Strategy {
  let threshold: Double
  private var trend: SimpleMovingAverage
  private var recent = SimpleMovingAverage(5)
  private var strength = RelativeStrengthIndex(2)

  init(trend: Int, threshold: Double) {
    self.trend = SimpleMovingAverage(trend)
    self.threshold = threshold
  }

  var warmup: Int { trend.warmupLength - 1 }

  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    guard let bar = bars[0] else { return }
    let trend = trend.update(bar.close)
    let recent = recent.update(bar.close)
    let strength = strength.update(bar.close)
    guard let trend, let recent, let strength else { return }
    if bar.close > trend, strength < threshold {
      trading.target(bar.instrument, weight: 1)
    } else if bar.close > recent {
      trading.target(bar.instrument, weight: 0)
    }
  }
}

extension Pullback {
  /// `pullback`, as studies and commands know it.
  static let definition = StrategyDefinition(
    name: "pullback",
    summary: "Buy a low two-bar RSI above the long average.",
    parameters: [
      .integer("trend", default: 200, in: 5...1_000, "Bars of the long average."),
      .number("threshold", default: 10, in: 0...100, "RSI below which to buy."),
    ],
    make: { parameters, universe in
      guard universe.count == 1 else {
        throw StrategyError("it trades one instrument, but there are \(universe.count)")
      }
      return Pullback(
        trend: parameters.integer("trend"), threshold: parameters.number("threshold"))
    })
}
