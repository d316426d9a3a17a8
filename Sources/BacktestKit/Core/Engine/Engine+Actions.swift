// Phase 6: what happens to shares, between the decision of a close and the next open.
extension Engine {
  /// The subject of the event that pays dividends which are due.
  private static var payment: Int { -1 }

  /// Schedules the first action at or after now, and what the account is still to be paid.
  mutating func startActions() {
    for payment in trading.account.pendingPayments {
      queue.schedule(at: max(payment.time, clock), .corporateAction, subject: Self.payment)
    }
    if let first = feed.actions.firstIndex(where: { $0.time >= clock }) { scheduleAction(first) }
  }

  /// One action waits at a time: the others come after it.
  private mutating func scheduleAction(_ index: Int) {
    guard index < feed.actions.count else { return }
    queue.schedule(at: feed.actions[index].time, .corporateAction, subject: index)
  }

  /// Carries out an action, or pays what is due.
  @inline(never)
  mutating func applyAction(_ subject: Int) {
    // After the last close there is nothing left to happen.
    guard instant + 1 < endInstant else { return }
    guard subject != Self.payment else {
      return trading.account.settlePayments(through: clock) { log.record($0) }
    }
    scheduleAction(subject + 1)
    let scheduled = feed.actions[subject]
    let instrument = scheduled.instrument
    let before = trading.account.quantity(of: instrument)
    let fillsBefore = log.fills.count
    var amount = 0.0
    switch scheduled.action.kind {
    case .split(let ratio): amount = split(instrument, by: ratio)
    case .dividend(let perUnit), .specialDividend(let perUnit):
      amount = bookDividend(perUnit, scheduled)
    case .delisting(let price), .cashMerger(let price):
      trading.broker.delist(instrument, log: &log)
      closePosition(of: instrument, at: price, isIntrabar: false)
    case .shareMerger(let ratio, _): exchange(scheduled, ratio: ratio)
    case .roll: roll(scheduled)
    case .symbolChange: if scheduled.successor >= 0 { exchange(scheduled, ratio: 1) }
    }
    log.actions.append(
      AppliedAction(
        time: clock, instrument: InstrumentID(instrument), action: scheduled.action,
        quantityBefore: before, quantityAfter: trading.account.quantity(of: instrument),
        amount: amount, rate: trading.account.rate(of: instrument), fillsBefore: fillsBefore))
    valuation = trading.account.valuation
    trading.account.checkInvariants()
  }

  private mutating func split(_ instrument: Int, by ratio: Double) -> Double {
    trading.broker.split(instrument, by: ratio, log: &log)
    if trading.standing[instrument].measure == .quantity {
      trading.standing[instrument].value *= ratio
    }
    let series = feed.columns + instrument
    let row = trading.broker.market.openingRow(of: instrument)
    let amount = trading.account.split(
      instrument, by: ratio, wholeLots: { series.pointee.roundedDownToLot($0) },
      price: { row < 0 ? $0 : series.pointee.open[row] }, endsAt: clock,
      row: max(0, trading.lastRow(instrument)), trades: &log.trades)
    if trading.broker.attachesExits { splitExits(of: instrument, by: ratio) }
    if amount != 0 {
      let entry = LedgerEntry(
        time: clock, kind: .cashInLieu, amount: amount, instrument: InstrumentID(instrument))
      log.record(trading.account.stamped(entry))
    }
    return amount
  }

  private mutating func bookDividend(_ perUnit: Double, _ scheduled: ScheduledAction) -> Double {
    let amount = trading.account.bookDividend(
      perUnit, of: scheduled.instrument, payTime: scheduled.payTime)
    guard amount != 0 else { return 0 }
    if let payTime = scheduled.payTime {
      queue.schedule(at: payTime, .corporateAction, subject: Self.payment)
    } else {
      let entry = LedgerEntry(
        time: clock, kind: .dividend, amount: amount,
        instrument: InstrumentID(scheduled.instrument))
      log.record(trading.account.stamped(entry))
    }
    return amount
  }

  /// A future is closed and as many contracts of another are opened, by market orders that go live
  /// now and fill at the next open.
  private mutating func roll(_ scheduled: ScheduledAction) {
    let (old, new) = (scheduled.instrument, scheduled.successor)
    let held = trading.account.quantity(of: old)
    trading.broker.cancelAll(of: old, log: &log)
    guard held != 0, new >= 0 else { return }
    liquidate(Account.Liquidation(instrument: old, quantity: -held))
    trading.broker.place(roll: internalOrder(InstrumentID(new), quantity: held), log: &log)
  }

  /// Shares become shares of another instrument, worth the same at the mark; what is left of a lot
  /// is paid out at the mark.
  private mutating func exchange(_ scheduled: ScheduledAction, ratio: Double) {
    let (old, new) = (scheduled.instrument, scheduled.successor)
    trading.broker.delist(old, log: &log)
    let position = trading.account.positions[old]
    guard !position.isFlat else { return }
    closePosition(of: old, at: position.mark, isIntrabar: false)
    let units = feed.columns[new].roundedDownToLot(position.quantity * ratio)
    guard units != 0 else { return }
    let price = position.value / (position.quantity * ratio * trading.account.multiplier(of: new))
    trade(units, of: new, at: price, isIntrabar: false)
    // The new shares are valued at their own price.
    if let close = trading.broker.market.lastClose(of: new) {
      trading.account.mark(new, at: close)
    }
  }
}
