extension Engine {
  /// Phase 1: for each bar that closes now, in universe order, resting orders are matched along
  /// its path; then the position is marked to the close.
  @inline(__always)
  mutating func closeBars() {
    for instrument in 0..<feed.instrumentCount {
      let row = feed.row(of: instrument, at: instant)
      guard row >= 0 else { continue }
      trading.lastRows[instrument] = Int32(truncatingIfNeeded: row)
      if !trading.book.isEmpty, trading.book.hasLiveOrders(instrument) {
        matchPath(instrument, row: row)
      }
      guard trading.account.positions[instrument].quantity != 0 else { continue }
      let columns = feed.columns[instrument]
      trading.account.mark(instrument, at: columns.close[row])
      trading.account.positions[instrument].observe(
        high: columns.high[row], low: columns.low[row], row: row)
    }
    trading.account.checkInvariants()
    for grid in nextRows.indices {
      let rows = feed.grids[grid].rowAtInstant
      let row = rows.isEmpty ? Int32(truncatingIfNeeded: instant) : rows[instant]
      if row >= 0 { nextRows[grid] = row + 1 }
    }
  }

  /// The time of the next open that live orders may wait for, or the distant future.
  func nextOpenTime() -> Timestamp {
    guard !trading.book.isEmpty, instant + 1 < endInstant else { return .distantFuture }
    var earliest = Timestamp.distantFuture
    for grid in nextRows.indices {
      let row = nextRows[grid]
      guard row < feed.grids[grid].openTimes.count, openedRows[grid] != row else { continue }
      let time = feed.grids[grid].openTimes[Int(row)]
      // An open that passed before the order came is not for it.
      if time >= clock, time < earliest { earliest = time }
    }
    return earliest
  }

  /// Phase 7: matches live orders at the opens of a moment, in universe order.
  mutating func openMarkets(at time: Timestamp) {
    clock = time
    for instrument in 0..<feed.instrumentCount {
      let grid = feed.gridOfInstrument[instrument]
      let row = nextRows[grid]
      guard trading.book.hasLiveOrders(instrument), row < feed.grids[grid].openTimes.count,
        openedRows[grid] != row, feed.grids[grid].openTimes[Int(row)] == time
      else { continue }
      matchOpen(instrument, row: row)
    }
    for grid in nextRows.indices {
      let row = nextRows[grid]
      let times = feed.grids[grid].openTimes
      if row < times.count, times[Int(row)] == time { openedRows[grid] = row }
    }
  }

  private mutating func matchOpen(_ instrument: Int, row: Int32) {
    let bar = feed.columns[instrument].bar(instrument, Int(row))
    // Where volumes are given, a bar without volume trades nothing.
    guard bar.volume != 0 else { return }
    trading.book.openCandidates(
      instrument, bar: bar, rules: configuration.execution,
      tick: feed.universe.series[instrument].instrument.tickSize, into: &candidates)
    let point = MatchPoint(
      instrument: instrument, row: row, bar: bar, time: bar.openTime, isIntrabar: false)
    for candidate in candidates {
      trading.execute(candidate, at: point, rules: configuration.execution, log: &log)
    }
  }

  private mutating func matchPath(_ instrument: Int, row: Int) {
    let bar = feed.columns[instrument].bar(instrument, row)
    guard bar.volume != 0 else { return }
    let rules = configuration.execution
    let tick = feed.universe.series[instrument].instrument.tickSize
    trading.book.pathCandidates(
      instrument, bar: bar, path: rules.intrabarPath, rules: rules, tick: tick, into: &candidates)
    guard !candidates.isEmpty else { return }
    let point = MatchPoint(
      instrument: instrument, row: Int32(truncatingIfNeeded: row), bar: bar, time: bar.closeTime,
      isIntrabar: true)
    if candidates.count > 1, isAmbiguous(point, tick: tick) { log.counts.ambiguousBars += 1 }
    for candidate in candidates {
      trading.execute(candidate, at: point, rules: rules, log: &log)
    }
  }

  /// Whether the fills inside a bar differ between any two of the four paths: each is tried on a
  /// copy of the account and the book.
  private func isAmbiguous(_ point: MatchPoint, tick: Double?) -> Bool {
    var first: [Fill]?
    var tried: ContiguousArray<MatchCandidate> = []
    for path in IntrabarPath.allCases {
      var copy = trading
      var scratch = RunLog()
      copy.book.pathCandidates(
        point.instrument, bar: point.bar, path: path, rules: configuration.execution, tick: tick,
        into: &tried)
      for candidate in tried {
        copy.execute(candidate, at: point, rules: configuration.execution, log: &scratch)
      }
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
