/// A universe laid out for replay: the instants at which bars close, in order, and for each
/// instrument the row that closes there.
///
/// Series with the same open and close times share a grid and advance together; a universe with
/// one grid needs no table at all, and one with several a table with an entry for each bar. A feed
/// never changes, so that many runs can share one.
public final class Feed: @unchecked Sendable {
  /// The series, in universe order.
  public let universe: Universe
  /// Every instant at which at least one bar closes, ascending.
  public let instants: Column<Timestamp>
  /// The grid of each instrument.
  let gridOfInstrument: [Int]
  /// The open and close times of each grid.
  let grids: [Grid]

  /// The times of the rows of one grid.
  struct Grid: Sendable {
    var openTimes: Column<Timestamp>
    var closeTimes: Column<Timestamp>
  }

  @usableFromInline let columns: UnsafeMutablePointer<SeriesColumns>
  /// The columns of the finer bars, empty for a series without; `nil` where no series has any.
  let details: UnsafeMutablePointer<SeriesColumns>?
  @usableFromInline let instrumentCount: Int
  @usableFromInline let hasOneGrid: Bool
  /// The bits of an instant that are zero where it is time to prepare the rows to come: once for
  /// each line of memory, and never where the columns fit into the processor's own memory.
  @usableFromInline let preparationMask: Int
  /// How a run reads ahead from mapped files, before its first bar; `nil` where it need not.
  let readAhead: ReadAhead?
  /// The rows that close at each instant; `nil` where the rows of a single grid are the instants.
  let closings: UnsafeMutablePointer<ClosingTable>?
  /// What happens to shares, in order of time.
  let actions: [ScheduledAction]
  /// What holders of perpetual contracts pay, in order of time.
  let funding: [ScheduledFunding]

  /// Lays out a universe. The cost is one pass over the times of each grid.
  public convenience init(_ universe: Universe) { self.init(universe, readAheadRows: nil) }

  /// Lays out a universe.
  ///
  /// - Parameter readAheadRows: rows that are asked for at a time from mapped files; `nil` goes by
  ///   their size.
  package init(_ universe: Universe, readAheadRows: Int?) {
    self.universe = universe
    instrumentCount = universe.count
    actions = ScheduledAction.all(universe)
    funding = ScheduledFunding.all(universe)
    readAhead = ReadAhead(universe, strideRows: readAheadRows)
    var distinct: [BarSeries] = []
    gridOfInstrument = universe.series.map { series in
      // A universe keeps the times of a grid only once.
      if let known = distinct.firstIndex(where: series.sharesTimes) { return known }
      distinct.append(series)
      return distinct.count - 1
    }
    grids = distinct.map { Grid(openTimes: $0.openTimes, closeTimes: $0.closeTimes) }
    hasOneGrid = distinct.count == 1
    let isSmall = universe.series.reduce(0) { $0 + $1.count } <= 1 << 16
    preparationMask = isSmall && readAheadRows == nil ? -1 : 7
    if hasOneGrid {
      instants = distinct[0].closeTimes
      closings = nil
    } else {
      let merged = ClosingTable.merging(grids)
      instants = Column(merged.instants)
      let closings = UnsafeMutablePointer<ClosingTable>.allocate(capacity: 1)
      closings.initialize(to: merged.table)
      self.closings = closings
    }
    columns = .allocate(capacity: universe.count)
    for (index, series) in universe.series.enumerated() {
      (columns + index).initialize(
        to: SeriesColumns(series, grid: gridOfInstrument[index], closings: closings))
    }
    let hasDetail = universe.series.contains { $0.detail != nil }
    details = hasDetail ? .allocate(capacity: universe.count) : nil
    for (index, series) in universe.series.enumerated() {
      (details.map { $0 + index })?.initialize(
        to: SeriesColumns(series.detail ?? series.rows(0..<0), grid: 0, closings: nil))
    }
  }

  deinit {
    columns.deinitialize(count: instrumentCount)
    columns.deallocate()
    details?.deinitialize(count: instrumentCount)
    details?.deallocate()
    closings?.pointee.deallocate()
    closings?.deallocate()
  }

  /// The row of an instrument's bar that closes at an instant, or -1.
  @inline(__always)
  func row(of instrument: Int, at instant: Int) -> Int { columns[instrument].row(at: instant) }
}

/// Bare pointers to one series' columns, so that reading a bar counts no references.
@usableFromInline
struct SeriesColumns {
  @usableFromInline let openTimes: UnsafePointer<Timestamp>
  @usableFromInline let closeTimes: UnsafePointer<Timestamp>
  @usableFromInline let open: UnsafePointer<Double>
  @usableFromInline let high: UnsafePointer<Double>
  @usableFromInline let low: UnsafePointer<Double>
  @usableFromInline let close: UnsafePointer<Double>
  @usableFromInline let volume: UnsafePointer<Double>
  /// The scale of each bar; `nil` where nothing was split.
  @usableFromInline let scale: UnsafePointer<Double>?
  @usableFromInline let count: Int
  /// The grain of the instrument: NaN where it has no tick or no lot.
  let tickSize: Double
  let lotSize: Double
  let multiplier: Double
  @usableFromInline let grid: Int32
  @usableFromInline let closings: UnsafePointer<ClosingTable>?

  init(_ series: BarSeries, grid: Int, closings: UnsafeMutablePointer<ClosingTable>?) {
    self.grid = Int32(grid)
    self.closings = UnsafePointer(closings)
    openTimes = series.openTimes.start
    closeTimes = series.closeTimes.start
    open = series.open.start
    high = series.high.start
    low = series.low.start
    close = series.close.start
    volume = series.volume.start
    scale = series.scale.isEmpty ? nil : series.scale.start
    count = series.count
    tickSize = series.instrument.tickSize ?? .nan
    lotSize = series.instrument.lotSize ?? .nan
    multiplier = series.instrument.multiplier
  }

  /// A quantity rounded toward zero to the lot. What rounding errors keep from a whole number of
  /// lots counts as one: 0.3 is three lots of 0.1, though it divides to less.
  func roundedDownToLot(_ quantity: Double) -> Double {
    guard !lotSize.isNaN else { return quantity }
    let lots = quantity / lotSize
    let nearest = lots.rounded()
    let isWhole = abs(lots - nearest) <= abs(nearest) * 1e-12
    return (isWhole ? nearest : lots.rounded(.towardZero)) * lotSize
  }

  /// The row that closes at an instant, or -1.
  @inlinable @inline(__always)
  func row(at instant: Int) -> Int {
    guard let closings else { return instant }
    return closings.pointee.row(ofGrid: grid, at: instant)
  }

  @inlinable @inline(__always)
  func bar(_ instrument: Int, _ row: Int) -> Bar {
    Bar(
      instrument: InstrumentID(instrument), openTime: openTimes[row], closeTime: closeTimes[row],
      open: open[row], high: high[row], low: low[row], close: close[row], volume: volume[row],
      scale: scale(of: row))
  }

  /// The product of the split ratios up to a row.
  @inlinable @inline(__always)
  func scale(of row: Int) -> Double { scale.map { $0[row] } ?? 1 }
}

/// Which rows close at each instant of a universe whose series do not share their times.
///
/// It has one entry for each bar of each grid, so that it grows with the bars and not with the
/// product of grids and instants.
@usableFromInline
struct ClosingTable {
  /// The place of each instant's first entry, and after the last instant the number of entries.
  @usableFromInline let firsts: UnsafeMutablePointer<Int>
  @usableFromInline let entries: UnsafeMutablePointer<Entry>

  /// A bar that closes: its grid, and its row there. The entries of an instant are in order of
  /// their grids.
  @usableFromInline
  struct Entry: BitwiseCopyable {
    @usableFromInline var grid: Int32
    @usableFromInline var row: Int32
  }

  /// Merges the close times of several grids into the instants at which bars close.
  ///
  /// The memory lives until `deallocate()`.
  /// - Complexity: O(bars x log(grids)).
  static func merging(_ grids: [Feed.Grid]) -> (table: ClosingTable, instants: [Timestamp]) {
    let barCount = grids.reduce(0) { $0 + $1.closeTimes.count }
    let entries = UnsafeMutablePointer<Entry>.allocate(capacity: barCount)
    var instants: [Timestamp] = []
    var firsts: [Int] = []
    var merge = CloseMerge(grids)
    var count = 0
    while let next = merge.next() {
      if instants.last != next.time {
        instants.append(next.time)
        firsts.append(count)
      }
      (entries + count).initialize(to: next.entry)
      count += 1
    }
    firsts.append(count)
    let table = UnsafeMutablePointer<Int>.allocate(capacity: firsts.count)
    table.initialize(from: firsts, count: firsts.count)
    return (ClosingTable(firsts: table, entries: entries), instants)
  }

  func deallocate() {
    firsts.deallocate()
    entries.deallocate()
  }

  /// The entries of an instant.
  func entries(at instant: Int) -> UnsafeBufferPointer<Entry> {
    let first = firsts[instant]
    return UnsafeBufferPointer(start: entries + first, count: firsts[instant + 1] - first)
  }

  /// The row of a grid that closes at an instant, or -1.
  ///
  /// Kept out of the way of universes with one grid, which never ask.
  /// - Complexity: O(1) where all grids of lower numbers close as well, else O(log(closing grids)).
  @usableFromInline @inline(never)
  func row(ofGrid grid: Int32, at instant: Int) -> Int {
    var low = firsts[instant]
    // Of ascending numbers each is at its own place at the latest.
    var high = min(low &+ Int(grid), firsts[instant &+ 1] &- 1)
    if entries[high].grid == grid { return Int(entries[high].row) }
    while low < high {
      let middle = (low &+ high) / 2
      if entries[middle].grid < grid { low = middle &+ 1 } else { high = middle }
    }
    return entries[low].grid == grid ? Int(entries[low].row) : -1
  }
}

/// The closes of several grids in order of time, those of one time in order of the grids: a binary
/// heap with the next close of each grid.
private struct CloseMerge {
  private let times: [Column<Timestamp>]
  private var heap: [ClosingTable.Entry] = []

  init(_ grids: [Feed.Grid]) {
    times = grids.map(\.closeTimes)
    heap = times.indices.filter { !times[$0].isEmpty }.map {
      ClosingTable.Entry(grid: Int32($0), row: 0)
    }
    for place in heap.indices.reversed() { siftDown(from: place) }
  }

  mutating func next() -> (time: Timestamp, entry: ClosingTable.Entry)? {
    guard let entry = heap.first else { return nil }
    let time = time(of: entry)
    if Int(entry.row) + 1 < times[Int(entry.grid)].count {
      heap[0].row += 1
    } else {
      heap[0] = heap[heap.count - 1]
      heap.removeLast()
    }
    siftDown(from: 0)
    return (time, entry)
  }

  private func time(of entry: ClosingTable.Entry) -> Timestamp {
    times[Int(entry.grid)][Int(entry.row)]
  }

  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    (time(of: heap[a]), heap[a].grid) < (time(of: heap[b]), heap[b].grid)
  }

  private mutating func siftDown(from start: Int) {
    var place = start
    while true {
      var child = 2 * place + 1
      guard child < heap.count else { return }
      if child + 1 < heap.count, isBefore(child + 1, child) { child += 1 }
      guard isBefore(child, place) else { return }
      heap.swapAt(child, place)
      place = child
    }
  }
}
