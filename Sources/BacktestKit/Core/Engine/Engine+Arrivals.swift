extension Engine {
  /// Carries out a scheduled event; returns the tag of a timer that went off.
  mutating func process(_ event: ScheduledEvent) -> Int? {
    clock = event.key.time
    switch event.key.phase {
    case .timer:
      timersFired += 1
      trading.now = clock
      stage = decidingStage
      return event.subject
    case .orderArrival where trading.book.holds(event.order, in: event.subject):
      arrive(event.subject)
    case .sessionEnd where trading.book.holds(event.order, in: event.subject):
      trading.close(event.subject, .expired, at: clock, log: &log)
    default: break
    }
    return nil
  }

  /// Phase 5: an order becomes live; under same-close a market order fills at the close that just
  /// happened.
  private mutating func arrive(_ slot: Int) {
    let instrument = Int(trading.book[slot].order.instrument.index)
    guard makeLive(slot, instrument) else { return }
    let order = trading.book[slot].order
    if order.timeInForce == .day { scheduleExpiry(of: order.id, slot, instrument) }
    let row = feed.row(of: instrument, at: instant)
    if plan.rules.marketFill == .sameClose, order.kind == .market, row >= 0,
      clock == feed.instants[instant]
    {
      fillAtClose(slot, instrument, row: row)
    }
  }

  /// Makes an order live, or refuses it when the slippage model lacks history.
  mutating func makeLive(_ slot: Int, _ instrument: Int) -> Bool {
    if plan.rules.slippage.needsHistory, !rememberHistory(slot, instrument) {
      trading.close(slot, .rejected(.noHistory), at: clock, log: &log)
      log.counts.rejectedOrders += 1
      return false
    }
    trading.book.activate(slot, at: clock)
    return true
  }

  /// Matches a market order at the close of the bar that has just closed.
  mutating func fillAtClose(_ slot: Int, _ instrument: Int, row: Int) {
    let bar = feed.columns[instrument].bar(instrument, row)
    guard bar.volume != 0 else { return }
    let candidate = MatchCandidate(
      slot: slot, order: trading.book[slot].order.id, reference: bar.close, paysSlippage: true,
      limit: nil, triggersStop: false, isBuy: trading.book[slot].isBuy)
    let point = MatchPoint(
      instrument: instrument, row: Int32(truncatingIfNeeded: row), bar: bar, time: clock,
      isIntrabar: true)
    trading.execute(candidate, at: point, plan: plan, log: &log)
  }

  private mutating func scheduleExpiry(of order: OrderID, _ slot: Int, _ instrument: Int) {
    let calendar = feed.universe.series[instrument].calendar ?? AlwaysOpenCalendar()
    guard let session = calendar.sessionClosing(after: clock) else { return }
    queue.schedule(at: session.close, .sessionEnd, subject: slot, order: order)
  }

  /// Notes the deviation of the last 20 returns and the mean volume of the last 20 bars for the
  /// slippage model; `false` when there are fewer.
  private mutating func rememberHistory(_ slot: Int, _ instrument: Int) -> Bool {
    let count = 20
    let last = trading.lastRow(instrument)
    guard last >= count else { return false }
    let columns = feed.columns[instrument]
    var mean = 0.0
    var volume = 0.0
    for row in (last - count + 1)...last {
      mean += columns.close[row] / columns.close[row - 1] - 1
      volume += columns.volume[row]
    }
    mean /= Double(count)
    var squares = 0.0
    for row in (last - count + 1)...last {
      let deviation = columns.close[row] / columns.close[row - 1] - 1 - mean
      squares += deviation * deviation
    }
    guard volume > 0 else { return false }
    trading.book[slot].returnDeviation = (squares / Double(count - 1)).squareRoot()
    trading.book[slot].meanVolume = volume / Double(count)
    return true
  }
}
