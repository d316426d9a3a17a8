extension Engine {
  /// Phase 1: for each bar that closes now, in universe order, resting orders are matched along
  /// its path; then what is held is valued at the close.
  mutating func closeBars() {
    if trading.broker.isIdle {
      valuation = closeAccount()
    } else {
      matchBars()
      valuation = trading.account.valuation
    }
  }

  /// Values what is held at the closes of the instant, where no order waits.
  @inline(__always)
  mutating func closeAccount() -> Valuation {
    let closed = trading.account.close(trading.broker.market.columns, at: instant)
    if closed.charge != 0 { charge(closed.charge) }
    trading.account.checkInvariants()
    return closed.valuation
  }

  /// Each instrument's resting orders are matched before its close is known to the account, and
  /// after those of the instruments before it.
  @inline(never)
  private mutating func matchBars() {
    for instrument in 0..<feed.instrumentCount {
      let row = trading.broker.market.closingRow(of: instrument)
      guard row >= 0 else { continue }
      if trading.broker.book.hasLiveOrders(instrument) {
        trading.broker.matchBar(
          of: instrument, row: row, account: &trading.account, log: &log)
      }
      guard trading.account.quantity(of: instrument) != 0 else { continue }
      let columns = trading.broker.market.columns + instrument
      trading.account.markToClose(
        instrument, close: columns.pointee.close[row], high: columns.pointee.high[row],
        low: columns.pointee.low[row], row: row)
    }
    if trading.broker.plan.marketFill != .nextOpen, !trading.broker.isIdle {
      trading.broker.matchCloses(account: &trading.account, log: &log)
    }
    trading.account.checkInvariants()
  }

  @inline(never)
  private mutating func charge(_ amount: Double) {
    log.record(LedgerEntry(time: clock, kind: .commission, amount: -amount))
  }

  /// At the base point: the account that was handed over takes the place of the initial cash.
  @inline(never)
  mutating func takeOverAccount() {
    guard var inherited else { return }
    inherited.beginDecisions(at: firstDecision)
    trading.account = inherited
    valuation = inherited.valuation
    points.set(0, equity: valuation.equity, grossExposure: valuation.grossExposure)
  }

  /// At the last close of a window: what is held is given up there, with costs, as far as the
  /// bar's volume allows.
  @inline(never)
  mutating func closeWindow() {
    let charged = trading.account.liquidateStatements()
    if charged != 0 { charge(charged) }
    for instrument in trading.account.positions.indices
    where trading.account.quantity(of: instrument) != 0 {
      closePosition(of: instrument)
    }
    valuation = trading.account.valuation
  }
}
