/// What a trade would do to a position, each part signed as the trade.
struct OrderParts: Equatable {
  /// Units that close what is held.
  var closing: Double
  /// Units that will close what orders submitted before are about to open: the exits that go out
  /// together with an entry. They neither free buying power nor need any; whether the entry has
  /// filled by then is checked at their own fill.
  var exiting: Double
  /// Units that open or add to a position.
  var opening: Double
}

extension TradingContext {
  /// Splits a trade by what is held and by what the instrument's earlier orders will open.
  ///
  /// - Parameter slot: the slot of the order itself, before which orders count; `nil` for an order
  ///   that is not in the book yet, before which all are.
  func parts(of quantity: Double, _ instrument: InstrumentID, before slot: Int?) -> OrderParts {
    let position = account.positions[Int(instrument.index)]
    var openings = (long: 0.0, short: 0.0)
    var other = book.firstSlot(Int(instrument.index))
    while other >= 0, other != slot {
      let remaining = book[other].remaining
      let opening = split(remaining, position, openings).opening
      if opening > 0 { openings.long += opening } else { openings.short -= opening }
      other = book.slot(after: other)
    }
    return split(quantity, position, openings)
  }

  private func split(
    _ quantity: Double, _ position: Position, _ openings: (long: Double, short: Double)
  ) -> OrderParts {
    let closing = position.closingPart(of: quantity)
    let rest = quantity - closing
    let exiting =
      rest > 0 ? min(rest, openings.short) : max(rest, -openings.long)
    return OrderParts(closing: closing, exiting: exiting, opening: rest - exiting)
  }
}
