/// What an order would do to a position, each part signed as the order.
struct OrderParts: Equatable {
  /// Units that close what is held.
  var closing: Double
  /// Units of an exit that will close what is not held yet. They neither free buying power nor
  /// need any; whether something is held by then is checked when they are matched.
  var exiting: Double
  /// Units that open or add to a position.
  var opening: Double
}

extension TradingContext {
  /// Splits an order by what is held.
  ///
  /// What goes beyond it is an exit where the order says so or, in a cash account, as far as a
  /// sale can close what purchases submitted before are about to open, since it can mean nothing
  /// else there.
  func parts(of live: LiveOrder) -> OrderParts {
    let instrument = Int(live.order.instrument.index)
    let closing = account.positions[instrument].closingPart(of: live.remaining)
    let rest = live.remaining - closing
    if live.order.reduceOnly { return OrderParts(closing: closing, exiting: rest, opening: 0) }
    guard account.rules.funding == .cash, rest < 0 else {
      return OrderParts(closing: closing, exiting: 0, opening: rest)
    }
    var bought = 0.0
    var slot = book.firstSlot(instrument)
    while slot >= 0 {
      bought += max(0, book[slot].remaining)
      slot = book.slot(after: slot)
    }
    let exiting = max(rest, -bought)
    return OrderParts(closing: closing, exiting: exiting, opening: rest - exiting)
  }
}
