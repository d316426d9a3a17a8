extension TradingContext {
  /// Units that the bar still has for our orders, down to the lot; infinite without a limit.
  func liquidity(at point: MatchPoint, plan: ExecutionPlan) -> Double {
    guard let participation = plan.rules.participation, !point.bar.volume.isNaN else {
      return .infinity
    }
    let taken = book.quantityTaken(point.instrument, row: point.row)
    let left = participation * point.bar.volume - taken
    return max(0, feed.columns[point.instrument].roundedDownToLot(left))
  }

  /// The price of a trade: the reference moved by slippage, rounded to the tick against the
  /// trader; a limit order never trades worse than its limit.
  func price(
    _ quantity: Double, of live: LiveOrder, _ candidate: MatchCandidate, at point: MatchPoint,
    plan: ExecutionPlan
  ) -> Double {
    let isBuy = quantity > 0
    var price = candidate.reference
    if candidate.paysSlippage {
      let trade = ProspectiveTrade(
        quantity: abs(quantity), reference: price, bar: point.bar,
        quantityTakenBefore: book.quantityTaken(point.instrument, row: point.row),
        returnDeviation: live.returnDeviation, meanVolume: live.meanVolume)
      let fraction = plan.rules.slippage.fraction(for: trade)
      // However bad the trade, nobody pays to be rid of what they sell.
      price *= isBuy ? 1 + fraction : max(0, 1 - fraction)
    }
    let tick = feed.columns[point.instrument].tickSize
    if !tick.isNaN {
      let steps = price / tick
      price =
        tick * (isBuy ? (steps * (1 - 1e-12)).rounded(.up) : (steps * (1 + 1e-12)).rounded(.down))
    }
    if let limit = candidate.limit { price = isBuy ? min(price, limit) : max(price, limit) }
    return price
  }

  /// What a trade of so many units costs: its price and the commission that it adds to its order.
  private func cost(
    _ quantity: Double, of live: LiveOrder, _ candidate: MatchCandidate, at point: MatchPoint,
    plan: ExecutionPlan
  ) -> (unitPrice: Double, commission: Double) {
    let multiplier = account.positions[point.instrument].multiplier
    let unitPrice =
      price(quantity, of: live, candidate, at: point, plan: plan) * multiplier
    var progress = live.progress
    progress.quantity += abs(quantity)
    progress.notional += abs(quantity) * unitPrice
    progress.fillCount += 1
    return (unitPrice, plan.rules.commission.total(for: progress) - live.commissionPaid)
  }

  /// The most units, up to `quantity`, that so much money buys with all costs.
  ///
  /// Each round spends the money less the commission of the round before at its price; both models
  /// grow slowly with the quantity, so that a few rounds reach the last digit.
  private func units(
    for money: Double, upTo quantity: Double, of live: LiveOrder, _ candidate: MatchCandidate,
    at point: MatchPoint, plan: ExecutionPlan
  ) -> Double {
    let direction = quantity < 0 ? -1.0 : 1.0
    var units = abs(quantity)
    for _ in 0..<64 {
      let (unitPrice, commission) = cost(
        direction * units, of: live, candidate, at: point, plan: plan)
      let next = max(0, (money - commission) / unitPrice)
      guard abs(next - units) > units * 1e-15 else { return next }
      units = next
    }
    return units
  }

  /// The part of a trade that the account can carry: what closes, and what opens as far as buying
  /// power covers its price and commission, down to the lot.
  func affordable(
    _ quantity: Double, of live: LiveOrder, _ candidate: MatchCandidate, at point: MatchPoint,
    plan: ExecutionPlan
  ) -> Double {
    let position = account.positions[point.instrument]
    let closing = position.closingPart(of: quantity)
    let opening = quantity - closing
    guard opening != 0 else { return quantity }
    if account.rules.funding == .cash, opening < 0 { return closing }
    let (equity, gross) = account.valuation
    let freed = abs(closing) * candidate.reference * position.multiplier
    let power = equity * account.rules.funding.leverage - gross + freed
    let (unitPrice, commission) = cost(
      quantity, of: live, candidate, at: point, plan: plan)
    // A full weight sized to the last cent must not be cut for the rounding of that cent.
    guard abs(opening) * unitPrice + commission > power + abs(equity) * 1e-12 else {
      return quantity
    }
    let units = units(
      for: power, upTo: opening, of: live, candidate, at: point, plan: plan)
    let kept = feed.columns[point.instrument].roundedDownToLot(min(units, abs(opening)))
    return closing + (opening < 0 ? -kept : kept)
  }

  /// The units that bring the position to its target with the equity and price of this moment,
  /// costs included.
  func sizedQuantity(
    _ live: LiveOrder, _ candidate: MatchCandidate, at point: MatchPoint, plan: ExecutionPlan
  ) -> Double {
    let position = account.positions[point.instrument]
    let goal: Double
    switch live.sizing {
    case .fixed: return live.remaining
    case .weight(let weight): goal = weight * account.equity
    case .value(let value): goal = value
    }
    guard goal != 0 else { return -position.quantity }
    let money = goal - position.value
    let unit = candidate.reference * position.multiplier
    let grows = position.quantity == 0 || (money > 0) == (position.quantity > 0)
    let change =
      grows
      ? units(
        for: abs(money), upTo: money / unit, of: live, candidate, at: point, plan: plan)
      : abs(money) / unit
    let target = feed.columns[point.instrument].roundedDownToLot(
      position.quantity + (money < 0 ? -change : change))
    return target - position.quantity
  }
}
