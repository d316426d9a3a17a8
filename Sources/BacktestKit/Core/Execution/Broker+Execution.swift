extension Broker {
  /// Trades one candidate as far as liquidity and buying power allow, and tells the account what
  /// it got.
  mutating func execute(
    _ candidate: MatchCandidate, at context: MatchContext, account: inout some BrokerAccount,
    log: inout RunLog
  ) {
    let live = book.pointer(to: candidate.slot)
    guard live.pointee.order.assignedID == candidate.order, !live.pointee.isAsleep else { return }
    let instrument = context.instrument
    var quantity = live.pointee.remaining
    if live.pointee.closesOnly {
      quantity = account.closingPart(of: live.pointee.releasedQuantity, in: instrument)
      if quantity == 0 { return }
    }
    if candidate.triggers { trigger(candidate, live, log: &log) }
    let isImmediate = live.pointee.order.timeInForce.isImmediate
    if !candidate.armsOnly {
      trade(candidate, quantity, at: context, account: &account, log: &log)
    }
    // An order that was triggered has had its moment.
    if isImmediate, candidate.triggers, book.holds(candidate.order, in: candidate.slot) {
      end(candidate.slot, .expired, log: &log)
    }
  }

  /// Notes that an order's trigger is reached.
  @inline(__always)
  private func trigger(
    _ candidate: MatchCandidate, _ live: UnsafeMutablePointer<LiveOrder>, log: inout RunLog
  ) {
    live.pointee.wasTriggered = true
    if case .stopIfTouched(_, let stop) = live.pointee.order.kind {
      // The touch makes it a stop order, with its own trigger.
      live.pointee.order.kind = .stop(stop)
      live.pointee.isTriggered = !candidate.armsOnly
    } else {
      live.pointee.isTriggered = true
    }
    log.record(
      OrderEvent(
        order: candidate.order, time: market.clock, kind: .triggered,
        quantity: live.pointee.filledQuantity))
  }

  /// Trades so many units of a candidate, as far as liquidity and buying power allow.
  private mutating func trade(
    _ candidate: MatchCandidate, _ asked: Double, at context: MatchContext,
    account: inout some BrokerAccount, log: inout RunLog
  ) {
    let live = book.pointer(to: candidate.slot)
    let instrument = context.instrument
    var quantity = asked
    let available = liquidity(at: context)
    guard available > 0 else { return }
    // An order that does not trade leaves the marks alone.
    let markBefore = account.mark(of: instrument)
    account.mark(instrument, at: candidate.reference)
    if !live.pointee.sizing.isFixed {
      quantity = sizedQuantity(candidate, at: context, account: &account)
      guard quantity != 0 else {
        account.mark(instrument, at: markBefore)
        return endUnsized(candidate.slot, isFlat: account.quantity(of: instrument) == 0, log: &log)
      }
      live.pointee.remaining = quantity
      // Prices since the decision may have turned its direction.
      live.pointee.order.quantity = quantity
      // A quantity found at its first match stays: the rest is no new target.
      live.pointee.sizing = .fixed
    }
    let fillsWhole = live.pointee.order.timeInForce == .fillOrKill
    if fillsWhole, abs(quantity) < abs(live.pointee.remaining) || abs(quantity) > available {
      return account.mark(instrument, at: markBefore)
    }
    if abs(quantity) > available { quantity = quantity > 0 ? available : -available }
    let wanted = quantity
    var cost = cost(of: quantity, candidate, at: context)
    quantity = affordable(wanted, at: cost, candidate, at: context, account: &account)
    // What rounding has added to a full exit opens nothing, and is no cut.
    let isCut = abs(quantity - wanted) > abs(wanted) * 1e-12
    if isCut, quantity == 0 || plan.shortfall == .reject || fillsWhole {
      account.mark(instrument, at: markBefore)
      return refuse(candidate.slot, wanted, account: &account, log: &log)
    }
    if quantity != wanted { cost = self.cost(of: quantity, candidate, at: context) }
    guard cost.progress.notional < .infinity else {
      account.mark(instrument, at: markBefore)
      return reject(candidate.slot, .overflow, log: &log)
    }
    var rest = live.pointee.remaining - quantity
    if abs(rest) <= abs(live.pointee.remaining) * 1e-12 { rest = 0 }
    var fill = fill(of: candidate, quantity, at: cost, in: context)
    fill.completesOrder = rest == 0 && !isCut
    if plan.followsFees { bookFees(cost, candidate, at: context) }
    live.pointee.progress = cost.progress
    live.pointee.commissionPaid = cost.totalCommission
    live.pointee.remaining = rest
    if attachesExits {
      settleFollowed(fill, cost, candidate, isCut: isCut, at: context, account: &account, log: &log)
    } else {
      settle(fill, cost, candidate, isCut: isCut, at: context, account: &account, log: &log)
    }
  }

  /// Books a fill, and lets the exits of the run follow the position that it makes.
  @inline(never)
  private mutating func settleFollowed(
    _ fill: Fill, _ cost: TradeCost, _ candidate: MatchCandidate, isCut: Bool,
    at context: MatchContext, account: inout some BrokerAccount, log: inout RunLog
  ) {
    let change = change(of: book[candidate.slot], by: fill, at: context)
    settle(fill, cost, candidate, isCut: isCut, at: context, account: &account, log: &log)
    followPosition(change, account: &account, log: &log)
  }

  /// Books a fill and ends its order, if it is complete, and those that it cancels.
  @inline(__always)
  private mutating func settle(
    _ fill: Fill, _ cost: TradeCost, _ candidate: MatchCandidate, isCut: Bool,
    at context: MatchContext, account: inout some BrokerAccount, log: inout RunLog
  ) {
    let instrument = context.instrument
    let live = book.pointer(to: candidate.slot)
    let group = live.pointee.order.group == 0 ? nil : live.pointee.order
    if live.pointee.hasExits { release(candidate.slot, fill, at: context) }
    if plan.countsVolume { book.take(abs(fill.quantity), instrument, row: fill.row) }
    account.book(fill, conversionCost: cost.conversion, trades: &log.trades)
    log.fills.append(fill)
    if account.hasCurrencies {
      log.conversions.append(account.conversion(of: instrument, cost: cost.conversion))
    }
    if fill.completesOrder {
      book.remove(candidate.slot)
    } else if isCut {
      let reason = shortage(of: instrument, isSale: fill.quantity < 0, account: account)
      endCut(candidate.slot, reason, log: &log)
    }
    if let group { answerRelatives(of: group, by: abs(fill.quantity), log: &log) }
  }

  /// What a fill does to a position, as its exits see it.
  private func change(
    of live: LiveOrder, by fill: Fill, at context: MatchContext
  ) -> PositionChange {
    let isInside = context.isIntrabar && !context.isAtClose
    return PositionChange(
      instrument: context.instrument, reference: fill.reference,
      knownRow: context.isAtClose ? context.row : context.row - 1,
      // Inside a bar, what follows the entry on the path counts.
      time: isInside ? context.bar.openTime : market.clock, isInside: isInside,
      isAtClose: context.isAtClose,
      cause: PositionChange.Cause(
        order: live.order, fill: fill, place: Int(live.targetPlace),
        returnDeviation: live.returnDeviation, meanVolume: live.meanVolume,
        spread: live.spread))
  }

  @inline(__always)
  private func fill(
    of candidate: MatchCandidate, _ quantity: Double, at cost: TradeCost, in context: MatchContext
  ) -> Fill {
    Fill(
      order: candidate.order, instrument: InstrumentID(context.instrument),
      isIntrabar: context.isIntrabar, time: context.time, row: context.rowNumber,
      quantity: quantity, reference: candidate.reference, price: cost.price,
      slippage: abs(cost.price - candidate.reference) * abs(quantity) * context.multiplier,
      commission: cost.commission, tax: cost.tax)
  }

  /// Refuses an order that buying power does not cover.
  @inline(never)
  private mutating func refuse(
    _ slot: Int, _ wanted: Double, account: inout some BrokerAccount, log: inout RunLog
  ) {
    let instrument = Int(book[slot].order.instrument.index)
    reject(slot, shortage(of: instrument, isSale: wanted <= 0, account: account), log: &log)
  }

  /// What an order lacks that cannot open all it would.
  @inline(never)
  func shortage(
    of instrument: Int, isSale: Bool, account: some BrokerAccount
  ) -> RejectionReason {
    if !isSale { return .buyingPower }
    if !account.allowsShorts { return .shortNotAllowed }
    return account.canBorrow(instrument) ? .buyingPower : .noShares
  }

  /// Ends an order with the reason for which it is refused.
  @inline(never)
  mutating func reject(_ slot: Int, _ reason: RejectionReason, log: inout RunLog) {
    end(slot, .rejected(reason), log: &log)
    log.counts.rejectedOrders += 1
  }

  /// Ends an order whose target asks for no trade at the match: the position is there already, or
  /// the target is less than a lot.
  @inline(never)
  private mutating func endUnsized(_ slot: Int, isFlat: Bool, log: inout RunLog) {
    let isClosing =
      switch book[slot].sizing {
      case .weight(let goal), .value(let goal): goal == 0
      case .fixed: false
      }
    if isFlat, !isClosing { return reject(slot, .noQuantity, log: &log) }
    end(slot, .filled, log: &log)
  }

  /// An order on which others depend has filled, in part or whole: its exits may close as much, and
  /// what it triggers begins once it is filled whole.
  @inline(never)
  private mutating func release(_ parent: Int, _ fill: Fill, at context: MatchContext) {
    let order = book[parent].order.assignedID
    let filled = book[parent].progress.quantity
    var slot = book.firstRelative(ofParent: order)
    while slot >= 0 {
      if book[slot].order.parent == order {
        let isFirst = book[slot].isAsleep
        if book[slot].startsWithParent {
          if fill.completesOrder { begin(slot, behind: fill) }
        } else {
          book[slot].entryFilled = filled
        }
        if isFirst, book[slot].order.kind.trail != nil, !book[slot].startsWithParent {
          book[slot].bestPrice = fill.reference
          book[slot].wokeInside = context.isIntrabar && !context.isAtClose
        }
      }
      slot = book.slot(relatedAfter: slot)
    }
  }

  /// Makes an order live that waited for another one to fill.
  private mutating func begin(_ slot: Int, behind fill: Fill) {
    book[slot].entryFilled = .infinity
    if book[slot].isLive { book[slot].liveSince = market.clock }
    guard book[slot].order.kind.trail != nil else { return }
    let instrument = book[slot].order.instrument
    book[slot].bestPrice =
      instrument == fill.instrument
      ? fill.reference : market.lastClose(of: Int(instrument.index)) ?? .nan
  }

  /// Ends an order of which a part was covered.
  @inline(never)
  private mutating func endCut(_ slot: Int, _ reason: RejectionReason, log: inout RunLog) {
    if !book[slot].wasCut { log.counts.addCut(reason) }
    let filled = book[slot].filledQuantity
    log.record(book[slot].id, .cut(to: filled), at: market.clock, filled: filled)
    end(slot, .filled, log: &log)
  }

  /// Cancels the others of a group of which one has filled, or makes them smaller.
  @inline(__always)
  private mutating func answerRelatives(
    of order: Order, by units: Double, log: inout RunLog
  ) {
    if order.reducesGroup {
      reduceRelatives(of: order, by: units, log: &log)
    } else {
      cancelRelatives(of: order, log: &log)
    }
  }

  /// Makes the other exits of an entry smaller by what one of them has closed, down to what they
  /// can still have to close; those with nothing left end.
  @inline(never)
  private mutating func reduceRelatives(
    of relative: Order, by units: Double, log: inout RunLog
  ) {
    let entry = book.slot(of: relative.parent).map {
      abs(book[$0].remaining) + book[$0].progress.quantity
    }
    var slot = book.firstRelative(of: relative)
    while slot >= 0 {
      let next = book.slot(relatedAfter: slot)
      defer { slot = next }
      guard book[slot].order.group == relative.group, book[slot].id != relative.assignedID else {
        continue
      }
      book[slot].closedByGroup += units
      let live = book[slot]
      let closed = live.closedByGroup + live.progress.quantity
      let left = (entry ?? live.entryFilled) - closed
      if left <= closed * 1e-12 {
        end(slot, .cancelledByGroup, log: &log)
      } else if abs(live.remaining) > left * (1 + 1e-12) {
        book[slot].remaining = live.remaining < 0 ? -left : left
        book[slot].order.quantity = book[slot].remaining + live.filledQuantity
        noteAcceptance(slot, log: &log)
        log.record(
          OrderEvent(
            order: live.id, time: market.clock, kind: .modified,
            quantity: book[slot].order.quantity, price: live.order.kind.price))
      }
    }
  }

  /// Cancels what is left of a group of which one order has filled.
  @inline(never)
  private mutating func cancelRelatives(of relative: Order, log: inout RunLog) {
    var slot = book.firstRelative(of: relative)
    while slot >= 0 {
      if book[slot].order.group == relative.group, book[slot].id != relative.assignedID {
        end(slot, .cancelledByGroup, log: &log)
        // It may have taken others along.
        slot = book.firstRelative(of: relative)
      } else {
        slot = book.slot(relatedAfter: slot)
      }
    }
  }
}
