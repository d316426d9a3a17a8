/// What the broker has to know of the account for which it trades, and what it tells it.
///
/// The broker asks for buying power, one position at a time and its mark; it knows nothing of what
/// the account did before, and nothing of who decides.
protocol BrokerAccount {
  /// Exposure over equity at the most.
  var leverage: Double { get }
  /// Whether what is not held may be sold.
  var allowsShorts: Bool { get }
  /// Cash and the value of all positions, and the sum of the positions' absolute values.
  var valuation: Valuation { get }
  /// What is held of an instrument.
  func position(of instrument: Int) -> Position
  /// Units held of an instrument, negative for short.
  func quantity(of instrument: Int) -> Double
  /// The part of a trade that closes what is held, signed as the trade.
  func closingPart(of trade: Double, in instrument: Int) -> Double
  /// Whether buying power covers so much money beyond doubt, counting what closing a position
  /// frees. `false` decides nothing: the valuation does.
  func certainlyCovers(_ need: Double, freed: Double) -> Bool

  /// Says that several fills may follow one another.
  mutating func beginFills()
  /// Says that they are over.
  mutating func endFills()
  /// Values a position at a price.
  mutating func mark(_ instrument: Int, at price: Double)
  /// Books a fill, at whose reference price the position is marked already; adds the round trip
  /// that it ended, if any.
  mutating func book(_ fill: Fill, trades: inout [RoundTrip])
}

extension Account: BrokerAccount {}
