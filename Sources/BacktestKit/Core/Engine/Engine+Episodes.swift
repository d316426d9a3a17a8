// What a training environment asks of a run besides its steps.
extension Engine {
  /// The last instant at which bars closed, or -1.
  package var lastInstant: Int { instant }

  /// Whether no bar of the run is left, so that a decision could earn nothing.
  package var isAtLastClose: Bool { instant + 1 >= endInstant }

  /// What the account is worth, how much of it is held, and what trading has cost.
  ///
  /// Mutating, because a large value that is only read would be copied at a call.
  package mutating func standing() -> AccountStanding {
    let worth = trading.account.valuation
    return AccountStanding(
      equity: worth.equity, grossExposure: worth.grossExposure, cash: trading.account.cash,
      costs: trading.account.commissionPaid + trading.account.slippagePaid
        + trading.account.taxPaid,
      tradedNotional: trading.account.tradedNotional,
      fillCount: log.forgottenFills + log.fills.count)
  }

  /// Whether equity is gone, or beyond the numbers that there are.
  package var isRuined: Bool { ruinedAt != nil || overflowedAt != nil }

  /// Forgets what was written down about the run so far, so that it takes no more memory however
  /// long it is. Such a run has no result; its equity points are those of an engine that keeps no
  /// history.
  ///
  /// - Precondition: a decision is due, and all fills have been handed out.
  package mutating func forgetHistory() {
    // The settlements of contracts look back at fills.
    guard trading.account.contracts == nil else { return }
    precondition(!hasUnreportedFills, "fills wait to be handed out")
    log.forget()
    (reportedFills, valuedFills) = (0, 0)
    trading.notes.removeAll(keepingCapacity: true)
    trading.forecasts.removeAll(keepingCapacity: true)
    trading.decisions.removeAll(keepingCapacity: true)
  }

  /// Lends the account up to the next close at which anything can happen but that weights are
  /// stated: in a run that keeps no history, of an account of weights.
  ///
  /// - Parameter memory: room for the weight of each instrument.
  /// - Returns: `nil` where something can happen before.
  /// - Precondition: a decision is due.
  package mutating func lendAccount(
    _ memory: UnsafeMutablePointer<HeldWeight>
  ) -> StatedAccount? {
    let end = min(endInstant, windowEnd, nextReport)
    guard statesWeights, quietEnd > instant, instant + 1 < end, !trading.hasRequests,
      let vector = trading.account.weights
    else { return nil }
    return StatedAccount(
      trading.account, vector, at: instant, end: end,
      fillCount: log.forgottenFills + log.fills.count, columns: trading.broker.market.columns,
      memory: memory)
  }

  /// Takes a lent account back: the run goes on from its last close.
  ///
  /// - Parameter endsFrom: equity at the close before, where nothing was left at the last one: the
  ///   run is over. `nil` where it goes on.
  package mutating func takeBack(_ lent: StatedAccount, endsFrom before: Double? = nil) {
    trading.account.weightMoney = lent.money
    trading.account.weights?.takeBack(lent.held)
    for index in trading.standing.indices {
      trading.standing[index] = PositionTarget(.weight, lent.held[index].stated)
    }
    if lent.instant > instant { moveClock(to: lent.instant) }
    valuation = trading.account.valuation
    trading.account.checkInvariants()
    // Points before it were not kept.
    points.own()
    firstPoint = instant - (before == nil ? 0 : 1)
    points.set(0, equity: before ?? valuation.equity, grossExposure: 0)
    quietEnd = min(endInstant, windowEnd, nextReport, firstPoint + points.count)
    if before != nil { endEarly() }
  }

  /// Goes over the bars before the base point at once, where nothing but time would happen in them.
  ///
  /// - Parameter count: bars before the base point that are replayed one by one all the same.
  package mutating func skipWarmup(leaving count: Int) {
    let last = min(baseInstant, firstDecision) - 1 - count
    guard instant < 0, last >= 0, warmsUpQuietly else { return }
    _ = advanceThroughEvents()
    guard instant < last else { return }
    if !feed.hasOneGrid {
      for passed in (instant + 1)..<last {
        trading.broker.market.instant = passed
        trading.broker.market.moveRows()
      }
    }
    moveClock(to: last)
    if !feed.hasOneGrid { trading.broker.market.moveRows() }
  }

  /// Whether bars before the base point change nothing but where the market is.
  private var warmsUpQuietly: Bool {
    !decidesBySession && !hasCurrencies && inherited == nil && trading.account.isFlat
      && feed.readAhead == nil && !trading.broker.attachesExits
  }
}
