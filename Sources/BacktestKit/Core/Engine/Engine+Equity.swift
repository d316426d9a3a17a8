extension Engine {
  /// Takes the equity point of the instant, after everything that happened at it.
  @inline(__always)
  mutating func takeEquityPoint() {
    needsEquityPoint = false
    if configuration.onSeriesEnd == .close { closeEndedSeries() }
    if log.fills.count != valuedFills { valuation = trading.account.valuation }
    guard valuation.equity > 0 else { return ruin() }
    points.set(
      instant - baseInstant, equity: valuation.equity, grossExposure: valuation.grossExposure)
  }

  /// Ends the run: equity is gone. Positions close at their marks without costs, the debt is
  /// written off, and the curve stays at zero.
  @inline(never)
  mutating func ruin() {
    ruinedAt = clock
    // An engine that went back has left points of another way behind.
    for row in max(0, instant - baseInstant)..<(endInstant - baseInstant) {
      points.set(row, equity: 0, grossExposure: 0)
    }
    for slot in trading.book.slotsInSubmissionOrder() {
      trading.close(slot, .rejected(.ruined), at: clock, log: &log)
      log.counts.rejectedOrders += 1
    }
    for instrument in trading.account.positions.indices {
      let position = trading.account.positions[instrument]
      guard !position.isFlat else { continue }
      let order = internalOrder(InstrumentID(instrument), quantity: -position.quantity)
      let fill = Fill(
        order: order.id, instrument: order.instrument, isIntrabar: true, time: clock,
        row: Int32(truncatingIfNeeded: trading.lastRow(instrument)), quantity: order.quantity,
        reference: position.mark,
        price: position.mark, slippage: 0, commission: 0)
      if let trade = trading.account.apply(fill) { log.trades.append(trade) }
      log.fills.append(fill)
      log.ledger.append(
        LedgerEntry(
          time: clock, kind: .trade,
          amount: -fill.quantity * fill.price * position.multiplier,
          instrument: fill.instrument, order: fill.order))
      log.record(order.id, .filled, at: clock, filled: order.quantity)
    }
    log.ledger.append(
      LedgerEntry(
        time: clock, kind: .deficitWrittenOff, amount: trading.account.writeOffDeficit()))
    trading.account.checkInvariants()
    stage = .finished
  }

  /// Closes positions whose series has its last bar at this instant, before the run's end.
  private mutating func closeEndedSeries() {
    guard instant + 1 < endInstant else { return }
    for instrument in trading.account.positions.indices {
      let position = trading.account.positions[instrument]
      let row = feed.row(of: instrument, at: instant)
      guard !position.isFlat, row == feed.columns[instrument].count - 1 else { continue }
      let order = internalOrder(InstrumentID(instrument), quantity: -position.quantity)
      let slot = trading.book.add(LiveOrder(order))
      if makeLive(slot, instrument) { fillAtClose(slot, instrument, row: row) }
    }
  }

  /// An order that the rules make, not the strategy.
  mutating func internalOrder(_ instrument: InstrumentID, quantity: Double) -> Order {
    var order = Order(instrument, quantity: quantity)
    order.id = OrderID(trading.nextOrderNumber)
    order.submitted = clock
    trading.nextOrderNumber += 1
    log.orders.append(order)
    return order
  }
}
