package import BacktestCore

/// Runs of winning and of losing closed trades in order of exit; a trade that ended at exactly zero
/// ends a run and begins none.
package struct TradeStreaks: Hashable, Sendable {
  /// How many trades each run of wins had, in order of time.
  package private(set) var wins: [Int] = []
  /// How many trades each run of losses had.
  package private(set) var losses: [Int] = []

  /// The runs of some trades, those still open left out.
  package init(_ trades: [RoundTrip]) {
    var (sign, length) = (0, 0)
    for trade in trades where !trade.isOpen {
      let next = trade.profit > 0 ? 1 : trade.profit < 0 ? -1 : 0
      if next != sign {
        end(sign, length)
        (sign, length) = (next, 0)
      }
      length += 1
    }
    end(sign, length)
  }

  private mutating func end(_ sign: Int, _ length: Int) {
    if sign > 0 { wins.append(length) }
    if sign < 0 { losses.append(length) }
  }
}
