internal import Glibc

/// An immutable column of trivial values that many owners share without copying: an array's
/// elements, or part of a memory-mapped file.
///
/// Reading is as cheap as from an array. Copies share the memory.
public struct Column<Element: BitwiseCopyable & Sendable>: RandomAccessCollection, Sendable {
  @usableFromInline let storage: ColumnStorage
  @usableFromInline nonisolated(unsafe) let start: UnsafePointer<Element>
  /// The number of values.
  public let count: Int

  /// A column over memory that `storage` keeps alive.
  ///
  /// - Precondition: `start` points to `count` initialised values that live as long as `storage`
  ///   and never change.
  package init(storage: ColumnStorage, start: UnsafePointer<Element>, count: Int) {
    self.storage = storage
    self.start = start
    self.count = count
  }

  /// A column with a copy of a sequence's values.
  public init(_ values: some Collection<Element>) {
    self.init(count: values.count) { target in
      _ = target.initialize(fromContentsOf: values)
    }
  }

  /// A column of `count` values written once by `fill`, which must initialise all of them.
  package init(count: Int, fill: (UnsafeMutableBufferPointer<Element>) throws -> Void) rethrows {
    let target = UnsafeMutableBufferPointer<Element>.allocate(capacity: Swift.max(count, 1))
    adviseLargePages(target.baseAddress!, byteCount: count * MemoryLayout<Element>.stride)
    let storage = ColumnStorage { target.deallocate() }
    try fill(UnsafeMutableBufferPointer(rebasing: target[0..<count]))
    self.init(storage: storage, start: UnsafePointer(target.baseAddress!), count: count)
  }

  /// The first position, 0.
  @inlinable
  public var startIndex: Int { 0 }
  /// The position after the last value.
  @inlinable
  public var endIndex: Int { count }

  /// The value in a row.
  @inlinable
  public subscript(row: Int) -> Element {
    precondition(row >= 0 && row < count, "row outside the column")
    return start[row]
  }

  /// Where the value of a row lies, to fetch it early; the row need not exist.
  @inlinable @inline(__always)
  package func address(of row: Int) -> UnsafePointer<Element> { start + row }

  /// The values of a range of rows, sharing memory with this column.
  public func rows(_ range: Range<Int>) -> Column {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "rows outside the column")
    return Column(storage: storage, start: start + range.lowerBound, count: range.count)
  }

  /// Calls `body` with the memory of the column.
  @inlinable
  public func withUnsafeBufferPointer<R>(
    _ body: (UnsafeBufferPointer<Element>) throws -> R
  ) rethrows -> R {
    defer { extendLifetime(storage) }
    return try body(UnsafeBufferPointer(start: start, count: count))
  }

  /// Calls `body` with the memory of the column, so that an array of it is made by one copy.
  @inlinable
  public func withContiguousStorageIfAvailable<R>(
    _ body: (UnsafeBufferPointer<Element>) throws -> R
  ) rethrows -> R? {
    try withUnsafeBufferPointer(body)
  }
}

/// The memory behind one or more columns, released when the last of them goes.
@usableFromInline
package final class ColumnStorage: @unchecked Sendable {
  /// Whether it is a mapped file, which the system reads and drops as memory allows.
  let isMapped: Bool
  private let release: () -> Void

  /// - Parameter isMapped: whether it is a mapped file that nobody writes to, so that its pages may
  ///   be dropped at any time.
  package init(isMapped: Bool = false, release: @escaping () -> Void) {
    self.isMapped = isMapped
    self.release = release
  }

  deinit { release() }
}

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

  /// Forgets the last rows and keeps the room.
  mutating func removeLast(_ rows: Int) {
    precondition(rows >= 0 && rows <= count, "no such rows")
    count -= rows
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

/// Asks the system to back a large block with large pages, before it is first written.
///
/// A run streams through a dozen columns and reads a few of them here and there. With pages of
/// 4 KiB a column of a million numbers takes two thousand faults to write, and most of its stray
/// reads have to look their page up first. Where the system does not grant the wish, nothing
/// changes but the speed.
package func adviseLargePages(_ start: UnsafeMutableRawPointer, byteCount: Int) {
  guard byteCount >= 4 << 20 else { return }
  let page: UInt = 4_096
  let first = (UInt(bitPattern: start) + page - 1) & ~(page - 1)
  let end = (UInt(bitPattern: start) + UInt(byteCount)) & ~(page - 1)
  guard first < end, let range = UnsafeMutableRawPointer(bitPattern: first) else { return }
  madvise(range, Int(end - first), MADV_HUGEPAGE)
}
