internal import Glibc

/// The points of an equity curve under construction: two columns of a length known beforehand.
///
/// A value with one reference inside, so that writing a point checks for sharing once and never
/// grows anything.
struct EquityColumns: Sendable {
  private var storage: Storage

  init(count: Int) { storage = Storage(count: count) }

  /// Writes the point in a row.
  @inline(__always)
  mutating func set(_ row: Int, equity: Double, grossExposure: Double) {
    if !isKnownUniquelyReferenced(&storage) { storage = Storage(copying: storage) }
    precondition(row >= 0 && row < storage.count, "a point outside the curve")
    storage.equity[row] = equity
    storage.grossExposure[row] = grossExposure
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
  private final class Storage: @unchecked Sendable {
    let count: Int
    let equity: UnsafeMutablePointer<Double>
    let grossExposure: UnsafeMutablePointer<Double>

    init(count: Int) {
      self.count = count
      equity = allocated(count)
      grossExposure = allocated(count)
    }

    init(copying other: Storage) {
      count = other.count
      equity = allocated(count)
      grossExposure = allocated(count)
      equity.initialize(from: other.equity, count: count)
      grossExposure.initialize(from: other.grossExposure, count: count)
    }

    deinit {
      free(equity)
      free(grossExposure)
    }
  }
}

/// Memory for so many points, not yet written: each point is, before the columns that hold it are
/// handed out.
private func allocated(_ count: Int) -> UnsafeMutablePointer<Double> {
  let byteCount = max(count, 1) * MemoryLayout<Double>.stride
  guard let memory = malloc(byteCount) else {
    preconditionFailure("out of memory for an equity curve of \(count) points")
  }
  adviseLargePages(memory, byteCount: byteCount)
  return memory.bindMemory(to: Double.self, capacity: max(count, 1))
}
