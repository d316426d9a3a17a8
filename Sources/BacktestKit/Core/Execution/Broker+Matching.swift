extension Broker {
  /// Makes an order live, or refuses it when the slippage model lacks history.
  @inline(__always)
  mutating func activate(_ slot: Int, log: inout RunLog) -> Bool {
    if plan.needsHistory,
      !rememberHistory(slot, for: plan.slippage(of: book[slot].order.instrument))
    {
      reject(slot, .noHistory, log: &log)
      return false
    }
    if case .market = book[slot].order.kind {} else if !prepare(slot, log: &log) { return false }
    book.activate(slot, at: market.clock)
    return true
  }

  /// What the rarer kinds of orders need as they become live; `false` where one is refused.
  @inline(never)
  private mutating func prepare(_ slot: Int, log: inout RunLog) -> Bool {
    let order = book[slot].order
    let last = market.lastClose(of: Int(order.instrument.index)) ?? .nan
    // What waits for an entry begins at its fill.
    guard order.parent.number == 0 else { return true }
    if order.kind.trail != nil { book[slot].bestPrice = last }
    if order.postOnly, let limit = order.kind.limitPrice,
      book[slot].isBuy ? last <= limit : last >= limit
    {
      reject(slot, .postOnly, log: &log)
      return false
    }
    return true
  }

  /// Matches live orders at the opens of this moment, in order of submission.
  ///
  /// The order of submission and not that of the universe, so that what a batch of targets sells
  /// pays for what it buys, whatever the names are.
  mutating func matchOpens(account: inout some BrokerAccount, log: inout RunLog) {
    candidates.clear()
    if book.liquidationCount > 0 { collectLiquidations() }
    if !collectReachedOpens() { collectOpens() }
    if candidates.count > 1 { account.beginFills() }
    for index in candidates.indices {
      let candidate = candidates[index]
      guard book.holds(candidate.order, in: candidate.slot) else { continue }
      let instrument = Int(book[candidate.slot].order.instrument.index)
      let context = MatchContext(
        instrument, row: market.nextRow(of: instrument), in: market, account: account,
        isIntrabar: false)
      guard !candidate.reference.isNaN else {
        if let match = lateMatch(candidate.slot, at: context) {
          execute(match, at: context, account: &account, log: &log)
        }
        continue
      }
      execute(candidate, at: context, account: &account, log: &log)
    }
    account.endFills()
    endMoments(log: &log)
    market.finishOpens()
  }

  @inline(__always)
  private mutating func collectOpens() {
    var slot = book.firstSlot
    while slot >= 0 {
      if book[slot].isLive, !book[slot].order.isLiquidation { collectOpen(slot) }
      slot = book.slot(submittedAfter: slot)
    }
  }

  /// The match of an exit at an open at which its entry may have filled just before.
  @inline(never)
  private func lateMatch(_ slot: Int, at context: MatchContext) -> MatchCandidate? {
    guard book[slot].order.kind.trail == nil || !book[slot].bestPrice.isNaN else { return nil }
    return book[slot].matchAtOpen(
      slot: slot, open: context.bar.open, time: context.time, tick: context.tick, plan: plan)
  }

  /// What answers a margin call comes before everything else.
  @inline(never)
  private mutating func collectLiquidations() {
    var slot = book.firstSlot
    while slot >= 0 {
      if book[slot].isLive, book[slot].order.isLiquidation { collectOpen(slot) }
      slot = book.slot(submittedAfter: slot)
    }
  }

  /// Adds a live order to the candidates where it trades at an open of this moment.
  @inline(__always)
  mutating func collectOpen(_ slot: Int) {
    let instrument = Int(book[slot].order.instrument.index)
    let series = market.columns + instrument
    let row = market.openingRow(of: instrument)
    // Where volumes are given, a bar without volume trades nothing.
    guard row >= 0 else { return }
    if book.counts.immediate > 0 { noteMoment(slot, isOpen: true) }
    guard series.pointee.volume[row] != 0 else { return }
    if attachesExits, book[slot].order.exitRule != nil {
      // Fills at this open may move it before its turn.
      candidates.append(MatchCandidate(book[slot], slot: slot, at: .nan))
      return
    }
    let candidate = book[slot].matchAtOpen(
      slot: slot, open: series.pointee.open[row], time: market.clock,
      tick: series.pointee.tickSize, plan: plan)
    if let candidate { candidates.append(candidate) }
  }

  /// Matches the live orders of an instrument after the open and before the close of its bar.
  mutating func matchBar(
    of instrument: Int, row: Int, account: inout some BrokerAccount, log: inout RunLog
  ) {
    let context = MatchContext(
      instrument, row: row, in: market, account: account, isIntrabar: true)
    guard context.series.pointee.volume[row] != 0 else { return }
    if let details = market.details,
      matchDetail(details + instrument, at: context, account: &account, log: &log)
    {
      return
    }
    if matchPath(at: context, account: &account, log: &log) { log.counts.ambiguousBars += 1 }
  }

  /// Matches along the finer bars inside a bar, one after the other; `false` where there are none.
  @inline(never)
  private mutating func matchDetail(
    _ finer: UnsafePointer<SeriesColumns>, at whole: MatchContext,
    account: inout some BrokerAccount, log: inout RunLog
  ) -> Bool {
    let bar = whole.bar
    let rows = finer.pointee.rows(from: bar.openTime, to: bar.closeTime)
    guard !rows.isEmpty else { return false }
    var isAmbiguous = false
    var context = whole
    context.finer = finer
    for row in rows where finer.pointee.volume[row] != 0 {
      context.finerRow = row
      if matchPath(at: context, account: &account, log: &log) { isAmbiguous = true }
    }
    if isAmbiguous { log.counts.ambiguousBars += 1 }
    return true
  }

  /// Matches along a bar; returns whether what fills depends on the assumed path.
  @inline(__always)
  private mutating func matchPath(
    at context: MatchContext, account: inout some BrokerAccount, log: inout RunLog
  ) -> Bool {
    var dependsOnPath = false
    collect(along: plan.intrabarPath, at: context)
    let trails = book.counts.trailing > 0
    let isCrowded = candidates.count > 1 || trails || attachesExits
    if isCrowded || candidates.rows.contains(where: \.armsOnly),
      !candidates.isEmpty || trails && plan.trailsIntrabar, isAmbiguous(context, account: account)
    {
      dependsOnPath = true
    }
    if !candidates.isEmpty {
      walk(along: plan.intrabarPath, at: context, account: &account, log: &log)
    }
    if trails || attachesExits { followBar(context.path, of: context.instrument) }
    return dependsOnPath
  }

  /// Moves the trailing stops of an instrument behind a bar that has closed.
  @inline(never)
  private mutating func followBar(_ bar: Bar, of instrument: Int) {
    var slot = book.firstSlot(instrument)
    while slot >= 0 {
      if book[slot].order.kind.trail != nil, book[slot].isMoved(by: bar) {
        book[slot].follow(bar)
      }
      slot = book.slot(after: slot)
    }
  }

  /// The resting orders of an instrument that a bar reaches after its open, in the order in which
  /// a path visits them.
  private mutating func collect(along path: ExecutionRules.IntrabarPath, at context: MatchContext) {
    candidates.clear()
    let bar = context.path
    if book.liveCount(context.instrument) >= Self.manyOrders,
      !book.isReached(context.instrument, from: bar.low, to: bar.high, plan: plan)
    {
      return
    }
    let path = BarPath(path, through: bar, isFiner: context.finer != nil)
    var slot = book.firstSlot(context.instrument)
    while slot >= 0 {
      let candidate = book[slot].matchAlong(path, slot: slot, tick: context.tick, plan: plan)
      if let candidate { candidates.insert(candidate) }
      slot = book.slot(after: slot)
    }
  }

  /// Whether the fills inside a bar differ between any two of the four paths: each is tried on a
  /// copy of the broker and the account.
  @inline(never)
  private func isAmbiguous(_ context: MatchContext, account: some BrokerAccount) -> Bool {
    var first: [Fill]?
    for path in ExecutionRules.IntrabarPath.allCases {
      var (broker, account, log) = (self, account, RunLog())
      broker.own()
      broker.collect(along: path, at: context)
      broker.walk(along: path, at: context, account: &account, log: &log)
      // What a trade is charged may depend on what was traded before it, but is no other trade.
      let fills = log.fills.sorted { $0.order < $1.order }
      guard let expected = first else {
        first = fills
        continue
      }
      guard fills.elementsEqual(expected, by: { $0.isSameTrade(as: $1) }) else { return true }
    }
    return false
  }

  /// Fills the orders that waited for this close, in order of submission as at an open.
  @inline(never)
  mutating func matchCloses(account: inout some BrokerAccount, log: inout RunLog) {
    candidates.clear()
    var slot = book.firstSlot
    while slot >= 0 {
      if book[slot].isLive { collectClose(slot) }
      slot = book.slot(submittedAfter: slot)
    }
    for index in candidates.indices {
      fillAtClose(candidates[index], account: &account, log: &log)
    }
    endMoments(log: &log)
  }

  private mutating func collectClose(_ slot: Int) {
    let instrument = Int(book[slot].order.instrument.index)
    let row = market.closingRow(of: instrument)
    guard row >= 0 else { return }
    let candidate = book[slot].matchAtClose(
      market.columns[instrument].close[row], slot: slot, time: market.clock, plan: plan)
    guard let candidate else { return }
    if book.counts.immediate > 0 { noteMoment(slot, isOpen: false) }
    candidates.append(candidate)
  }

  /// Remembers an order for one moment only whose moment this is.
  @inline(never)
  private mutating func noteMoment(_ slot: Int, isOpen: Bool) {
    let live = book[slot]
    guard live.order.timeInForce.isImmediate, !live.isAsleep else { return }
    if isOpen {
      guard live.liveSince <= market.clock else { return }
      switch live.waiting {
      case .market(let isAtOpen): guard isAtOpen || plan.marketFill != .nextClose else { return }
      case .limit: break
      case .close, .trigger, .nothing: return
      }
    }
    moments.append(SubmittedOrder(slot: slot, order: live.id))
  }

  /// Ends the orders whose only moment is over.
  @inline(__always)
  private mutating func endMoments(log: inout RunLog) {
    if !moments.isEmpty { expireMoments(log: &log) }
  }

  @inline(never)
  private mutating func expireMoments(log: inout RunLog) {
    for index in moments.indices where book.holds(moments[index].order, in: moments[index].slot) {
      end(moments[index].slot, .expired, log: &log)
    }
    moments.clear()
  }

  /// Matches a market order at the close of its instrument's last bar, which has just closed.
  mutating func fillAtClose(
    _ slot: Int, account: inout some BrokerAccount, log: inout RunLog
  ) {
    let instrument = Int(book[slot].order.instrument.index)
    let row = market.lastRow(of: instrument)
    let candidate = MatchCandidate(
      book[slot], slot: slot, at: market.columns[instrument].close[row])
    fillAtClose(candidate, account: &account, log: &log)
  }

  private mutating func fillAtClose(
    _ candidate: MatchCandidate, account: inout some BrokerAccount, log: inout RunLog
  ) {
    guard book.holds(candidate.order, in: candidate.slot) else { return }
    let instrument = Int(book[candidate.slot].order.instrument.index)
    let context = MatchContext(
      instrument, row: market.lastRow(of: instrument), in: market, account: account,
      isIntrabar: true, isAtClose: true)
    guard context.series.pointee.volume[context.row] != 0 else { return }
    execute(candidate, at: context, account: &account, log: &log)
  }
}

extension Broker {
  /// Executes the candidates, which are what a bar reaches in the order in which a path visits it.
  ///
  /// An exit whose entry fills inside the bar begins there: only the rest of the path counts for
  /// it.
  mutating func walk(
    along path: ExecutionRules.IntrabarPath, at context: MatchContext,
    account: inout some BrokerAccount,
    log: inout RunLog
  ) {
    var index = 0
    while index < candidates.count {
      let candidate = candidates[index]
      index += 1
      guard book.holds(candidate.order, in: candidate.slot) else { continue }
      let held = account.quantity(of: context.instrument)
      let filled = book[candidate.slot].progress.quantity
      let fillsBefore = log.fills.count
      let firstNew = nextOrder
      execute(candidate, at: context, account: &account, log: &log)
      if candidate.armsOnly { placeArmed(candidate, path, at: context, from: index) }
      guard book.exitCount > 0, log.fills.count > fillsBefore else { continue }
      let fill = PathFill(
        candidate: candidate, filledBefore: filled, firstNewOrder: firstNew, heldBefore: held,
        held: account.quantity(of: context.instrument))
      placeExits(
        behind: fill, along: BarPath(path, through: context.path), at: context, from: index)
    }
  }

  /// Puts what a trigger has armed where the rest of the path comes to it.
  @inline(never)
  private mutating func placeArmed(
    _ trigger: MatchCandidate, _ path: ExecutionRules.IntrabarPath, at context: MatchContext,
    from index: Int
  ) {
    // An exit with nothing to close was not triggered.
    guard book.holds(trigger.order, in: trigger.slot), book[trigger.slot].isArmed else { return }
    let match = book[trigger.slot].match(
      armedBy: trigger, along: BarPath(path, through: context.path), slot: trigger.slot,
      tick: context.tick, plan: plan)
    if let match { candidates.insert(match, from: index) }
  }

  /// A fill inside a bar, as the exits of its instrument see it.
  private struct PathFill {
    var candidate: MatchCandidate
    /// Units that its order had filled before, positive.
    var filledBefore: Double
    /// The first order that it made.
    var firstNewOrder: OrderID
    /// Units held before and after it, signed.
    var heldBefore: Double
    var held: Double
  }

  /// Puts the exits to which a fill gives something to close where the rest of the path comes to
  /// them; what the bar reached before does not count for them.
  private mutating func placeExits(
    behind fill: PathFill, along path: BarPath, at context: MatchContext, from index: Int
  ) {
    var slot = book.firstSlot(context.instrument)
    while slot >= 0 {
      if wakes(slot, fill) {
        candidates.remove(book[slot].id, from: index)
        let candidate = book[slot].match(
          behind: fill.candidate, along: path, slot: slot, tick: context.tick, plan: plan)
        if let candidate { candidates.insert(candidate, from: index) }
        if path.isReal, book[slot].followsPath(plan) {
          book[slot].follow(path, from: fill.candidate.position)
        }
      }
      slot = book.slot(after: slot)
    }
  }

  /// Whether an exit that had nothing to close has something since a fill of another order: its
  /// entry has filled, a position was opened that it closes, or the fill has made it.
  private func wakes(_ slot: Int, _ fill: PathFill) -> Bool {
    let order = book[slot].order
    guard book[slot].closesOnly, order.assignedID != fill.candidate.order else { return false }
    let isBuy = book[slot].isBuy
    guard fill.held != 0, isBuy == (fill.held < 0), book[slot].releasedQuantity != 0 else {
      return false
    }
    if order.assignedID >= fill.firstNewOrder { return true }
    let couldClose = fill.heldBefore != 0 && isBuy == (fill.heldBefore < 0)
    // Its price has moved with the average.
    let hasGrown = couldClose && abs(fill.held) > abs(fill.heldBefore)
    if hasGrown, let rule = order.exitRule, rule != .trailingStop { return true }
    let isOfEntry = order.parent == fill.candidate.order
    let entryFilled = isOfEntry ? fill.filledBefore : book[slot].entryFilled
    return !couldClose || book[slot].releasedQuantity(entryFilled: entryFilled) == 0
  }
}
