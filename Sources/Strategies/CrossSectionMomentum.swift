public import BacktestKit

/// Holds the instruments with the best past return, skipping the latest bars, and chooses anew at
/// the first close of each calendar month: 12-1 momentum with bars of a day.
///
/// > N. Jegadeesh and S. Titman, "Returns to Buying Winners and Selling Losers", *J. Finance* 48,
/// > 1993.
public struct CrossSectionMomentum: Strategy {
  /// Bars over which the return is measured, the skipped ones included.
  public let lookback: Int
  /// The latest bars, which do not count.
  public let skip: Int
  /// How many instruments are held.
  public let holdings: Int
  /// The share of equity invested.
  public let weight: Double
  private var schedule = MonthlySchedule()

  /// Momentum over `lookback` bars without the latest `skip`.
  ///
  /// - Precondition: `skip` is smaller than `lookback`, and at least one instrument is held.
  public init(lookback: Int = 252, skip: Int = 21, holdings: Int = 2, weight: Double = 1) {
    precondition(skip < lookback && holdings >= 1)
    self.lookback = lookback
    self.skip = skip
    self.holdings = holdings
    self.weight = weight
  }

  /// `lookback`.
  public var warmup: Int { lookback }

  /// Ranks the instruments once a month and trades to equal weights in the best.
  public mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    guard !trading.isWarmingUp, schedule.isFirstOfMonth(trading.sessionDate) else { return }
    var ranked: [(instrument: InstrumentID, momentum: Double)] = []
    for bar in bars {
      let history = trading.history(bar.instrument, lookback + 1)
      guard history.count == lookback + 1 else { continue }
      let momentum = history.close[lookback - skip] / history.close[0] - 1
      ranked.append((bar.instrument, momentum))
    }
    // Equal returns keep universe order, so that the choice never depends on the sort.
    ranked.sort { ($1.momentum, $0.instrument) < ($0.momentum, $1.instrument) }
    for (rank, one) in ranked.enumerated() {
      let part = weight / Double(min(holdings, ranked.count))
      trading.rebalance(one.instrument, weight: rank < holdings ? part : 0)
    }
  }

  /// `momentum`.
  public static let definition = StrategyDefinition(
    name: "momentum",
    summary: "Holds the instruments with the best past return; chooses anew each month.",
    parameters: [
      .integer("lookback", default: 252, in: 2...5_000, "Bars of the past return."),
      .integer("skip", default: 21, in: 0...1_000, "Latest bars that do not count."),
      .integer("holdings", default: 2, in: 1...1_000, "Instruments held."),
      .number("weight", default: 1, in: 0...10, "Share of equity invested."),
    ],
    constraint: {
      $0.integer("skip") < $0.integer("lookback") ? nil : "skip must be smaller than lookback"
    },
    make: {
      CrossSectionMomentum(
        lookback: $0.integer("lookback"), skip: $0.integer("skip"),
        holdings: $0.integer("holdings"), weight: $0.number("weight"))
    })
}
