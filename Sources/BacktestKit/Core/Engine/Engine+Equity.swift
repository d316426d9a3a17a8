extension Engine {
  /// Takes the equity point of the instant, after everything that happened at it.
  @inline(__always)
  mutating func takeEquityPoint() {
    needsEquityPoint = false
    if closesEndedSeries { closeEndedSeries() }
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
    quietEnd = 0
    // An engine that went back has left points of another way behind.
    for row in max(0, instant - baseInstant)..<(endInstant - baseInstant) {
      points.set(row, equity: 0, grossExposure: 0)
    }
    trading.broker.rejectAll(.ruined, log: &log)
    for instrument in trading.account.positions.indices {
      let position = trading.account.positions[instrument]
      guard !position.isFlat else { continue }
      let order = internalOrder(InstrumentID(instrument), quantity: -position.quantity)
      let fill = Fill(
        order: order.id, instrument: order.instrument, isIntrabar: true, time: clock,
        row: Int32(truncatingIfNeeded: trading.lastRow(instrument)), quantity: order.quantity,
        reference: position.mark,
        price: position.mark, slippage: 0, commission: 0)
      trading.account.book(fill, trades: &log.trades)
      log.fills.append(fill)
    }
    log.record(
      LedgerEntry(
        time: clock, kind: .deficitWrittenOff, amount: trading.account.writeOffDeficit()))
    trading.account.checkInvariants()
    stage = .finished
  }

  /// Closes positions whose series has its last bar at this instant, before the run's end.
  private mutating func closeEndedSeries() {
    guard instant + 1 < endInstant else { return }
    for instrument in trading.account.positions.indices {
      let row = trading.broker.market.closingRow(of: instrument)
      guard trading.account.quantity(of: instrument) != 0,
        row == feed.columns[instrument].count - 1
      else { continue }
      closePosition(of: instrument)
    }
  }
}
