/// What a trade of so many units costs.
struct TradeCost: BitwiseCopyable {
  /// The price, slippage included.
  var price: Double
  /// The price of a unit in account currency.
  var unitPrice: Double
  /// What the order has traded with it.
  var progress: OrderProgress
  /// The commission of the order with it, and what it adds.
  var totalCommission: Double
  var commission: Double
}

extension Broker {
  /// Units that the bar still has for our orders, down to the lot; infinite without a limit.
  @inline(__always)
  func liquidity(at context: MatchContext) -> Double {
    guard let participation = plan.participation else { return .infinity }
    let volume = context.series.pointee.volume[context.row]
    guard !volume.isNaN else { return .infinity }
    let taken = book.quantityTaken(context.instrument, row: context.rowNumber)
    let left = participation * volume - taken
    return max(0, context.series.pointee.roundedDownToLot(left))
  }

  /// The price of a trade: the reference moved by slippage, rounded to the tick against the
  /// trader; a limit order never trades worse than its limit.
  @inline(__always)
  private func price(
    _ quantity: Double, _ candidate: MatchCandidate, at context: MatchContext
  ) -> Double {
    let isBuy = quantity > 0
    var price = candidate.reference
    if candidate.paysSlippage {
      let fraction = plan.slippage(
        for: ProspectiveTrade(
          quantity: abs(quantity), reference: price, bar: context.bar,
          quantityTakenBefore: book.quantityTaken(context.instrument, row: context.rowNumber),
          returnDeviation: book[candidate.slot].returnDeviation,
          meanVolume: book[candidate.slot].meanVolume))
      // However bad the trade, nobody pays to be rid of what they sell.
      price *= isBuy ? 1 + fraction : max(0, 1 - fraction)
    }
    let tick = context.tick
    if !tick.isNaN {
      let steps = price / tick
      price =
        tick * (isBuy ? (steps * (1 - 1e-12)).rounded(.up) : (steps * (1 + 1e-12)).rounded(.down))
    }
    if let limit = candidate.limit { price = isBuy ? min(price, limit) : max(price, limit) }
    return price
  }

  /// What a trade of so many units costs: its price and the commission that it adds to its order.
  @inline(__always)
  func cost(
    of quantity: Double, _ candidate: MatchCandidate, at context: MatchContext
  ) -> TradeCost {
    let multiplier = context.multiplier
    let price = price(quantity, candidate, at: context)
    var progress = book[candidate.slot].progress
    progress.quantity += abs(quantity)
    progress.notional += abs(quantity) * price * multiplier
    progress.fillCount += 1
    let total = plan.commission(on: progress)
    return TradeCost(
      price: price, unitPrice: price * multiplier, progress: progress, totalCommission: total,
      commission: total - book[candidate.slot].commissionPaid)
  }

  /// The most units, up to `quantity`, that so much money buys with all costs.
  ///
  /// Each round spends the money less the commission of the round before at its price; both models
  /// grow slowly with the quantity, so that a few rounds reach the last digit.
  @inline(never)
  private func units(
    for money: Double, upTo quantity: Double, _ candidate: MatchCandidate, at context: MatchContext
  ) -> Double {
    let direction = quantity < 0 ? -1.0 : 1.0
    var units = abs(quantity)
    for _ in 0..<64 {
      let cost = cost(of: direction * units, candidate, at: context)
      let next = max(0, (money - cost.commission) / cost.unitPrice)
      guard abs(next - units) > units * 1e-15 else { return next }
      units = next
    }
    return units
  }

  /// The part of a trade that the account can carry: what closes, and what opens as far as buying
  /// power covers its price and commission, down to the lot.
  @inline(__always)
  func affordable(
    _ quantity: Double, at cost: TradeCost, _ candidate: MatchCandidate, at context: MatchContext,
    account: inout some BrokerAccount
  ) -> Double {
    let closing = account.closingPart(of: quantity, in: context.instrument)
    let opening = quantity - closing
    guard opening != 0 else { return quantity }
    if !account.allowsShorts, opening < 0 { return closing }
    let freed = abs(closing) * candidate.reference * context.multiplier
    let need = abs(opening) * cost.unitPrice + cost.commission
    if account.certainlyCovers(need, freed: freed) { return quantity }
    let worth = account.valuation
    let power = worth.equity * account.leverage - worth.grossExposure + freed
    // A full weight sized to the last cent must not be cut for the rounding of that cent.
    guard need > power + abs(worth.equity) * 1e-12 else { return quantity }
    let units = units(for: power, upTo: opening, candidate, at: context)
    let kept = context.series.pointee.roundedDownToLot(min(units, abs(opening)))
    return closing + (opening < 0 ? -kept : kept)
  }

  /// The units that bring the position to its target with the equity and price of this moment,
  /// costs included.
  @inline(never)
  func sizedQuantity(
    _ candidate: MatchCandidate, at context: MatchContext, account: inout some BrokerAccount
  ) -> Double {
    let position = account.position(of: context.instrument)
    let goal: Double
    switch book[candidate.slot].sizing {
    case .fixed: return book[candidate.slot].remaining
    case .weight(let weight): goal = weight * account.valuation.equity
    case .value(let value): goal = value
    }
    guard goal != 0 else { return -position.quantity }
    let money = goal - position.value
    let unit = candidate.reference * position.multiplier
    let grows = position.quantity == 0 || (money > 0) == (position.quantity > 0)
    let change =
      grows
      ? units(for: abs(money), upTo: money / unit, candidate, at: context)
      : abs(money) / unit
    let target = context.series.pointee.roundedDownToLot(
      position.quantity + (money < 0 ? -change : change))
    return target - position.quantity
  }
}

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
