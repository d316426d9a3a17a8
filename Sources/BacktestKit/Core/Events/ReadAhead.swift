internal import Glibc

/// Reads the mapped columns of a large universe from the disk just before a replay comes to them,
/// and releases what lies behind it, so that a universe may be larger than memory.
///
/// Left alone, the system reads megabytes around each missing page, and the hundreds of columns
/// that a replay goes through side by side push each other out of memory. Here each column that is
/// read is asked for in strides, a stride before it is needed. A column that nobody reads costs
/// nothing: a run without resting orders goes through the closes only. Which columns are read shows
/// in the pages that the last stride touched.
///
/// Only the speed depends on it, never a result.
struct ReadAhead: Sendable {
  /// The instant at which to move on.
  private(set) var nextInstant = 0
  private var columns: ContiguousArray<MappedColumn>
  private let pages: MappedPages
  /// Rows of a stride; `nil` takes as many as the memory for all columns allows.
  private let fixedStride: Int?

  /// - Parameter strideRows: rows of a stride, for small universes too; `nil` reads ahead where
  ///   there are at least 256 MiB of mapped columns.
  /// - Returns: `nil` where the system does better by itself.
  init?(_ universe: Universe, strideRows: Int?) {
    var columns: ContiguousArray<MappedColumn> = []
    var grids: Set<UnsafePointer<Timestamp>> = []
    for (instrument, series) in universe.series.enumerated() {
      let prices = [series.open, series.high, series.low, series.close, series.volume]
      columns += prices.compactMap { MappedColumn($0, of: instrument) }
      guard grids.insert(series.closeTimes.start).inserted else { continue }
      let times = [series.openTimes, series.closeTimes]
      columns += times.compactMap { MappedColumn($0, of: instrument) }
    }
    let byteCount = columns.reduce(0) { $0 + $1.rowCount * MappedColumn.rowSize }
    guard !columns.isEmpty, strideRows != nil || byteCount >= 256 << 20 else { return nil }
    self.columns = columns
    pages = MappedPages()
    fixedStride = strideRows
  }

  /// Asks for the rows that come next.
  ///
  /// - Parameters:
  ///   - instant: the instant reached, from which on strides are counted.
  ///   - nextRow: the next row of an instrument.
  @inline(never)
  mutating func move(to instant: Int, nextRow: (Int) -> Int) {
    var streamedCount = 0
    for index in columns.indices {
      let row = min(nextRow(Int(columns[index].instrument)), columns[index].rowCount)
      columns[index].findUse(upTo: row, pages)
      streamedCount += columns[index].isStreamed ? 1 : 0
    }
    let stride = strideRows(streamedCount)
    for index in columns.indices {
      let row = min(nextRow(Int(columns[index].instrument)), columns[index].rowCount)
      columns[index].move(to: row, stride: stride, pages)
    }
    nextInstant = max(instant, 0) + stride
  }

  /// As many rows as make 64 MiB over all columns that are read, and pages enough to be worth
  /// asking for.
  private func strideRows(_ streamedCount: Int) -> Int {
    if let fixedStride { return fixedStride }
    var rows = 1 << 17
    while rows > 1 << 12, rows * MappedColumn.rowSize * streamedCount > 64 << 20 { rows /= 2 }
    return rows
  }

  /// Asks for the row in which an order of an instrument may fill at the next open.
  @inline(never)
  func prepareFill(of series: SeriesColumns, at row: Int) {
    guard row < series.count else { return }
    for column in [series.open, series.volume] {
      pages.advise(UnsafeRawPointer(column + row), byteCount: 8, MADV_WILLNEED)
    }
  }
}

/// A column of a mapped file, and how far a replay has come in it.
private struct MappedColumn: BitwiseCopyable, Sendable {
  static let rowSize = 8

  nonisolated(unsafe) let start: UnsafeRawPointer
  let instrument: Int32
  let rowCount: Int
  /// Whether it is read from row to row; so taken until a stride shows that it is not.
  var isStreamed = true
  /// The next row at the last move.
  private var row = 0
  /// The row up to which it was asked for, and the one up to which it was released.
  private var askedRow = 0
  private var releasedRow = 0
  /// The rows around which the system reads nothing.
  private var aloneStart = 0
  private var aloneEnd = 0

  init?<Value>(_ column: Column<Value>, of instrument: Int) {
    guard column.storage.isMapped, MemoryLayout<Value>.stride == Self.rowSize else { return nil }
    start = UnsafeRawPointer(column.start)
    self.instrument = Int32(instrument)
    rowCount = column.count
  }

  /// Finds out whether most of the rows since the last move were read.
  mutating func findUse(upTo end: Int, _ pages: MappedPages) {
    guard end > row else { return }
    isStreamed = pages.areTouched(start + row * Self.rowSize, byteCount: (end - row) * Self.rowSize)
  }

  mutating func move(to row: Int, stride: Int, _ pages: MappedPages) {
    let end = min(row + 2 * stride, rowCount)
    if isStreamed {
      advise(max(row, askedRow), end, MADV_WILLNEED, pages)
      askedRow = end
    } else {
      // What is read here and there is read by the page.
      advise(max(row, aloneEnd), end, MADV_RANDOM, pages)
      aloneEnd = end
    }
    // A strategy may look back a little.
    let keptRow = max(releasedRow, row - stride)
    advise(releasedRow, keptRow, MADV_DONTNEED, pages)
    releasedRow = keptRow
    let leftRow = min(row, aloneEnd)
    advise(aloneStart, leftRow, MADV_NORMAL, pages)
    aloneStart = leftRow
    self.row = row
  }

  private func advise(_ first: Int, _ end: Int, _ advice: Int32, _ pages: MappedPages) {
    guard first < end else { return }
    pages.advise(
      start + first * Self.rowSize, byteCount: (end - first) * Self.rowSize, advice)
  }
}

/// What the system is told, and tells, about the pages of mapped files.
private final class MappedPages: Sendable {
  private let pageSize = UInt(max(4_096, sysconf(Int32(_SC_PAGESIZE))))
  /// One word a page, of which the highest bit says that it is in the page table; negative where
  /// the system does not show it.
  private let pageTable = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)

  deinit { if pageTable >= 0 { close(pageTable) } }

  /// Gives advice for the pages from that of the first byte up to that of the byte after the last,
  /// so that adjacent blocks share no page; at least one page.
  func advise(_ start: UnsafeRawPointer, byteCount: Int, _ advice: Int32) {
    let first = UInt(bitPattern: start) / pageSize * pageSize
    let last = (UInt(bitPattern: start) + UInt(byteCount)) / pageSize * pageSize
    let end = max(last, first + (advice == MADV_WILLNEED ? pageSize : 0))
    guard first < end else { return }
    madvise(UnsafeMutableRawPointer(bitPattern: first), Int(end - first), advice)
  }

  /// Whether the process has read at least every second page in the middle of a block.
  func areTouched(_ start: UnsafeRawPointer, byteCount: Int) -> Bool {
    guard pageTable >= 0 else { return true }
    let first = UInt(bitPattern: start) / pageSize
    let end = (UInt(bitPattern: start) + UInt(byteCount) - 1) / pageSize + 1
    let count = min(16, end - first)
    let middle = first + (end - first - count) / 2
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Int(count)) { words in
      let size = Int(count) * 8
      guard pread(pageTable, words.baseAddress, size, Int(middle) * 8) == size else { return true }
      return 2 * words.count { $0 >> 63 == 1 } >= Int(count)
    }
  }
}
