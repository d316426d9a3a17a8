/// An order that was submitted, and its slot in the book.
struct SubmittedOrder: BitwiseCopyable, Sendable {
  var slot: Int
  var order: OrderID
}

/// What an account can spend while the requests of one decision are checked one after the other.
struct SubmissionBudget: BitwiseCopyable {
  /// Buying power at last closes, less the value of opening orders that have not filled yet.
  var power: Double
  /// The account's equity.
  let equity: Double
}

extension Broker {
  /// The budget of a decision.
  @inline(__always)
  mutating func submissionBudget(
    worth: Valuation, account: inout some BrokerAccount
  ) -> SubmissionBudget {
    var power = worth.equity * account.leverage - worth.grossExposure
    var slot = book.firstSlot
    while slot >= 0 {
      power -= openingValue(slot, account: &account)
      slot = book.slot(submittedAfter: slot)
    }
    return SubmissionBudget(power: power, equity: worth.equity)
  }

  /// The value at the last close of what a waiting order would open.
  @inline(never)
  private mutating func openingValue(
    _ slot: Int, account: inout some BrokerAccount
  ) -> Double {
    guard !book[slot].closesOnly else { return 0 }
    let instrument = Int(book[slot].order.instrument.index)
    let remaining = book[slot].remaining
    let opening = remaining - account.closingPart(of: remaining, in: instrument)
    let close = market.lastClose(of: instrument) ?? 0
    return abs(opening) * close * market.columns[instrument].multiplier
  }

  /// Withdraws an order; the buying power that it held is free again. Nothing happens when it is
  /// gone already.
  mutating func cancel(
    _ order: OrderID, budget: inout SubmissionBudget, account: inout some BrokerAccount,
    log: inout RunLog
  ) {
    guard let slot = book.slot(of: order) else { return }
    withdraw(slot, budget: &budget, account: &account, log: &log)
  }

  mutating func withdraw(
    _ slot: Int, budget: inout SubmissionBudget, account: inout some BrokerAccount,
    log: inout RunLog
  ) {
    budget.power += openingValue(slot, account: &account)
    end(slot, .cancelled, log: &log)
  }

  /// Checks an order against buying power and puts it among the submitted ones, cut or whole, or
  /// refuses it.
  ///
  /// - Parameter sizing: how the quantity of a target's order is found; `nil` for an order of the
  ///   strategy's own.
  mutating func submit(
    _ order: Order, sizing: LiveOrder.Sizing? = nil, budget: inout SubmissionBudget,
    account: inout some BrokerAccount, log: inout RunLog
  ) {
    let instrument = Int(order.instrument.index)
    log.orders.append(order)
    // A target is whole lots already; rounding the way to it once more could lose one.
    var remaining =
      sizing != nil
      ? order.quantity : market.columns[instrument].roundedDownToLot(order.quantity)
    guard remaining.isFinite, remaining != 0 else { return refuse(order, .noQuantity, log: &log) }
    if let price = order.kind.price, !(price > 0 && price.isFinite) {
      return refuse(order, .badPrice, log: &log)
    }
    guard let close = market.lastClose(of: instrument) else {
      return refuse(order, .noPrice, log: &log)
    }

    let parts = parts(of: order, remaining: remaining, account: &account)
    var opening = parts.opening
    let unit = close * market.columns[instrument].multiplier
    budget.power += abs(parts.closing) * unit
    if opening != 0, sizing?.isFixed ?? true {
      let isShort = !account.allowsShorts && opening < 0
      let tolerance = abs(budget.equity) * 1e-12
      let covered = isShort ? 0 : (budget.power + tolerance) / unit
      if abs(opening) > covered {
        let kept = max(0, market.columns[instrument].roundedDownToLot(covered))
        opening = opening < 0 ? -kept : kept
        remaining = parts.closing + parts.exiting + opening
        guard remaining != 0, plan.shortfall == .cut else {
          return refuse(order, isShort ? .shortNotAllowed : .buyingPower, log: &log)
        }
        log.counts.cutOrders += 1
        log.record(order.id, .cut(to: remaining), at: market.clock)
      }
    }
    budget.power -= abs(opening) * unit
    let slot = book.add(order, remaining: remaining)
    book[slot].closesOnly = order.reduceOnly || (parts.exiting != 0 && opening == 0)
    if let sizing {
      book[slot].isTarget = true
      book[slot].sizing = sizing
    }
    submitted.append(SubmittedOrder(slot: slot, order: order.id))
  }

  /// Refuses an order before it is in the book.
  @inline(never)
  func refuse(_ order: Order, _ reason: RejectionReason, log: inout RunLog) {
    log.record(order.id, .rejected(reason), at: market.clock)
    log.counts.rejectedOrders += 1
  }
}

extension Broker {
  /// What an order would do to a position, each part signed as the order.
  struct OrderParts {
    /// Units that close what is held.
    var closing: Double
    /// Units of an exit that will close what is not held yet. They neither free buying power nor
    /// need any; whether something is held by then is checked when they are matched.
    var exiting: Double
    /// Units that open or add to a position.
    var opening: Double
  }

  /// Splits an order by what is held.
  ///
  /// What goes beyond it is an exit where the order says so or, in a cash account, as far as a
  /// sale can close what purchases submitted before are about to open, since it can mean nothing
  /// else there.
  @inline(__always)
  private func parts(
    of order: Order, remaining: Double, account: inout some BrokerAccount
  ) -> OrderParts {
    let instrument = Int(order.instrument.index)
    let closing = account.closingPart(of: remaining, in: instrument)
    let rest = remaining - closing
    if order.reduceOnly { return OrderParts(closing: closing, exiting: rest, opening: 0) }
    guard !account.allowsShorts, rest < 0 else {
      return OrderParts(closing: closing, exiting: 0, opening: rest)
    }
    var bought = 0.0
    var slot = book.firstSlot(instrument)
    while slot >= 0 {
      bought += max(0, book[slot].remaining)
      slot = book.slot(after: slot)
    }
    let exiting = max(rest, -bought)
    return OrderParts(closing: closing, exiting: exiting, opening: rest - exiting)
  }
}
