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
