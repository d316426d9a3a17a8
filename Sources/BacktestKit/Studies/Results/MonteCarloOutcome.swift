public import BacktestEvidence

/// A study in synthetic markets.
public struct MonteCarloOutcome: Sendable {
  /// The metrics over the markets.
  public let markets: MonteCarloResult
  /// The trades of the run in other orders, and drawn with replacement; `nil` where there are too
  /// few, or they overlap.
  package let trades: ReshuffledTrades?
  /// Why the trades are not reshuffled.
  package let tradesAbsence: String?

  /// The two ways to deal trades again.
  package struct ReshuffledTrades: Sendable {
    /// In other orders.
    package let permuted: ReshuffledPaths
    /// Drawn with replacement.
    package let drawn: ReshuffledPaths
  }
}
