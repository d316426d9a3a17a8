import BacktestCore
internal import Glibc

/// The rows of one series while its file is read, in columns that grow in place.
///
/// The columns are one allocation each. `realloc` moves large blocks by remapping pages, so
/// growing costs neither a copy nor twice the memory, and room never written to takes none.
struct CSVBarBuilder {
  let symbol: String
  /// The symbol as messages have it.
  let label: String
  var symbolBytes: [UInt8]
  private(set) var count = 0
  private var capacity = 0
  /// Stamps in UTC, nanoseconds since 1970.
  private(set) var stamps = Memory<Int64>()
  /// Prices and volumes, one a row.
  private(set) var open = Memory<Double>()
  private(set) var high = Memory<Double>()
  private(set) var low = Memory<Double>()
  private(set) var close = Memory<Double>()
  private(set) var volume = Memory<Double>()
  /// The line of each row.
  private(set) var lines = Memory<UInt32>()
  /// Seconds east of UTC of each row's clock; allocated when the first is not zero.
  private(set) var secondsEast: [Int32] = []
  /// Whether any timestamp has a time of day.
  private(set) var hasTimeOfDay = false
  /// Rows whose price a repair carried over; their volume is 0.
  private(set) var heldRows: [Int] = []
  /// How many rows that were not held have a volume of 0.
  private(set) var zeroVolumeCount = 0
  /// The findings of this series.
  var log: DataIssueLog
  /// The stamp of the last row that was read, kept or not.
  var lastStamp = Int64.min
  /// The close of the last row kept; NaN before the first.
  private(set) var lastClose = Double.nan

  init(symbol: String, symbolBytes: [UInt8], expectedCount: Int, file: String) {
    self.symbol = symbol
    label = DataIssue.printable(symbol)
    self.symbolBytes = symbolBytes
    log = DataIssueLog(file: file)
    grow(to: max(expectedCount, 16))
  }

  /// Memory of one column.
  struct Memory<Element: BitwiseCopyable> {
    fileprivate(set) var start: UnsafeMutablePointer<Element>!

    fileprivate mutating func resize(to capacity: Int) {
      let bytes = max(capacity, 1) * MemoryLayout<Element>.stride
      guard let moved = realloc(start, bytes) else {
        preconditionFailure("no memory for \(bytes) bytes")
      }
      adviseLargePages(moved, byteCount: bytes)
      start = moved.bindMemory(to: Element.self, capacity: capacity)
    }

    fileprivate mutating func release() {
      free(start)
      start = nil
    }
  }

  /// Adds a row that has been checked.
  @inline(__always)
  mutating func append(_ row: CSVRow, line: Int) {
    if count == capacity { grow(to: capacity + capacity / 2 + 16) }
    stamps.start[count] = row.stamp.nanoseconds
    open.start[count] = row.open
    high.start[count] = row.high
    low.start[count] = row.low
    close.start[count] = row.close
    volume.start[count] = row.volume
    lines.start[count] = UInt32(truncatingIfNeeded: line)
    if row.stamp.hasTimeOfDay { hasTimeOfDay = true }
    if row.stamp.secondsEast != 0 || !secondsEast.isEmpty { noteZone(row.stamp.secondsEast) }
    lastClose = row.close
    count += 1
  }

  /// Adds a row of a price at which nothing traded.
  mutating func appendHeld(_ stamp: CSVTimestamp, line: Int) {
    heldRows.append(count)
    let price = lastClose
    append(
      CSVRow(stamp: stamp, open: price, high: price, low: price, close: price, volume: 0),
      line: line)
  }

  /// Counts a row without volume.
  mutating func noteZeroVolume() { zeroVolumeCount += 1 }

  /// Sets the volume of a row.
  func setVolume(_ volume: Double, row: Int) { self.volume.start[row] = volume }

  private mutating func noteZone(_ seconds: Int32) {
    if secondsEast.isEmpty { secondsEast = Array(repeating: 0, count: count) }
    secondsEast.append(seconds)
  }

  private mutating func grow(to newCapacity: Int) {
    stamps.resize(to: newCapacity)
    open.resize(to: newCapacity)
    high.resize(to: newCapacity)
    low.resize(to: newCapacity)
    close.resize(to: newCapacity)
    volume.resize(to: newCapacity)
    lines.resize(to: newCapacity)
    capacity = newCapacity
  }

  /// Takes rows out; `rows` ascend.
  mutating func remove(_ rows: [Int]) {
    guard var target = rows.first else { return }
    var pending = rows[...]
    for row in target..<count {
      if pending.first == row {
        pending.removeFirst()
        continue
      }
      stamps.start[target] = stamps.start[row]
      open.start[target] = open.start[row]
      high.start[target] = high.start[row]
      low.start[target] = low.start[row]
      close.start[target] = close.start[row]
      volume.start[target] = volume.start[row]
      lines.start[target] = lines.start[row]
      target += 1
    }
    let dropped = Set(rows)
    var shift = 0
    heldRows = heldRows.compactMap { held in
      while shift < rows.count && rows[shift] < held { shift += 1 }
      return dropped.contains(held) ? nil : held - shift
    }
    count = target
  }

  /// Hands a column over to whoever needs it; the builder no longer owns it.
  static func take<Element, As>(
    _ memory: inout Memory<Element>, count: Int, as type: As.Type
  ) -> Column<As> {
    memory.resize(to: count)
    let start = UnsafeMutableRawPointer(memory.start!)
    memory.start = nil
    // A closure over the address alone: a raw pointer is not sendable, its number is.
    let address = UInt(bitPattern: start)
    let storage = ColumnStorage { free(UnsafeMutableRawPointer(bitPattern: address)) }
    return Column(
      storage: storage, start: UnsafePointer(start.bindMemory(to: As.self, capacity: count)),
      count: count)
  }

  /// Takes all price columns and the volume.
  mutating func takePrices() -> [Column<Double>] {
    [
      Self.take(&open, count: count, as: Double.self),
      Self.take(&high, count: count, as: Double.self),
      Self.take(&low, count: count, as: Double.self),
      Self.take(&close, count: count, as: Double.self),
      Self.take(&volume, count: count, as: Double.self),
    ]
  }

  /// Takes the stamps, which have become open times.
  mutating func takeOpenTimes() -> Column<Timestamp> {
    Self.take(&stamps, count: count, as: Timestamp.self)
  }

  /// Frees all memory that was not taken.
  mutating func release() {
    stamps.release()
    open.release()
    high.release()
    low.release()
    close.release()
    volume.release()
    lines.release()
  }
}

/// The builders of a file, one for each symbol, in the order in which symbols first appear.
struct CSVBuilderSet: ~Copyable {
  /// The builder of the row that is being read; there is one once a symbol has been selected.
  private(set) var selected: UnsafeMutablePointer<CSVBarBuilder>!
  private var all: [UnsafeMutablePointer<CSVBarBuilder>] = []
  private var indices: [[UInt8]: Int] = [:]
  private var selectedIndex = 0

  deinit {
    for builder in all {
      builder.pointee.release()
      builder.deinitialize(count: 1)
      builder.deallocate()
    }
  }

  var count: Int { all.count }

  /// The builder at a position.
  subscript(index: Int) -> UnsafeMutablePointer<CSVBarBuilder> { all[index] }

  /// Adds a builder and selects it.
  mutating func open(_ symbol: String, expectedCount: Int, file: String) {
    let builder = UnsafeMutablePointer<CSVBarBuilder>.allocate(capacity: 1)
    builder.initialize(
      to: CSVBarBuilder(
        symbol: symbol, symbolBytes: Array(symbol.utf8), expectedCount: expectedCount, file: file))
    selectedIndex = all.count
    all.append(builder)
    selected = builder
  }

  /// Selects the builder of a symbol, adding it when it is new.
  ///
  /// Long files go through all symbols over and over, or stay with one for many rows, so the
  /// selected one and the one after it are tried before the table.
  @inline(__always)
  mutating func select(_ symbol: UnsafeBufferPointer<UInt8>, file: String) {
    if !all.isEmpty {
      if isSelected(symbol) { return }
      selectedIndex = selectedIndex + 1 == all.count ? 0 : selectedIndex + 1
      selected = all[selectedIndex]
      if isSelected(symbol) { return }
    }
    find(symbol, file: file)
  }

  @inline(__always)
  private func isSelected(_ symbol: UnsafeBufferPointer<UInt8>) -> Bool {
    let bytes = selected.pointee.symbolBytes
    guard bytes.count == symbol.count else { return false }
    guard let start = symbol.baseAddress else { return true }
    return bytes.withUnsafeBytes { memcmp($0.baseAddress!, start, symbol.count) == 0 }
  }

  @inline(never)
  private mutating func find(_ symbol: UnsafeBufferPointer<UInt8>, file: String) {
    let bytes = Array(symbol)
    if let index = indices[bytes] {
      selectedIndex = index
      selected = all[index]
      return
    }
    indices[bytes] = all.count
    let name = String(decoding: bytes, as: UTF8.self)
    open(name, expectedCount: 64, file: file)
    selected.pointee.symbolBytes = bytes
  }
}
