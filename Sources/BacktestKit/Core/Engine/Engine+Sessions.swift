// What the end of a session does to the account. Nothing of it is scheduled unless the account has
// margin rates, financing or contracts, or something happens to shares.
extension Engine {
  /// Schedules what happens to the account after the base point; what came before it belongs to
  /// nobody, or to the run whose account goes on.
  @inline(never)
  mutating func startAccountEvents() {
    if let terms = trading.account.terms, terms.actsAtSessionEnds {
      scheduleSessionEnd()
      noteShortages()
    }
    if !feed.actions.isEmpty { startActions() }
    if let first = feed.funding.firstIndex(where: { $0.funding.time > clock }) {
      scheduleFunding(first)
    }
  }

  /// After the close of bars and what ended with their session; `false` where nothing is left.
  @inline(never)
  mutating func endAccountBar() -> Bool {
    if trading.account.terms?.marginCheck == .bar { checkPositions() }
    if valuation.isSound { return true }
    endEarly()
    return false
  }

  /// One payment waits at a time: the others come after it.
  private mutating func scheduleFunding(_ index: Int) {
    guard index < feed.funding.count else { return }
    queue.schedule(at: feed.funding[index].funding.time, .funding, subject: index)
  }

  /// Phase 2, after all that ends with a session of that moment: the holders of a perpetual
  /// contract pay one another.
  @inline(never)
  mutating func payFunding(_ index: Int) {
    scheduleFunding(index + 1)
    let scheduled = feed.funding[index]
    let amount = trading.account.payFunding(scheduled.funding.rate, of: scheduled.instrument)
    guard amount != 0 else { return }
    let entry = LedgerEntry(
      time: clock, kind: .funding, amount: amount,
      instrument: InstrumentID(scheduled.instrument))
    log.record(trading.account.stamped(entry))
    valuation = trading.account.valuation
  }

  private mutating func scheduleSessionEnd() {
    guard let session = feed.universe.accountSession(after: clock) else { return }
    queue.schedule(at: session.end, .sessionEnd, subject: 0)
  }

  /// Phase 2: financing for the days to the next session, then the margin check.
  @inline(never)
  mutating func endAccountSession() {
    scheduleSessionEnd()
    guard let terms = trading.account.terms else { return }
    let universe = feed.universe
    // The session that ends at this very moment.
    let before = Timestamp(nanoseconds: clock.nanoseconds - 1)
    let date = universe.sessionDate(after: before) ?? clock.utcDate
    let next = universe.accountSession(after: clock)?.date ?? date.adding(days: 1)
    trading.account.settleContracts(log.fills, at: clock) { log.record($0) }
    trading.account.financeSession(
      on: date, days: next.daysSinceEpoch - date.daysSinceEpoch, at: clock
    ) { log.record($0) }
    noteShortages()
    if terms.marginCheck == .session || terms.hasShortages { checkPositions() }
    valuation = trading.account.valuation
  }

  /// Notes of which instruments there are no shares to borrow in the session that is to come.
  private mutating func noteShortages() {
    guard let terms = trading.account.terms, terms.hasShortages,
      let date = feed.universe.accountSession(after: clock)?.date
    else { return }
    trading.account.unborrowable = trading.account.positions.indices
      .filter { terms.borrowRate(of: $0, on: date) == nil }
      .map { Int32(truncatingIfNeeded: $0) }
  }

  /// Holds equity against maintenance, and calls back shares that can no longer be borrowed: the
  /// engine's own market orders reduce positions at the next open, before anything that the
  /// strategy asked for.
  @inline(never)
  mutating func checkPositions() {
    // What an earlier call has not reached yet is decided anew.
    trading.broker.withdrawLiquidations(log: &log)
    let account = trading.account
    let (equity, maintenance) = (account.equity, account.maintenanceRequirement)
    guard equity > 0 else { return }
    var trades: [Account.Liquidation] = []
    if maintenance - equity > maintenance * 1e-12 {
      log.marginCalls.append(MarginCall(time: clock, equity: equity, maintenance: maintenance))
      trades = account.liquidations(lots: { feed.columns[$0].lotSize })
    }
    for instrument in account.unborrowable.map({ Int($0) })
    where account.quantity(of: instrument) < 0 {
      trades.removeAll { $0.instrument == instrument }
      trades.append(
        Account.Liquidation(
          instrument: instrument, quantity: -account.quantity(of: instrument)))
    }
    for trade in trades { liquidate(trade) }
  }

  /// Puts a market order of the engine's own in the book.
  mutating func liquidate(_ trade: Account.Liquidation) {
    var order = Order(
      InstrumentID(trade.instrument), quantity: trade.quantity, reduceOnly: true)
    order.isLiquidation = true
    trading.broker.register(&order, at: clock)
    log.orders.append(order)
    trading.broker.place(liquidation: order, log: &log)
  }
}

extension Universe {
  /// The first session of the account that ends after an instant.
  ///
  /// An account's sessions are those of all calendars together; one ends when the last market that
  /// has a session of its date closes.
  func accountSession(after time: Timestamp) -> (date: CivilDate, end: Timestamp)? {
    guard let date = sessionDate(after: time) else { return nil }
    let end = calendars.compactMap { $0.session(on: date)?.close }.max()
    return end.map { (date, $0) }
  }
}
