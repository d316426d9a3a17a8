extension Engine {
  /// Carries out a scheduled event; returns the tag of a timer that went off.
  mutating func process(_ event: ScheduledEvent) -> Int? {
    clock = event.key.time
    if hasCurrencies { moveRates(through: clock) }
    switch event.key.phase {
    case .timer:
      timersFired += 1
      trading.time = clock
      if trading.broker.attachesExits { noteExits() }
      stage = decidingStage
      if let next = trading.renewSchedule(event.subject, at: clock) {
        queue.schedule(at: next, .timer, subject: event.subject)
      }
      return event.subject
    case .orderArrival where trading.broker.book.holds(event.order, in: event.subject):
      arrive(event.subject)
    case .sessionEnd where event.order.number == 0: endAccountSession()
    case .funding: payFunding(event.subject)
    case .corporateAction: applyAction(event.subject)
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
    // Priority is the order of arrival, which random delays make another one.
    if trading.broker.plan.latencyJitter != .zero { trading.broker.book.moveToBack(slot) }
    let live = trading.broker.book.pointer(to: slot)
    switch live.pointee.order.timeInForce {
    case .goodTilCancelled, .immediateOrCancel, .fillOrKill: break
    case .day, .goodTil: guard scheduleExpiry(of: slot) else { return }
    }
    guard trading.broker.plan.marketFill == .sameClose, case .market = live.pointee.order.kind,
      trading.broker.market.isAtClose,
      trading.broker.market.closingRow(of: Int(live.pointee.order.instrument.index)) >= 0
    else { return }
    guard !live.pointee.isAsleep else { return }
    let order = live.pointee.order
    trading.broker.fillAtClose(slot, account: &trading.account, log: &log)
    if order.timeInForce.isImmediate, trading.broker.book.holds(order.assignedID, in: slot) {
      trading.broker.end(slot, .expired, log: &log)
    }
  }

  /// Has an order expire in its time; `false` where that has come already.
  @inline(never)
  private mutating func scheduleExpiry(of slot: Int) -> Bool {
    let order = trading.broker.book[slot].order
    let calendar = feed.universe.series[Int(order.instrument.index)].calendar
    guard let time = order.timeInForce.expiry(liveFrom: clock, calendar: calendar) else {
      return true
    }
    guard time > clock else {
      trading.broker.end(slot, .expired, log: &log)
      return false
    }
    queue.schedule(at: time, .sessionEnd, subject: slot, order: order.assignedID)
    return true
  }

  /// Phase 2: what ends with the session, then funding.
  mutating func endSessions() {
    while let event = queue.first, event.key.time == clock, event.key.phase <= .funding {
      _ = process(queue.removeFirst())
    }
  }

  /// Matches an order that the rules make, not the strategy, at the close that has just happened:
  /// one that brings a position to zero.
  mutating func closePosition(of instrument: Int) {
    let quantity = trading.account.quantity(of: instrument)
    let order = internalOrder(InstrumentID(instrument), quantity: -quantity)
    let slot = trading.broker.book.add(order, remaining: order.quantity)
    trading.broker.book[slot].isNew = false
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

extension Engine {
  /// The account's value now: that of the last close at its own instant, while nothing has filled.
  @inline(__always)
  private var worth: Valuation {
    let isOfLastClose = trading.broker.market.isAtClose && log.fills.count == valuedFills
    return isOfLastClose ? valuation : trading.account.valuation
  }

  /// Carries out what the strategy asked for, in the order in which it asked: first orders,
  /// cancellations and timers, then targets as one batch.
  mutating func collectRequests() {
    trading.hasRequests = false
    if trading.account.followsTargets { return collectStatements() }
    log.makeRoom(after: instant - baseInstant, of: endInstant - baseInstant)
    trading.broker.market.expectFills()
    if trading.broker.attachesExits { dropSpentTargets() }
    if trading.broker.reviewsOrders { beginReview() }
    var budget = SubmissionBudget(worth: worth)
    if !trading.requests.isEmpty { carryOut(&budget) }
    if !trading.targetRequests.isEmpty {
      if !feed.hasOneGrid { forgetUnpricedTargets() }
      trading.broker.submit(
        &trading.targetRequests, budget: &budget, account: &trading.account, log: &log)
      trading.targetRequests.clear()
    }
    sendSubmitted()
  }

  @inline(never)
  private mutating func carryOut(_ budget: inout SubmissionBudget) {
    for index in trading.requests.indices {
      switch trading.requests[index] {
      case .submit(let order):
        trading.broker.submit(order, budget: &budget, account: &trading.account, log: &log)
      case .cancel(let order):
        trading.broker.cancel(order, budget: &budget, account: &trading.account, log: &log)
      case .cancelAll(let instrument):
        trading.broker.cancelAll(instrument, &budget, account: &trading.account, log: &log)
      case .modify(let change):
        trading.broker.modify(change, &budget, account: &trading.account, log: &log)
      case .schedule(let time, let tag): queue.schedule(at: time, .timer, subject: tag)
      }
    }
    trading.requests.removeAll(keepingCapacity: true)
  }

  /// Where an instrument has no price yet nothing was asked for: the same target may be stated
  /// again.
  @inline(never)
  private mutating func forgetUnpricedTargets() {
    for index in trading.targetRequests.indices {
      let instrument = trading.targetRequests[index].instrument
      if trading.lastRow(instrument) < 0 {
        trading.standing[instrument] = PositionTarget(.none, 0)
      }
    }
  }

  /// Phase 5 for the orders that were just submitted: at once where they need no time and nothing
  /// comes before them, else in their turn.
  @inline(__always)
  private mutating func sendSubmitted() {
    let plan = trading.broker.plan
    let isAtOnce = plan.isAtOnce && (queue.first.map { $0.key.time > clock } ?? true)
    if feed.readAhead != nil { prepareFills() }
    for index in trading.broker.submitted.indices {
      let (slot, order) = (
        trading.broker.submitted[index].slot, trading.broker.submitted[index].order
      )
      trading.broker.book[slot].isNew = false
      if !isAtOnce {
        let latency = plan.latency(of: order)
        queue.schedule(at: clock + latency, .orderArrival, subject: slot, order: order)
      } else if trading.broker.book.holds(order, in: slot) {
        arrive(slot)
      }
    }
    trading.broker.submitted.clear()
  }

  /// Asks the disk for what the orders read that were just submitted, all at once.
  @inline(never)
  private func prepareFills() {
    for submitted in trading.broker.submitted.rows {
      let order = trading.broker.book[submitted.slot].order
      trading.broker.market.prepareFill(of: Int(order.instrument.index))
    }
  }

  /// Tells the account what was stated, where it follows statements. What only orders could reach
  /// is refused, so that it shows in the outcomes.
  @inline(never)
  private mutating func collectStatements() {
    for index in trading.requests.indices {
      switch trading.requests[index] {
      case .submit(let order):
        log.orders.append(order)
        trading.broker.refuse(order, .weightsAccounting, log: &log)
      case .cancel, .cancelAll, .modify: break
      case .schedule(let time, let tag): queue.schedule(at: time, .timer, subject: tag)
      }
    }
    trading.requests.removeAll(keepingCapacity: true)
    for index in trading.targetRequests.indices {
      let request = trading.targetRequests[index]
      let reason = trading.account.state(request.target, of: request.instrument)
      if let reason { refuse(request, reason) }
    }
    trading.targetRequests.clear()
    trading.account.finishStatements(at: instant)
    valuation = trading.account.valuation
  }

  /// Records a target that only an order could have reached, as an order that was refused.
  private mutating func refuse(_ request: TargetRequest, _ reason: RejectionReason) {
    var quantity = request.target.value
    if request.target.measure == .value {
      let market = trading.broker.market
      let unit =
        (market.lastClose(of: request.instrument) ?? 0)
        * trading.account.multiplier(of: request.instrument)
      quantity = unit == 0 ? 0 : quantity / unit
    }
    let order = internalOrder(InstrumentID(request.instrument), quantity: quantity)
    trading.broker.refuse(order, reason, log: &log)
  }
}

extension Engine {
  /// Goes on to the next last close of a session, timer or the end; closes on the way are carried
  /// out without a decision.
  @inline(never)
  mutating func advanceThroughSession() -> Step {
    // A session that was decided is over.
    if instant >= 0, sessionEnds(at: instant) { sessionStart = instant + 1 }
    while true {
      let step = advanceThroughEvents()
      guard step == .bars, !sessionEnds(at: instant) else { return step }
    }
  }

  /// Whether no later bar belongs to the session of an instant.
  func sessionEnds(at instant: Int) -> Bool {
    guard instant + 1 < feed.instants.count else { return true }
    return sessionDate(at: instant + 1) > sessionDate(at: instant)
  }

  /// The latest session of the bars that close at an instant, each by its own calendar.
  private func sessionDate(at instant: Int) -> CivilDate {
    let time = feed.instants[instant]
    var latest: CivilDate?
    for instrument in 0..<feed.instrumentCount where feed.row(of: instrument, at: instant) >= 0 {
      let calendar = feed.universe.series[instrument].calendar ?? AlwaysOpenCalendar()
      let date = calendar.sessionDate(of: time)
      latest = latest.map { max($0, date) } ?? date
    }
    return latest ?? time.utcDate
  }
}
