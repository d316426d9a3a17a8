/// The orders that are live or on their way, in order of submission, and for each instrument its
/// own among them.
///
/// Slots are reused, and both orders are lists through the slots, so that adding and removing cost
/// O(1) and allocate nothing once the book has grown.
///
/// A book is a value whose slots lie in memory that copies share. It is made the single owner of
/// its slots once, with `own()`, before any number of changes: a check at each change would cost
/// more than the change.
@usableFromInline
struct OrderBook: Sendable {
  private var storage: Storage
  /// Slots that were ever in use; those freed since are a list through `next`.
  private var usedCount = 0
  private var firstFree: Int32 = -1
  private var first: Int32 = -1
  private var last: Int32 = -1
  /// Orders that are live or on their way.
  @usableFromInline private(set) var count = 0
  /// Those among them that only close what is held.
  private(set) var exitCount = 0
  /// Those by which a margin call reduces positions.
  private(set) var liquidationCount = 0

  struct InstrumentList: BitwiseCopyable {
    var first: Int32 = -1
    var last: Int32 = -1
    var liveCount: Int32 = 0
    /// The bar from which `quantityTaken` was taken.
    var row: Int32 = -1
    var quantityTaken = 0.0
  }

  init(instrumentCount: Int) {
    storage = Storage(capacity: 0, instrumentCount: instrumentCount)
  }

  /// Whether an instrument has live orders.
  func hasLiveOrders(_ instrument: Int) -> Bool { storage.lists[instrument].liveCount > 0 }

  /// Units that our orders of an instrument have taken from a bar, both sides.
  func quantityTaken(_ instrument: Int, row: Int32) -> Double {
    storage.lists[instrument].row == row ? storage.lists[instrument].quantityTaken : 0
  }

  /// Makes this book the single owner of its slots.
  mutating func own() {
    if !isKnownUniquelyReferenced(&storage) {
      storage = Storage(copying: storage, usedCount: usedCount, capacity: storage.capacity)
    }
  }

  /// Counts units against a bar's volume.
  mutating func take(_ quantity: Double, _ instrument: Int, row: Int32) {
    assert(isOwned)
    let taken = quantityTaken(instrument, row: row) + quantity
    storage.lists[instrument].quantityTaken = taken
    storage.lists[instrument].row = row
  }

  @inline(__always)
  subscript(slot: Int) -> LiveOrder {
    unsafeAddress { UnsafePointer(storage.slots + slot) }
    unsafeMutableAddress {
      assert(isOwned)
      return storage.slots + slot
    }
  }

  /// The place of an order, good until one is added.
  @inline(__always)
  mutating func pointer(to slot: Int) -> UnsafeMutablePointer<LiveOrder> {
    assert(isOwned)
    return storage.slots + slot
  }

  /// Adds an order that is on its way; returns its slot.
  mutating func add(_ order: Order, remaining: Double) -> Int {
    own()
    let slot: Int
    if firstFree >= 0 {
      slot = Int(firstFree)
      firstFree = storage.slots[slot].next
    } else {
      if usedCount == storage.capacity {
        storage = Storage(
          copying: storage, usedCount: usedCount, capacity: max(8, 2 * storage.capacity))
      }
      slot = usedCount
      usedCount += 1
    }
    let name = Int32(truncatingIfNeeded: slot)
    let lists = storage.lists + Int(order.instrument.index)
    let live = storage.slots + slot
    LiveOrder.initialize(live, order, remaining: remaining)
    live.pointee.previous = lists.pointee.last
    live.pointee.older = last
    if lists.pointee.last >= 0 {
      storage.slots[Int(lists.pointee.last)].next = name
    } else {
      lists.pointee.first = name
    }
    lists.pointee.last = name
    if last >= 0 { storage.slots[Int(last)].newer = name } else { first = name }
    last = name
    count += 1
    return slot
  }

  /// Says that an order only closes what is held.
  mutating func markAsExit(_ slot: Int) {
    assert(isOwned)
    storage.slots[slot].closesOnly = true
    exitCount += 1
  }

  /// Says that an order answers a margin call.
  mutating func markAsLiquidation(_ slot: Int) {
    assert(isOwned && storage.slots[slot].order.isLiquidation)
    liquidationCount += 1
  }

  /// Makes an order live.
  mutating func activate(_ slot: Int, at time: Timestamp) {
    assert(isOwned)
    let live = storage.slots + slot
    live.pointee.liveSince = time
    storage.lists[Int(live.pointee.order.instrument.index)].liveCount += 1
  }

  /// Removes an order from the lists and frees its slot.
  mutating func remove(_ slot: Int) {
    assert(isOwned)
    let slots = storage.slots
    let gone = slots + slot
    assert(gone.pointee.order.id.number != 0)
    let lists = storage.lists + Int(gone.pointee.order.instrument.index)
    let (previous, next) = (gone.pointee.previous, gone.pointee.next)
    if previous >= 0 { slots[Int(previous)].next = next } else { lists.pointee.first = next }
    if next >= 0 { slots[Int(next)].previous = previous } else { lists.pointee.last = previous }
    let (older, newer) = (gone.pointee.older, gone.pointee.newer)
    if older >= 0 { slots[Int(older)].newer = newer } else { first = newer }
    if newer >= 0 { slots[Int(newer)].older = older } else { last = older }
    if gone.pointee.closesOnly { exitCount -= 1 }
    if gone.pointee.order.isLiquidation { liquidationCount -= 1 }
    if gone.pointee.isLive { lists.pointee.liveCount -= 1 }
    gone.pointee.order.id = OrderID(0)
    gone.pointee.next = firstFree
    firstFree = Int32(truncatingIfNeeded: slot)
    count -= 1
  }

  /// Whether a slot still holds that order.
  func holds(_ order: OrderID, in slot: Int) -> Bool { storage.slots[slot].order.id == order }

  /// The slot of an order, or `nil` when it is no longer in the book.
  func slot(of order: OrderID) -> Int? {
    guard order.number > 0 else { return nil }
    return (0..<usedCount).first { storage.slots[$0].order.id == order }
  }

  /// The first slot of all in order of submission, or -1.
  var firstSlot: Int { Int(first) }

  /// The slot after another one in order of submission, or -1.
  func slot(submittedAfter slot: Int) -> Int { Int(storage.slots[slot].newer) }

  /// The first slot of an instrument's list, or -1.
  func firstSlot(_ instrument: Int) -> Int { Int(storage.lists[instrument].first) }

  /// The slot after another one in the same list, or -1.
  func slot(after slot: Int) -> Int { Int(storage.slots[slot].next) }

  /// The orders of an instrument, live or on their way, in order of submission.
  func orders(of instrument: Int) -> [LiveOrder] {
    var found: [LiveOrder] = []
    var slot = firstSlot(instrument)
    while slot >= 0 {
      found.append(storage.slots[slot])
      slot = self.slot(after: slot)
    }
    return found
  }

  /// All slots in use, in order of submission.
  func slotsInSubmissionOrder() -> [Int] {
    var found: [Int] = []
    var slot = firstSlot
    while slot >= 0 {
      found.append(slot)
      slot = self.slot(submittedAfter: slot)
    }
    return found
  }

  /// The slots of a one-cancels-other group.
  func slots(ofGroup group: Int32) -> [Int] {
    (0..<usedCount).filter {
      storage.slots[$0].order.id.number > 0 && storage.slots[$0].order.group == group
    }
  }

  private var isOwned: Bool {
    mutating get { isKnownUniquelyReferenced(&storage) }
  }

  /// The memory; only its single owner writes to it.
  private final class Storage: @unchecked Sendable {
    let slots: UnsafeMutablePointer<LiveOrder>
    let capacity: Int
    let lists: UnsafeMutablePointer<InstrumentList>
    let instrumentCount: Int

    init(capacity: Int, instrumentCount: Int) {
      self.capacity = capacity
      self.instrumentCount = instrumentCount
      slots = .allocate(capacity: capacity)
      lists = .allocate(capacity: instrumentCount)
      lists.initialize(repeating: InstrumentList(), count: instrumentCount)
    }

    init(copying other: Storage, usedCount: Int, capacity: Int) {
      self.capacity = capacity
      instrumentCount = other.instrumentCount
      slots = .allocate(capacity: capacity)
      slots.initialize(from: other.slots, count: usedCount)
      lists = .allocate(capacity: instrumentCount)
      lists.initialize(from: other.lists, count: instrumentCount)
    }

    deinit {
      slots.deallocate()
      lists.deallocate()
    }
  }
}

/// An order on its way to the market or resting in it, with all that matching needs to know.
struct LiveOrder: Sendable, BitwiseCopyable {
  var order: Order
  /// Units still to trade, signed.
  var remaining: Double
  /// When it became live; distant future while it is on its way.
  var liveSince = Timestamp.distantFuture
  /// A stop that was triggered and trades as a market order from then on.
  var isTriggered = false
  /// An exit that went out before its entry filled: it closes what is held and opens nothing, and
  /// waits while nothing is held.
  fileprivate(set) var closesOnly = false
  /// Units that the entry of an exit has filled so far; infinite for orders without an entry.
  var entryFilled = Double.infinity
  /// Whether exits belong to it.
  var hasExits = false
  /// Whether a standing target made it, so that a newer target replaces it.
  var isTarget = false
  /// How its quantity is found at the match.
  var sizing = Sizing.fixed
  var progress = OrderTally()
  var commissionPaid = 0.0
  /// What the slippage model may ask for, known when the order became live.
  var returnDeviation = Double.nan
  var meanVolume = Double.nan
  var spreadEstimate = Double.nan
  /// Neighbours in the instrument's list, in order of priority.
  var previous: Int32 = -1
  var next: Int32 = -1
  /// Neighbours among the orders of all instruments, in order of submission.
  var older: Int32 = -1
  var newer: Int32 = -1

  /// How a quantity is found at the match.
  enum Sizing: BitwiseCopyable, Sendable {
    /// The quantity was given.
    case fixed
    /// The position shall be worth that share of equity after costs.
    case weight(Double)
    /// The position shall be worth that much money after costs.
    case value(Double)

    var isFixed: Bool { if case .fixed = self { true } else { false } }
  }

  /// Makes an order that is on its way where it shall lie, field by field: one made elsewhere would
  /// be copied by a call.
  @inline(__always)
  static func initialize(
    _ place: UnsafeMutablePointer<LiveOrder>, _ order: Order, remaining: Double
  ) {
    place.pointee.order = order
    place.pointee.remaining = remaining
    place.pointee.liveSince = .distantFuture
    place.pointee.isTriggered = false
    place.pointee.closesOnly = false
    place.pointee.entryFilled = .infinity
    place.pointee.hasExits = false
    place.pointee.isTarget = false
    place.pointee.sizing = .fixed
    place.pointee.progress = OrderTally()
    place.pointee.commissionPaid = 0
    place.pointee.returnDeviation = .nan
    place.pointee.meanVolume = .nan
    place.pointee.spreadEstimate = .nan
    place.pointee.previous = -1
    place.pointee.next = -1
    place.pointee.older = -1
    place.pointee.newer = -1
  }

  var isLive: Bool { liveSince != .distantFuture }

  var isBuy: Bool { remaining > 0 }

  /// Whether it is an exit whose entry has not filled yet.
  var isAsleep: Bool { entryFilled == 0 }

  /// Units still to trade as far as the entry of an exit has filled, signed.
  var releasedQuantity: Double { releasedQuantity(entryFilled: entryFilled) }

  /// Units still to trade where the entry of an exit has filled so many units, signed.
  func releasedQuantity(entryFilled: Double) -> Double {
    let released = entryFilled - progress.quantity
    // What rounding leaves of units that are closed already is nothing to close.
    guard released > progress.quantity * 1e-12 else { return 0 }
    return abs(remaining) <= released ? remaining : remaining < 0 ? -released : released
  }

  /// Units filled so far, signed as the order.
  var filledQuantity: Double { order.quantity < 0 ? -progress.quantity : progress.quantity }

  /// The kind by which it is matched now.
  var matchingKind: Order.Kind { isTriggered ? .market : order.kind }
}
