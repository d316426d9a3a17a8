public import BacktestKit

/// Buys an instrument when its relative strength index falls below a level and sells when it rises
/// above another.
///
/// > J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
public struct RSIMeanReversion: Strategy {
  /// Bars of the index.
  public let period: Int
  /// The level below which an instrument is bought.
  public let entry: Double
  /// The level above which it is sold.
  public let exit: Double
  /// The share of equity when all instruments are held.
  public let weight: Double
  private var indices: ContiguousArray<RelativeStrengthIndex> = []

  /// Mean reversion on an index of `period` bars.
  public init(period: Int = 14, entry: Double = 30, exit: Double = 55, weight: Double = 1) {
    self.period = period
    self.entry = entry
    self.exit = exit
    self.weight = weight
  }

  /// `period`.
  public var warmup: Int { period }

  /// Makes an index for each instrument.
  public mutating func onStart(_ trading: inout TradingContext) {
    indices = ContiguousArray(
      repeating: RelativeStrengthIndex(period), count: trading.universe.count)
  }

  /// Enters below one level, leaves above the other, and otherwise leaves things as they are.
  public mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    for position in 0..<bars.instrumentCount {
      guard let bar = bars[position]?.continuous,
        let index = indices[position].update(bar.close)
      else {
        continue
      }
      if index < entry {
        trading.target(bar.instrument, weight: weight / Double(bars.instrumentCount))
      } else if index > exit {
        trading.target(bar.instrument, weight: 0)
      }
    }
  }

  /// `rsi-mean-reversion`.
  public static let definition = StrategyDefinition(
    name: "rsi-mean-reversion",
    summary: "Buys when the relative strength index is low, sells when it has recovered.",
    parameters: [
      .integer("period", default: 14, in: 2...1_000, "Bars of the index."),
      .number("entry", default: 30, in: 0...100, "Level below which to buy."),
      .number("exit", default: 55, in: 0...100, "Level above which to sell."),
      .number("weight", default: 1, in: 0...10, "Share of equity when all are held."),
    ],
    constraint: { $0.number("entry") < $0.number("exit") ? nil : "entry must be below exit" },
    make: {
      RSIMeanReversion(
        period: $0.integer("period"), entry: $0.number("entry"), exit: $0.number("exit"),
        weight: $0.number("weight"))
    })
}
