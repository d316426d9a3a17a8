// The exits that a run attaches to positions: orders that follow what is held.
extension Broker {
  /// A position has changed: its exits are placed, changed or ended.
  @inline(never)
  mutating func followPosition(
    _ change: PositionChange, account: inout some BrokerAccount, log: inout RunLog
  ) {
    guard var desk = exits else { return }
    // Taken out, so that it is changed in place.
    exits = nil
    defer { exits = desk }
    let instrument = change.instrument
    let held = account.quantity(of: instrument)
    let before = desk.positions[instrument]
    let isExit = change.cause.map { $0.order.exitRule != nil } ?? false
    if isExit, let cause = change.cause {
      desk.positions[instrument].exitedSide = before.side
      if cause.order.exitRule?.isProfitTarget == true {
        desk.take(
          abs(cause.fill.quantity), of: instrument, target: cause.place,
          completesOrder: cause.fill.completesOrder, left: abs(held))
      }
      yieldTo(cause.fill, side: before.side, isFlat: held == 0, log: &log)
    }
    let side = held > 0 ? 1.0 : held < 0 ? -1 : 0
    if side != before.side {
      endExits(of: instrument, by: isExit ? .cancelledByGroup : .nothingToReduce, log: &log)
      desk.begin(change, side: side, market.columns[instrument])
    }
    guard side != 0 else { return }
    let grows = abs(held) > abs(desk.positions[instrument].quantity)
    desk.positions[instrument].quantity = held
    if grows, change.isInside { desk.positions[instrument].insideRow = change.knownRow + 1 }
    alignExits(change, desk, account: &account, log: &log)
  }

  /// Brings all exits of a position to its size and its average entry price.
  mutating func alignExits(
    _ change: PositionChange, _ desk: ExitDesk, account: inout some BrokerAccount,
    log: inout RunLog
  ) {
    let (rules, instrument) = (desk.rules, change.instrument)
    let position = account.position(of: instrument)
    let (held, average) = (position.quantity, position.averagePrice)
    let side = held > 0 ? 1.0 : -1.0
    func price(_ distance: ExitDistance, _ direction: Double) -> Double {
      average + direction * desk.span(distance, of: instrument, from: average)
    }
    var stop = rules.stopLoss.map { price($0, -side) }
    if desk.positions[instrument].isAtBreakEven { stop = average }
    if let stop {
      let kind = Order.Kind.stop(rounded(stop, of: instrument, up: side < 0))
      let rule: Order.ExitRule = rules.stopLoss == nil ? .breakEven : .stopLoss
      align(rule, kind, units: -held, change, log: &log)
    }
    if let distance = rules.trailingStop {
      let kind = Order.Kind.trailingStop(desk.trail(distance, of: instrument))
      align(.trailingStop, kind, units: -held, change, log: &log)
    }
    for (place, target) in desk.targets.enumerated() {
      let units = desk.units(
        ofTarget: place, of: instrument, held: abs(held), market.columns[instrument])
      let kind = Order.Kind.limit(
        rounded(price(target.distance, side), of: instrument, up: side > 0))
      let rule = place < rules.scaleOut.count ? Order.ExitRule.scaleOut : .takeProfit
      align(rule, place: place, kind, units: -side * units, change, log: &log)
    }
    if rules.timeExit != nil, let slot = exit(.timeExit, of: instrument) {
      resize(slot, to: -held, .market, log: &log)
    }
  }

  /// A price on the tick away from the entry.
  private func rounded(_ price: Double, of instrument: Int, up: Bool) -> Double {
    let tick = market.columns[instrument].tickSize
    guard !tick.isNaN else { return price }
    let steps = price / tick
    // Sums of decimal fractions are whole ticks but for their rounding.
    return tick * (up ? (steps * (1 - 1e-12)).rounded(.up) : (steps * (1 + 1e-12)).rounded(.down))
  }

  /// The slot of an exit of an instrument.
  func exit(_ rule: Order.ExitRule, place: Int = 0, of instrument: Int) -> Int? {
    var slot = book.firstSlot(instrument)
    while slot >= 0 {
      if book[slot].order.exitRule == rule, book[slot].targetPlace == place { return slot }
      slot = book.slot(after: slot)
    }
    return nil
  }

  /// Places, changes or ends one exit.
  private mutating func align(
    _ rule: Order.ExitRule, place: Int = 0, _ kind: Order.Kind, units: Double,
    _ change: PositionChange, log: inout RunLog
  ) {
    let isWanted = units != 0 && kind.isSound
    if let slot = exit(rule, place: place, of: change.instrument) {
      if isWanted {
        resize(slot, to: units, kind, log: &log)
      } else {
        end(slot, .nothingToReduce, log: &log)
      }
    } else if isWanted {
      self.place(rule, place: place, kind, units: units, change, log: &log)
    }
  }

  /// Puts an exit in the book, live from the fill on as the exits of a bracket are.
  private mutating func place(
    _ rule: Order.ExitRule, place: Int, _ kind: Order.Kind, units: Double,
    _ change: PositionChange, log: inout RunLog
  ) {
    var order = Order(
      InstrumentID(change.instrument), quantity: units, kind: kind, reduceOnly: true)
    order.exitRule = rule
    register(&order, at: market.clock)
    log.orders.append(order)
    let slot = book.add(order, remaining: units)
    book.markAsExit(slot)
    book[slot].isNew = false
    book[slot].targetPlace = Int8(truncatingIfNeeded: place)
    if let cause = change.cause {
      book[slot].returnDeviation = cause.returnDeviation
      book[slot].meanVolume = cause.meanVolume
      book[slot].spread = cause.spread
    } else if plan.needsHistory,
      !rememberHistory(slot, for: plan.slippage(of: order.instrument))
    {
      return reject(slot, .noHistory, log: &log)
    }
    book.activate(slot, at: change.time)
    guard kind.trail != nil else { return }
    book[slot].bestPrice = change.reference
    book[slot].wokeInside = change.isInside
  }

  /// Changes an exit where it differs.
  private mutating func resize(
    _ slot: Int, to units: Double, _ kind: Order.Kind, log: inout RunLog
  ) {
    let live = book[slot]
    func differs(_ a: Double, _ b: Double) -> Bool { abs(a - b) > abs(b) * 1e-12 }
    let isResized = differs(live.remaining, units)
    // What a trigger has set off goes on as it is.
    let isMoved =
      !live.isTriggered
      && (differs(live.order.kind.price ?? 0, kind.price ?? 0)
        || live.order.kind.trail.map { $0.differs(from: kind.trail) } ?? false)
    guard isResized || isMoved else { return }
    let isSmallerOnly = !isMoved && abs(units) <= abs(live.remaining)
    if isMoved { book[slot].order.kind = kind }
    book[slot].remaining = units
    book[slot].order.quantity = units + live.filledQuantity
    if !isSmallerOnly { book.moveToBack(slot) }
    noteAcceptance(slot, log: &log)
    log.record(
      OrderEvent(
        order: live.id, time: market.clock, kind: .modified, quantity: units + live.filledQuantity,
        price: book[slot].order.kind.price))
  }

  /// Ends the exits of an instrument.
  private mutating func endExits(
    of instrument: Int, by outcome: OrderOutcome.Kind, log: inout RunLog
  ) {
    while case let slot = book.firstSlot(instrument, where: { $0.order.exitRule != nil }), slot >= 0
    {
      end(slot, outcome, log: &log)
    }
  }

  /// An exit has traded: market orders that wait to close the same units are made smaller, and what
  /// a target would still open on the same side is withdrawn.
  private mutating func yieldTo(
    _ fill: Fill, side: Double, isFlat: Bool, log: inout RunLog
  ) {
    let instrument = Int(fill.instrument.index)
    var left = abs(fill.quantity)
    var slot = book.firstSlot(instrument)
    while slot >= 0, left > 0 {
      let live = book[slot]
      if live.yields, live.sizing.isFixed, (live.remaining > 0) != (side > 0) {
        let units = min(left, abs(live.remaining))
        left -= units
        let rest = abs(live.remaining) - units
        book[slot].remaining =
          rest > abs(live.remaining) * 1e-12 ? (live.remaining > 0 ? rest : -rest) : 0
        if book[slot].remaining != 0 {
          book[slot].order.quantity = book[slot].remaining + live.filledQuantity
          noteAcceptance(slot, log: &log)
          log.record(
            OrderEvent(
              order: live.id, time: market.clock, kind: .modified,
              quantity: book[slot].order.quantity))
        }
      }
      slot = book.slot(after: slot)
    }
    func isEmpty(_ live: LiveOrder) -> Bool { live.yields && live.remaining == 0 }
    func ends(_ live: LiveOrder) -> Bool {
      isEmpty(live) || isFlat && live.isTarget(onSide: side)
    }
    while case let slot = book.firstSlot(instrument, where: ends), slot >= 0 {
      end(slot, isEmpty(book[slot]) ? .nothingToReduce : .cancelled, log: &log)
    }
  }
}

extension LiveOrder {
  /// Whether it trades at the next price, and the strategy or a target made it.
  fileprivate var yields: Bool {
    order.kind.isAtMarket && order.parent.number == 0 && !order.isOfRules
  }

  /// Whether a target made it that would hold something on a side.
  fileprivate func isTarget(onSide side: Double) -> Bool {
    guard isTarget else { return false }
    return switch sizing {
    case .weight(let goal), .value(let goal): goal * side > 0
    case .fixed: remaining * side > 0
    }
  }
}

extension Order.Trail {
  /// Whether it is another distance, beyond rounding.
  fileprivate func differs(from other: Order.Trail?) -> Bool {
    guard case .amount(let a) = self, case .amount(let b) = other else { return self != other }
    return abs(a - b) > abs(b) * 1e-12
  }
}
