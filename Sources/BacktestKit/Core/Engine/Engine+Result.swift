extension Engine {
  /// The result of the run so far, with open positions at their marks.
  ///
  /// - Parameter strategy: the name under which the result goes.
  public func result(strategy: String) -> BacktestResult {
    var log = log
    for slot in trading.broker.book.slotsInSubmissionOrder() {
      let live = trading.broker.book[slot]
      log.record(live.order.id, .stillLive, at: clock, filled: live.filledQuantity)
    }
    let last = max(instant, baseInstant)
    var openTrades: [RoundTrip] = []
    for (index, position) in trading.account.positions.enumerated()
    where trading.account.holds(index) {
      let row = trading.lastRow(index)
      let series = feed.universe.series[index]
      if !position.isFlat {
        openTrades.append(
          position.roundTrip(
            InstrumentID(index), isLong: position.quantity > 0, exitTime: series.closeTimes[row],
            exitRow: row, isOpen: true))
      }
      if row == series.count - 1, series.closeTimes[row] < feed.instants[last] {
        log.counts.stalePositions += 1
      }
    }
    if let profit = trading.account.untradedProfit(since: inherited) {
      log.record(LedgerEntry(time: feed.instants[last], kind: .priceProfit, amount: profit))
    }
    // A ruined run is measured to its planned end: the curve stays at zero.
    let count = (ruinedAt == nil ? last + 1 : endInstant) - baseInstant
    var points = points
    if needsEquityPoint {
      // In the middle of an instant its point is still to come; this is its value so far.
      let worth = trading.account.valuation
      points.own()
      points.set(last - baseInstant, equity: worth.equity, grossExposure: worth.grossExposure)
    }
    let columns = points.columns(count)
    return BacktestResult(
      strategy: strategy, configuration: configuration, universe: feed.universe,
      curve: EquityCurve(
        times: feed.instants.rows(baseInstant..<(baseInstant + count)), equity: columns.equity,
        grossExposure: columns.grossExposure),
      orders: log.orders, fills: log.fills, notes: trading.notes,
      forecasts: trading.forecasts, decisions: trading.decisions, account: trading.account,
      counts: log.counts, decisionTallies: trading.tallies, ruinedAt: ruinedAt,
      tradeTable: DerivedTable { [closed = log.trades, openTrades] in closed + openTrades },
      outcomeTable: DerivedTable { [log] in log.outcomes() },
      ledgerTable: DerivedTable { [log, feed] in
        log.ledger(multipliers: feed.universe.series.map(\.instrument.multiplier))
      })
  }
}
