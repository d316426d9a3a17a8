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

  /// Whether weights can be stated now without being asked for: in a run that keeps no history, of
  /// an account of weights, where nothing but the next close happens up to the next decision.
  ///
  /// Mutating, as what follows: a large value that is only read would be copied at a call.
  package mutating func takesStatements() -> Bool {
    statesWeights && instant &+ 1 < quietEnd && !trading.hasRequests
  }

  /// States the weight of an instrument, as a target does that is asked for and carried out.
  ///
  /// - Precondition: `takesStatements`.
  package mutating func state(_ weight: Double, of instrument: InstrumentID) {
    let target = PositionTarget(.weight, weight)
    guard trading.standing[Int(instrument.index)] != target else { return }
    precondition(weight.isFinite, "a target is a finite number")
    trading.standing[Int(instrument.index)] = target
    _ = trading.account.state(target, of: Int(instrument.index))
  }

  /// Goes on to the next close after the weights of a decision were stated.
  ///
  /// - Returns: equity there; `nil` where the run ended.
  /// - Precondition: `takesStatements` before they were.
  package mutating func advanceStated() -> Double? {
    trading.account.finishStatements(at: instant)
    let before = valuation
    moveClock(to: instant &+ 1)
    valuation = trading.account.close(trading.broker.market.columns, at: instant).valuation
    trading.account.checkInvariants()
    if valuation.isSound { return valuation.equity }
    // Points are not read but here: equity at the close before is what an overflow leaves.
    points.own()
    if instant > firstPoint {
      points.set(
        instant - 1 - firstPoint, equity: before.equity, grossExposure: before.grossExposure)
    }
    endEarly()
    return nil
  }

  /// The last close of an instrument, and the share of equity that it has now, in an account of
  /// weights at a close that all instruments share.
  package mutating func holdingStated(
    of instrument: InstrumentID
  ) -> (close: Double, weight: Double) {
    let index = Int(instrument.index)
    return (
      trading.broker.market.columns[index].close[instant],
      trading.account.weights?[index].drifted ?? 0
    )
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
    !decidesBySession && !hasCurrencies && inherited == nil && trading.account.heldCount == 0
      && feed.readAhead == nil && !trading.broker.attachesExits
  }
}

/// What an account is worth and what trading has cost it, in account currency.
package struct AccountStanding: Sendable, BitwiseCopyable {
  /// Cash and positions at their marks.
  package var equity: Double
  /// The sum of the absolute values of all positions.
  package var grossExposure: Double
  /// Cash.
  package var cash: Double
  /// Commission, slippage and taxes so far.
  package var costs: Double
  /// The value of everything traded so far.
  package var tradedNotional: Double
  /// The number of fills so far.
  package var fillCount: Int
}
