import BacktestCore

// MARK: - From close to close

extension MarketSimulator {
  /// At a close: what exits have closed is noted, gains and times are looked at.
  mutating func watchExits(_ stated: inout [Int: ScriptedRequest.Stated]) {
    guard hasExits else { return }
    for instrument in bars.indices { noteExit(instrument, &stated) }
    for instrument in bars.indices where quantities[instrument] != 0 {
      guard let row = closingRow(instrument) else { continue }
      let bar = bars[instrument][row]
      if row != holdings[instrument].closeRow {
        holdings[instrument].bars += 1
        holdings[instrument].sessions.insert(calendars[instrument].sessionDate(of: bar.closeTime))
        watchGain(instrument, row)
      }
    }
    for instrument in bars.indices where quantities[instrument] != 0 {
      guard let row = closingRow(instrument) else { continue }
      let isWaiting = orders.contains {
        $0.instrument == instrument && $0.exitRule == .timeExit && !$0.hasEnded
      }
      if isOver(instrument, row), !isWaiting {
        let order = register(
          Order(InstrumentID(instrument), quantity: -quantities[instrument], reduceOnly: true),
          group: 0)
        orders[order.number - 1].exitRule = .timeExit
        check(order.number - 1)
      }
    }
  }

  private mutating func watchGain(_ instrument: Int, _ row: Int) {
    guard let distance = rules.exits.breakEven, !holdings[instrument].isAtBreakEven else { return }
    let (bar, holding) = (bars[instrument][row], holdings[instrument])
    let best =
      row == holding.insideRow ? bar.close : holding.side > 0 ? bar.high : bar.low
    guard Double(holding.side) * (best - holding.average) >= span(distance, instrument) else {
      return
    }
    holdings[instrument].isAtBreakEven = true
    alignExits(
      instrument, cause: nil, at: bar.close, since: now, isInside: false, grows: false)
  }

  private func isOver(_ instrument: Int, _ row: Int) -> Bool {
    let holding = holdings[instrument]
    guard row != holding.closeRow else { return false }
    switch rules.exits.timeExit {
    case nil: return false
    case .bars(let count): return holding.bars >= count
    case .sessions(let count):
      let close = bars[instrument][row].closeTime
      let date = calendars[instrument].sessionDate(of: close)
      let isEnded = calendars[instrument].session(on: date).map { close >= $0.close } ?? true
      return holding.sessions.count - (isEnded ? 0 : 1) >= count
    }
  }

  /// The number of a target.
  private func number(_ target: ScriptedRequest.Stated) -> Double {
    switch target {
    case .weight(let number), .value(let number), .quantity(let number): number
    }
  }

  private mutating func noteExit(
    _ instrument: Int, _ stated: inout [Int: ScriptedRequest.Stated]
  ) {
    let side = holdings[instrument].exited
    holdings[instrument].exited = 0
    guard side != 0, let target = standing[instrument], number(target) * Double(side) > 0 else {
      return
    }
    switch rules.exits.reentry {
    case .atOnce: if quantities[instrument] == 0 { stated[instrument] = target }
    case .never: (holdings[instrument].spent, holdings[instrument].isOver) = (target, true)
    case .newTarget, .newDirection: holdings[instrument].spent = target
    }
  }

  /// Whether a target that was stated is traded after an exit.
  mutating func isTraded(_ target: ScriptedRequest.Stated, _ instrument: Int) -> Bool {
    let holding = holdings[instrument]
    if number(target) == 0 {
      holdings[instrument].spent = nil
      return true
    }
    if holding.isOver { return false }
    guard let spent = holding.spent else { return true }
    let waits =
      rules.exits.reentry == .newDirection
      ? number(target) * number(spent) > 0 : target == spent
    if !waits { holdings[instrument].spent = nil }
    return !waits
  }
}
