import BacktestCore

// MARK: - What the account is worth

extension MarketSimulator {
  /// Cash and all positions at their marks.
  var equity: Double {
    var sum = cash + pending.reduce(0) { $0 + $1.amount * rate($1.instrument) }
    for i in quantities.indices { sum += worth(i) }
    return sum
  }

  var grossExposure: Double {
    var sum = 0.0
    for i in quantities.indices { sum += abs(quantities[i] * marks[i]) * unitMoney(i) }
    return sum
  }

  /// How far sums of money are uncertain.
  var rounding: Double { abs(equity) * 1e-12 }

  /// How much an exit can close now: what is held, and of what its entry got what is left.
  func reducible(_ order: SimulatedOrder) -> Double {
    let closing = closingPart(of: order.remaining, order.instrument)
    guard order.parent > 0, !order.isOther else { return closing }
    let left = abs(orders[order.parent - 1].filled) - closedUnits(order)
    return isNothing(left, of: abs(order.filled)) ? 0 : min(closing, left)
  }

  /// What an exit has closed, on a ladder together with the others.
  private func closedUnits(_ order: SimulatedOrder) -> Double {
    guard order.isOfLadder else { return abs(order.filled) }
    return orders.filter { $0.group == order.group }.reduce(0) { $0 + abs($1.filled) }
  }

  /// On a ladder no order is for more than the entry can still give the exits.
  private mutating func shrinkLadder(behind index: Int) {
    let entry = orders[orders[index].parent - 1]
    let most = entry.hasEnded ? abs(entry.filled) : abs(entry.wanted)
    for other in orders.indices
    where other != index && orders[other].group == orders[index].group && !orders[other].hasEnded {
      let left = most - closedUnits(orders[other])
      if isNothing(left, of: most) {
        end(other, .cancelledByGroup)
      } else if abs(orders[other].remaining) > left * (1 + 1e-12) {
        orders[other].wanted = orders[other].filled + (orders[other].isBuy ? left : -left)
        step(other, "modified", orders[other].wanted)
      }
    }
  }

  /// How much of a trade closes what is held, positive.
  func closingPart(of trade: Double, _ instrument: Int) -> Double {
    let held = quantities[instrument]
    return held * trade < 0 ? min(abs(held), abs(trade)) : 0
  }
}

// MARK: - One trade (part 6)

extension MarketSimulator {
  /// Trades an order at a reference price as far as position, liquidity and buying power allow;
  /// returns the units traded, positive.
  @discardableResult
  mutating func trade(
    _ index: Int, _ row: Int, at reference: Double, isIntrabar: Bool, isAtClose: Bool = false
  ) -> Double {
    if isAsleep(orders[index]) { return 0 }
    if orders[index].reduceOnly, reducible(orders[index]) <= 0 { return 0 }
    let isReached = if case .level = stance(orders[index]) { true } else { false }
    if isReached { step(index, "triggered", orders[index].filled) }
    let canTake = !isReached || canTake(orders[index], at: reference)
    if isReached {
      orders[index].isTriggered = true
      orders[index].isTaking = canTake
      if !canTake {
        orders[index].armedTimes += 1
        if case .stopIfTouched(_, let stop) = orders[index].kind {
          // A stop from now on, with a level of its own.
          orders[index].kind = .stop(stop)
          orders[index].isTriggered = false
        }
      }
    }
    let isInside = isIntrabar && !isAtClose
    let units =
      canTake
      ? exchange(index, row, at: reference, isIntrabar: isIntrabar, isInside: isInside) : 0
    orders[index].isTaking = false
    if isReached, orders[index].isImmediate, !orders[index].hasEnded { end(index, .expired) }
    return units
  }

  private mutating func exchange(
    _ index: Int, _ row: Int, at reference: Double, isIntrabar: Bool, isInside: Bool
  ) -> Double {
    let instrument = orders[index].instrument
    resize(index, row, at: reference, isIntrabar: isIntrabar)
    if orders[index].hasEnded { return 0 }
    var units = abs(orders[index].remaining)
    if orders[index].reduceOnly {
      units = min(units, reducible(orders[index]))
      if units <= 0 { return 0 }
    }
    let bar = bars[instrument][row]
    if let share = rules.participation, hasVolume[instrument] {
      // All orders of the instrument together take no more than their share, down to the lot.
      var left = share * bar.volume - taken[instrument][row]
      if isNothing(left, of: taken[instrument][row]) { left = 0 }
      units = min(units, abs(floored(left, instrument)))
    }
    if units <= 0 { return 0 }
    let isWhole = orders[index].timeInForce == .fillOrKill
    if isWhole, units < abs(orders[index].remaining) { return 0 }
    var isCut = false
    if isCash, !orders[index].isBuy, !orders[index].reduceOnly {
      // A cash account sells what it holds at the fill, too.
      let held = closingPart(of: orders[index].remaining, instrument)
      if units > held * (1 + 1e-12) {
        if held == 0 || rules.rejectsShortfalls || isWhole {
          end(index, .rejected(.shortNotAllowed))
          return 0
        }
        units = held
        isCut = true
      }
    }
    let markBefore = marks[instrument]
    marks[instrument] = reference
    if !covers(units, index, row, reference, isIntrabar: isIntrabar, beyond: rounding) {
      if rules.rejectsShortfalls || isWhole {
        marks[instrument] = markBefore
        end(index, .rejected(.buyingPower))
        return 0
      }
      let most = affordable(units, index, row, reference, isIntrabar: isIntrabar)
      if most == 0 {
        marks[instrument] = markBefore
        end(index, .rejected(.buyingPower))
        return 0
      }
      units = most
      isCut = true
    }
    book(
      units, index, row, reference, isIntrabar: isIntrabar, isInside: isInside, isCut: isCut)
    return units
  }

  /// Under `size-at: fill` a target becomes a quantity where it meets a price.
  private mutating func resize(
    _ index: Int, _ row: Int, at reference: Double, isIntrabar: Bool
  ) {
    // It is sized once: what a later bar fills of it is the rest.
    guard let target = orders[index].target, orders[index].fillCount == 0 else { return }
    let instrument = orders[index].instrument
    let multiplier = unitMoney(instrument)
    let markBefore = marks[instrument]
    marks[instrument] = reference
    let worth: Double
    switch target {
    case .weight(let weight): worth = weight * equity
    case .value(let value): worth = value
    case .quantity(let quantity): worth = quantity * reference * multiplier
    }
    let held = quantities[instrument]
    let unit = reference * multiplier
    orders[index].wanted = worth < held * unit ? -1 : 1
    // A trade away from zero pays its costs out of the target's money.
    var units = abs(worth / unit - held)
    if abs(worth) > abs(held * unit) || worth * held < 0 {
      // What a sale loses to slippage is a cost like what a purchase does.
      var (least, most) = (0.0, 4 * units)
      for _ in 0..<200 {
        let middle = (least + most) / 2
        let price = price(of: middle, index, row, reference)
        let closing = worth * held < 0 ? min(abs(held), middle) : 0
        let kept = worth * held > 0 ? abs(held) * unit : 0
        let spent =
          (middle - closing) * unit
          + charges(of: middle, index, price, isIntrabar: isIntrabar) + middle
          * abs(price - reference) * multiplier
        if middle <= closing || kept + spent <= abs(worth) { least = middle } else { most = middle }
      }
      units = least
    }
    let goal = floored(held + (orders[index].isBuy ? units : -units), instrument)
    marks[instrument] = markBefore
    orders[index].wanted = orders[index].filled + goal - held
    if isNothing(abs(goal - held), of: abs(held)) {
      end(index, goal == 0 && units > 0 ? .rejected(.noQuantity) : .filled)
    }
  }

  /// Books a fill: cash, position, mark, costs, what the bar has left, and the group.
  mutating func book(
    _ units: Double, _ index: Int, _ row: Int, _ reference: Double, isIntrabar: Bool,
    isInside: Bool = false,
    isCut: Bool, isCostless: Bool = false
  ) {
    let instrument = orders[index].instrument
    let multiplier = unitMoney(instrument)
    let price = isCostless ? reference : price(of: units, index, row, reference)
    let commission =
      isCostless ? 0 : commission(of: units, index, price, isIntrabar: isIntrabar)
    let tax = isCostless ? 0 : tax(of: units, index, price)
    let signed = orders[index].isBuy ? units : -units
    home -= commission + tax
    if isContract(instrument) {
      contracts[instrument].pieces.append((signed, price))
    } else {
      receive(-signed * price * instruments[instrument].multiplier, of: instrument)
    }
    if !isCostless { home -= conversionCost(of: units, instrument, price) }
    quantities[instrument] += signed
    average(instrument, signed, price)
    largest[instrument] = max(largest[instrument], abs(quantities[instrument]))
    let isFlat = abs(quantities[instrument]) <= largest[instrument] * 1e-15
    if isFlat || isNothing(abs(quantities[instrument]), of: units) {
      quantities[instrument] = 0
      largest[instrument] = 0
    }
    marks[instrument] = reference
    taken[instrument][row] += units
    if orders[index].fillCount == 0 { orders[index].month = monthBefore(instrument) }
    if isIntrabar, rests(orders[index]) {
      orders[index].makerUnits += units
      orders[index].makerMoney += units * price * multiplier
    }
    orders[index].filled += signed
    orders[index].notional += units * price * multiplier
    orders[index].fillCount += 1
    orders[index].commission += commission
    tape.fills.append(
      SimulationTape.Fill(
        order: orders[index].number, instrument: instrument, row: row, time: now,
        isIntrabar: isIntrabar, quantity: signed, reference: reference, price: price,
        slippage: abs(price - reference) * units * multiplier, commission: commission,
        tax: tax, isCostless: isCostless, unit: multiplier))
    let isComplete = isNothing(abs(orders[index].remaining), of: abs(orders[index].wanted))
    if isCut || !isComplete { step(index, "partially-filled", orders[index].filled) }
    orders[index].isFilledWhole = isComplete && !isCut
    wake(behind: index, at: reference, isInside: isInside)
    // What was not covered is dropped.
    if isCut { cut(index, to: orders[index].filled) }
    if isCut || isComplete { end(index, .filled) }
    // One of a group fills, the others are cancelled at that instant.
    let group = orders[index].group
    if orders[index].isOfLadder {
      shrinkLadder(behind: index)
    } else if group != 0 {
      for other in orders.indices
      where other != index && orders[other].group == group && !orders[other].hasEnded {
        end(other, .cancelledByGroup)
      }
    }
    // What happens to shares does so between bars.
    followPosition(
      instrument, cause: isCostless ? nil : index, units: signed,
      row: isCostless ? lastRows[instrument] : row, at: reference, isInside: isInside,
      isAtOpen: !isIntrabar && !isCostless)
  }
}

// MARK: - Costs and what they leave

extension MarketSimulator {
  /// reference x (1 +- slippage), to the tick against us; a limit keeps its price.
  private func price(
    of units: Double, _ index: Int, _ row: Int, _ reference: Double
  ) -> Double {
    let order = orders[index]
    if let limit = order.kind.limitPrice, !order.isTaking {
      // A limit never fills worse than its price, on the tick or off it.
      let price = onTick(reference, order)
      return order.isBuy ? min(price, max(limit, reference)) : max(price, min(limit, reference))
    }
    let fraction = slippageFraction(of: units, order, row, reference)
    // A sale brings at least nothing.
    let price = onTick(
      order.isBuy ? reference * (1 + fraction) : max(0, reference * (1 - fraction)), order)
    // What takes at its trigger slips as far as its limit.
    guard let limit = order.kind.limitPrice else { return price }
    return order.isBuy ? min(price, limit) : max(price, limit)
  }

  /// A price rounded to the tick against us; one that is on it but for rounding stays.
  private func onTick(_ price: Double, _ order: SimulatedOrder) -> Double {
    guard let tick = instruments[order.instrument].tickSize else { return price }
    let ticks = price / tick
    let nearest = ticks.rounded()
    if abs(ticks - nearest) < 1e-12 * max(1, abs(ticks)) { return nearest * tick }
    return (order.isBuy ? ticks.rounded(.up) : ticks.rounded(.down)) * tick
  }

  /// What a fill is charged beside its price.
  private func charges(
    of units: Double, _ index: Int, _ price: Double, isIntrabar: Bool
  ) -> Double {
    commission(of: units, index, price, isIntrabar: isIntrabar) + tax(of: units, index, price)
      + conversionCost(of: units, orders[index].instrument, price)
  }

  /// Whether buying power, at the fill's price and the marks of the moment, covers a trade with its
  /// costs. The instrument is marked at the reference price. Closing needs none.
  private func covers(
    _ units: Double, _ index: Int, _ row: Int, _ reference: Double, isIntrabar: Bool,
    beyond tolerance: Double
  ) -> Bool {
    let order = orders[index]
    let multiplier = unitMoney(order.instrument)
    let closing = closingPart(of: order.isBuy ? units : -units, order.instrument)
    let opening = units - closing
    if isNothing(opening, of: units) { return true }
    let price = price(of: units, index, row, reference)
    let costs =
      charges(of: units, index, price, isIntrabar: isIntrabar)
      + closing * abs(price - reference) * multiplier
    let power = power(for: order, closing: closing, at: reference)
    return opening * price * multiplier + costs <= power + tolerance
  }

  /// The value that an order may open on its side at a price, with what closing the other frees.
  private func power(
    for order: SimulatedOrder, closing: Double, at reference: Double
  ) -> Double {
    let instrument = order.instrument
    let units =
      (power + closing * initial(instrument, isLong: !order.isBuy, at: reference))
      / initial(instrument, isLong: order.isBuy, at: reference)
    return units * reference * unitMoney(instrument)
  }

  /// The most units that are covered, down to the lot, found by halving.
  private func affordable(
    _ units: Double, _ index: Int, _ row: Int, _ reference: Double, isIntrabar: Bool
  ) -> Double {
    let order = orders[index]
    let closing = closingPart(of: order.isBuy ? units : -units, order.instrument)
    // What rounding leaves of the money buys nothing.
    let power = power(for: order, closing: closing, at: reference)
    guard power > rounding else { return closing }
    if let lot = instruments[order.instrument].lotSize {
      var least = (closing / lot * (1 + 1e-12)).rounded(.down)
      var most = (units / lot).rounded()
      while most - least > 1 {
        let middle = ((least + most) / 2).rounded(.down)
        if covers(middle * lot, index, row, reference, isIntrabar: isIntrabar, beyond: rounding) {
          least = middle
        } else {
          most = middle
        }
      }
      return least * lot
    }
    var (least, most) = (closing, units)
    for _ in 0..<200 {
      let middle = (least + most) / 2
      if covers(middle, index, row, reference, isIntrabar: isIntrabar, beyond: 0) {
        least = middle
      } else {
        most = middle
      }
    }
    return isNothing(least - closing, of: units) ? closing : least
  }
}
