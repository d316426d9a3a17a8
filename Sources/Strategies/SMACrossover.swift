public import BacktestKit

/// Long while the fast simple moving average of closes is above the slow one; otherwise flat, or
/// short when asked for. Each instrument gets an equal part of the weight.
public struct SMACrossover: Strategy {
  /// Bars of the fast average.
  public let fast: Int
  /// Bars of the slow average.
  public let slow: Int
  /// What is held when the signal is on.
  public let stake: Stake
  /// Whether the opposite position is held when the signal is off.
  public let goesShort: Bool
  @usableFromInline var averages: MovingAveragePairs
  /// What is held of each instrument while the fast average is above the slow one, and otherwise: a
  /// weight or units.
  @usableFromInline var above = 0.0
  @usableFromInline var below = 0.0

  /// How much is held.
  public enum Stake: Hashable, Sendable {
    /// A share of equity over all instruments.
    case weight(Double)
    /// Units of each instrument.
    case quantity(Double)
  }

  /// A crossover of two averages.
  ///
  /// - Precondition: both are at least one bar long.
  public init(fast: Int, slow: Int, stake: Stake = .weight(1), goesShort: Bool = false) {
    self.fast = fast
    self.slow = slow
    self.stake = stake
    self.goesShort = goesShort
    averages = MovingAveragePairs(fast: fast, slow: slow)
  }

  /// The longer average less one bar.
  public var warmup: Int { max(fast, slow) - 1 }

  /// Makes averages for each instrument.
  public mutating func onStart(_ trading: inout TradingContext) {
    averages = MovingAveragePairs(fast: fast, slow: slow, trading)
    above =
      switch stake {
      case .weight(let weight): weight / Double(trading.universe.count)
      case .quantity(let quantity): quantity
      }
    below = goesShort ? -above : 0
  }

  /// Compares the averages of each instrument whose bar closed. Compiled into the engine's loop.
  @inlinable @inline(__always)
  public mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    for position in 0..<bars.instrumentCount {
      guard let (fast, slow) = averages.update(position, bars) else { continue }
      let instrument = InstrumentID(position)
      let held = fast > slow ? above : below
      switch stake {
      case .weight: trading.target(instrument, weight: held)
      case .quantity: trading.target(instrument, quantity: held)
      }
    }
  }

  /// `sma-crossover`.
  public static let definition = StrategyDefinition(
    name: "sma-crossover",
    summary: "Long while the fast moving average is above the slow one.",
    parameters: [
      .integer("fast", default: 10, in: 1...10_000, "Bars of the fast average."),
      .integer("slow", default: 50, in: 2...10_000, "Bars of the slow average."),
      .number("weight", default: 1, in: 0...10, "Share of equity when the signal is on."),
      .boolean("short", default: false, "Whether to be short when the signal is off."),
    ],
    constraint: {
      $0.integer("fast") < $0.integer("slow") ? nil : "fast must be smaller than slow"
    },
    make: {
      SMACrossover(
        fast: $0.integer("fast"), slow: $0.integer("slow"), stake: .weight($0.number("weight")),
        goesShort: $0.boolean("short"))
    })
}
