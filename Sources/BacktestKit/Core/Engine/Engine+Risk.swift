// The limits of a run: orders are looked at from decision to decision, equity from close to close.

extension Engine {
  /// Each time that a limit was met so far.
  var riskBreaches: [RiskBreach] { (trading.broker.review as? RiskDesk)?.breaches ?? [] }

  /// Shows the limits what is held and ordered before a decision is carried out, and scales its
  /// targets.
  @inline(never)
  mutating func beginReview() {
    let (equity, session) = (trading.account.equity, trading.sessionDate)
    let scale = withDesk { desk, trading in
      desk.begin(equity: equity, session: session, at: trading.broker.market.clock)
      return desk.guards.scale
    }
    guard let scale, scale != 1 else { return }
    for index in trading.targetRequests.indices {
      trading.targetRequests[index].target.value *= scale
    }
  }

  /// Looks at equity at the close that has just happened.
  @inline(never)
  mutating func watchEquity() {
    let (equity, session) = (valuation.equity, trading.sessionDate)
    let response = withDesk { desk, trading in
      desk.watch(equity: equity, market: trading.broker.market, session: session)
    }
    switch response {
    case .close: giveUpPositions()
    case .rescale: repeatTargets()
    case .resume: forgetTargets()
    case .nothing, nil: break
    }
  }

  /// Calls `body` with the run's limits, taken out of the broker so that they are changed in place.
  private mutating func withDesk<Result>(
    _ body: (inout RiskDesk, TradingContext) -> Result
  ) -> Result? {
    guard var desk = trading.broker.review as? RiskDesk else { return nil }
    trading.broker.review = nil
    defer { trading.broker.review = desk }
    return body(&desk, trading)
  }

  /// Withdraws orders that may open something and closes what is held, before anything that the
  /// strategy asks for. What it stated before counts no longer.
  private mutating func giveUpPositions() {
    for slot in trading.broker.book.slotsInSubmissionOrder()
    where !trading.broker.book[slot].closesOnly {
      trading.requests.append(.cancel(trading.broker.book[slot].order.assignedID))
    }
    for instrument in trading.account.positions.indices {
      let quantity = trading.account.quantity(of: instrument)
      guard quantity != 0 else { continue }
      var order = Order(InstrumentID(instrument), quantity: -quantity, reduceOnly: true)
      trading.broker.register(&order, at: clock)
      trading.requests.append(.submit(order))
    }
    forgetTargets()
    trading.hasRequests = true
  }

  /// States every target anew, so that it is traded to its scale.
  private mutating func repeatTargets() {
    trading.targetRequests.own()
    for instrument in trading.standing.indices {
      let target = trading.standing[instrument]
      guard target.measure != .none else { continue }
      trading.targetRequests.append(
        TargetRequest(
          instrument: instrument, number: trading.targetRequests.count, target: target))
      trading.hasRequests = true
    }
  }

  /// The next target that the strategy states is traded, whatever it stated before.
  private mutating func forgetTargets() {
    for instrument in trading.standing.indices {
      trading.standing[instrument] = PositionTarget(.none, 0)
    }
  }
}
