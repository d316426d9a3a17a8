/// Why a strategy cannot run on a universe, such as a missing instrument.
///
///     make: { parameters, universe in
///       guard universe.count == 2 else {
///         throw StrategyError("it trades a pair, but the universe has \(universe.count)")
///       }
///       return PairTrade(entry: parameters.number("entry"))
///     }
public struct StrategyError: Error, Hashable, CustomStringConvertible {
  /// The name of the strategy in the catalogue; filled in by ``StrategyDefinition/make(_:for:)``.
  public var strategy: String
  /// What the strategy needs and what it found instead.
  public var reason: String

  /// An error of a strategy, whose name is added by the definition that makes it.
  public init(_ reason: String) {
    strategy = ""
    self.reason = reason
  }

  /// `pair-trade cannot run on this universe: it trades a pair, but the universe has 3`
  public var description: String {
    "\(strategy.isEmpty ? "the strategy" : strategy) cannot run on this universe: \(reason)"
  }
}
