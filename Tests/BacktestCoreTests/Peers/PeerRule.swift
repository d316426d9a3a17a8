/// Where another engine decides otherwise about a price.
enum PeerRule: String, CaseIterable {
  /// An exit begins in the bar after that in which its entry filled.
  case exitsNextBar = "exits-next-bar"
  /// A take-profit fills in the bar of its stop entry, which is on the way to it, where that bar
  /// does not reach the stop-loss.
  case profitBehindEntry = "profit-behind-entry"
  /// Of two orders that a bar reaches, the one submitted first fills.
  case submittedFirst = "submitted-first"
  /// A stop-limit order whose stop is reached rests as a limit order from the next bar on.
  case limitNextBar = "limit-next-bar"
  /// A stop-limit order fills at its stop also where the bar opens beyond it.
  case fillsAtStop = "fills-at-stop"
  /// A trailing stop follows closes, and not the best prices of closed bars.
  case trailsCloses = "trails-closes"

  /// The rules of an engine for a kind of orders, each of which may explain a difference.
  static func explanations(of peer: Peer, for kind: PeerOrder.Kind) -> [PeerRule] {
    switch (peer, kind) {
    case (_, .stop), (_, .limit): []
    case (.backtrader, .stopLimit): [.limitNextBar]
    case (.backtesting, .stopLimit): [.limitNextBar, .fillsAtStop]
    case (.backtrader, .oneCancelsOther): [.submittedFirst]
    case (.backtesting, .oneCancelsOther): []
    case (.backtrader, .bracket): [.exitsNextBar]
    case (.backtesting, .bracket): [.exitsNextBar, .profitBehindEntry]
    case (_, .trailing): [.trailsCloses]
    }
  }
}
