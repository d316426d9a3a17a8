/// The prices at which any of an instrument's orders could trade or be triggered: where many orders
/// rest, most bars reach none of them, and need not look at each.
struct OrderReach: BitwiseCopyable, Sendable {
  /// The highest price at which a fall reaches an order.
  private var falling = -Double.infinity
  /// The lowest price at which a rise reaches an order.
  private var rising = Double.infinity

  /// Whether prices from `low` to `high` reach an order.
  @inline(__always)
  func meets(_ low: Double, _ high: Double) -> Bool { low <= falling || high >= rising }

  /// Takes in an order. One that any price could concern is reached by each.
  mutating func add(_ live: borrowing LiveOrder, _ plan: ExecutionPlan) {
    let isImmediate = live.order.timeInForce.isImmediate
    let followsPath = live.followsPath(plan)
    guard !isImmediate, !followsPath else { return rising = -.infinity }
    switch live.waiting {
    case .market, .close, .nothing: rising = -.infinity
    case .limit(let price): add(price, isRising: !live.isBuy)
    case .trigger(let price, let isAdverse, _): add(price, isRising: live.isBuy == isAdverse)
    }
  }

  private mutating func add(_ price: Double, isRising: Bool) {
    if isRising { rising = min(rising, price) } else { falling = max(falling, price) }
  }
}

extension Broker {
  /// From how many live orders of an instrument on their common reach is looked at first.
  static var manyOrders: Int { 8 }

  /// Adds what trades at the opens of this moment, looking only at instruments whose opens reach an
  /// order. `false` where that takes longer than to look at each order; nothing is added then.
  mutating func collectReachedOpens() -> Bool {
    let instruments = book.instrumentCount
    guard book.count >= Self.manyOrders * instruments, book.counts.immediate == 0,
      book.liquidationCount == 0, !attachesExits
    else { return false }
    var reached = 0
    for instrument in 0..<instruments where isReachedAtOpen(instrument) {
      reached += book.liveCount(instrument)
    }
    if reached == 0 { return true }
    guard reached <= min(1_024, book.count / 4) else { return false }
    for instrument in 0..<instruments where isReachedAtOpen(instrument) {
      var slot = book.firstSlot(instrument)
      while slot >= 0 {
        if book[slot].isLive { collectOpen(slot) }
        slot = book.slot(after: slot)
      }
    }
    for index in candidates.indices.dropFirst() {
      var place = index
      while place > 0, candidates[place].priority < candidates[place - 1].priority {
        candidates.swapAt(place, place - 1)
        place -= 1
      }
    }
    return true
  }

  private mutating func isReachedAtOpen(_ instrument: Int) -> Bool {
    let row = market.openingRow(of: instrument)
    guard row >= 0, book.hasLiveOrders(instrument) else { return false }
    let open = market.columns[instrument].open[row]
    return book.isReached(instrument, from: open, to: open, plan: plan)
  }
}
