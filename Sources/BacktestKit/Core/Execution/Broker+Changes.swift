// Orders that are withdrawn or changed while they wait.
extension Broker {
  /// Withdraws an order; the buying power that it held is free again. Nothing happens when it is
  /// gone already.
  /// - Complexity: O(1).
  mutating func cancel(
    _ order: OrderID, budget: inout SubmissionBudget, account: inout some BrokerAccount,
    log: inout RunLog
  ) {
    guard let slot = book.slot(of: order), !book[slot].order.isOfRules else { return }
    cancel(slot, budget: &budget, account: &account, log: &log)
  }

  private mutating func cancel(
    _ slot: Int, budget: inout SubmissionBudget, account: inout some BrokerAccount,
    log: inout RunLog
  ) {
    // The proceeds of a sale that this very decision submitted are gone with it. An exit that
    // waits for its entry was not expected to bring any.
    let hasEntry = book[slot].order.parent.number != 0 && !book[slot].startsWithParent
    if !hasEntry, book[slot].isNew {
      let instrument = Int(book[slot].order.instrument.index)
      let closing = account.closingPart(of: book[slot].remaining, in: instrument)
      let close = market.lastClose(of: instrument) ?? 0
      budget.power -=
        abs(closing) * close * account.multiplier(of: instrument)
        * account.requirement(of: instrument, isLong: closing < 0, at: close)
    }
    withdraw(slot, budget: &budget, account: &account, log: &log)
  }

  mutating func withdraw(
    _ slot: Int, budget: inout SubmissionBudget, account: inout some BrokerAccount,
    log: inout RunLog
  ) {
    if budget.isKnown {
      budget.power += openingRequirement(slot, account: &account)
      if book[slot].hasExits { budget.power += valueWaiting(for: slot, account: &account) }
    }
    end(slot, .cancelled, log: &log)
    if reviewsOrders { review?.isStale = true }
  }

  /// What the orders would open that wait for another one, and end with it.
  private mutating func valueWaiting(
    for parent: Int, account: inout some BrokerAccount
  ) -> Double {
    var value = 0.0
    var slot = book.firstRelative(ofParent: book[parent].id)
    while slot >= 0 {
      if book[slot].order.parent == book[parent].id, book[slot].startsLater {
        value += openingRequirement(slot, account: &account)
      }
      slot = book.slot(relatedAfter: slot)
    }
    return value
  }

  /// Withdraws all orders of an instrument, or of all instruments where it is `nil`.
  mutating func cancelAll(
    _ instrument: InstrumentID?, _ budget: inout SubmissionBudget,
    account: inout some BrokerAccount, log: inout RunLog
  ) {
    func first() -> Int { instrument.map { book.firstSlot(Int($0.index)) } ?? book.firstSlot }
    var slot = first()
    while slot >= 0 {
      if book[slot].order.isOfRules {
        slot = instrument == nil ? book.slot(submittedAfter: slot) : book.slot(after: slot)
      } else {
        cancel(slot, budget: &budget, account: &account, log: &log)
        // It may have taken others along.
        slot = first()
      }
    }
  }

  /// Changes an order in place: it keeps its number, and loses its priority unless it was only made
  /// smaller. An invalid change is refused, and the order goes on as it was.
  /// - Complexity: O(1); O(orders) where it grows.
  mutating func modify(
    _ change: OrderChange, _ budget: inout SubmissionBudget, account: inout some BrokerAccount,
    log: inout RunLog
  ) {
    guard let slot = book.slot(of: change.order), !book[slot].order.isOfRules else { return }
    let live = book[slot]
    func refuse(_ reason: RejectionReason) {
      log.record(
        OrderEvent(
          order: live.id, time: market.clock, kind: .modificationRejected(reason),
          quantity: live.filledQuantity))
    }
    let isLate = live.isTriggered && (!change.trigger.isNaN || change.trail != nil)
    guard !isLate, let kind = live.order.kind.changed(by: change) else { return refuse(.badTerms) }
    guard kind.isSound else { return refuse(.badPrice) }
    if live.order.postOnly, live.isLive, let limit = kind.limitPrice,
      let last = market.lastClose(of: Int(live.order.instrument.index)),
      live.isBuy ? last <= limit : last >= limit
    {
      return refuse(.postOnly)
    }
    var units = live.remaining + live.filledQuantity
    if !change.quantity.isNaN {
      let wanted = market.columns[Int(live.order.instrument.index)].roundedDownToLot(
        change.quantity)
      guard live.sizing.isFixed else { return refuse(.badTerms) }
      guard wanted.isFinite, wanted != 0, (wanted > 0) == live.isBuy else {
        return refuse(.noQuantity)
      }
      units = wanted
    }
    let remaining = change.quantity.isNaN ? live.remaining : units - live.filledQuantity
    guard (remaining > 0) == live.isBuy, remaining != 0 else {
      // As many have filled already.
      return cancel(slot, budget: &budget, account: &account, log: &log)
    }
    if abs(remaining) > abs(live.remaining),
      let reason = enlarge(slot, to: remaining, &budget, account: &account)
    {
      return refuse(reason)
    }
    let isSmallerOnly = kind == live.order.kind && abs(remaining) <= abs(live.remaining)
    if abs(remaining) < abs(live.remaining), budget.isKnown {
      budget.power += openingRequirement(slot, account: &account)
      book[slot].remaining = remaining
      budget.power -= openingRequirement(slot, account: &account)
    }
    book[slot].remaining = remaining
    book[slot].order.quantity = units
    book[slot].order.kind = kind
    // What waits has changed.
    if reviewsOrders { review?.isStale = true }
    if !isSmallerOnly {
      book.moveToBack(slot)
      // The part of a bar that was over before the change does not count for its new terms.
      if live.isLive { book[slot].liveSince = market.clock }
    }
    log.record(
      OrderEvent(
        order: live.id, time: market.clock, kind: .modified, quantity: units,
        price: change.limit.isNaN ? kind.price : change.limit))
  }

  /// Holds more units of an order to the limits of the run and takes the buying power that they
  /// need; the reason where one of the two is not there.
  private mutating func enlarge(
    _ slot: Int, to remaining: Double, _ budget: inout SubmissionBudget,
    account: inout some BrokerAccount
  ) -> RejectionReason? {
    let before = book[slot].remaining
    let instrument = Int(book[slot].order.instrument.index)
    if !account.allowsShorts, remaining < 0, !book[slot].closesOnly,
      abs(remaining) > abs(account.closingPart(of: remaining, in: instrument)) * (1 + 1e-12)
    {
      return .shortNotAllowed
    }
    if reviewsOrders, let reason = limit(onGrowthOf: slot, to: remaining, account: &account) {
      return reason
    }
    know(&budget, account: &account)
    let held = openingRequirement(slot, account: &account)
    book[slot].remaining = remaining
    let need = openingRequirement(slot, account: &account) - held
    guard need <= 0 || need <= budget.power + abs(budget.equity) * 1e-12 else {
      book[slot].remaining = before
      return .buyingPower
    }
    budget.power -= need
    if reviewsOrders, !book[slot].closesOnly {
      noteGrowth(of: slot, by: remaining - before, account: account)
    }
    return nil
  }
}

extension Order.Kind {
  /// This kind with other prices; `nil` where it has none of that sort.
  fileprivate func changed(by change: OrderChange) -> Order.Kind? {
    if let trail = change.trail {
      guard self.trail != nil, change.limit.isNaN, change.trigger.isNaN else { return nil }
      return .trailingStop(trail)
    }
    if !change.limit.isNaN, limitPrice == nil { return nil }
    if !change.trigger.isNaN, triggerPrice == nil { return nil }
    func limit(_ price: Double) -> Double { change.limit.isNaN ? price : change.limit }
    func trigger(_ price: Double) -> Double { change.trigger.isNaN ? price : change.trigger }
    return switch self {
    case .market, .trailingStop, .marketOnOpen, .marketOnClose: self
    case .limit(let price): .limit(limit(price))
    case .stop(let price): .stop(trigger(price))
    case .marketIfTouched(let price): .marketIfTouched(trigger(price))
    case .stopLimit(let stop, let price): .stopLimit(stop: trigger(stop), limit: limit(price))
    case .limitIfTouched(let touch, let price):
      .limitIfTouched(touch: trigger(touch), limit: limit(price))
    case .stopIfTouched(let touch, let stop): .stopIfTouched(touch: trigger(touch), stop: stop)
    }
  }
}
