/// A scheduled event: when it happens and to whom.
struct ScheduledEvent: BitwiseCopyable, Sendable {
  var key: EventKey
  /// The book slot of an order for arrivals and expiries; the strategy's tag for timers.
  var subject: Int
  /// The order for arrivals and expiries, because a slot may have been reused since.
  var order: OrderID
}

/// A priority queue of scheduled events: a binary heap on `EventKey`.
///
/// Insertion and removal cost O(log n) comparisons and no allocation once the queue has grown.
struct EventQueue: Sendable {
  private var heap: ContiguousArray<ScheduledEvent> = []
  private var nextSequence: UInt32 = 0
  /// The number of events that wait.
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  /// The event that comes first.
  var first: ScheduledEvent? { heap.first }

  /// Adds an event after all events already scheduled for the same time and phase.
  mutating func schedule(
    at time: Timestamp, _ phase: EventPhase, subject: Int, order: OrderID = OrderID(0)
  ) {
    let key = EventKey(time: time, phase: phase, sequence: nextSequence)
    nextSequence += 1
    heap.append(ScheduledEvent(key: key, subject: subject, order: order))
    count += 1
    siftUp(from: heap.count - 1)
  }

  /// Removes and returns the event that comes first.
  mutating func removeFirst() -> ScheduledEvent {
    let first = heap[0]
    let last = heap.removeLast()
    count -= 1
    if !heap.isEmpty {
      heap[0] = last
      siftDown(from: 0)
    }
    return first
  }

  private mutating func siftUp(from start: Int) {
    let event = heap[start]
    var hole = start
    while hole > 0 {
      let parent = (hole - 1) / 2
      guard event.key < heap[parent].key else { break }
      heap[hole] = heap[parent]
      hole = parent
    }
    heap[hole] = event
  }

  private mutating func siftDown(from start: Int) {
    let event = heap[start]
    var hole = start
    while true {
      var child = 2 * hole + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].key < heap[child].key { child += 1 }
      guard heap[child].key < event.key else { break }
      heap[hole] = heap[child]
      hole = child
    }
    heap[hole] = event
  }
}

/// What happens first inside one instant. The order is part of the product's semantics: a decision
/// sees every bar that closed at its instant, and lies between that close and the next open.
package enum EventPhase: UInt8, Comparable, Sendable, BitwiseCopyable {
  /// Bars close: resting orders are matched along each bar's path, then positions are marked.
  case barClose = 1
  /// A session ends: DAY orders expire, contracts are settled, interest is paid, margin checked.
  case sessionEnd
  /// The holders of perpetual contracts pay one another.
  case funding
  /// Fills are reported, then the strategy decides once for all bars that closed.
  case decision
  /// What the strategy scheduled.
  case timer
  /// Submitted orders become live; then the equity point of the instant is taken.
  case orderArrival
  /// Splits and dividends.
  case corporateAction
  /// Live orders are matched at the open.
  case marketOpen

  /// Phases in the order in which they happen.
  package static func < (a: EventPhase, b: EventPhase) -> Bool { a.rawValue < b.rawValue }
}

/// The place of an event in the total order: time, then phase, then order of scheduling.
///
/// Two events never have equal keys, so no result depends on how a heap breaks ties.
struct EventKey: Comparable, BitwiseCopyable, Sendable {
  var time: Timestamp
  var phase: EventPhase
  var sequence: UInt32

  static func < (a: EventKey, b: EventKey) -> Bool {
    if a.time != b.time { return a.time < b.time }
    if a.phase != b.phase { return a.phase < b.phase }
    return a.sequence < b.sequence
  }
}
