// The exits of a run from close to close: time, break-even, and targets that they have closed.
extension Engine {
  /// Looks at what is held at the close that has just happened.
  @inline(never)
  mutating func watchExits() {
    noteExits()
    guard configuration.exits.watchesCloses else { return }
    for instrument in trading.account.positions.indices
    where trading.account.quantity(of: instrument) != 0 {
      let row = trading.broker.market.closingRow(of: instrument)
      if row >= 0 { watchPosition(of: instrument, row: row) }
    }
    guard configuration.exits.timeExit != nil else { return }
    for instrument in trading.account.positions.indices { endInTime(instrument) }
  }

  /// Calls `body` with the run's exits, taken out of the broker so that they are changed in place.
  private mutating func withExits<Result>(_ body: (inout ExitDesk) -> Result) -> Result? {
    guard var desk = trading.broker.exits else { return nil }
    trading.broker.exits = nil
    defer { trading.broker.exits = desk }
    return body(&desk)
  }

  /// Remembers the targets from which exits have traded away, and states them anew where the rule
  /// says so.
  @inline(never)
  mutating func noteExits() {
    guard let count = trading.broker.exits?.positions.count else { return }
    for instrument in 0..<count {
      let side = trading.broker.exits?.positions[instrument].exitedSide ?? 0
      guard side != 0 else { continue }
      let target = trading.standing[instrument]
      let isFlat = trading.account.quantity(of: instrument) == 0
      let rule = configuration.exits.reentry
      _ = withExits { desk in
        desk.positions[instrument].exitedSide = 0
        guard rule != .atOnce, target.value * side > 0 else { return }
        desk.positions[instrument].spent = target
        if rule == .never { desk.positions[instrument].isOver = true }
      }
      if rule == .atOnce, isFlat, target.value * side > 0 {
        trading.request(InstrumentID(instrument), target)
      }
    }
  }

  /// Leaves out what was stated of positions that an exit has closed and that may not be opened
  /// again yet.
  @inline(never)
  mutating func dropSpentTargets() {
    guard !trading.targetRequests.isEmpty else { return }
    // Of several for one instrument only the last counts.
    for index in trading.targetRequests.indices {
      let request = trading.targetRequests[index]
      _ = withExits { $0.positions[request.instrument].lastRequest = request.number }
    }
    var kept = 0
    for index in trading.targetRequests.indices {
      let request = trading.targetRequests[index]
      guard isTraded(request) else { continue }
      trading.targetRequests[kept] = request
      kept += 1
    }
    trading.targetRequests.removeLast(trading.targetRequests.count - kept)
  }

  /// Whether a target is traded, or waits for a different one.
  private mutating func isTraded(_ request: TargetRequest) -> Bool {
    guard let position = trading.broker.exits?.positions[request.instrument] else { return true }
    guard position.lastRequest == request.number else { return false }
    let (spent, target) = (position.spent, request.target)
    if target.value == 0 {
      if spent.measure != .none {
        _ = withExits { $0.positions[request.instrument].spent = PositionTarget(.none, 0) }
      }
      return true
    }
    if position.isOver { return false }
    guard spent.measure != .none else { return true }
    let isSame =
      configuration.exits.reentry == .newDirection
      ? (target.value > 0) == (spent.value > 0) : target == spent
    if isSame { return false }
    _ = withExits { $0.positions[request.instrument].spent = PositionTarget(.none, 0) }
    return true
  }
}

extension Engine {
  /// Counts a closed bar of a position, and moves its stop where that is due.
  private mutating func watchPosition(of instrument: Int, row: Int) {
    let bar = feed.columns[instrument].bar(instrument, row)
    let calendar = feed.universe.series[instrument].calendar ?? AlwaysOpenCalendar()
    let rules = configuration.exits
    let position = trading.account.positions[instrument]
    let breaksEven = withExits { desk in
      desk.positions[instrument].isOverdue =
        desk.positions[instrument].hold(bar, row: row, calendar, limit: rules.timeExit)
      return desk.breaksEven(bar, row: row, of: instrument, position)
    }
    if breaksEven ?? false { attachExits(instrument) }
  }

  /// Asks for the end of a position that has been held for as long as it may. Such orders come
  /// after the stops that moved, as their numbers do.
  private mutating func endInTime(_ instrument: Int) {
    guard trading.broker.exits?.positions[instrument].isOverdue ?? false else { return }
    trading.broker.exits?.positions[instrument].isOverdue = false
    guard trading.broker.exit(.timeExit, of: instrument) == nil else { return }
    let held = trading.account.quantity(of: instrument)
    var order = Order(InstrumentID(instrument), quantity: -held, reduceOnly: true)
    order.exitRule = .timeExit
    trading.broker.register(&order, at: clock)
    trading.requests.append(.submit(order))
    trading.hasRequests = true
  }

  /// Brings the exits of a position in line with what is held, where no order has filled.
  mutating func attachExits(_ instrument: Int) {
    let change = PositionChange(
      instrument: instrument, reference: trading.account.mark(of: instrument),
      knownRow: trading.lastRow(instrument), time: clock)
    trading.broker.own()
    trading.broker.followPosition(change, account: &trading.account, log: &log)
  }

  /// Brings the exits of a position to the units of a new day.
  mutating func splitExits(of instrument: Int, by ratio: Double) {
    _ = withExits { $0.split(instrument, by: ratio) }
    attachExits(instrument)
  }
}

extension ExitDesk.HeldPosition {
  /// Counts a closed bar; `true` once the position has been held for as long as it may.
  fileprivate mutating func hold(
    _ bar: Bar, row: Int, _ calendar: any TradingCalendar, limit: HoldingLimit?
  ) -> Bool {
    guard row != closeRow, let limit else { return false }
    barsHeld += 1
    let session = calendar.sessionDate(of: bar.closeTime)
    if session != lastSession {
      lastSession = session
      sessionsHeld += 1
    }
    switch limit {
    case .bars(let count): return barsHeld >= count
    case .sessions(let count):
      let end = calendar.session(on: session)?.close ?? bar.closeTime
      return (bar.closeTime >= end ? sessionsHeld : sessionsHeld - 1) >= count
    }
  }
}

extension ExitDesk {
  /// Whether a bar has just brought the gain at which the stop moves to the entry price.
  ///
  /// A bar counts with its best price, or with its close alone where the position was opened or
  /// added to inside it.
  fileprivate mutating func breaksEven(
    _ bar: Bar, row: Int, of instrument: Int, _ position: Position
  ) -> Bool {
    guard let distance = rules.breakEven, !positions[instrument].isAtBreakEven,
      positions[instrument].closeRow != row
    else { return false }
    let side = positions[instrument].side
    let best =
      positions[instrument].insideRow == row ? bar.close : side > 0 ? bar.high : bar.low
    let gain = side * (best - position.averagePrice)
    guard gain >= span(distance, of: instrument, from: position.averagePrice) else { return false }
    positions[instrument].isAtBreakEven = true
    return true
  }
}
