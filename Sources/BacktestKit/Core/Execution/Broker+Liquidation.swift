// Orders by which a margin call reduces positions.
extension Broker {
  /// Puts an order of a margin call in the book, live at once: it closes what is held, at the next
  /// open whatever the rule for market orders is.
  mutating func place(liquidation order: Order, log: inout RunLog) {
    let slot = book.add(order, remaining: order.quantity)
    book.markAsExit(slot)
    book.markAsLiquidation(slot)
    guard activate(slot, log: &log) else { return }
    // The rest of a triggered stop goes on at opens, too.
    book[slot].isTriggered = true
  }

  /// Puts the order that opens a future anew in the book, live at once, for the next open.
  mutating func place(roll order: Order, log: inout RunLog) {
    let slot = book.add(order, remaining: order.quantity)
    // No decision counts on what it closes, so none loses that when it is withdrawn.
    book[slot].isNew = false
    guard activate(slot, log: &log) else { return }
    book[slot].isTriggered = true
  }

  /// Withdraws the orders of an instrument.
  mutating func cancelAll(of instrument: Int, log: inout RunLog) {
    while book.firstSlot(instrument) >= 0 {
      let slot = book.firstSlot(instrument)
      book[slot].hasExits = false
      end(slot, .cancelled, log: &log)
    }
  }

  /// Units that margin calls are about to trade, signed.
  func liquidating(_ instrument: Int) -> Double {
    var units = 0.0
    var slot = book.firstSlot(instrument)
    while slot >= 0 {
      if book[slot].order.isLiquidation { units += book[slot].remaining }
      slot = book.slot(after: slot)
    }
    return units
  }

  /// Withdraws the orders of an earlier margin call.
  mutating func withdrawLiquidations(log: inout RunLog) {
    guard book.liquidationCount > 0 else { return }
    for slot in book.slotsInSubmissionOrder() where book[slot].order.isLiquidation {
      end(slot, .cancelled, log: &log)
    }
  }
}
