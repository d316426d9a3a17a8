extension Engine {
  /// At a close, under weights accounting: equity goes on from the close before, and the weights
  /// earn from the first decision on.
  @inline(never)
  mutating func closeWeights() {
    if instant == firstDecision { trading.account.exposeWeights() }
    guard instant > firstDecision else { return }
    for instrument in 0..<feed.instrumentCount {
      let row = feed.row(of: instrument, at: instant)
      // Without a bar there is no return; the next one spans the gap.
      trading.account.weights[instrument].priceReturn =
        row > 0 ? feed.columns[instrument].closeReturn(row) : 0
    }
    charge(trading.account.step(fee: weightFee))
    trading.account.checkInvariants()
  }

  /// Takes the weights that were stated. What cannot be had without orders is refused, so that it
  /// shows in the outcomes.
  mutating func collectWeights() {
    for index in trading.requests.indices {
      switch trading.requests[index] {
      case .submit(let order):
        log.orders.append(order)
        refuse(order)
      case .cancel: break
      case .schedule(let time, let tag): queue.schedule(at: time, .timer, subject: tag)
      }
    }
    trading.requests.removeAll(keepingCapacity: true)
    for index in trading.targetRequests.indices {
      let request = trading.targetRequests[index]
      let (instrument, target) = (InstrumentID(request.instrument), request.target)
      switch target.measure {
      case .none: break
      case .weight: trading.account.state(request.instrument, weight: target.value)
      case .quantity: refuse(internalOrder(instrument, quantity: target.value))
      case .value:
        let unit = (trading.lastClose(instrument) ?? 0) * trading.position(instrument).multiplier
        refuse(internalOrder(instrument, quantity: unit == 0 ? 0 : target.value / unit))
      }
    }
    trading.targetRequests.removeAll(keepingCapacity: true)
    // A timer may go off before the first decision.
    guard instant >= firstDecision else { return }
    trading.account.exposeWeights()
    valuation = trading.account.valuation
  }

  /// At the last close of a window: all weights go to zero, with the fee for it.
  mutating func liquidateWeights() {
    charge(trading.account.liquidateWeights(fee: weightFee))
    valuation = trading.account.valuation
  }

  private mutating func charge(_ fee: Double) {
    guard fee != 0 else { return }
    log.ledger.append(LedgerEntry(time: clock, kind: .commission, amount: -fee))
  }

  private mutating func refuse(_ order: Order) {
    log.record(order.id, .rejected(.weightsAccounting), at: clock)
    log.counts.rejectedOrders += 1
  }

  /// What the weights earned in this run, as one entry of the ledger, so that its entries add up to
  /// the account's cash; and weights of series that have ended.
  func bookWeights(at last: Int, in log: inout RunLog) {
    let account = trading.account
    log.ledger.append(
      LedgerEntry(
        time: feed.instants[last], kind: .priceProfit,
        amount: account.priceProfit - (inherited?.priceProfit ?? 0)))
    for (index, weight) in account.weights.enumerated() where weight.stated != 0 {
      let series = feed.universe.series[index]
      let row = trading.lastRow(index)
      if row == series.count - 1, series.closeTimes[row] < feed.instants[last] {
        log.counts.stalePositions += 1
      }
    }
  }
}

extension SeriesColumns {
  /// The simple return from the close of the row before.
  fileprivate func closeReturn(_ row: Int) -> Double {
    let before = close[row - 1]
    precondition(before > 0, "weights accounting needs closes above zero")
    return close[row] / before - 1
  }
}
