/// How far a market has been replayed: the moment reached, the last instant at which bars closed,
/// the next row of each series, and the opens that are over.
@usableFromInline
struct MarketCursor: Sendable {
  @usableFromInline let feed: Feed
  /// The feed's columns, since going through the feed would count references.
  @usableFromInline nonisolated(unsafe) let columns: UnsafePointer<SeriesColumns>
  /// Those of the finer bars, where any series has them.
  nonisolated(unsafe) let details: UnsafePointer<SeriesColumns>?
  @usableFromInline let hasOneGrid: Bool
  /// The moment that the replay has reached.
  @usableFromInline var clock = Timestamp.distantPast
  /// The last instant at which bars closed, or -1.
  @usableFromInline var instant = -1
  /// The next row of each grid; unused with one grid, whose rows are the instants.
  private var nextRows: ContiguousArray<Int32>
  /// The row of each grid whose open is over; that of a single grid is `openedRow`.
  private var openedRows: ContiguousArray<Int32>
  private var openedRow = -1
  /// What `touchRows()` read; kept so that the reads are not optimised away.
  private var touched = 0.0
  /// The instant up to which an order is likely, as one was asked for not long ago.
  var activeEnd = 0
  /// For a universe that may be larger than memory.
  private var readAhead: ReadAhead?

  init(_ feed: Feed) {
    self.feed = feed
    columns = UnsafePointer(feed.columns)
    details = UnsafePointer(feed.details)
    hasOneGrid = feed.hasOneGrid
    nextRows = ContiguousArray(repeating: 0, count: feed.grids.count)
    openedRows = ContiguousArray(repeating: -1, count: feed.grids.count)
    readAhead = feed.readAhead
  }

  /// Whether it is the very moment of the last close.
  @inline(__always)
  var isAtClose: Bool { instant >= 0 && clock == feed.instants.start[instant] }

  /// Takes the rows that close at the instant reached; nothing to do with one grid.
  @usableFromInline @inline(never)
  mutating func moveRows() {
    guard let closings = feed.closings else { return }
    for entry in closings.pointee.entries(at: instant) {
      nextRows[Int(entry.grid)] = entry.row + 1
    }
  }

  /// Sees to it that what a run reads next is at hand.
  @usableFromInline @inline(never)
  mutating func prepareRows() {
    if let next = readAhead?.nextInstant {
      if instant + 1 >= next { moveReadAhead() }
    } else if instant < activeEnd {
      touchRows()
    }
  }

  private mutating func moveReadAhead() {
    var readAhead = readAhead
    // Taken out, so that it is changed in place.
    self.readAhead = nil
    readAhead?.move(to: instant + 1) { nextRow(of: $0) }
    self.readAhead = readAhead
  }

  /// Orders were just asked for: they are likely to fill at the next open, and more to follow.
  @inline(__always)
  mutating func expectFills() { activeEnd = instant &+ 256 }

  /// Asks the disk for what an order reads when it fills at the next open.
  @inline(__always)
  func prepareFill(of instrument: Int) {
    readAhead?.prepareFill(of: instrument, at: nextRow(of: instrument))
  }

  /// Reads the columns that a run needs only now and then, once for each line of memory: so they
  /// are streams, which the processor fetches ahead, and an order's stray reads need not wait.
  private mutating func touchRows() {
    for instrument in 0..<feed.instrumentCount {
      let series = columns + instrument
      let row = min(nextRow(of: instrument) + 8, series.pointee.count - 1)
      touched +=
        series.pointee.open[row] + series.pointee.high[row] + series.pointee.low[row]
        + series.pointee.volume[row]
      touched += Double(series.pointee.openTimes[row].nanoseconds)
    }
  }

  /// The row of an instrument's bar that closes at the instant reached, or -1.
  @inline(__always)
  func closingRow(of instrument: Int) -> Int { columns[instrument].row(at: instant) }

  /// The row of an instrument's last closed bar, or -1.
  @inline(__always)
  func lastRow(of instrument: Int) -> Int { nextRow(of: instrument) - 1 }

  /// The row of an instrument's next bar, which may lie behind its last.
  @inline(__always)
  func nextRow(of instrument: Int) -> Int {
    hasOneGrid ? instant + 1 : Int(nextRows[Int(columns[instrument].grid)])
  }

  /// The close of an instrument's last closed bar, or `nil` before its first.
  @inline(__always)
  func lastClose(of instrument: Int) -> Double? {
    let row = lastRow(of: instrument)
    return row < 0 ? nil : columns[instrument].close[row]
  }
}

extension MarketCursor {
  /// The time of the next open that is not over and did not pass before now, or the distant future.
  @inline(__always)
  func nextOpenTime(before endInstant: Int) -> Timestamp {
    guard instant + 1 < endInstant else { return .distantFuture }
    guard hasOneGrid else { return nextOpenTimeOfGrids() }
    let row = instant + 1
    let time = columns[0].openTimes[row]
    return openedRow != row && time >= clock ? time : .distantFuture
  }

  @inline(never)
  private func nextOpenTimeOfGrids() -> Timestamp {
    var earliest = Timestamp.distantFuture
    for grid in openedRows.indices where openedRows[grid] != nextRows[grid] {
      let times = feed.grids[grid].openTimes
      guard Int(nextRows[grid]) < times.count else { continue }
      let time = times[Int(nextRows[grid])]
      // An open that passed before an order came is not for it.
      if time >= clock, time < earliest { earliest = time }
    }
    return earliest
  }

  /// The row of an instrument's bar that opens now and whose open is not over, or -1.
  @inline(__always)
  func openingRow(of instrument: Int) -> Int {
    let row = nextRow(of: instrument)
    if !hasOneGrid {
      guard row < columns[instrument].count,
        Int(openedRows[Int(columns[instrument].grid)]) != row
      else { return -1 }
    }
    return columns[instrument].openTimes[row] == clock ? row : -1
  }

  /// The opens of this moment are over.
  @inline(__always)
  mutating func finishOpens() {
    if hasOneGrid { openedRow = instant + 1 } else { finishOpensOfGrids() }
  }

  @inline(never)
  private mutating func finishOpensOfGrids() {
    for grid in openedRows.indices {
      let times = feed.grids[grid].openTimes
      let row = nextRows[grid]
      if Int(row) < times.count, times[Int(row)] == clock { openedRows[grid] = row }
    }
  }
}
