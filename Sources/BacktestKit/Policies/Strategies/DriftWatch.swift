import BacktestCore

/// Sees where positions run away from the weights that were stated, which happens where the same
/// weight is stated again and again and so nothing is traded: a short position that loses grows.
struct DriftWatch: Sendable {
  /// The largest share of equity that was stated of each instrument.
  private var largest: ContiguousArray<Double>
  private var hasNoted = false
  /// How many times the largest stated share a position may be worth.
  private static let allowance = 1.5

  init(instrumentCount: Int) { largest = ContiguousArray(repeating: 0, count: instrumentCount) }

  /// Looks at a position before a decision, and leaves one note in the first run-away case.
  ///
  /// - Parameters:
  ///   - stated: the share of equity that was stated last.
  ///   - held: that which the position has.
  mutating func look(
    _ instrument: InstrumentID, stated: Double, held: Double, _ trading: inout TradingContext
  ) {
    // An account of weights is brought to what was stated at each close.
    guard !hasNoted, !trading.account.holdsWeights else { return }
    let index = Int(instrument.index)
    largest[index] = max(largest[index], abs(stated))
    guard largest[index] > 0, abs(held) > Self.allowance * largest[index] else { return }
    hasNoted = true
    let symbol = trading.universe.series[index].instrument.symbol
    trading.note(
      "the position in \(symbol) drifted to \(rounded(held)) of equity while \(rounded(stated)) "
        + "was stated; drift: rebalance trades it back (noted once)")
  }

  private func rounded(_ share: Double) -> Double { (share * 100).rounded() / 100 }
}
