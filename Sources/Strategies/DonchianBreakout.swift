public import BacktestKit

/// Buys when a close exceeds the highest high of the bars before it and sells when a close falls
/// below the lowest low of fewer bars before it.
///
/// The rule is Richard Donchian's of the 1950s; 55 and 20 bars are the Turtles' (1983).
public struct DonchianBreakout: Strategy {
  /// Bars whose highest high is the level to buy.
  public let entry: Int
  /// Bars whose lowest low is the level to sell.
  public let exit: Int
  /// The share of equity when all instruments are held.
  public let weight: Double
  private var channels: ContiguousArray<Channel> = []

  private struct Channel: Sendable {
    var highest: RollingMaximum
    var lowest: RollingMinimum
  }

  /// A breakout of the last `entry` bars, left by the last `exit`.
  public init(entry: Int = 55, exit: Int = 20, weight: Double = 1) {
    self.entry = entry
    self.exit = exit
    self.weight = weight
  }

  /// The longer channel, which must be full before the bar that breaks it.
  public var warmup: Int { max(entry, exit) }

  /// Makes a channel for each instrument.
  public mutating func onStart(_ trading: inout TradingContext) {
    channels = ContiguousArray(
      repeating: Channel(highest: RollingMaximum(entry), lowest: RollingMinimum(exit)),
      count: trading.universe.count)
  }

  /// Compares each close with the channel of the bars before it.
  public mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    for position in 0..<bars.instrumentCount {
      guard let bar = bars[position]?.continuous else { continue }
      let ceiling = channels[position].highest.value
      let floor = channels[position].lowest.value
      channels[position].highest.update(bar.high)
      channels[position].lowest.update(bar.low)
      if let ceiling, bar.close > ceiling {
        trading.target(bar.instrument, weight: weight / Double(bars.instrumentCount))
      } else if let floor, bar.close < floor {
        trading.target(bar.instrument, weight: 0)
      }
    }
  }

  /// `donchian-breakout`.
  public static let definition = StrategyDefinition(
    name: "donchian-breakout",
    summary: "Buys breakouts above the channel of past highs, sells below that of past lows.",
    parameters: [
      .integer("entry", default: 55, in: 1...5_000, "Bars whose highest high is the entry."),
      .integer("exit", default: 20, in: 1...5_000, "Bars whose lowest low is the exit."),
      .number("weight", default: 1, in: 0...10, "Share of equity when all are held."),
    ],
    make: {
      DonchianBreakout(
        entry: $0.integer("entry"), exit: $0.integer("exit"), weight: $0.number("weight"))
    })
}
