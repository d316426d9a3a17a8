public import BacktestKit

/// Buys every instrument when its first bar after warm-up closes, in equal parts, and holds.
public struct BuyAndHold: Strategy {
  /// The share of equity invested in all instruments together.
  public var weight: Double

  /// Holds with a share of equity.
  public init(weight: Double = 1) { self.weight = weight }

  /// States the same weights at every bar: they trade once.
  public mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    for bar in bars {
      trading.target(bar.instrument, weight: weight / Double(bars.instrumentCount))
    }
  }

  /// `buy-and-hold`.
  public static let definition = StrategyDefinition(
    name: "buy-and-hold", summary: "Buys every instrument in equal parts and holds.",
    parameters: [
      .number("weight", default: 1, in: 0...10, "Share of equity invested.")
    ],
    make: { BuyAndHold(weight: $0.number("weight")) })
}
