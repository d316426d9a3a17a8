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
}

/// The memory behind one or more columns, released when the last of them goes.
@usableFromInline
package final class ColumnStorage: @unchecked Sendable {
  private let release: () -> Void

  package init(release: @escaping () -> Void) { self.release = release }

  deinit { release() }
}
