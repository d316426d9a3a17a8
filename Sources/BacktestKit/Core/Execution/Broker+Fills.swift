extension Broker {
  /// Trades one candidate as far as liquidity and buying power allow, and tells the account what
  /// it got.
  mutating func execute(
    _ candidate: MatchCandidate, at context: MatchContext, account: inout some BrokerAccount,
    log: inout RunLog
  ) {
    let live = book.pointer(to: candidate.slot)
    guard live.pointee.order.id == candidate.order else { return }
    let instrument = context.instrument
    var quantity = live.pointee.remaining
    if live.pointee.closesOnly {
      quantity = account.closingPart(of: quantity, in: instrument)
      if quantity == 0 { return }
    }
    if candidate.triggersStop { live.pointee.isTriggered = true }
    let available = liquidity(at: context)
    guard available > 0 else { return }
    account.mark(instrument, at: candidate.reference)

    if !live.pointee.sizing.isFixed {
      quantity = sizedQuantity(candidate, at: context, account: &account)
      guard quantity != 0 else { return end(candidate.slot, .filled, log: &log) }
      live.pointee.remaining = quantity
      // Prices since the decision may have turned its direction.
      live.pointee.order.quantity = quantity
      // A quantity found at its first match stays: the rest is no new target.
      live.pointee.sizing = .fixed
    }
    if abs(quantity) > available { quantity = quantity > 0 ? available : -available }

    let wanted = quantity
    var cost = cost(of: quantity, candidate, at: context)
    quantity = affordable(wanted, at: cost, candidate, at: context, account: &account)
    let isCut = quantity != wanted
    if isCut {
      if quantity == 0 || plan.shortfall == .reject {
        return refuse(candidate.slot, wanted, account: &account, log: &log)
      }
      cost = self.cost(of: quantity, candidate, at: context)
    }
    let remaining = live.pointee.remaining
    var rest = remaining - quantity
    if abs(rest) <= abs(remaining) * 1e-12 { rest = 0 }
    let units = abs(quantity)
    var fill = Fill(
      order: candidate.order, instrument: InstrumentID(instrument),
      isIntrabar: context.isIntrabar, time: context.time, row: context.rowNumber,
      quantity: quantity, reference: candidate.reference, price: cost.price,
      slippage: abs(cost.price - candidate.reference) * units * context.multiplier,
      commission: cost.commission)
    fill.completesOrder = rest == 0 && !isCut
    live.pointee.progress = cost.progress
    live.pointee.commissionPaid = cost.totalCommission
    live.pointee.remaining = rest
    let group = live.pointee.order.group
    if plan.countsVolume { book.take(units, instrument, row: fill.row) }
    account.book(fill, trades: &log.trades)
    log.fills.append(fill)
    if fill.completesOrder {
      book.remove(candidate.slot)
    } else if isCut {
      endCut(candidate.slot, log: &log)
    }
    if group != 0 { cancelGroup(group, except: candidate.order, log: &log) }
  }

  /// Refuses an order that buying power does not cover.
  @inline(never)
  private mutating func refuse(
    _ slot: Int, _ wanted: Double, account: inout some BrokerAccount, log: inout RunLog
  ) {
    let opensShort = !account.allowsShorts && wanted < 0
    end(slot, .rejected(opensShort ? .shortNotAllowed : .buyingPower), log: &log)
    log.counts.rejectedOrders += 1
  }

  /// Ends an order of which buying power covered a part.
  @inline(never)
  private mutating func endCut(_ slot: Int, log: inout RunLog) {
    log.counts.cutOrders += 1
    let filled = book[slot].filledQuantity
    log.record(book[slot].order.id, .cut(to: filled), at: market.clock, filled: filled)
    end(slot, .filled, log: &log)
  }

  /// Cancels what is left of a group of which one order has filled.
  @inline(never)
  private mutating func cancelGroup(_ group: Int32, except order: OrderID, log: inout RunLog) {
    for other in book.slots(ofGroup: group) where book[other].order.id != order {
      end(other, .cancelledByGroup, log: &log)
    }
  }
}
