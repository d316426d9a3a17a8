extension Engine {
  /// Phase 1: for each bar that closes now, in universe order, resting orders are matched along
  /// its path; then the position is marked to the close.
  @inline(__always)
  mutating func closeBars() {
    // Where nothing is held and nothing is ordered, a close changes nothing but the time.
    if trading.account.heldCount > 0 || !trading.book.isEmpty { closePositions() }
    guard !feed.hasOneGrid else { return }
    for grid in feed.grids.indices {
      let row = feed.grids[grid].rowAtInstant[instant]
      if row >= 0 { trading.nextRows[grid] = row + 1 }
    }
  }

  @inline(__always)
  private mutating func closePositions() {
    if holdsWeights { return closeWeights() }
    for instrument in 0..<feed.instrumentCount {
      let row = feed.row(of: instrument, at: instant)
      guard row >= 0 else { continue }
      if !trading.book.isEmpty, trading.book.hasLiveOrders(instrument) {
        matchPath(instrument, row: row)
      }
      guard trading.account.positions[instrument].quantity != 0 else { continue }
      let columns = feed.columns[instrument]
      trading.account.markToClose(
        instrument, close: columns.close[row], high: columns.high[row], low: columns.low[row],
        row: row)
    }
    if plan.rules.marketFill != .nextOpen, !trading.book.isEmpty { fillMarketOrdersAtClose() }
    trading.account.checkInvariants()
  }

  /// Fills the market orders that waited for this close, in order of submission as at an open.
  @inline(never)
  private mutating func fillMarketOrdersAtClose() {
    candidates.removeAll(keepingCapacity: true)
    for instrument in 0..<feed.instrumentCount where trading.book.hasLiveOrders(instrument) {
      let row = feed.row(of: instrument, at: instant)
      guard row >= 0 else { continue }
      let bar = feed.columns[instrument].bar(instrument, row)
      trading.book.closeCandidates(instrument, bar: bar, into: &candidates)
    }
    if candidates.count > 1 { candidates.sort { $0.order < $1.order } }
    for index in candidates.indices {
      let candidate = candidates[index]
      guard trading.book.holds(candidate.order, in: candidate.slot) else { continue }
      let instrument = Int(trading.book[candidate.slot].order.instrument.index)
      fillAtClose(candidate.slot, instrument, row: feed.row(of: instrument, at: instant))
    }
  }

  /// The time of the next open that live orders may wait for, or the distant future.
  func nextOpenTime() -> Timestamp {
    guard !trading.book.isEmpty, instant + 1 < endInstant else { return .distantFuture }
    var earliest = Timestamp.distantFuture
    for grid in openedRows.indices {
      let row = trading.nextRow(ofGrid: grid)
      guard row < feed.grids[grid].openTimes.count, openedRows[grid] != row else { continue }
      let time = feed.grids[grid].openTimes[row]
      // An open that passed before the order came is not for it.
      if time >= clock, time < earliest { earliest = time }
    }
    return earliest
  }

  /// Phase 7: matches live orders at the opens of a moment, in order of submission.
  ///
  /// The order of submission and not that of the universe, so that what a batch of targets sells
  /// pays for what it buys, whatever the names are.
  mutating func openMarkets(at time: Timestamp) {
    clock = time
    candidates.removeAll(keepingCapacity: true)
    for instrument in 0..<feed.instrumentCount {
      let grid = feed.gridOfInstrument[instrument]
      let row = trading.nextRow(ofGrid: grid)
      guard trading.book.hasLiveOrders(instrument), row < feed.grids[grid].openTimes.count,
        openedRows[grid] != row, feed.grids[grid].openTimes[row] == time
      else { continue }
      collectOpen(instrument, row: row)
    }
    if candidates.count > 1 { candidates.sort { $0.order < $1.order } }
    for index in candidates.indices { matchOpen(candidates[index]) }
    for grid in openedRows.indices {
      let row = trading.nextRow(ofGrid: grid)
      let times = feed.grids[grid].openTimes
      if row < times.count, times[row] == time { openedRows[grid] = row }
    }
  }

  private mutating func collectOpen(_ instrument: Int, row: Int) {
    let bar = feed.columns[instrument].bar(instrument, row)
    // Where volumes are given, a bar without volume trades nothing.
    guard bar.volume != 0 else { return }
    trading.book.openCandidates(
      instrument, bar: bar, rules: plan.rules, tick: feed.columns[instrument].tickSize,
      into: &candidates)
  }

  private mutating func matchOpen(_ candidate: MatchCandidate) {
    guard trading.book.holds(candidate.order, in: candidate.slot) else { return }
    let instrument = Int(trading.book[candidate.slot].order.instrument.index)
    let row = trading.nextRow(ofGrid: feed.gridOfInstrument[instrument])
    let bar = feed.columns[instrument].bar(instrument, row)
    let point = MatchPoint(
      instrument: instrument, row: Int32(truncatingIfNeeded: row), bar: bar, time: bar.openTime,
      isIntrabar: false)
    trading.execute(candidate, at: point, plan: plan, log: &log)
  }

  private mutating func matchPath(_ instrument: Int, row: Int) {
    let bar = feed.columns[instrument].bar(instrument, row)
    guard bar.volume != 0 else { return }
    let tick = feed.columns[instrument].tickSize
    trading.book.pathCandidates(
      instrument, bar: bar, path: plan.rules.intrabarPath, rules: plan.rules, tick: tick,
      into: &candidates)
    guard !candidates.isEmpty else { return }
    let point = MatchPoint(
      instrument: instrument, row: Int32(truncatingIfNeeded: row), bar: bar, time: bar.closeTime,
      isIntrabar: true)
    if candidates.count > 1, isAmbiguous(point, tick: tick) { log.counts.ambiguousBars += 1 }
    trading.walk(candidates, along: plan.rules.intrabarPath, at: point, plan: plan, log: &log)
  }

  /// Whether the fills inside a bar differ between any two of the four paths: each is tried on a
  /// copy of the account and the book.
  private func isAmbiguous(_ point: MatchPoint, tick: Double) -> Bool {
    var first: [Fill]?
    var tried: ContiguousArray<MatchCandidate> = []
    for path in IntrabarPath.allCases {
      var copy = trading
      var scratch = RunLog()
      copy.book.pathCandidates(
        point.instrument, bar: point.bar, path: path, rules: plan.rules, tick: tick,
        into: &tried)
      copy.walk(tried, along: path, at: point, plan: plan, log: &scratch)
      let fills = scratch.fills.sorted { $0.order < $1.order }
      guard let expected = first else {
        first = fills
        continue
      }
      if fills != expected { return true }
    }
    return false
  }
}
