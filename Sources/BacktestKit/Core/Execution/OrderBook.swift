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
  /// Those among them that need special care, by what they need.
  private(set) var counts = Counts()
  private var nextPriority: Int32 = 1

  /// How many orders need what most runs never do.
  struct Counts: BitwiseCopyable {
    /// Trailing stops, which follow the closed bars.
    var trailing = 0
    /// Orders for one moment only.
    var immediate = 0
    /// Market orders that wait for a close.
    var atClose = 0

    @inline(__always)
    mutating func add(_ order: borrowing Order, _ change: Int) {
      switch order.kind {
      case .market, .limit, .stop: break
      case .trailingStop: trailing += change
      case .marketOnClose: atClose += change
      default: break
      }
      if order.timeInForce.isImmediate { immediate += change }
    }
  }
  /// Those by which a margin call reduces positions.
  private(set) var liquidationCount = 0

  struct InstrumentList: BitwiseCopyable {
    var first: Int32 = -1
    var last: Int32 = -1
    var liveCount: Int32 = 0
    /// The bar from which `quantityTaken` was taken.
    var row: Int32 = -1
    var quantityTaken = 0.0
    /// The prices at which its orders could do something, as far as they are known.
    var reach: OrderReach?
  }

  init(instrumentCount: Int) {
    storage = Storage(capacity: 0, instrumentCount: instrumentCount)
  }

  /// Whether an instrument has live orders.
  func hasLiveOrders(_ instrument: Int) -> Bool { storage.lists[instrument].liveCount > 0 }

  var instrumentCount: Int { storage.instrumentCount }

  /// How many live orders an instrument has.
  func liveCount(_ instrument: Int) -> Int { Int(storage.lists[instrument].liveCount) }

  /// Whether any order of an instrument could do something at a price from `low` to `high`, be it
  /// awake and live or not.
  /// - Complexity: O(1) while no order of the instrument changes, else O(its orders).
  mutating func isReached(
    _ instrument: Int, from low: Double, to high: Double, plan: ExecutionPlan
  ) -> Bool {
    assert(isOwned)
    let list = storage.lists + instrument
    if let reach = list.pointee.reach { return reach.meets(low, high) }
    var reach = OrderReach()
    var slot = Int(list.pointee.first)
    while slot >= 0 {
      reach.add(storage.slots[slot], plan)
      slot = Int(storage.slots[slot].next)
    }
    list.pointee.reach = reach
    return reach.meets(low, high)
  }

  /// What is written to an order may change the prices at which it does something.
  @inline(__always)
  private func forgetReach(_ slot: Int) {
    storage.lists[Int(storage.slots[slot].order.instrument.index)].reach = nil
  }

  /// Units that our orders of an instrument have taken from a bar, both sides.
  func quantityTaken(_ instrument: Int, row: Int32) -> Double {
    storage.lists[instrument].row == row ? storage.lists[instrument].quantityTaken : 0
  }

  /// Makes this book the single owner of its slots.
  mutating func own() {
    if !isKnownUniquelyReferenced(&storage) {
      storage = Storage(
        copying: storage, usedCount: usedCount, capacity: storage.capacity,
        first: first)
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
      forgetReach(slot)
      return storage.slots + slot
    }
  }

  /// The place of an order, good until one is added.
  @inline(__always)
  mutating func pointer(to slot: Int) -> UnsafeMutablePointer<LiveOrder> {
    assert(isOwned)
    forgetReach(slot)
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
          copying: storage, usedCount: usedCount, capacity: max(8, 2 * storage.capacity),
          first: first)
      }
      slot = usedCount
      usedCount += 1
    }
    let name = Int32(truncatingIfNeeded: slot)
    let lists = storage.lists + Int(order.instrument.index)
    let live = storage.slots + slot
    LiveOrder.initialize(live, order, remaining: remaining)
    append(name, lists)
    lists.pointee.reach = nil
    counts.add(live.pointee.order, 1)
    storage.numbers?.insert(slot, order.assignedID.number)
    if order.relation != 0 {
      if storage.relations == nil {
        // It finds the new one in the list.
        storage.relations = storage.makeIndex(first, \.relation)
      } else {
        storage.relations?.insert(slot, order.relation)
      }
    }
    count += 1
    return slot
  }

  /// Puts an order last in both lists.
  @inline(__always)
  private mutating func append(_ name: Int32, _ lists: UnsafeMutablePointer<InstrumentList>) {
    let live = storage.slots + Int(name)
    live.pointee.priority = nextPriority
    nextPriority += 1
    live.pointee.previous = lists.pointee.last
    live.pointee.next = -1
    live.pointee.older = last
    live.pointee.newer = -1
    if lists.pointee.last >= 0 {
      storage.slots[Int(lists.pointee.last)].next = name
    } else {
      lists.pointee.first = name
    }
    lists.pointee.last = name
    if last >= 0 { storage.slots[Int(last)].newer = name } else { first = name }
    last = name
  }

  /// Takes an order out of both lists.
  @inline(__always)
  private mutating func unlink(_ slot: Int, _ lists: UnsafeMutablePointer<InstrumentList>) {
    let slots = storage.slots
    let gone = slots + slot
    let (previous, next) = (gone.pointee.previous, gone.pointee.next)
    if previous >= 0 { slots[Int(previous)].next = next } else { lists.pointee.first = next }
    if next >= 0 { slots[Int(next)].previous = previous } else { lists.pointee.last = previous }
    let (older, newer) = (gone.pointee.older, gone.pointee.newer)
    if older >= 0 { slots[Int(older)].newer = newer } else { first = newer }
    if newer >= 0 { slots[Int(newer)].older = older } else { last = older }
  }

  /// Gives up an order's priority: it is last from now on.
  mutating func moveToBack(_ slot: Int) {
    assert(isOwned)
    let lists = storage.lists + Int(storage.slots[slot].order.instrument.index)
    unlink(slot, lists)
    append(Int32(truncatingIfNeeded: slot), lists)
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
    assert(gone.pointee.order.assignedID.number != 0)
    let lists = storage.lists + Int(gone.pointee.order.instrument.index)
    unlink(slot, lists)
    lists.pointee.reach = nil
    counts.add(gone.pointee.order, -1)
    let name = Int32(truncatingIfNeeded: slot)
    storage.numbers?.remove(slot, gone.pointee.order.assignedID.number)
    let relation = gone.pointee.order.relation
    if relation != 0 { storage.relations?.remove(slot, relation) }
    if gone.pointee.closesOnly { exitCount -= 1 }
    if gone.pointee.order.isLiquidation { liquidationCount -= 1 }
    if gone.pointee.isLive { lists.pointee.liveCount -= 1 }
    gone.pointee.order.assignedID = OrderID(0)
    gone.pointee.next = firstFree
    firstFree = name
    count -= 1
  }

  /// Whether a slot still holds that order.
  func holds(_ order: OrderID, in slot: Int) -> Bool {
    storage.slots[slot].order.assignedID == order
  }

  /// The slot of an order, or `nil` when it is no longer in the book.
  /// - Complexity: O(1); the first call O(orders).
  mutating func slot(of order: OrderID) -> Int? {
    guard order.number > 0, count > 0 else { return nil }
    if storage.numbers == nil {
      own()
      storage.numbers = storage.makeIndex(first, \.assignedID.number)
    }
    guard let numbers = storage.numbers else { return nil }
    var slot = numbers.first(order.number)
    while slot >= 0, storage.slots[slot].order.assignedID != order {
      slot = numbers.next(after: slot)
    }
    return slot < 0 ? nil : slot
  }

  /// The first of the slots among which all relatives of an order are, or -1: those of its group,
  /// or those that belong to its parent. Others may be among them.
  func firstRelative(of order: Order) -> Int { storage.relations?.first(order.relation) ?? -1 }

  /// The first of the slots among which all orders are that belong to a parent, or -1.
  func firstRelative(ofParent parent: OrderID) -> Int {
    storage.relations?.first(parent.number) ?? -1
  }

  /// The slot after another one among relatives, or -1.
  func slot(relatedAfter slot: Int) -> Int { storage.relations?.next(after: slot) ?? -1 }

  /// The first slot of all in order of submission, or -1.
  var firstSlot: Int { Int(first) }

  /// The slot after another one in order of submission, or -1.
  func slot(submittedAfter slot: Int) -> Int { Int(storage.slots[slot].newer) }

  /// The first slot of an instrument's list, or -1.
  func firstSlot(_ instrument: Int) -> Int { Int(storage.lists[instrument].first) }

  /// The slot after another one in the same list, or -1.
  func slot(after slot: Int) -> Int { Int(storage.slots[slot].next) }

  /// The first order of an instrument of which something holds, or -1. Ending an order may take
  /// others along, so a walk that ends some asks for the first again after each.
  @inline(__always)
  func firstSlot(_ instrument: Int, where holds: (LiveOrder) -> Bool) -> Int {
    var slot = firstSlot(instrument)
    while slot >= 0, !holds(storage.slots[slot]) { slot = self.slot(after: slot) }
    return slot
  }

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

  private var isOwned: Bool {
    mutating get { isKnownUniquelyReferenced(&storage) }
  }

  /// The memory; only its single owner writes to it.
  private final class Storage: @unchecked Sendable {
    let slots: UnsafeMutablePointer<LiveOrder>
    let capacity: Int
    let lists: UnsafeMutablePointer<InstrumentList>
    let instrumentCount: Int
    /// Slots by the number of their order, and by what relates it to others; made when first asked.
    var numbers: SlotIndex?
    var relations: SlotIndex?

    init(capacity: Int, instrumentCount: Int) {
      self.capacity = capacity
      self.instrumentCount = instrumentCount
      slots = .allocate(capacity: capacity)
      lists = .allocate(capacity: instrumentCount)
      lists.initialize(repeating: InstrumentList(), count: instrumentCount)
    }

    init(copying other: Storage, usedCount: Int, capacity: Int, first: Int32) {
      self.capacity = capacity
      instrumentCount = other.instrumentCount
      slots = .allocate(capacity: capacity)
      slots.initialize(from: other.slots, count: usedCount)
      lists = .allocate(capacity: instrumentCount)
      lists.initialize(from: other.lists, count: instrumentCount)
      if other.numbers != nil { numbers = makeIndex(first, \.assignedID.number) }
      if other.relations != nil { relations = makeIndex(first, \.relation) }
    }

    /// An index over the orders from a slot on, in order of submission; those whose key is 0 are
    /// left out.
    func makeIndex(_ first: Int32, _ key: (Order) -> Int32) -> SlotIndex {
      let index = SlotIndex(capacity: capacity)
      var slot = Int(first)
      while slot >= 0 {
        let number = key(slots[slot].order)
        if number != 0 { index.insert(slot, number) }
        slot = Int(slots[slot].newer)
      }
      return index
    }

    deinit {
      slots.deallocate()
      lists.deallocate()
      numbers?.deallocate()
      relations?.deallocate()
    }
  }
}
