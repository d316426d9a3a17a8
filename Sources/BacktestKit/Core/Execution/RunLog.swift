/// What a run has written down so far: columns that only grow.
///
/// Most outcomes and movements of cash follow from the fills; only the others are written down, and
/// the whole tables are worked out when somebody reads them.
struct RunLog: Sendable {
  var orders: [Order] = []
  var fills: [Fill] = []
  /// The conversion of each fill; empty where all is in one currency.
  var conversions: [FillConversion] = []
  var trades: [BookedTrade] = []
  /// The steps of orders and the movements of cash that no fill tells.
  private(set) var otherEvents: [Noted<OrderEvent>] = []
  private(set) var otherMovements: [Noted<LedgerEntry>] = []
  var counts = RunCounts()
  /// The fills that were written and forgotten.
  private(set) var forgottenFills = 0
  /// The moments at which equity was below maintenance.
  var marginCalls: [MarginCall] = []
  /// What happened to shares.
  var actions: [AppliedAction] = []

  /// Something that happened after so many fills.
  struct Noted<Row: BitwiseCopyable & Sendable>: BitwiseCopyable, Sendable {
    var fillsBefore: Int
    var row: Row
  }

  /// How long the columns are, so that a run can go back to an earlier moment.
  struct Lengths: Sendable {
    var orders, fills, conversions, trades, otherEvents, otherMovements, marginCalls, actions: Int
    var counts: RunCounts
  }

  var lengths: Lengths {
    Lengths(
      orders: orders.count, fills: fills.count, conversions: conversions.count,
      trades: trades.count,
      otherEvents: otherEvents.count, otherMovements: otherMovements.count,
      marginCalls: marginCalls.count, actions: actions.count, counts: counts)
  }

  /// Forgets what was written after an earlier moment.
  mutating func truncate(to lengths: Lengths) {
    orders.removeLast(orders.count - lengths.orders)
    fills.removeLast(fills.count - lengths.fills)
    conversions.removeLast(conversions.count - lengths.conversions)
    trades.removeLast(trades.count - lengths.trades)
    otherEvents.removeLast(otherEvents.count - lengths.otherEvents)
    otherMovements.removeLast(otherMovements.count - lengths.otherMovements)
    marginCalls.removeLast(marginCalls.count - lengths.marginCalls)
    actions.removeLast(actions.count - lengths.actions)
    counts = lengths.counts
  }

  /// Forgets everything that was written, and keeps the memory for what comes.
  mutating func forget() {
    forgottenFills += fills.count
    orders.removeAll(keepingCapacity: true)
    fills.removeAll(keepingCapacity: true)
    conversions.removeAll(keepingCapacity: true)
    trades.removeAll(keepingCapacity: true)
    otherEvents.removeAll(keepingCapacity: true)
    otherMovements.removeAll(keepingCapacity: true)
    marginCalls.removeAll(keepingCapacity: true)
    actions.removeAll(keepingCapacity: true)
  }

  /// Makes room, once the orders have filled theirs, for what comes at the rate so far until the
  /// end of the run: tables that double have to be moved again and again, and half of what they
  /// ask for is never used.
  @inline(__always)
  mutating func makeRoom(after done: Int, of total: Int) {
    if orders.count == orders.capacity { makeRoom(growth: Double(total) / Double(max(done, 1))) }
  }

  @inline(never)
  private mutating func makeRoom(growth: Double) {
    func room(_ count: Int) -> Int {
      Int(Double(count) * min(max(growth * 1.125, 2), 16)) + 16
    }
    orders.reserveCapacity(room(orders.count))
    fills.reserveCapacity(room(fills.count))
    trades.reserveCapacity(room(trades.count))
  }

  /// Writes down an outcome that is not the end of an order by its last fill.
  mutating func record(
    _ order: OrderID, _ kind: OrderOutcome.Kind, at time: Timestamp, filled: Double = 0
  ) {
    record(OrderEvent(order: order, time: time, kind: .outcome(kind), quantity: filled))
  }

  /// Writes down a step of an order that is neither its submission nor a fill.
  mutating func record(_ event: OrderEvent) {
    otherEvents.append(Noted(fillsBefore: fills.count, row: event))
  }

  /// Writes down a movement of cash that is not the price or a charge of a fill.
  mutating func record(_ movement: LedgerEntry) {
    otherMovements.append(Noted(fillsBefore: fills.count, row: movement))
  }
}

extension RunLog {
  /// Every movement of cash, in order of time.
  ///
  /// - Parameter currency: that of the account.
  func ledger(of universe: Universe, currency: String) -> [LedgerEntry] {
    let multipliers = universe.series.map(\.instrument.multiplier)
    let currencies = universe.foreignCurrencies(beside: currency)
    var entries: [LedgerEntry] = []
    entries.reserveCapacity(2 * fills.count + otherMovements.count)
    var other = otherMovements[...]
    for (index, fill) in fills.enumerated() {
      while let next = other.first, next.fillsBefore <= index {
        entries.append(next.row)
        other.removeFirst()
      }
      let instrument = Int(fill.instrument.index)
      let isPaid = universe.series[instrument].instrument.assetClass.paysNotional
      let conversion = conversions.isEmpty ? nil : conversions[index]
      let multiplier = multipliers[instrument] * (conversion?.rate ?? 1)
      var entry = LedgerEntry(
        time: fill.time, kind: .trade, amount: -fill.quantity * fill.price * multiplier,
        instrument: fill.instrument, order: fill.order)
      if let conversion { (entry.currency, entry.rate) = (currencies[instrument], conversion.rate) }
      // Of contracts only gains and losses are paid, at their settlements.
      if isPaid { entries.append(entry) }
      if let conversion, conversion.cost != 0 {
        entries.append(
          LedgerEntry(
            time: fill.time, kind: .conversion, amount: -conversion.cost,
            instrument: fill.instrument, order: fill.order))
      }
      if fill.commission != 0 {
        entries.append(
          LedgerEntry(
            time: fill.time, kind: .commission, amount: -fill.commission,
            instrument: fill.instrument, order: fill.order))
      }
      if fill.tax != 0 {
        entries.append(
          LedgerEntry(
            time: fill.time, kind: fill.quantity > 0 ? .stampDuty : .sellTax, amount: -fill.tax,
            instrument: fill.instrument, order: fill.order))
      }
    }
    entries += other.map(\.row)
    return entries
  }

  /// What became of the orders, in order of time.
  func outcomes() -> [OrderOutcome] {
    var outcomes: [OrderOutcome] = []
    outcomes.reserveCapacity(fills.count + otherEvents.count)
    var other = otherEvents[...]
    var unitsBefore: [OrderID: PartialUnits] = [:]
    var splits = actions[...]
    for (index, fill) in fills.enumerated() {
      while let action = splits.first, action.fillsBefore <= index {
        for order in unitsBefore.keys { unitsBefore[order]?.split(by: action) }
        splits.removeFirst()
      }
      while let next = other.first, next.fillsBefore <= index {
        if let outcome = next.row.ending { outcomes.append(outcome) }
        other.removeFirst()
      }
      guard fill.completesOrder else {
        unitsBefore[fill.order, default: PartialUnits(instrument: fill.instrument)].units += abs(
          fill.quantity)
        continue
      }
      let before = unitsBefore.isEmpty ? nil : unitsBefore.removeValue(forKey: fill.order)
      let units = (before?.units ?? 0) + abs(fill.quantity)
      outcomes.append(
        OrderOutcome(
          order: fill.order, time: fill.time, kind: .filled,
          filledQuantity: fill.quantity < 0 ? -units : units))
    }
    outcomes += other.compactMap(\.row.ending)
    return outcomes
  }
}

/// Units that an order has filled so far, in those of the day.
struct PartialUnits {
  let instrument: InstrumentID
  var units = 0.0

  mutating func split(by applied: AppliedAction) {
    if applied.instrument == instrument { units *= applied.action.kind.unitRatio }
  }
}

/// How often a run met something that a reader of its result should know.
public struct RunCounts: Hashable, Sendable, BitwiseCopyable {
  /// Bars on which the set of fills depends on the assumed path inside the bar.
  public var ambiguousBars = 0
  /// Orders made smaller because buying power did not cover them.
  public var cutOrders = 0
  /// Orders made smaller because the account may not open short positions.
  public var cutShortSales = 0
  /// Orders made smaller because there were no shares to borrow.
  public var cutUnborrowable = 0
  /// Orders that were refused.
  public var rejectedOrders = 0
  /// Open positions at the end whose series had ended before.
  public var stalePositions = 0

  /// All zero.
  package init() {}

  /// Counts an order that was made smaller for a reason for which it could have been refused.
  mutating func addCut(_ reason: RejectionReason) {
    switch reason {
    case .shortNotAllowed: cutShortSales += 1
    case .noShares: cutUnborrowable += 1
    default: cutOrders += 1
    }
  }
}
