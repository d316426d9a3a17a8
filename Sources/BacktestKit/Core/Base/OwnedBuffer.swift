/// Rows in a block of memory that is used again and again without being freed.
///
/// Copies share the block. `own()` makes a value its single owner before any number of changes,
/// where an array would check for sharing at each of them.
struct OwnedBuffer<Row: BitwiseCopyable & Sendable>: Sendable {
  private var block = Block(capacity: 0)
  private nonisolated(unsafe) var start: UnsafeMutablePointer<Row>
  /// The number of rows.
  private(set) var count = 0

  init() { start = block.start }

  var isEmpty: Bool { count == 0 }
  var indices: Range<Int> { 0..<count }

  /// Makes this value the single owner of its block.
  @inline(__always)
  mutating func own() {
    if !isKnownUniquelyReferenced(&block) { move(capacity: block.capacity) }
  }

  /// Adds a row.
  ///
  /// - Precondition: `own()` came before.
  @inline(__always)
  mutating func append(_ row: Row) {
    assert(isKnownUniquelyReferenced(&block), "a shared buffer is written to")
    if count == block.capacity { move(capacity: max(8, 2 * count)) }
    (start + count).initialize(to: row)
    count &+= 1
  }

  /// The row at a position, in place.
  @inline(__always)
  subscript(position: Int) -> Row {
    _read {
      precondition(position >= 0 && position < count, "no such row")
      yield start[position]
    }
    _modify {
      precondition(position >= 0 && position < count, "no such row")
      assert(isKnownUniquelyReferenced(&block), "a shared buffer is written to")
      yield &start[position]
    }
  }

  /// Forgets all rows and keeps the room.
  @inline(__always)
  mutating func clear() { count = 0 }

  /// The rows, valid until one is added.
  var rows: UnsafeBufferPointer<Row> { UnsafeBufferPointer(start: start, count: count) }

  /// Puts the rows in order.
  mutating func sort(by areInOrder: (Row, Row) -> Bool) {
    own()
    var rows = UnsafeMutableBufferPointer(start: start, count: count)
    rows.sort(by: areInOrder)
  }

  /// Exchanges two rows.
  mutating func swapAt(_ a: Int, _ b: Int) {
    let row = self[a]
    self[a] = self[b]
    self[b] = row
  }

  @inline(never)
  private mutating func move(capacity: Int) {
    let larger = Block(capacity: capacity)
    larger.start.initialize(from: start, count: count)
    block = larger
    start = larger.start
  }

  private final class Block: @unchecked Sendable {
    let start: UnsafeMutablePointer<Row>
    let capacity: Int

    init(capacity: Int) {
      self.capacity = capacity
      start = .allocate(capacity: capacity)
    }

    deinit { start.deallocate() }
  }
}
