/// A universe laid out for replay: the instants at which bars close, in order, and for each
/// instrument the row that closes there.
///
/// Series with the same open and close times share a grid and advance together; a universe with
/// one grid needs no table at all. A feed never changes, so that many runs can share one.
public final class Feed: @unchecked Sendable {
  /// The series, in universe order.
  public let universe: Universe
  /// Every instant at which at least one bar closes, ascending.
  public let instants: Column<Timestamp>
  /// The grid of each instrument.
  let gridOfInstrument: [Int]
  /// The open and close times of each grid.
  let grids: [Grid]

  /// The rows of one grid: `rowAtInstant` is empty when the grid's rows are the instants.
  struct Grid: Sendable {
    var openTimes: Column<Timestamp>
    var closeTimes: Column<Timestamp>
    var rowAtInstant: ContiguousArray<Int32>
  }

  @usableFromInline let columns: UnsafeMutablePointer<SeriesColumns>
  @usableFromInline let instrumentCount: Int
  @usableFromInline let hasOneGrid: Bool

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
    hasOneGrid = distinct.count == 1
    instants = hasOneGrid ? distinct[0].closeTimes : mergedCloseTimes(of: distinct)
    let merged = instants
    grids = distinct.map { series in
      Grid(
        openTimes: series.openTimes, closeTimes: series.closeTimes,
        rowAtInstant: distinct.count == 1 ? [] : rows(of: series.closeTimes, at: merged))
    }
    columns = .allocate(capacity: universe.count)
    for (index, series) in universe.series.enumerated() {
      (columns + index).initialize(to: SeriesColumns(series))
    }
    for index in 0..<universe.count {
      let grid = gridOfInstrument[index]
      columns[index].setRows(distinct.count == 1 ? nil : grids[grid].rowAtInstant)
    }
  }

  deinit {
    for index in 0..<instrumentCount { columns[index].rowAtInstant?.deallocate() }
    columns.deinitialize(count: instrumentCount)
    columns.deallocate()
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
  @usableFromInline var rowAtInstant: UnsafeMutablePointer<Int32>?

  init(_ series: BarSeries) {
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

  mutating func setRows(_ rows: ContiguousArray<Int32>?) {
    rowAtInstant = rows.map { rows in
      let copy = UnsafeMutableBufferPointer<Int32>.allocate(capacity: rows.count)
      _ = copy.initialize(fromContentsOf: rows)
      return copy.baseAddress!
    }
  }

  /// The row that closes at an instant, or -1.
  @inlinable @inline(__always)
  func row(at instant: Int) -> Int {
    guard let rowAtInstant else { return instant }
    return Int(rowAtInstant[instant])
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

private func mergedCloseTimes(of series: [BarSeries]) -> Column<Timestamp> {
  var merged: [Timestamp] = []
  for one in series {
    let times = one.closeTimes
    var union: [Timestamp] = []
    union.reserveCapacity(merged.count + times.count)
    var (i, j) = (0, 0)
    while i < merged.count || j < times.count {
      if j == times.count || (i < merged.count && merged[i] < times[j]) {
        union.append(merged[i])
        i += 1
      } else {
        if i < merged.count, merged[i] == times[j] { i += 1 }
        union.append(times[j])
        j += 1
      }
    }
    merged = union
  }
  return Column(merged)
}

private func rows(of times: Column<Timestamp>, at instants: Column<Timestamp>)
  -> ContiguousArray<Int32>
{
  var row = 0
  return ContiguousArray(
    instants.map { instant in
      guard row < times.count, times[row] == instant else { return -1 }
      row += 1
      return Int32(row - 1)
    })
}
