/// Decides what to trade, once per instant at which bars close.
///
/// A strategy is a value made anew for each run. It sees closed bars only, and states targets or
/// submits orders through its trading context:
///
///     struct Crossover: Strategy {
///       var fast = SimpleMovingAverage(10), slow = SimpleMovingAverage(50)
///
///       mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
///         guard let bar = bars[0], let f = fast.update(bar.close), let s = slow.update(bar.close)
///         else { return }
///         trading.target(bar.instrument, weight: f > s ? 1 : 0)
///       }
///     }
public protocol Strategy: Sendable {
  /// Bars that the strategy sees before it may order: its longest period less one. A run's
  /// configuration can ask for more.
  var warmup: Int { get }
  /// Called once before the first bar.
  mutating func onStart(_ trading: inout TradingContext)
  /// Called for each fill since the last decision, in fill order, before `onBars`.
  mutating func onFill(_ fill: Fill, _ trading: inout TradingContext)
  /// Called at each instant at which at least one bar closes, with all bars that closed there. The
  /// slice is valid during the call only.
  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext)
  /// Called when a timer that the strategy scheduled goes off.
  mutating func onTimer(_ tag: Int, _ trading: inout TradingContext)
}

extension Strategy {
  /// No warm-up.
  public var warmup: Int { 0 }
  /// Does nothing.
  public mutating func onStart(_ trading: inout TradingContext) {}
  /// Does nothing.
  public mutating func onFill(_ fill: Fill, _ trading: inout TradingContext) {}
  /// Does nothing.
  public mutating func onTimer(_ tag: Int, _ trading: inout TradingContext) {}
}

/// The bars that closed at one instant: a cross-section of the universe. Where a strategy is asked
/// once a session, the last bar of each instrument that closed in it.
///
/// Indexed by instrument, `nil` where none closed now:
///
///     guard let bar = bars[0] else { return }
///     for bar in bars { … }        // only those that closed, in universe order
///
/// A slice holds closed bars only, so that nothing in it can look ahead.
public struct BarSlice: Sequence, Sendable {
  // Bare pointers, because a reference to the feed would be counted at every bar that is read.
  @usableFromInline nonisolated(unsafe) let columns: UnsafePointer<SeriesColumns>
  /// The number of instruments in the universe, whether they closed now or not.
  public let instrumentCount: Int
  @usableFromInline let instant: Int
  /// The first instant of whose bars the last are taken; none before this one in most runs.
  @usableFromInline let firstInstant: Int
  /// When these bars closed.
  public let time: Timestamp

  @inlinable
  package init(feed: Feed, instant: Int, since firstInstant: Int) {
    self.firstInstant = firstInstant
    columns = UnsafePointer(feed.columns)
    instrumentCount = feed.instrumentCount
    self.instant = instant
    time = feed.instants.start[instant]
  }

  /// The bar of the instrument at a position of the universe, or `nil` when none closed now.
  @inlinable @inline(__always)
  public subscript(position: Int) -> Bar? {
    let row = row(of: position)
    return row < 0 ? nil : columns[position].bar(position, row)
  }

  /// The close of an instrument's bar in the units of its series' first bar, so that splits leave
  /// no jump; `nil` when none closed now.
  @inlinable @inline(__always)
  func continuousClose(of position: Int) -> Double? {
    let row = row(of: position)
    guard row >= 0 else { return nil }
    let close = columns[position].close[row]
    guard let scale = columns[position].scale else { return close }
    return close * scale[row]
  }

  @inlinable @inline(__always)
  func row(of position: Int) -> Int {
    precondition(position >= 0 && position < instrumentCount, "no such instrument")
    let row = columns[position].row(at: instant)
    // The common case is kept apart, because strategies read bars more often than anything else.
    return _fastPath(row >= 0)
      ? row : Self.earlierRow(columns + position, from: firstInstant, before: instant)
  }

  /// The row of the last bar that closed before an instant and belongs to the slice, or -1. It
  /// takes numbers, so that a slice that is read in a loop need not lie in memory for it.
  @usableFromInline @inline(never)
  static func earlierRow(
    _ series: UnsafePointer<SeriesColumns>, from first: Int, before instant: Int
  ) -> Int {
    guard first < instant else { return -1 }
    for earlier in (first..<instant).reversed() {
      let row = series.pointee.row(at: earlier)
      if row >= 0 { return row }
    }
    return -1
  }

  /// The bar of an instrument, or `nil` when none closed now.
  @inlinable @inline(__always)
  public subscript(instrument: InstrumentID) -> Bar? { self[Int(instrument.index)] }

  /// The bars that closed, in universe order.
  @inlinable @inline(__always)
  public func makeIterator() -> Iterator { Iterator(slice: self) }

  /// Walks over the bars that closed.
  public struct Iterator: IteratorProtocol {
    @usableFromInline let slice: BarSlice
    @usableFromInline var position = 0

    @inlinable @inline(__always)
    init(slice: BarSlice) { self.slice = slice }

    /// The next bar that closed.
    @inlinable @inline(__always)
    public mutating func next() -> Bar? {
      while position < slice.instrumentCount {
        position += 1
        if let bar = slice[position - 1] { return bar }
      }
      return nil
    }
  }
}

/// The last closed bars of one instrument, oldest first, sharing memory with its series.
///
/// The columns are in the units of the series' first bar, so that splits leave no jump; a bar is in
/// the units of its day, and `Bar.continuous` in those of the columns. Without splits they are the
/// same.
public struct BarHistory: RandomAccessCollection, Sendable {
  let feed: Feed
  let instrument: Int
  let rows: Range<Int>

  /// The first position, 0: the oldest bar.
  public var startIndex: Int { 0 }
  /// The position after the newest bar.
  public var endIndex: Int { rows.count }

  /// The bar at a position, 0 the oldest.
  public subscript(position: Int) -> Bar {
    precondition(position >= 0 && position < rows.count, "outside the history")
    return feed.columns[instrument].bar(instrument, rows.lowerBound + position)
  }

  /// First prices, oldest first.
  public var open: Column<Double> {
    feed.universe.series[instrument].continuous(0, \.open).rows(rows)
  }
  /// Highest prices, oldest first.
  public var high: Column<Double> {
    feed.universe.series[instrument].continuous(1, \.high).rows(rows)
  }
  /// Lowest prices, oldest first.
  public var low: Column<Double> {
    feed.universe.series[instrument].continuous(2, \.low).rows(rows)
  }
  /// Last prices, oldest first.
  public var close: Column<Double> {
    feed.universe.series[instrument].continuous(3, \.close).rows(rows)
  }
  /// Units traded, oldest first.
  public var volume: Column<Double> {
    feed.universe.series[instrument].continuous(4, \.volume).rows(rows)
  }
}
