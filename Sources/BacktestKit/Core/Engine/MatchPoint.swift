/// Where and when a match happens.
struct MatchPoint {
  var instrument: Int
  var row: Int32
  var bar: Bar
  /// The bar's open time at its open, else its close time.
  var time: Timestamp
  /// Whether it lies after the open.
  var isIntrabar: Bool
}

extension TradingContext {
  /// Trades one candidate as far as liquidity and buying power allow, and books what it got.
  mutating func execute(
    _ candidate: MatchCandidate, at point: MatchPoint, plan: ExecutionPlan, log: inout RunLog
  ) {
    let slot = candidate.slot
    guard book.holds(candidate.order, in: slot) else { return }
    let live = book[slot]
    let instrument = point.instrument
    let closing = account.positions[instrument].closingPart(of: live.remaining)
    if live.closesOnly, closing == 0 { return }
    if candidate.triggersStop { book[slot].isTriggered = true }
    let available = liquidity(at: point, plan: plan)
    guard available > 0 else { return }
    account.mark(instrument, at: candidate.reference)

    var quantity = live.closesOnly ? closing : live.remaining
    if case .fixed = live.sizing {
    } else {
      quantity = sizedQuantity(live, candidate, at: point, plan: plan)
      guard quantity != 0 else {
        close(slot, .filled, at: point.time, log: &log)
        return
      }
      book[slot].remaining = quantity
      // Prices since the decision may have turned its direction.
      book[slot].order.quantity = quantity
    }
    if abs(quantity) > available { quantity = quantity > 0 ? available : -available }

    let wanted = quantity
    quantity = affordable(wanted, of: live, candidate, at: point, plan: plan)
    let isCut = quantity != wanted
    if isCut, quantity == 0 || plan.rules.shortfall == .reject {
      let opensShort = account.rules.funding == .cash && wanted < 0
      close(
        slot, .rejected(opensShort ? .shortNotAllowed : .buyingPower), at: point.time, log: &log)
      log.counts.rejectedOrders += 1
      return
    }
    fill(slot, quantity, candidate, at: point, plan: plan, log: &log)
    if isCut {
      log.counts.cutOrders += 1
      let filled = book[slot].filledQuantity
      log.record(candidate.order, .cut(to: filled), at: point.time, filled: filled)
    }
    settle(slot, candidate.order, quantity, isCut: isCut, at: point, log: &log)
  }

  /// Ends an order: its outcome is written down and its slot freed.
  mutating func close(
    _ slot: Int, _ outcome: OrderOutcome.Kind, at time: Timestamp, log: inout RunLog
  ) {
    let live = book[slot]
    log.record(live.order.id, outcome, at: time, filled: live.filledQuantity)
    book.remove(slot)
  }

  /// After a fill: the rest of the order waits or the order ends, and its group is cancelled.
  private mutating func settle(
    _ slot: Int, _ order: OrderID, _ quantity: Double, isCut: Bool, at point: MatchPoint,
    log: inout RunLog
  ) {
    let group = book[slot].order.group
    var rest = book[slot].remaining - quantity
    if abs(rest) <= abs(book[slot].remaining) * 1e-12 { rest = 0 }
    book[slot].remaining = rest
    if case .fixed = book[slot].sizing {
    } else {
      // A quantity found at its first match stays: the rest is no new target.
      book[slot].sizing = .fixed
    }
    if rest == 0 || isCut { close(slot, .filled, at: point.time, log: &log) }
    guard group != 0 else { return }
    for other in book.slots(ofGroup: group) where book[other].order.id != order {
      close(other, .cancelledByGroup, at: point.time, log: &log)
    }
  }

  /// Books one fill of an order.
  private mutating func fill(
    _ slot: Int, _ quantity: Double, _ candidate: MatchCandidate, at point: MatchPoint,
    plan: ExecutionPlan, log: inout RunLog
  ) {
    let live = book[slot]
    let price = self.price(quantity, of: live, candidate, at: point, plan: plan)
    let multiplier = account.positions[point.instrument].multiplier
    let units = abs(quantity)
    var progress = live.progress
    progress.quantity += units
    progress.notional += units * price * multiplier
    progress.fillCount += 1
    let total = plan.rules.commission.total(for: progress)
    let fill = Fill(
      order: candidate.order, instrument: InstrumentID(point.instrument),
      isIntrabar: point.isIntrabar, time: point.time, row: point.row, quantity: quantity,
      reference: candidate.reference, price: price,
      slippage: abs(price - candidate.reference) * units * multiplier,
      commission: total - live.commissionPaid)
    book[slot].progress = progress
    book[slot].commissionPaid = total
    book.take(units, point.instrument, row: point.row)
    if let trade = account.apply(fill) { log.trades.append(trade) }
    log.fills.append(fill)
    log.ledger.append(
      LedgerEntry(
        time: fill.time, kind: .trade, amount: -quantity * price * multiplier,
        instrument: fill.instrument, order: fill.order))
    if fill.commission != 0 {
      log.ledger.append(
        LedgerEntry(
          time: fill.time, kind: .commission, amount: -fill.commission,
          instrument: fill.instrument, order: fill.order))
    }
    account.checkInvariants()
  }
}
