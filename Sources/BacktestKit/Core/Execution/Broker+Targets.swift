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

  /// The order that brings a position to its target, or `nil` when it is there already or has no
  /// price.
  @inline(__always)
  private mutating func order(
    for request: TargetRequest, budget: inout SubmissionBudget,
    account: inout some BrokerAccount, log: inout RunLog
  ) -> TargetOrder? {
    guard let close = market.lastClose(of: request.instrument) else { return nil }
    var slot = book.firstSlot(request.instrument)
    while slot >= 0 {
      let next = book.slot(after: slot)
      if book[slot].isTarget {
        withdraw(slot, budget: &budget, account: &account, log: &log)
      }
      slot = next
    }
    let held = account.quantity(of: request.instrument)
    let unit = close * market.columns[request.instrument].multiplier
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
    guard abs(quantity) > abs(held) * 1e-12 else { return nil }
    return TargetOrder(
      instrument: InstrumentID(request.instrument), quantity: quantity, sizing: sizing,
      closes: held != 0 && (quantity > 0) != (held > 0))
  }
}
