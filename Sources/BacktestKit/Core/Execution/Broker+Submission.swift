/// An order that was submitted, and its slot in the book.
struct SubmittedOrder: BitwiseCopyable, Sendable {
  var slot: Int
  var order: OrderID
}

/// What an account can spend while the requests of one decision are checked one after the other.
struct SubmissionBudget: BitwiseCopyable {
  /// Buying power at last closes, less the value of opening orders that have not filled yet; NaN
  /// until something needs it, since finding it looks at every order.
  var power = Double.nan
  /// What the account is worth at the decision.
  let worth: Valuation

  init(worth: Valuation) { self.worth = worth }

  /// The account's equity.
  var equity: Double { worth.equity }

  /// Whether the buying power was found.
  var isKnown: Bool { !power.isNaN }
}

extension Broker {
  /// Finds the buying power of a decision, unless it is known already.
  @inline(__always)
  mutating func know(_ budget: inout SubmissionBudget, account: inout some BrokerAccount) {
    if !budget.isKnown { findPower(&budget, account: &account) }
  }

  @inline(never)
  private mutating func findPower(
    _ budget: inout SubmissionBudget, account: inout some BrokerAccount
  ) {
    var power = account.power(of: budget.worth)
    var slot = book.firstSlot
    while slot >= 0 {
      power -= openingRequirement(slot, account: &account)
      slot = book.slot(submittedAfter: slot)
    }
    budget.power = power
  }

  /// What a waiting order would take of buying power: the value at the last close of what it opens,
  /// as far as the account asks for it. In a cash account a sale never opens anything.
  @inline(never)
  mutating func openingRequirement(
    _ slot: Int, account: inout some BrokerAccount
  ) -> Double {
    guard !book[slot].closesOnly else { return 0 }
    let instrument = Int(book[slot].order.instrument.index)
    let remaining = book[slot].remaining
    guard account.allowsShorts || remaining > 0 else { return 0 }
    let opening = remaining - account.closingPart(of: remaining, in: instrument)
    let close = market.lastClose(of: instrument) ?? 0
    return abs(opening) * close * account.multiplier(of: instrument)
      * account.requirement(of: instrument, isLong: opening > 0, at: close)
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
    if let reason = refusal(of: order, remaining: remaining) {
      return refuse(order, reason, log: &log)
    }
    know(&budget, account: &account)
    let parentSlot = order.parent.number == 0 ? nil : book.slot(of: order.parent)
    if order.parent.number != 0, parentSlot == nil {
      return log.record(order.assignedID, .parentGone, at: market.clock)
    }
    let parts = parts(of: order, remaining: remaining, account: &account)
    var opening = parts.opening
    let (isLong, close) = (order.quantity > 0, market.lastClose(of: instrument) ?? 0)
    let value = close * account.multiplier(of: instrument)
    var sizing = sizing
    if reviewsOrders,
      !holdToLimits(
        order, parts, unit: value, sizing: &sizing, opening: &opening, remaining: &remaining,
        account: account, log: &log)
    {
      return
    }
    let unit = value * account.requirement(of: instrument, isLong: isLong, at: close)
    // What the order frees is free once the order is accepted.
    let freed = account.requirement(of: instrument, isLong: !isLong, at: close)
    let power = budget.power + abs(parts.closing) * value * freed
    var wasCut = false
    if opening != 0, sizing?.isFixed ?? true {
      let lacksShares = opening < 0 && !account.canBorrow(instrument)
      let isShort = !account.allowsShorts && opening < 0
      let tolerance = abs(budget.equity) * 1e-12
      let covered = isShort || lacksShares || power < tolerance ? 0 : (power + tolerance) / unit
      if abs(opening) > covered {
        let kept = market.columns[instrument].kept(covered, power / unit, of: opening)
        opening = opening < 0 ? -kept : kept
        remaining = parts.closing + parts.exiting + opening
        let fillsWhole = order.timeInForce == .fillOrKill
        let reason = shortage(of: instrument, isSale: order.quantity < 0, account: account)
        guard remaining != 0, plan.shortfall == .cut, !fillsWhole else {
          return refuse(order, reason, log: &log)
        }
        wasCut = true
        log.counts.addCut(reason)
        log.record(order.assignedID, .cut(to: remaining), at: market.clock)
      }
    }
    budget.power = power - abs(opening) * unit
    let slot = book.add(order, remaining: remaining)
    book[slot].wasCut = wasCut
    if order.reduceOnly || (parts.exiting != 0 && opening == 0) { book.markAsExit(slot) }
    if let parentSlot {
      book[slot].entryFilled = 0
      book[slot].startsWithParent = !order.reduceOnly
      book[parentSlot].hasExits = true
    }
    if let sizing {
      book[slot].isTarget = true
      book[slot].sizing = sizing
    }
    submitted.append(SubmittedOrder(slot: slot, order: order.assignedID))
    noteAccepted(order, parts, opening: opening, unit: value, isTarget: sizing != nil)
  }

  /// Why an order of so many units can be no order; `nil` where it can.
  @inline(__always)
  private func refusal(of order: Order, remaining: Double) -> RejectionReason? {
    let instrument = Int(order.instrument.index)
    guard remaining.isFinite, remaining != 0 else { return .noQuantity }
    guard order.kind.isSound else { return .badPrice }
    if order.postOnly, !order.canRest { return .badTerms }
    guard market.lastClose(of: instrument) != nil else { return .noPrice }
    if plan.staleAfter != nil, isStale(instrument) { return .stalePrice }
    return !delisted.isEmpty && delisted.contains(order.instrument.index) ? .delisted : nil
  }

  /// Whether an instrument's last bar is too old to order by.
  @inline(never)
  private func isStale(_ instrument: Int) -> Bool {
    guard let limit = plan.staleAfter else { return false }
    return market.columns[instrument].closeTimes[market.lastRow(of: instrument)] + limit
      < market.clock
  }

  /// Refuses an order before it is in the book.
  @inline(never)
  func refuse(_ order: Order, _ reason: RejectionReason, log: inout RunLog) {
    log.record(order.assignedID, .rejected(reason), at: market.clock)
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
  func parts(
    of order: Order, remaining: Double, account: inout some BrokerAccount
  ) -> OrderParts {
    let instrument = Int(order.instrument.index)
    // What its entry will open is not held yet, whatever else is.
    if order.parent.number != 0, order.reduceOnly {
      return OrderParts(closing: 0, exiting: remaining, opening: 0)
    }
    let closing = account.closingPart(of: remaining, in: instrument)
    var rest = remaining - closing
    // What rounding has added to a full exit opens nothing.
    if closing != 0, abs(rest) <= abs(remaining) * 1e-12 { rest = 0 }
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

/// A market order that brings a position to its target.
struct TargetOrder: BitwiseCopyable, Sendable {
  var instrument: InstrumentID
  var quantity: Double
  var sizing: LiveOrder.Sizing
  /// Whether it makes what is held smaller.
  var closes: Bool
}

extension Broker {
  /// Turns targets into market orders: those that make positions smaller first, then the others,
  /// each in universe order. A newer target replaces an older one's order; one without a price is
  /// left out.
  mutating func submit(
    _ targets: inout OwnedBuffer<TargetRequest>, budget: inout SubmissionBudget,
    account: inout some BrokerAccount, log: inout RunLog
  ) {
    let count = targets.count
    know(&budget, account: &account)
    if count > 1, !Self.areInUniverseOrder(targets) {
      targets.sort { ($0.instrument, $0.number) < ($1.instrument, $1.number) }
    }
    for index in 0..<count {
      let request = targets[index]
      let isReplaced = index + 1 < count && targets[index + 1].instrument == request.instrument
      if isReplaced { continue }
      let order = order(for: request, budget: &budget, account: &account, log: &log)
      if let order { targetOrders.append(order) }
    }
    if targetOrders.count == 1 {
      submit(targetOrders[0], budget: &budget, account: &account, log: &log)
    } else {
      submitTargetOrders(closing: true, budget: &budget, account: &account, log: &log)
      submitTargetOrders(closing: false, budget: &budget, account: &account, log: &log)
    }
    targetOrders.clear()
  }

  /// Whether the targets came in universe order, as they do from most strategies.
  @inline(__always)
  private static func areInUniverseOrder(_ targets: OwnedBuffer<TargetRequest>) -> Bool {
    let rows = targets.rows
    return (1..<rows.count).allSatisfy { rows[$0 - 1].instrument <= rows[$0].instrument }
  }

  @inline(never)
  private mutating func submitTargetOrders(
    closing: Bool, budget: inout SubmissionBudget, account: inout some BrokerAccount,
    log: inout RunLog
  ) {
    for index in targetOrders.indices where targetOrders[index].closes == closing {
      submit(targetOrders[index], budget: &budget, account: &account, log: &log)
    }
  }

  @inline(__always)
  private mutating func submit(
    _ target: TargetOrder, budget: inout SubmissionBudget, account: inout some BrokerAccount,
    log: inout RunLog
  ) {
    var order = Order(target.instrument, quantity: target.quantity)
    register(&order, at: market.clock)
    submit(order, sizing: target.sizing, budget: &budget, account: &account, log: &log)
  }

  /// Records a target of less than a lot as an order that was refused.
  @inline(never)
  private mutating func refuseTarget(of instrument: Int, units: Double, log: inout RunLog) {
    var order = Order(InstrumentID(instrument), quantity: units)
    register(&order, at: market.clock)
    log.orders.append(order)
    refuse(order, .noQuantity, log: &log)
  }

  /// The order that brings a position to its target, or `nil` when it is there already or has no
  /// price.
  @inline(__always)
  private mutating func order(
    for request: TargetRequest, budget: inout SubmissionBudget,
    account: inout some BrokerAccount, log: inout RunLog
  ) -> TargetOrder? {
    guard let close = market.lastClose(of: request.instrument) else { return nil }
    while case let slot = book.firstSlot(request.instrument, where: \.isTarget), slot >= 0 {
      withdraw(slot, budget: &budget, account: &account, log: &log)
    }
    var held = account.quantity(of: request.instrument)
    // What a margin call reduces trades first.
    if book.liquidationCount > 0 { held += liquidating(request.instrument) }
    let unit = close * account.multiplier(of: request.instrument)
    let target: Double
    var sizing = LiveOrder.Sizing.fixed
    let atFill = plan.sizing == .atFill
    switch request.target.measure {
    case .none: return nil
    case .quantity: target = request.target.value
    case .weight:
      target = budget.equity * request.target.value / unit
      if atFill { sizing = .weight(request.target.value) }
    case .value:
      target = request.target.value / unit
      if atFill { sizing = .value(request.target.value) }
    }
    let quantity = market.columns[request.instrument].roundedDownToLot(target) - held
    if quantity == 0, held == 0, target != 0 {
      refuseTarget(of: request.instrument, units: target, log: &log)
    }
    guard abs(quantity) > abs(held) * 1e-12 else { return nil }
    return TargetOrder(
      instrument: InstrumentID(request.instrument), quantity: quantity, sizing: sizing,
      closes: held != 0 && (quantity > 0) != (held > 0))
  }
}
