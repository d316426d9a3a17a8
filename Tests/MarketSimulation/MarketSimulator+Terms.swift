import BacktestCore

// MARK: - What an order waits for

/// What an order waits for at a moment.
enum Stance {
  /// The next price; at an open always, or as the rule for market orders says.
  case market(alwaysAtOpen: Bool)
  case close
  case limit(Double)
  /// A price to be reached: by a rise or a fall, against the trader or to their side.
  case level(Double, rising: Bool, isAdverse: Bool)
  case nothing
}

extension MarketSimulator {
  /// Triggers come first; what they arm comes after.
  func stance(_ order: SimulatedOrder) -> Stance {
    let buys = order.isBuy
    switch order.kind {
    case .market: return .market(alwaysAtOpen: false)
    case .marketOnOpen: return .market(alwaysAtOpen: true)
    case .marketOnClose: return .close
    case .limit(let price): return .limit(price)
    case .stop(let price):
      return order.isTriggered
        ? .market(alwaysAtOpen: true) : .level(price, rising: buys, isAdverse: true)
    case .stopLimit(let stop, let limit):
      return order.isTriggered ? .limit(limit) : .level(stop, rising: buys, isAdverse: true)
    case .marketIfTouched(let touch):
      return order.isTriggered
        ? .market(alwaysAtOpen: true) : .level(touch, rising: !buys, isAdverse: false)
    case .limitIfTouched(let touch, let limit):
      return order.isTriggered ? .limit(limit) : .level(touch, rising: !buys, isAdverse: false)
    case .stopIfTouched(let touch, _):
      return order.isTriggered
        ? .market(alwaysAtOpen: true) : .level(touch, rising: !buys, isAdverse: false)
    case .trailingStop(let trail):
      if order.isTriggered { return .market(alwaysAtOpen: true) }
      return order.best.isNaN
        ? .nothing : .level(level(trail, order.best, buys), rising: buys, isAdverse: true)
    }
  }

  func level(_ trail: Order.Trail, _ best: Double, _ buys: Bool) -> Double {
    switch trail {
    case .amount(let amount): buys ? best + amount : best - amount
    case .percent(let percent): best * (buys ? 1 + percent / 100 : 1 - percent / 100)
    }
  }

  func better(_ a: Double, _ b: Double, _ buys: Bool) -> Double { buys ? min(a, b) : max(a, b) }

  /// Whether an order whose trigger has just been reached can trade at that price.
  func canTake(_ order: SimulatedOrder, at price: Double) -> Bool {
    switch order.kind {
    case .stopLimit(_, let limit), .limitIfTouched(_, let limit):
      order.isBuy ? price <= limit : price >= limit
    case .stopIfTouched(_, let stop):
      order.isBuy ? price >= stop : price <= stop
    default: true
    }
  }

  /// An order that waits for another one to fill: an exit for the first unit of its entry, any
  /// other order for the last.
  func isAsleep(_ order: SimulatedOrder) -> Bool {
    guard order.parent > 0 else { return false }
    let parent = orders[order.parent - 1]
    return order.isOther ? !parent.isFilledWhole : parent.filled == 0
  }
}

// MARK: - Lives

extension MarketSimulator {
  /// Notes a step of an order.
  mutating func step(_ index: Int, _ name: String, _ quantity: Double = 0) {
    tape.events[index].append(SimulationTape.Event(name: name, time: now, quantity: quantity))
  }

  /// Behind a fill: exits that follow a price begin there, and what waited for the whole is live.
  mutating func wake(behind index: Int, at reference: Double, isInside: Bool) {
    for other in orders.indices
    where orders[other].parent == orders[index].number && !orders[other].hasEnded {
      let isOther = orders[other].isOther
      if isOther {
        guard orders[index].isFilledWhole else { continue }
        if orders[other].isLive { orders[other].liveAt = now }
      }
      guard case .trailingStop = orders[other].kind, orders[other].best.isNaN else { continue }
      if isOther, orders[other].instrument != orders[index].instrument {
        // All closes of a moment are known together.
        let instrument = orders[other].instrument
        let row = closingRow(instrument) ?? lastRows[instrument]
        orders[other].best = row < 0 ? .nan : bars[orders[other].instrument][row].close
      } else {
        orders[other].best = reference
        orders[other].wokeInside = isInside && !isOther
      }
    }
  }

  /// Trailing stops take the best price of a bar that has closed; of one in which they were not
  /// awake from the open on, the close.
  mutating func follow(_ instrument: Int, _ row: Int) {
    let bar = pathBar(instrument, row)
    for index in orders.indices {
      let order = orders[index]
      guard case .trailingStop = order.kind, order.instrument == instrument, order.isLive else {
        continue
      }
      let isWhole = order.liveAt <= bar.openTime && !order.wokeInside
      orders[index].wokeInside = false
      guard !order.best.isNaN, order.liveAt < bar.closeTime else { continue }
      let price = isWhole ? (order.isBuy ? bar.low : bar.high) : bar.close
      orders[index].best = better(order.best, price, order.isBuy)
    }
  }

  /// Ends the orders for one moment only whose moment it was.
  mutating func endMoments(_ moments: [Int]) {
    for index in moments where !orders[index].hasEnded { end(index, .expired) }
  }
}

// MARK: - Changes

extension MarketSimulator {
  /// Changes the order that the script submitted at a place.
  mutating func modify(_ place: Int, _ change: ScriptedRequest.Change) {
    guard scripted.indices.contains(place), scripted[place] > 0 else { return }
    let index = scripted[place] - 1
    let order = orders[index]
    guard !order.hasEnded else { return }
    func refuse(_ reason: RejectionReason) {
      step(index, "modification-rejected \(reason.rawValue)", order.filled)
    }
    var kind = order.kind
    if let limit = change.limit {
      switch kind {
      case .limit: kind = .limit(limit)
      case .stopLimit(let stop, _): kind = .stopLimit(stop: stop, limit: limit)
      case .limitIfTouched(let touch, _): kind = .limitIfTouched(touch: touch, limit: limit)
      default: return refuse(.badTerms)
      }
    }
    if let trigger = change.trigger {
      if order.isTriggered { return refuse(.badTerms) }
      switch kind {
      case .stop: kind = .stop(trigger)
      case .marketIfTouched: kind = .marketIfTouched(trigger)
      case .stopLimit(_, let limit): kind = .stopLimit(stop: trigger, limit: limit)
      case .limitIfTouched(_, let limit): kind = .limitIfTouched(touch: trigger, limit: limit)
      case .stopIfTouched(_, let stop): kind = .stopIfTouched(touch: trigger, stop: stop)
      default: return refuse(.badTerms)
      }
    }
    if let limit = kind.limitPrice, order.isPostOnly, order.isLive, crosses(order, limit) {
      return refuse(.postOnly)
    }
    var wanted = order.wanted
    if let quantity = change.quantity {
      wanted = floored(quantity, order.instrument)
      if wanted == 0 || (wanted > 0) != order.isBuy { return refuse(.noQuantity) }
    }
    let rest = wanted - order.filled
    if rest == 0 || (rest > 0) != order.isBuy {
      end(index, .cancelled)
      freedBy[index + 1] = nil
      return
    }
    if abs(rest) > abs(order.remaining) {
      if let reason = refusesGrowth(index, to: wanted) { return refuse(reason) }
    }
    let isSmallerOnly = kind == order.kind && abs(rest) <= abs(order.remaining)
    orders[index].kind = kind
    orders[index].wanted = wanted
    if !isSmallerOnly {
      orders[index].turn = nextTurn()
      // It is as if it had come now.
      if order.isLive { orders[index].liveAt = now }
    }
    step(index, "modified", wanted)
  }

  mutating func nextTurn() -> Int {
    turns += 1
    return turns
  }

  func crosses(_ order: SimulatedOrder, _ limit: Double) -> Bool {
    guard lastRows[order.instrument] >= 0 else { return false }
    let last = bars[order.instrument][lastRows[order.instrument]].close
    return order.isBuy ? last <= limit : last >= limit
  }

  /// Orders that have not ended, in order of priority.
  var inTurn: [Int] {
    orders.indices.filter { !orders[$0].hasEnded }.sorted { orders[$0].turn < orders[$1].turn }
  }
}
