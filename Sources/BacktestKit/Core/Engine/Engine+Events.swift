extension Engine {
  /// Carries out a scheduled event; returns the tag of a timer that went off.
  mutating func process(_ event: ScheduledEvent) -> Int? {
    clock = event.key.time
    switch event.key.phase {
    case .timer:
      timersFired += 1
      trading.time = clock
      stage = decidingStage
      return event.subject
    case .orderArrival where trading.broker.book.holds(event.order, in: event.subject):
      arrive(event.subject)
    case .sessionEnd where trading.broker.book.holds(event.order, in: event.subject):
      trading.broker.end(event.subject, .expired, log: &log)
    default: break
    }
    return nil
  }

  /// Phase 5: an order becomes live; under same-close a market order fills at the close that just
  /// happened.
  mutating func arrive(_ slot: Int) {
    guard trading.broker.activate(slot, log: &log) else { return }
    let live = trading.broker.book.pointer(to: slot)
    if live.pointee.order.timeInForce != .goodTilCancelled { scheduleExpiry(of: slot) }
    guard trading.broker.plan.marketFill == .sameClose, live.pointee.order.kind == .market,
      trading.broker.market.isAtClose,
      trading.broker.market.closingRow(of: Int(live.pointee.order.instrument.index)) >= 0
    else { return }
    trading.broker.fillAtClose(slot, account: &trading.account, log: &log)
  }

  @inline(never)
  private mutating func scheduleExpiry(of slot: Int) {
    let order = trading.broker.book[slot].order
    let calendar = feed.universe.series[Int(order.instrument.index)].calendar
    guard let time = order.timeInForce.expiry(liveFrom: clock, calendar: calendar) else { return }
    queue.schedule(at: time, .sessionEnd, subject: slot, order: order.id)
  }

  /// Phase 2: what ends with the session.
  mutating func endSessions() {
    while let event = queue.first, event.key.time == clock, event.key.phase == .sessionEnd {
      _ = process(queue.removeFirst())
    }
  }

  /// Matches an order that the rules make, not the strategy, at the close that has just happened:
  /// one that brings a position to zero.
  mutating func closePosition(of instrument: Int) {
    let quantity = trading.account.quantity(of: instrument)
    let order = internalOrder(InstrumentID(instrument), quantity: -quantity)
    let slot = trading.broker.book.add(order, remaining: order.quantity)
    guard trading.broker.activate(slot, log: &log) else { return }
    trading.broker.fillAtClose(slot, account: &trading.account, log: &log)
  }

  /// An order that the rules make, not the strategy.
  mutating func internalOrder(_ instrument: InstrumentID, quantity: Double) -> Order {
    var order = Order(instrument, quantity: quantity)
    trading.broker.register(&order, at: clock)
    log.orders.append(order)
    return order
  }
}
