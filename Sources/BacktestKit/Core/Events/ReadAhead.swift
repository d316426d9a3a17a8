internal import Glibc
internal import Synchronization

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
  /// Where the columns of each instrument begin, and where the last ones end.
  private let firstColumns: ContiguousArray<Int>
  private let pages: MappedPages
  /// Held while a run is under way; copies of an engine share it.
  private var scattered: ScatteredReading?
  /// Rows of the next stride; they grow, so that a run soon knows which columns it reads.
  private var strideRows: Int
  private let growsStride: Bool

  /// - Parameter strideRows: rows of each stride, for small universes too; `nil` reads ahead where
  ///   there are at least 256 MiB of mapped columns.
  /// - Returns: `nil` where the system does better by itself.
  init?(_ universe: Universe, strideRows: Int?) {
    var columns: ContiguousArray<MappedColumn> = []
    var firstColumns: ContiguousArray<Int> = [0]
    var grids: Set<UnsafePointer<Timestamp>> = []
    for (instrument, series) in universe.series.enumerated() {
      // The loop reads each close; whether it reads the others depends on the run.
      var found = [
        MappedColumn(series.close, of: instrument, .always),
        MappedColumn(series.open, of: instrument, .atFills),
        MappedColumn(series.volume, of: instrument, .atFills),
        MappedColumn(series.high, of: instrument, .unknown),
        MappedColumn(series.low, of: instrument, .unknown),
      ]
      if grids.insert(series.closeTimes.start).inserted {
        found.append(MappedColumn(series.closeTimes, of: instrument, .always))
        found.append(MappedColumn(series.openTimes, of: instrument, .atFills))
      }
      columns += found.compactMap(\.self)
      firstColumns.append(columns.count)
    }
    let byteCount = columns.reduce(0) { $0 + $1.rowCount * MappedColumn.rowSize }
    guard !columns.isEmpty, strideRows != nil || byteCount >= 256 << 20 else { return nil }
    self.columns = columns
    self.firstColumns = firstColumns
    self.strideRows = strideRows ?? 1 << 12
    growsStride = strideRows == nil
    pages = MappedPages(of: universe)
  }

  /// Asks for the rows that come next.
  ///
  /// - Parameters:
  ///   - instant: the next instant, from which on strides are counted.
  ///   - nextRow: the next row of an instrument.
  @inline(never)
  mutating func move(to instant: Int, nextRow: (Int) -> Int) {
    if scattered == nil { scattered = ScatteredReading(of: columns, pages) }
    var streamedCount = 0
    for index in columns.indices {
      let row = min(nextRow(Int(columns[index].instrument)), columns[index].rowCount)
      columns[index].findUse(upTo: row, pages)
      streamedCount += columns[index].isStreamed ? 1 : 0
    }
    if growsStride, instant > 0 { strideRows = Self.stride(after: strideRows, of: streamedCount) }
    for index in columns.indices where columns[index].isStreamed {
      columns[index].askFor(3 * strideRows, pages)
      columns[index].release(every: 2 * strideRows, pages)
    }
    nextInstant = instant + strideRows
  }

  /// Twice as many rows as before, up to what makes 32 MiB over all columns that are read; enough
  /// pages at least to be worth asking for.
  private static func stride(after rows: Int, of streamedCount: Int) -> Int {
    var rows = min(2 * rows, 1 << 16)
    while rows > 1 << 12, rows * MappedColumn.rowSize * streamedCount > 32 << 20 { rows /= 2 }
    return rows
  }

  /// Asks for what an order of an instrument reads when it fills at the open of a row.
  func prepareFill(of instrument: Int, at row: Int) {
    for index in firstColumns[instrument]..<firstColumns[instrument + 1] {
      let column = columns[index]
      guard column.isReadByFills, !column.isStreamed, row < column.rowCount else { continue }
      column.advise(row, row + 1, MADV_WILLNEED, pages)
    }
  }
}

/// A column of a mapped file, and how far a replay has come in it.
private struct MappedColumn: BitwiseCopyable, Sendable {
  static let rowSize = 8

  nonisolated(unsafe) let start: UnsafeRawPointer
  let instrument: Int32
  let rowCount: Int
  /// Whether it is read from row to row.
  private(set) var isStreamed: Bool
  /// Whether every fill at an open reads it.
  let isReadByFills: Bool

  /// When the engine itself reads a column.
  enum Use { case always, atFills, unknown }

  /// The next row at the last move.
  private var row = 0
  /// The row up to which it was asked for, and the one up to which it was released.
  private var askedRow = 0
  private var releasedRow = 0

  init?<Value>(_ column: Column<Value>, of instrument: Int, _ use: Use) {
    guard column.storage.isMapped, MemoryLayout<Value>.stride == Self.rowSize else { return nil }
    start = UnsafeRawPointer(column.start)
    self.instrument = Int32(instrument)
    rowCount = column.count
    isStreamed = use == .always
    isReadByFills = use == .atFills
  }

  /// Finds out whether most of the rows since the last move were read.
  mutating func findUse(upTo end: Int, _ pages: MappedPages) {
    guard end > row else { return }
    isStreamed = pages.areTouched(
      start + row * Self.rowSize, byteCount: (end - row) * Self.rowSize)
    row = end
  }

  mutating func askFor(_ count: Int, _ pages: MappedPages) {
    let end = min(row + count, rowCount)
    advise(max(row, askedRow), end, MADV_WILLNEED, pages)
    askedRow = end
  }

  /// Releases rows that lie behind, many at a time, as all processors have to hear of it; as many
  /// stay, since a strategy may look back.
  mutating func release(every count: Int, _ pages: MappedPages) {
    guard row - releasedRow >= 2 * count else { return }
    advise(releasedRow, row - count, MADV_DONTNEED, pages)
    releasedRow = row - count
  }

  func advise(_ first: Int, _ end: Int, _ advice: Int32, _ pages: MappedPages) {
    guard first < end else { return }
    pages.advise(
      start + first * Self.rowSize, byteCount: (end - first) * Self.rowSize, advice)
  }
}

/// While one exists, the system reads nothing but the pages asked for, and takes those first whose
/// time is over.
private final class ScatteredReading: Sendable {
  private let columns: ContiguousArray<MappedColumn>
  private let pages: MappedPages

  init(of columns: ContiguousArray<MappedColumn>, _ pages: MappedPages) {
    self.columns = columns
    self.pages = pages
    pages.readers.withLock { count in
      if count == 0 { advise(MADV_RANDOM) }
      count += 1
    }
  }

  deinit {
    pages.readers.withLock { count in
      count -= 1
      if count == 0 { advise(MADV_NORMAL) }
    }
  }

  private func advise(_ advice: Int32) {
    for column in columns { column.advise(0, column.rowCount, advice, pages) }
  }
}

/// What the system is asked, and answers, about the pages of mapped files.
private final class MappedPages: Sendable {
  /// The runs under way.
  let readers = Mutex(0)
  /// Keeps the files mapped.
  private let universe: Universe
  private let pageSize = UInt(max(4_096, sysconf(Int32(_SC_PAGESIZE))))
  /// One word a page, of which the highest bit says that it is in the page table; negative where
  /// the system does not show it.
  private let pageTable = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)

  init(of universe: Universe) { self.universe = universe }

  deinit { if pageTable >= 0 { close(pageTable) } }

  /// Gives advice for the pages from that of the first byte up to that of the byte after the last,
  /// so that adjacent blocks share no page; at least one page where it is asked for.
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
