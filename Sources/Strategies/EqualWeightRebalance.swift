public import BacktestKit

/// Trades every instrument back to an equal part of equity at the first close of each calendar
/// month, the first bar of the data included.
public struct EqualWeightRebalance: Strategy {
  /// The share of equity invested in all instruments together.
  public let weight: Double
  private var schedule = MonthlySchedule()

  /// Equal parts of a share of equity.
  public init(weight: Double = 1) { self.weight = weight }

  /// Rebalances once a month, drift included.
  public mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    guard !trading.isWarmingUp, schedule.isFirstOfMonth(trading.sessionDate) else { return }
    var count = 0
    for _ in bars { count += 1 }
    for bar in bars { trading.rebalance(bar.instrument, weight: weight / Double(count)) }
  }

  /// `equal-weight`.
  public static let definition = StrategyDefinition(
    name: "equal-weight",
    summary: "Trades every instrument back to an equal weight each month.",
    parameters: [
      .number("weight", default: 1, in: 0...10, "Share of equity invested.")
    ],
    make: { EqualWeightRebalance(weight: $0.number("weight")) })
}
