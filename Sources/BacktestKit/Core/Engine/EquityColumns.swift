internal import Glibc

/// The points of an equity curve under construction: two columns of a length known beforehand.
///
/// A value whose columns lie in memory that copies share: `own()` makes it the single owner before
/// any number of points is written, so that writing one checks for nothing but its row.
@usableFromInline
struct EquityColumns: Sendable {
  @usableFromInline var storage: Storage
  @usableFromInline nonisolated(unsafe) var equity: UnsafeMutablePointer<Double>
  @usableFromInline nonisolated(unsafe) var grossExposure: UnsafeMutablePointer<Double>
  @usableFromInline let count: Int

  init(count: Int) {
    storage = Storage(count: count)
    self.count = count
    equity = storage.equity
    grossExposure = storage.grossExposure
  }

  /// Makes this value the single owner of its columns.
  @inlinable @inline(__always)
  mutating func own() {
    if !isKnownUniquelyReferenced(&storage) { copyStorage() }
  }

  @usableFromInline @inline(never)
  mutating func copyStorage() {
    storage = Storage(copying: storage)
    equity = storage.equity
    grossExposure = storage.grossExposure
  }

  /// Writes the point in a row.
  ///
  /// - Precondition: `own()` came before.
  mutating func set(_ row: Int, equity: Double, grossExposure: Double) {
    precondition(row >= 0 && row < count, "a point outside the curve")
    setKnown(row, equity: equity, grossExposure: grossExposure)
  }

  /// Writes the point in a row that is known to lie within the curve.
  @inlinable @inline(__always)
  mutating func setKnown(_ row: Int, equity: Double, grossExposure: Double) {
    assert(row >= 0 && row < count && isKnownUniquelyReferenced(&storage))
    self.equity[row] = equity
    self.grossExposure[row] = grossExposure
  }

  /// The first points as columns, sharing memory until the next point is written.
  func columns(_ count: Int) -> (equity: Column<Double>, grossExposure: Column<Double>) {
    let storage = storage
    let owner = ColumnStorage { _ = storage }
    return (
      Column(storage: owner, start: UnsafePointer(storage.equity), count: count),
      Column(storage: owner, start: UnsafePointer(storage.grossExposure), count: count)
    )
  }

  /// The memory; only its single owner writes to it.
  @usableFromInline
  final class Storage: @unchecked Sendable {
    let count: Int
    let equity: UnsafeMutablePointer<Double>
    let grossExposure: UnsafeMutablePointer<Double>

    init(count: Int) {
      self.count = count
      equity = allocated(2 * count)
      grossExposure = equity + count
    }

    init(copying other: Storage) {
      count = other.count
      equity = allocated(2 * count)
      grossExposure = equity + count
      equity.initialize(from: other.equity, count: 2 * count)
    }

    deinit { free(equity) }
  }
}

/// Memory for so many numbers, not yet written: each point is, before the columns that hold it are
/// handed out.
private func allocated(_ count: Int) -> UnsafeMutablePointer<Double> {
  let byteCount = max(count, 1) * MemoryLayout<Double>.stride
  guard let memory = malloc(byteCount) else {
    preconditionFailure("out of memory for an equity curve of \(count / 2) points")
  }
  adviseLargePages(memory, byteCount: byteCount)
  return memory.bindMemory(to: Double.self, capacity: max(count, 1))
}
