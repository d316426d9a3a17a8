/// The orders that are live or on their way, kept per instrument in order of submission.
///
/// Slots are reused, and each instrument's orders are a list through the slots, so that adding and
/// removing cost O(1) and allocate nothing once the book has grown.
struct OrderBook: Sendable {
  private var slots: ContiguousArray<LiveOrder> = []
  private var freeSlots: ContiguousArray<Int32> = []
  private var lists: ContiguousArray<InstrumentList>
  /// Orders that are live or on their way.
  private(set) var count = 0

  private struct InstrumentList: BitwiseCopyable {
    var first: Int32 = -1
    var last: Int32 = -1
    var liveCount: Int32 = 0
    /// The bar from which `quantityTaken` was taken.
    var row: Int32 = -1
    var quantityTaken = 0.0
  }

  init(instrumentCount: Int) {
    lists = ContiguousArray(repeating: InstrumentList(), count: instrumentCount)
  }

  var isEmpty: Bool { count == 0 }

  /// Whether an instrument has live orders.
  func hasLiveOrders(_ instrument: Int) -> Bool { lists[instrument].liveCount > 0 }

  /// Units that our orders of an instrument have taken from a bar, both sides.
  func quantityTaken(_ instrument: Int, row: Int32) -> Double {
    lists[instrument].row == row ? lists[instrument].quantityTaken : 0
  }

  /// Counts units against a bar's volume.
  mutating func take(_ quantity: Double, _ instrument: Int, row: Int32) {
    lists[instrument].quantityTaken = quantityTaken(instrument, row: row) + quantity
    lists[instrument].row = row
  }

  /// The order in a slot.
  subscript(slot: Int) -> LiveOrder {
    get { slots[slot] }
    _modify { yield &slots[slot] }
  }

  /// Adds an order that is on its way; returns its slot.
  mutating func add(_ order: LiveOrder) -> Int {
    let slot: Int
    if let free = freeSlots.popLast() {
      slot = Int(free)
      slots[slot] = order
    } else {
      slot = slots.count
      slots.append(order)
    }
    let instrument = Int(order.order.instrument.index)
    let last = lists[instrument].last
    slots[slot].previous = last
    slots[slot].next = -1
    if last >= 0 {
      slots[Int(last)].next = Int32(slot)
    } else {
      lists[instrument].first = Int32(slot)
    }
    lists[instrument].last = Int32(slot)
    count += 1
    return slot
  }

  /// Makes an order live.
  mutating func activate(_ slot: Int, at time: Timestamp) {
    slots[slot].liveSince = time
    lists[Int(slots[slot].order.instrument.index)].liveCount += 1
  }

  /// Removes an order from its instrument's list and frees its slot.
  mutating func remove(_ slot: Int) {
    let gone = slots[slot]
    let instrument = Int(gone.order.instrument.index)
    if gone.previous >= 0 {
      slots[Int(gone.previous)].next = gone.next
    } else {
      lists[instrument].first = gone.next
    }
    if gone.next >= 0 {
      slots[Int(gone.next)].previous = gone.previous
    } else {
      lists[instrument].last = gone.previous
    }
    if gone.liveSince != .distantFuture { lists[instrument].liveCount -= 1 }
    slots[slot].order.id = OrderID(0)
    freeSlots.append(Int32(slot))
    count -= 1
  }

  /// Whether a slot still holds that order.
  func holds(_ order: OrderID, in slot: Int) -> Bool { slots[slot].order.id == order }

  /// The slot of an order, or `nil` when it is no longer in the book.
  func slot(of order: OrderID) -> Int? {
    guard order.number > 0 else { return nil }
    return slots.firstIndex { $0.order.id == order }
  }

  /// The first slot of an instrument's list, or -1.
  func firstSlot(_ instrument: Int) -> Int { Int(lists[instrument].first) }

  /// The slot after another one in the same list, or -1.
  func slot(after slot: Int) -> Int { Int(slots[slot].next) }

  /// The orders of an instrument, live or on their way, in order of submission.
  func orders(of instrument: Int) -> [LiveOrder] {
    var found: [LiveOrder] = []
    var slot = firstSlot(instrument)
    while slot >= 0 {
      found.append(slots[slot])
      slot = self.slot(after: slot)
    }
    return found
  }

  /// All slots in use, in order of submission.
  func slotsInSubmissionOrder() -> [Int] {
    slots.indices.filter { slots[$0].order.id.number > 0 }
      .sorted { slots[$0].order.id < slots[$1].order.id }
  }

  /// The slots of a one-cancels-other group.
  func slots(ofGroup group: Int32) -> [Int] {
    slots.indices.filter { slots[$0].order.id.number > 0 && slots[$0].order.group == group }
  }
}
