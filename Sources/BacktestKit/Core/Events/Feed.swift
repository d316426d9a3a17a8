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
  @usableFromInline let instrumentCount: Int
  @usableFromInline let hasOneGrid: Bool
  /// The bits of an instant that are zero where it is time to read a line of memory ahead: once in
  /// 8 rows, and never where the columns fit into the processor's own memory.
  @usableFromInline let touchMask: Int
  /// The rows that close at each instant; `nil` where the rows of a single grid are the instants.
  let closings: UnsafeMutablePointer<ClosingTable>?

  /// Lays out a universe. The cost is one pass over the times of each grid.
  public init(_ universe: Universe) {
    self.universe = universe
    instrumentCount = universe.count
    var distinct: [BarSeries] = []
    gridOfInstrument = universe.series.map { series in
      if let known = distinct.firstIndex(where: { sharesGrid($0, series) }) { return known }
      distinct.append(series)
      return distinct.count - 1
    }
    grids = distinct.map { Grid(openTimes: $0.openTimes, closeTimes: $0.closeTimes) }
    hasOneGrid = distinct.count == 1
    touchMask = universe.series.reduce(0) { $0 + $1.count } > 1 << 16 ? 7 : -1
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
  }

  deinit {
    columns.deinitialize(count: instrumentCount)
    columns.deallocate()
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
      open: open[row], high: high[row], low: low[row], close: close[row], volume: volume[row])
  }
}

private func sharesGrid(_ a: BarSeries, _ b: BarSeries) -> Bool {
  a.count == b.count && a.closeTimes.elementsEqual(b.closeTimes)
    && a.openTimes.elementsEqual(b.openTimes)
}
