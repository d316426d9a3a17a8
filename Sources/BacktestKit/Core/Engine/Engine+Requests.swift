extension Engine {
  /// Turns what the strategy asked for into orders on their way, in the order in which it asked:
  /// first orders, cancellations and timers, then targets as one batch.
  mutating func collectRequests() {
    trading.hasRequests = false
    if holdsWeights { return collectWeights() }
    var power = submissionPower()
    for index in trading.requests.indices {
      switch trading.requests[index] {
      case .submit(let order): submit(LiveOrder(order), power: &power)
      case .cancel(let order):
        if let slot = trading.book.slot(of: order) { cancel(slot, power: &power) }
      case .schedule(let time, let tag): queue.schedule(at: time, .timer, subject: tag)
      }
    }
    trading.requests.removeAll(keepingCapacity: true)
    if !trading.targetRequests.isEmpty { submitTargets(power: &power) }
  }

  /// Buying power less the value of opening orders that have not filled yet, at last closes.
  private func submissionPower() -> Double {
    var power = trading.account.buyingPower
    guard !trading.book.isEmpty else { return power }
    for slot in trading.book.slotsInSubmissionOrder() { power -= openingValue(slot) }
    return power
  }

  /// The value at the last close of what a waiting order would open.
  private func openingValue(_ slot: Int) -> Double {
    let live = trading.book[slot]
    let instrument = live.order.instrument
    guard !live.closesOnly else { return 0 }
    let position = trading.position(instrument)
    let opening = live.remaining - position.closingPart(of: live.remaining)
    return abs(opening) * (trading.lastClose(instrument) ?? 0) * position.multiplier
  }

  /// Withdraws an order; the buying power that it held is free again.
  private mutating func cancel(_ slot: Int, power: inout Double) {
    power += openingValue(slot)
    trading.close(slot, .cancelled, at: clock, log: &log)
  }

  /// Checks an order against buying power and sends it on its way, cut or whole, or refuses it.
  private mutating func submit(_ wanted: LiveOrder, power: inout Double) {
    var live = wanted
    let instrument = live.order.instrument
    let grain = feed.columns[Int(instrument.index)]
    log.orders.append(live.order)
    // A target is whole lots already; rounding the way to it once more could lose one.
    if !live.isTarget { live.remaining = grain.roundedDownToLot(live.remaining) }
    guard live.remaining.isFinite, live.remaining != 0 else { return reject(live, .noQuantity) }
    if let price = live.order.kind.price, !(price > 0 && price.isFinite) {
      return reject(live, .badPrice)
    }
    guard let close = trading.lastClose(instrument) else { return reject(live, .noPrice) }

    let parts = trading.parts(of: live)
    let (closing, exiting) = (parts.closing, parts.exiting)
    var opening = parts.opening
    let unit = close * trading.position(instrument).multiplier
    power += abs(closing) * unit
    if opening != 0, case .fixed = live.sizing {
      let isShort = trading.account.rules.funding == .cash && opening < 0
      let tolerance = abs(trading.account.equity) * 1e-12
      let covered = isShort ? 0 : (power + tolerance) / unit
      if abs(opening) > covered {
        let kept = max(0, grain.roundedDownToLot(covered))
        opening = opening < 0 ? -kept : kept
        guard closing + exiting + opening != 0, plan.rules.shortfall == .cut else {
          return reject(live, isShort ? .shortNotAllowed : .buyingPower)
        }
        log.counts.cutOrders += 1
        live.remaining = closing + exiting + opening
        log.record(live.order.id, .cut(to: live.remaining), at: clock)
      }
    }
    power -= abs(opening) * unit
    live.closesOnly = live.order.reduceOnly || (exiting != 0 && opening == 0)
    let slot = trading.book.add(live)
    queue.schedule(
      at: clock + plan.rules.latency, .orderArrival, subject: slot,
      order: live.order.id)
  }

  private mutating func reject(_ live: LiveOrder, _ reason: RejectionReason) {
    log.record(live.order.id, .rejected(reason), at: clock)
    log.counts.rejectedOrders += 1
  }

  /// Turns targets into market orders: those that make positions smaller first, then the others,
  /// each in universe order. A newer target replaces an older one's order.
  private mutating func submitTargets(power: inout Double) {
    let equity = trading.account.equity
    if trading.targetRequests.count > 1 {
      trading.targetRequests.sort { ($0.instrument, $0.number) < ($1.instrument, $1.number) }
    }
    batch.removeAll(keepingCapacity: true)
    for index in trading.targetRequests.indices {
      let request = trading.targetRequests[index]
      let isReplaced =
        index + 1 < trading.targetRequests.count
        && trading.targetRequests[index + 1].instrument == request.instrument
      if !isReplaced, let order = order(for: request, equity: equity, power: &power) {
        batch.append(order)
      }
    }
    trading.targetRequests.removeAll(keepingCapacity: true)
    submitBatch(closing: true, power: &power)
    submitBatch(closing: false, power: &power)
  }

  private mutating func submitBatch(closing: Bool, power: inout Double) {
    for index in batch.indices {
      let position = trading.position(batch[index].order.instrument)
      let closes = position.closingPart(of: batch[index].remaining) != 0
      guard closes == closing else { continue }
      batch[index].order.id = OrderID(trading.nextOrderNumber)
      trading.nextOrderNumber += 1
      submit(batch[index], power: &power)
    }
  }

  /// The order that brings a position to its target, or `nil` when it is there already.
  private mutating func order(
    for request: TargetRequest, equity: Double, power: inout Double
  ) -> LiveOrder? {
    let instrument = InstrumentID(request.instrument)
    guard let close = trading.lastClose(instrument) else {
      // Without a price nothing was asked for: the same target may be stated again.
      trading.standing[request.instrument] = StandingTarget(.none, 0)
      return nil
    }
    var slot = trading.book.firstSlot(request.instrument)
    while slot >= 0 {
      let next = trading.book.slot(after: slot)
      if trading.book[slot].isTarget { cancel(slot, power: &power) }
      slot = next
    }
    let position = trading.account.positions[request.instrument]
    let unit = close * position.multiplier
    let target: Double
    var sizing = LiveOrder.Sizing.fixed
    let atFill = plan.rules.sizing == .atFill
    switch request.target.measure {
    case .none: return nil
    case .quantity: target = request.target.value
    case .weight:
      target = equity * request.target.value / unit
      if atFill { sizing = .weight(request.target.value) }
    case .value:
      target = request.target.value / unit
      if atFill { sizing = .value(request.target.value) }
    }
    let quantity =
      feed.columns[request.instrument].roundedDownToLot(target) - position.quantity
    guard abs(quantity) > abs(position.quantity) * 1e-12 else { return nil }
    var order = Order(instrument, quantity: quantity)
    order.submitted = clock
    var live = LiveOrder(order)
    live.isTarget = true
    live.sizing = sizing
    return live
  }
}

extension Order.Kind {
  /// The limit or stop price; `nil` for a market order.
  public var price: Double? {
    switch self {
    case .market: nil
    case .limit(let price), .stop(let price): price
    }
  }
}
