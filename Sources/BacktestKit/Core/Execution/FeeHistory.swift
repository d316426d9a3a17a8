/// What an order has traded: the part of its progress that every run keeps.
struct OrderTally: Sendable, BitwiseCopyable {
  /// Units filled, positive.
  var quantity = 0.0
  /// Money traded, positive.
  var notional = 0.0
  /// The number of fills.
  var fillCount = 0
}

/// What the commission of an order depends on beside what it traded: how much of it rested in the
/// book, and how much the account traded in the month before it.
///
/// It is kept only in runs of which a model asks for it, order by order in the slots of the book.
struct FeeHistory: Sendable {
  private var orders: ContiguousArray<Order> = []
  private var months: ContiguousArray<Month> = []
  private var monthEnd = Timestamp.distantPast

  /// What a commission model may ask of one order.
  struct Order: Sendable, BitwiseCopyable {
    /// The part that rested in the book.
    var maker = OrderTally()
    /// What was traded in the month before the order's first fill.
    var month = Month()
  }

  /// What was traded in a month under one commission model.
  struct Month: Sendable, BitwiseCopyable {
    var quantity = 0.0
    var notional = 0.0
  }

  /// What is known of the order in a slot that is about to trade.
  func order(_ slot: Int, isNew: Bool, scope: Int, at time: Timestamp) -> Order {
    if !isNew { return orders[slot] }
    guard time < monthEnd, scope < months.count else { return Order() }
    return Order(month: months[scope])
  }

  /// Takes a trade in. Months are those of UTC.
  mutating func add(
    _ trade: OrderTally, isMaker: Bool, slot: Int, isNew: Bool, scope: Int, at time: Timestamp
  ) {
    if time >= monthEnd { beginMonth(at: time) }
    while orders.count <= slot { orders.append(Order()) }
    while months.count <= scope { months.append(Month()) }
    if isNew { orders[slot] = Order(month: months[scope]) }
    if isMaker {
      orders[slot].maker.quantity += trade.quantity
      orders[slot].maker.notional += trade.notional
    }
    months[scope].quantity += trade.quantity
    months[scope].notional += trade.notional
  }

  /// Each unit of an order has become so many.
  mutating func split(_ slot: Int, by ratio: Double) {
    if slot < orders.count { orders[slot].maker.quantity *= ratio }
  }

  private mutating func beginMonth(at time: Timestamp) {
    let date = time.utcDate
    let (year, month) = (Int(date.year), Int(date.month))
    let next = CivilDate(
      year: month == 12 ? year + 1 : year, month: month == 12 ? 1 : month + 1, day: 1)
    monthEnd = next?.midnight ?? .distantFuture
    for scope in months.indices { months[scope] = Month() }
  }
}

extension Broker {
  /// The commission of an order with the trade at hand, and the tax of the trade.
  @inline(__always)
  func charges(
    on progress: OrderTally, isBuy: Bool, _ candidate: MatchCandidate, at context: MatchContext
  ) -> (totalCommission: Double, tax: Double) {
    if let commission = plan.uniformCommission(on: progress.notional) { return (commission, 0) }
    return modelledCharges(on: progress, isBuy: isBuy, candidate, at: context)
  }

  /// The commission of an order on all that it has traded.
  func commission(of slot: Int) -> Double {
    let live = book[slot]
    guard live.progress.fillCount > 0 else { return 0 }
    let instrument = Int(live.order.instrument.index)
    return plan.uniformCommission(on: live.progress.notional)
      ?? plan.costs(of: instrument).commission.total(
        for: progress(live.progress, of: slot, isBuy: live.isBuy, at: market.clock))
  }

  /// What an order has traded as its models see it.
  private func progress(
    _ tally: OrderTally, of slot: Int, isBuy: Bool, at time: Timestamp
  ) -> OrderProgress {
    var order = OrderProgress(
      quantity: tally.quantity, notional: tally.notional, fillCount: tally.fillCount)
    order.isBuy = isBuy
    guard plan.followsFees else { return order }
    let instrument = Int(book[slot].order.instrument.index)
    let history = fees.order(
      slot, isNew: book[slot].progress.fillCount == 0,
      scope: plan.costs(of: instrument).feeScope, at: time)
    order.monthQuantity = history.month.quantity
    order.monthNotional = history.month.notional
    order.makerQuantity = history.maker.quantity
    order.makerNotional = history.maker.notional
    return order
  }

  @inline(never)
  private func modelledCharges(
    on tally: OrderTally, isBuy: Bool, _ candidate: MatchCandidate, at context: MatchContext
  ) -> (totalCommission: Double, tax: Double) {
    let before = book[candidate.slot].progress
    let costs = plan.costs(of: context.instrument)
    var order = progress(tally, of: candidate.slot, isBuy: isBuy, at: context.time)
    if plan.followsFees, candidate.isMaker(at: context) {
      order.makerQuantity += tally.quantity - before.quantity
      order.makerNotional += tally.notional - before.notional
    }
    let commission = costs.commission.total(for: order)
    guard !costs.taxes.isEmpty else { return (commission, 0) }
    var earlier = OrderProgress(
      quantity: before.quantity, notional: before.notional, fillCount: before.fillCount)
    earlier.isBuy = isBuy
    var tax = 0.0
    for model in costs.taxes {
      tax += model.total(for: order) - (before.fillCount == 0 ? 0 : model.total(for: earlier))
    }
    return (commission, tax)
  }

  /// Takes a trade into the history on which commissions depend, before the order's own progress
  /// has it.
  @inline(never)
  mutating func bookFees(
    _ cost: TradeCost, _ candidate: MatchCandidate, at context: MatchContext
  ) {
    let before = book[candidate.slot].progress
    let trade = OrderTally(
      quantity: cost.progress.quantity - before.quantity,
      notional: cost.progress.notional - before.notional, fillCount: 1)
    fees.add(
      trade, isMaker: candidate.isMaker(at: context), slot: candidate.slot,
      isNew: before.fillCount == 0, scope: plan.costs(of: context.instrument).feeScope,
      at: context.time)
  }
}

extension MatchCandidate {
  /// Whether the trade rested in the book: a limit order that fills inside a bar. What fills at an
  /// open may have crossed the spread, so it is taken to have done so.
  func isMaker(at context: MatchContext) -> Bool {
    limit != nil && !triggers && context.isIntrabar
  }
}
