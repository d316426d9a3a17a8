extension Engine {
  /// The account's value now: that of the last close at its own instant, while nothing has filled.
  @inline(__always)
  private var worth: Valuation {
    let isOfLastClose = trading.broker.market.isAtClose && log.fills.count == valuedFills
    return isOfLastClose ? valuation : trading.account.valuation
  }

  /// Carries out what the strategy asked for, in the order in which it asked: first orders,
  /// cancellations and timers, then targets as one batch.
  mutating func collectRequests() {
    trading.hasRequests = false
    if trading.account.followsTargets { return collectStatements() }
    log.makeRoom(after: instant - baseInstant, of: endInstant - baseInstant)
    var budget = trading.broker.submissionBudget(worth: worth, account: &trading.account)
    if !trading.requests.isEmpty { carryOut(&budget) }
    if !trading.targetRequests.isEmpty {
      if !feed.hasOneGrid { forgetUnpricedTargets() }
      trading.broker.submit(
        &trading.targetRequests, budget: &budget, account: &trading.account, log: &log)
      trading.targetRequests.clear()
    }
    sendSubmitted()
  }

  @inline(never)
  private mutating func carryOut(_ budget: inout SubmissionBudget) {
    for index in trading.requests.indices {
      switch trading.requests[index] {
      case .submit(let order):
        trading.broker.submit(order, budget: &budget, account: &trading.account, log: &log)
      case .cancel(let order):
        trading.broker.cancel(order, budget: &budget, account: &trading.account, log: &log)
      case .schedule(let time, let tag): queue.schedule(at: time, .timer, subject: tag)
      }
    }
    trading.requests.removeAll(keepingCapacity: true)
  }

  /// Where an instrument has no price yet nothing was asked for: the same target may be stated
  /// again.
  @inline(never)
  private mutating func forgetUnpricedTargets() {
    for index in trading.targetRequests.indices {
      let instrument = trading.targetRequests[index].instrument
      if trading.lastRow(instrument) < 0 {
        trading.standing[instrument] = PositionTarget(.none, 0)
      }
    }
  }

  /// Phase 5 for the orders that were just submitted: at once where they need no time and nothing
  /// comes before them, else in their turn.
  @inline(__always)
  private mutating func sendSubmitted() {
    let latency = trading.broker.plan.latency
    let isAtOnce = latency == .zero && (queue.first.map { $0.key.time > clock } ?? true)
    for index in trading.broker.submitted.indices {
      let (slot, order) = (
        trading.broker.submitted[index].slot, trading.broker.submitted[index].order
      )
      if !isAtOnce {
        queue.schedule(at: clock + latency, .orderArrival, subject: slot, order: order)
      } else if trading.broker.book.holds(order, in: slot) {
        arrive(slot)
      }
    }
    trading.broker.submitted.clear()
  }

  /// Tells the account what was stated, where it follows statements. What only orders could reach
  /// is refused, so that it shows in the outcomes.
  @inline(never)
  private mutating func collectStatements() {
    for index in trading.requests.indices {
      switch trading.requests[index] {
      case .submit(let order):
        log.orders.append(order)
        trading.broker.refuse(order, .weightsAccounting, log: &log)
      case .cancel: break
      case .schedule(let time, let tag): queue.schedule(at: time, .timer, subject: tag)
      }
    }
    trading.requests.removeAll(keepingCapacity: true)
    for index in trading.targetRequests.indices {
      let request = trading.targetRequests[index]
      let reason = trading.account.state(request.target, of: request.instrument)
      if let reason { refuse(request, reason) }
    }
    trading.targetRequests.clear()
    trading.account.finishStatements(at: instant)
    valuation = trading.account.valuation
  }

  /// Records a target that only an order could have reached, as an order that was refused.
  private mutating func refuse(_ request: TargetRequest, _ reason: RejectionReason) {
    var quantity = request.target.value
    if request.target.measure == .value {
      let market = trading.broker.market
      let unit =
        (market.lastClose(of: request.instrument) ?? 0)
        * market.columns[request.instrument].multiplier
      quantity = unit == 0 ? 0 : quantity / unit
    }
    let order = internalOrder(InstrumentID(request.instrument), quantity: quantity)
    trading.broker.refuse(order, reason, log: &log)
  }
}
