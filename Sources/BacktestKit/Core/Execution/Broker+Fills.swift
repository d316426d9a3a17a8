/// The money for a trade, and how large the trade may be.
private struct TradeBudget {
  /// What may be spent on what the trade opens and on the costs of all of it.
  var money: Double
  /// By how much rounding may exceed it.
  var tolerance: Double
  /// The most units to open, signed as the trade.
  var limit: Double
  /// Units that the same trade closes, signed as the trade.
  var closing: Double
  /// Whether it is a target's money, out of which a sale pays its slippage as a purchase does.
  var isTarget = false

  /// The trade that opens so many units.
  func trade(_ units: Double) -> Double { closing + (limit < 0 ? -units : units) }
}

extension SeriesColumns {
  /// Whether a cut quantity is more than what rounding leaves of another one. Where there are lots,
  /// every lot is.
  func isWorthTrading(_ kept: Double, of wanted: Double) -> Bool {
    lotSize.isNaN ? kept > abs(wanted) * 1e-9 : kept > 0
  }

  /// What is kept of an order to open of which buying power covers so much.
  ///
  /// Rounding must not cost a lot. Where there are none, it must not add to the `exact` units what
  /// the check at the fill would cut again.
  func kept(_ covered: Double, _ exact: Double, of wanted: Double) -> Double {
    let kept = lotSize.isNaN ? min(covered, exact) : roundedDownToLot(covered)
    return isWorthTrading(kept, of: wanted) ? kept : 0
  }
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
    // What rounding leaves of a volume that is taken is none.
    guard left > taken * 1e-12 else { return 0 }
    return context.series.pointee.roundedDownToLot(left)
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
          quantityFilledBefore: book[candidate.slot].progress.quantity,
          returnDeviation: book[candidate.slot].returnDeviation,
          meanVolume: book[candidate.slot].meanVolume,
          spread: book[candidate.slot].spread,
          barsPerSession: plan.barsPerSession(of: context.instrument)),
        of: context.instrument)
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

  /// What a trade of so many units costs: its price and the charges that it adds to its order.
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
    let charges = charges(on: progress, isBuy: quantity > 0, candidate, at: context)
    return TradeCost(
      price: price, unitPrice: price * multiplier, progress: progress,
      totalCommission: charges.totalCommission,
      commission: charges.totalCommission - book[candidate.slot].commissionPaid, tax: charges.tax,
      conversion: abs(quantity) * price * multiplier * context.conversion)
  }

  /// What a trade costs beyond the units that it opens: its commission, tax and conversion, and the
  /// slippage of the part that closes what is held.
  @inline(__always)
  private func costsBeside(
    _ cost: TradeCost, closing: Double, _ candidate: MatchCandidate, at context: MatchContext
  ) -> Double {
    let slippage = abs(cost.unitPrice - candidate.reference * context.multiplier)
    return cost.commission + cost.tax + cost.conversion + abs(closing) * slippage
  }

  /// What a budget spends on each unit that a trade opens.
  @inline(__always)
  private func openingPrice(
    _ cost: TradeCost, _ budget: TradeBudget, _ candidate: MatchCandidate, at context: MatchContext
  ) -> Double {
    guard budget.isTarget, budget.limit < 0 else { return cost.unitPrice }
    return 2 * candidate.reference * context.multiplier - cost.unitPrice
  }

  /// Whether a budget pays for so many units with all costs.
  private func covers(
    _ units: Double, _ budget: TradeBudget, _ candidate: MatchCandidate, at context: MatchContext
  ) -> Bool {
    let cost = cost(of: budget.trade(units), candidate, at: context)
    let beside = costsBeside(cost, closing: budget.closing, candidate, at: context)
    let unitPrice = openingPrice(cost, budget, candidate, at: context)
    return units * unitPrice + beside <= budget.money + budget.tolerance
  }

  /// The most units that a budget pays for with all costs, rounded by `round`.
  ///
  /// Each round of a first attempt spends the money less the other costs of the round before at its
  /// price. Where costs grow slowly with the quantity, a few rounds reach the last digit. Where
  /// they are steep, or jump at a tick, the rounds never settle, and bisection finds the quantity.
  /// Nothing is returned that was not checked.
  @inline(never)
  private func units(
    for budget: TradeBudget, _ candidate: MatchCandidate, at context: MatchContext,
    round: (Double) -> Double
  ) -> Double {
    guard budget.money > 0 else { return 0 }
    var units = abs(budget.limit)
    for _ in 0..<64 {
      // No units at all would have no side, and be priced as a sale.
      let trade = budget.trade(max(units, .leastNormalMagnitude))
      let cost = cost(of: trade, candidate, at: context)
      let beside = costsBeside(cost, closing: budget.closing, candidate, at: context)
      let next = max(
        0, (budget.money - beside) / openingPrice(cost, budget, candidate, at: context))
      guard abs(next - units) > units * 1e-15 else {
        let settled = round(next)
        let isChecked = settled == 0 || covers(settled, budget, candidate, at: context)
        if isChecked { return settled }
        break
      }
      units = next
    }
    return bisect(budget, candidate, at: context, round: round)
  }

  /// The most units that a budget pays for: what costs more than it has is never made cheaper by
  /// trading more.
  private func bisect(
    _ budget: TradeBudget, _ candidate: MatchCandidate, at context: MatchContext,
    round: (Double) -> Double
  ) -> Double {
    var (covered, tooMany) = (0.0, round(abs(budget.limit)))
    if covers(tooMany, budget, candidate, at: context) { return tooMany }
    // Rounding may cost a lot, but where there are none it has nothing to give.
    var budget = budget
    if context.series.pointee.lotSize.isNaN { budget.tolerance = 0 }
    // Far more halvings than a number has digits: beyond them only noise is left.
    for _ in 0..<128 where tooMany - covered > tooMany * 1e-15 {
      let middle = round(covered + (tooMany - covered) / 2)
      guard middle > covered else { break }
      if covers(middle, budget, candidate, at: context) {
        covered = middle
      } else {
        tooMany = middle
      }
    }
    return covered
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
    if abs(opening) <= abs(quantity) * 1e-12 { return closing }
    if opening < 0, !account.allowsShorts || !account.canBorrow(context.instrument) {
      return closing
    }
    let freed = abs(closing) * candidate.reference * context.multiplier
    let need =
      abs(opening) * cost.unitPrice
      + costsBeside(cost, closing: closing, candidate, at: context)
    if account.certainlyCovers(need, freed: freed) { return quantity }
    let worth = account.valuation
    // What closing one side frees opens as much of the other as their requirements allow.
    let isLong = opening > 0
    let power =
      (account.power(of: worth)
        + freed
        * account.requirement(
          of: context.instrument, isLong: !isLong, at: candidate.reference))
      / account.requirement(of: context.instrument, isLong: isLong, at: candidate.reference)
    // A full weight sized to the last cent must not be cut for the rounding of that cent.
    let tolerance = abs(worth.equity) * 1e-12
    guard need > power + tolerance else { return quantity }
    // By the same measure, what is left of a cent buys nothing.
    guard power > tolerance else { return closing }
    let series = context.series
    let budget = TradeBudget(
      money: power, tolerance: tolerance, limit: opening, closing: closing)
    let kept = units(for: budget, candidate, at: context) {
      series.pointee.roundedDownToLot(min($0, abs(opening)))
    }
    guard series.pointee.isWorthTrading(kept, of: opening) else { return closing }
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
    let unit = candidate.reference * position.multiplier
    // A reversal pays for its closing part, too, out of the target's money.
    let isReversal = position.quantity != 0 && (goal > 0) != (position.quantity > 0)
    let money = isReversal ? goal : goal - position.value
    let kept = isReversal ? 0 : position.quantity
    var change = abs(money) / unit
    if kept == 0 || (money > 0) == (kept > 0) {
      let budget = TradeBudget(
        money: abs(money), tolerance: abs(money) * 1e-12, limit: money / unit,
        closing: kept - position.quantity, isTarget: true)
      change = units(for: budget, candidate, at: context, round: \.self)
    }
    let target = context.series.pointee.roundedDownToLot(kept + (money < 0 ? -change : change))
    let quantity = target - position.quantity
    return abs(quantity) > abs(position.quantity) * 1e-12 ? quantity : 0
  }
}
