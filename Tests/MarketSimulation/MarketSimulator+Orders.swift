import BacktestCore

// MARK: - What a decision asks for (part 5)

extension MarketSimulator {
  /// First orders and cancellations as they come, then the targets as one batch.
  mutating func decide(_ instant: Int) {
    endUselessExits()
    freedBy = [:]
    var stated: [Int: ScriptedRequest.Stated] = [:]
    watchEquity(&stated)
    watchExits(&stated)
    for request in script[instant] ?? [] {
      switch request {
      case .submit(let order): submit(order, group: 0)
      case .oneCancelsOther(let orders):
        let group = nextGroup()
        for order in orders { submit(order, group: group) }
      case .bracket(let entry, let exits):
        submit(entry, group: 0)
        let parent = orders.count
        let group = nextGroup()
        for order in exits { submit(order, group: group, parent: parent) }
      case .ladder(let entry, let exits):
        submit(entry, group: 0)
        let parent = orders.count
        let group = nextGroup()
        for order in exits { submit(order, group: group, parent: parent, isOfLadder: true) }
      case .oneTriggersOther(let first, let others):
        submit(first, group: 0)
        let parent = orders.count
        for order in others { submit(order, group: 0, parent: parent, isExit: false) }
      case .cancel(let index):
        guard scripted.indices.contains(index) else { break }
        cancel(scripted[index] - 1)
      case .modify(let index, let change): modify(index, change)
      case .cancelAll(let instrument): cancelAll(instrument)
      case .close(let instrument):
        cancelAll(instrument)
        standing[instrument] = .quantity(0)
        stated[instrument] = .quantity(0)
      case .target(let instrument, let target):
        // A standing target: only a value that differs from the last one is a request.
        guard standing[instrument] != target else { break }
        standing[instrument] = target
        stated[instrument] = target
      case .rebalance(let instrument, let weight):
        standing[instrument] = .weight(weight)
        stated[instrument] = .weight(weight)
      }
    }
    for (instrument, target) in stated.sorted(by: { $0.key < $1.key })
    where !isTraded(target, instrument) {
      stated[instrument] = nil
    }
    submitTargets(stated)
  }

  private mutating func cancel(_ index: Int) {
    guard index >= 0, !orders[index].hasEnded, !orders[index].isLiquidation,
      orders[index].exitRule == nil
    else { return }
    end(index, .cancelled)
    freedBy[index + 1] = nil
  }

  private mutating func cancelAll(_ instrument: Int?) {
    for index in inTurn where orders[index].instrument == instrument ?? orders[index].instrument {
      cancel(index)
    }
  }

  /// A reduce-only order whose instrument is flat and that no waiting entry can give another
  /// position ends at the next decision, and with it what waits for it.
  private mutating func endUselessExits() {
    while let useless = firstUselessExit() { end(useless, .nothingToReduce) }
  }

  private func firstUselessExit() -> Int? {
    for index in orders.indices where orders[index].reduceOnly && !orders[index].hasEnded {
      let order = orders[index]
      if reducible(order) > 0 { continue }
      let isAwaited =
        if order.isOther, isAsleep(order) {
          true
        } else if order.parent > 0, !order.isOther {
          !orders[order.parent - 1].hasEnded
        } else {
          orders.contains {
            !$0.hasEnded && !$0.reduceOnly && $0.instrument == order.instrument
              && $0.isBuy != order.isBuy
          }
        }
      if !isAwaited { return index }
    }
    return nil
  }

  /// Proceeds of closing orders of the same decision.
  private var freed: Double { freedBy.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value } }

  private func nextGroup() -> Int { (orders.map(\.group).max() ?? 0) + 1 }

  /// What comes to less than a lot is refused, then decreasing positions, then the others, each in
  /// universe order.
  private mutating func submitTargets(_ stated: [Int: ScriptedRequest.Stated]) {
    var changes: [(instrument: Int, target: ScriptedRequest.Stated, units: Double, turn: Int)] = []
    for instrument in stated.keys.sorted() {
      let target = stated[instrument]!
      guard lastRows[instrument] >= 0 else {
        standing[instrument] = nil
        continue
      }
      for index in orders.indices
      where orders[index].isTarget && orders[index].instrument == instrument
        && !orders[index].hasEnded
      {
        end(index, .cancelled)
      }
      let close = bars[instrument][lastRows[instrument]].close
      let asked = watch.scale * units(of: target, in: instrument, at: close)
      let goal = floored(asked, instrument)
      // What a margin call takes is taken first.
      let held = orders.filter {
        $0.isLiquidation && !$0.hasEnded && $0.instrument == instrument
      }.reduce(quantities[instrument]) { $0 + $1.remaining }
      var change = goal - held
      // A target below one lot is refused for its quantity instead of vanishing.
      if isNothing(abs(change), of: abs(goal)) { change = 0 }
      // Whole lots less whole lots are whole lots, whatever rounding leaves.
      if let lot = instruments[instrument].lotSize, abs(change) > lot / 2 {
        let lots = change / lot
        if abs(lots - lots.rounded()) < 1e-6 { change = lots.rounded() * lot }
      }
      if change == 0, goal == 0 { change = asked }
      let isBelowLot = goal == 0 && held == 0
      let turn = isBelowLot ? 0 : held * change < 0 ? 1 : 2
      changes.append((instrument, target, change, turn))
    }
    for change in (0...2).flatMap({ turn in changes.filter { $0.turn == turn } }) {
      guard change.units != 0 else { continue }
      let order = register(
        Order(InstrumentID(change.instrument), quantity: change.units), group: 0)
      // One of less than a lot is refused for that.
      orders[order.number - 1].isTarget = change.turn > 0
      // A number of units is known before the match.
      if rules.sizesAtFill, !change.target.isQuantity {
        orders[order.number - 1].target = change.target.scaled(by: watch.scale)
      }
      check(order.number - 1)
    }
  }

  /// Target value over price.
  private func units(
    of target: ScriptedRequest.Stated, in instrument: Int, at price: Double
  ) -> Double {
    let unit = price * unitMoney(instrument)
    switch target {
    case .weight(let weight): return weight * equity / unit
    case .value(let value): return value / unit
    case .quantity(let quantity): return quantity
    }
  }

  /// Toward zero to the lot, forgiving what rounding takes off a whole lot.
  func floored(_ quantity: Double, _ instrument: Int) -> Double {
    guard let lot = instruments[instrument].lotSize else { return quantity }
    let lots = abs(quantity) / lot
    let whole = (lots * (1 + 1e-12)).rounded(.down)
    return (quantity < 0 ? -whole : whole) * lot
  }
}

// MARK: - Submission

extension MarketSimulator {
  private mutating func submit(
    _ asked: Order, group: Int, parent: Int = 0, isExit: Bool = true, isOfLadder: Bool = false
  ) {
    let order = register(asked, group: group)
    scripted.append(order.number)
    if parent > 0 {
      if isExit { orders[order.number - 1].reduceOnly = true }
      orders[order.number - 1].isOther = !isExit
      orders[order.number - 1].isOfLadder = isOfLadder
      orders[order.number - 1].parent = parent
    }
    check(order.number - 1)
  }

  /// Gives an order its number.
  @discardableResult
  mutating func register(_ asked: Order, group: Int) -> SimulatedOrder {
    let order = SimulatedOrder(
      number: orders.count + 1, instrument: Int(asked.instrument.index), kind: asked.kind,
      timeInForce: asked.timeInForce, isPostOnly: asked.postOnly, turn: nextTurn(), group: group,
      reduceOnly: asked.reduceOnly, wanted: asked.quantity, liveAt: now + rules.latency)
    orders.append(order)
    tape.outcomes.append([])
    tape.events.append([])
    step(order.number - 1, "submitted")
    return order
  }

  /// Checks an order at submission: quantity, price, shorts, buying power.
  mutating func check(_ index: Int) {
    checkAll(index)
    noteAccepted(index)
  }

  private mutating func checkAll(_ index: Int) {
    let instrument = orders[index].instrument
    guard orders[index].wanted.isFinite else { return end(index, .rejected(.noQuantity)) }
    // A target is whole lots already, and what is held need not be.
    if !orders[index].isTarget {
      orders[index].wanted = floored(orders[index].wanted, instrument)
    }
    guard orders[index].wanted != 0 else { return end(index, .rejected(.noQuantity)) }
    let prices = [orders[index].kind.triggerPrice, orders[index].kind.limitPrice].compactMap { $0 }
    if prices.contains(where: { !($0 > 0 && $0.isFinite) }) {
      return end(index, .rejected(.badPrice))
    }
    if orders[index].isPostOnly {
      guard case .limit = orders[index].kind, !orders[index].isImmediate else {
        return end(index, .rejected(.badTerms))
      }
    }
    guard lastRows[instrument] >= 0 else { return end(index, .rejected(.noPrice)) }
    if delisted.contains(instrument) { return end(index, .rejected(.delisted)) }
    let parent = orders[index].parent
    if parent > 0, orders[parent - 1].hasEnded, orders[parent - 1].filled == 0 {
      return end(index, .parentGone)
    }
    guard holdToLimits(index) else { return }
    if orders[index].reduceOnly {
      // An exit needs no power. What it closes is freed, unless its entry is still to come.
      if parent == 0 {
        freedBy[index + 1] =
          closingPart(of: orders[index].wanted, instrument)
          * asked(instrument, isLong: !orders[index].isBuy)
      }
      return
    }
    if orders[index].target != nil {
      // Its size is not known before the match, which checks it.
      let sale = -orders[index].wanted
      if isCash, sale > max(0, quantities[instrument]) * (1 + 1e-12),
        orders[..<index].contains(where: {
          !$0.hasEnded && $0.instrument == instrument && $0.isBuy
        })
      {
        orders[index].reduceOnly = true
      }
      freedBy[index + 1] =
        closingPart(of: orders[index].wanted, instrument)
        * asked(instrument, isLong: !orders[index].isBuy)
      return
    }
    if isCash, !orders[index].isBuy {
      checkSale(index)
    } else {
      checkPower(index)
    }
  }

  /// A cash account opens no shorts: a sale of more than is held is an exit, up to what is held and
  /// what the purchases waiting before it will bring.
  private mutating func checkSale(_ index: Int) {
    let instrument = orders[index].instrument
    let waiting = orders[..<index].filter {
      !$0.hasEnded && $0.instrument == instrument && $0.isBuy
    }
    let most = max(0, quantities[instrument]) + waiting.reduce(0) { $0 + $1.remaining }
    let asked = -orders[index].wanted
    let held = max(0, quantities[instrument])
    if asked > held * (1 + 1e-12), !waiting.isEmpty { orders[index].reduceOnly = true }
    if asked > most * (1 + 1e-12) {
      if most == 0 || rules.rejectsShortfalls || orders[index].timeInForce == .fillOrKill {
        return end(index, .rejected(.shortNotAllowed))
      }
      cut(index, to: -(waiting.isEmpty ? held : floored(most, instrument)))
    }
    freedBy[index + 1] = min(-orders[index].wanted, held) * unitValue(instrument)
  }

  /// Buying power = equity x leverage - gross exposure - value of live opening orders at the last
  /// close + what earlier orders of the decision close.
  private mutating func checkPower(_ index: Int) {
    let order = orders[index]
    let instrument = order.instrument
    let closing = closingPart(of: order.wanted, instrument)
    let opening = abs(order.wanted) - closing
    let asked = asked(instrument, isLong: order.isBuy)
    let freedHere = closing * self.asked(instrument, isLong: !order.isBuy)
    if !isNothing(opening, of: abs(order.wanted)) {
      var power = power + freed + freedHere
      for other in orders[..<index] where !other.hasEnded { power -= reserved(other) }
      if opening * asked > power + rounding {
        if rules.rejectsShortfalls || order.timeInForce == .fillOrKill {
          return end(index, .rejected(.buyingPower))
        }
        // Rounding must not cost a lot; where there are none, it has nothing to give.
        let money = power + (instruments[instrument].lotSize == nil ? 0 : rounding)
        let most = closing + floored(max(0, money) / asked, instrument)
        if isNothing(most, of: abs(order.wanted)) {
          return end(index, .rejected(.buyingPower))
        }
        cut(index, to: order.isBuy ? most : -most)
      }
    }
    freedBy[index + 1] = freedHere
  }

  /// Why an order may not grow to so many units; `nil` where it may.
  mutating func refusesGrowth(_ index: Int, to wanted: Double) -> RejectionReason? {
    var order = orders[index]
    let before = order
    order.wanted = wanted
    if order.reduceOnly { return nil }
    if isCash, !order.isBuy {
      let held = closingPart(of: order.remaining, order.instrument)
      return abs(order.remaining) > held * (1 + 1e-12) ? .shortNotAllowed : nil
    }
    if let reason = limitOnGrowth(index, to: wanted) { return reason }
    var power = power + freed
    for other in orders where !other.hasEnded { power -= reserved(other) }
    let need = reserved(order) - reserved(before)
    if need > 0, need > power + rounding { return .buyingPower }
    if rules.limits != nil {
      watch.traded += (abs(wanted) - abs(before.wanted)) * unitValue(order.instrument)
    }
    return nil
  }

  /// What a waiting order would open, at the last close.
  func reserved(_ order: SimulatedOrder) -> Double {
    if order.reduceOnly || isCash && !order.isBuy { return 0 }
    let opening =
      abs(order.remaining) - closingPart(of: order.remaining, order.instrument)
    return opening * asked(order.instrument, isLong: order.isBuy)
  }

  /// Makes an order smaller, which is recorded.
  mutating func cut(_ index: Int, to total: Double) {
    orders[index].wanted = total
    note(index, .cut(to: total))
  }

  /// Whether a quantity is no more than what rounding leaves of another.
  func isNothing(_ quantity: Double, of whole: Double) -> Bool { quantity <= 1e-12 * whole }

  mutating func end(_ index: Int, _ kind: OrderOutcome.Kind) {
    orders[index].hasEnded = true
    note(index, kind)
    // An entry that ends unfilled ends its exits; one that ends otherwise than filled, what waits
    // for the whole of it.
    guard kind != .stillLive, kind != .rejected(.ruined), kind != .delisted else { return }
    if kind == .filled, orders[index].isFilledWhole { return }
    for exit in orders.indices
    where orders[exit].parent == orders[index].number && !orders[exit].hasEnded
      && (orders[index].filled == 0 || orders[exit].isOther)
    {
      end(exit, .parentGone)
    }
  }

  mutating func note(_ index: Int, _ kind: OrderOutcome.Kind) {
    tape.outcomes[index].append(
      SimulationTape.Outcome(kind: kind, time: now, filled: orders[index].filled))
    let reason = if case .rejected(let reason) = kind { " \(reason.rawValue)" } else { "" }
    step(index, kind.word + reason, orders[index].filled)
  }

  /// What opening one unit at the last close asks of the account's power; nothing before there is
  /// one, as for the order of a roll into a contract that has not traded yet.
  private func asked(_ instrument: Int, isLong: Bool) -> Double {
    guard lastRows[instrument] >= 0 else { return 0 }
    return initial(instrument, isLong: isLong, at: bars[instrument][lastRows[instrument]].close)
  }

  /// The money in one unit at the last close.
  func unitValue(_ instrument: Int) -> Double {
    bars[instrument][lastRows[instrument]].close * unitMoney(instrument)
  }
}
