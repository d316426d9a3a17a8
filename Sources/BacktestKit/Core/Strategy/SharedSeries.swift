internal import Synchronization

/// Indicator values that many runs over one market need, computed once: a sweep over a thousand
/// pairs of lengths has only some dozens of averages.
///
///     let shared = SharedSeries(feed)
///     let results = pairs.map { pair in
///       Backtest(SMACrossover(fast: pair.0, slow: pair.1), on: feed, sharing: shared).run()
///     }
///
/// Strategies take part through `MovingAveragePairs` and `CloseIndicator` and need not know: both
/// give the same bits with and without. What an indicator gives at a bar depends on the bars up to
/// it, and a run gets a value only by handing in the bars that have just closed, one after the
/// other, so that nothing can be read ahead.
///
/// Sharing costs 8 bytes for each bar and distinct indicator, kept as long as this object. Several
/// threads may use it.
public final class SharedSeries: Sendable {
  let feed: Feed
  private let known = Mutex<[Key: Column<Double>]>([:])

  private struct Key: Hashable {
    var type: ObjectIdentifier
    var length: Int
    var instrument: Int
  }

  /// Series over a market, none of them computed yet.
  public init(_ feed: Feed) { self.feed = feed }

  /// How many series were computed so far.
  package var count: Int { known.withLock { $0.count } }

  /// The values of an indicator over the closes of an instrument, one for each bar; NaN while it is
  /// undefined.
  ///
  /// - Parameters:
  ///   - length: with the indicator's type, what tells it from others.
  ///   - make: makes the indicator of that length.
  func overCloses<I: Indicator>(
    of instrument: Int, length: Int, _ make: (Int) -> I
  ) -> Column<Double> where I.Input == Double, I.Output == Double {
    let key = Key(type: ObjectIdentifier(I.self), length: length, instrument: instrument)
    if let column = known.withLock({ $0[key] }) { return column }
    var indicator = make(length)
    let closes = feed.universe.series[instrument].continuous.close
    let column = Column(closes.map { indicator.update($0) ?? .nan })
    return known.withLock { known in
      // Another run may have been faster; all read one memory.
      if let first = known[key] { return first }
      known[key] = column
      return column
    }
  }
}

/// Shared values of one or more indicators of each instrument, to be read at rows that have closed.
@usableFromInline
final class SharedRows: @unchecked Sendable {
  /// Instrument by instrument, where the values of each indicator begin.
  @usableFromInline let starts: UnsafeMutablePointer<UnsafePointer<Double>>
  @usableFromInline let hasOneGrid: Bool
  private let columns: [Column<Double>]
  private let feed: Feed

  /// - Parameter columns: instrument by instrument, the values of each indicator over the feed.
  init(_ columns: [Column<Double>], of feed: Feed) {
    self.columns = columns
    self.feed = feed
    hasOneGrid = feed.hasOneGrid
    starts = .allocate(capacity: columns.count)
    for (index, column) in columns.enumerated() { (starts + index).initialize(to: column.start) }
  }

  deinit { starts.deallocate() }

  /// The row of an instrument's bar that closed at an instant.
  @inlinable @inline(__always)
  func row(of position: Int, at instant: Int) -> Int {
    hasOneGrid ? instant : closingRow(of: position, at: instant)
  }

  @usableFromInline @inline(never)
  func closingRow(of position: Int, at instant: Int) -> Int { feed.row(of: position, at: instant) }
}

/// How far a run has read shared series: from one instant to the next, and never beyond.
@usableFromInline
struct SharedReading: Sendable {
  @usableFromInline var instant = -1

  @usableFromInline init() {}

  /// Goes on to the bars of an instant.
  ///
  /// - Precondition: they closed at the instant reached or at the next one.
  @inlinable @inline(__always)
  mutating func move(to bars: BarSlice) {
    precondition(
      bars.instant &- instant <= 1 && bars.instant >= instant,
      "shared series are read as bars close, no instant left out")
    instant = bars.instant
  }
}

/// One indicator over the closes of every instrument.
///
///     mutating func onStart(_ trading: inout TradingContext) {
///       strength = CloseIndicator(trading, length: 14) { RelativeStrengthIndex($0) }
///     }
///
///     mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
///       for position in 0..<bars.instrumentCount {
///         guard let value = strength?.update(position, bars) else { continue }
///         …
///       }
///     }
///
/// Runs that share their series (`SharedSeries`) compute each indicator once.
public struct CloseIndicator<I: Indicator>: Sendable
where I: Sendable, I.Input == Double, I.Output == Double {
  private var indicators: ContiguousArray<I> = []
  private let shared: SharedRows?
  private var reading = SharedReading()

  /// The indicator of every instrument before the first bar.
  ///
  /// - Parameters:
  ///   - length: tells the indicator from others of its type.
  ///   - make: makes the indicator of that length, and of nothing else.
  public init(_ trading: borrowing TradingContext, length: Int, _ make: (Int) -> I) {
    let count = trading.universe.count
    shared = trading.sharedSeries.map { series in
      SharedRows(
        (0..<count).map { series.overCloses(of: $0, length: length, make) }, of: series.feed)
    }
    if shared == nil { indicators = ContiguousArray(repeating: make(length), count: count) }
  }

  /// Takes in the bar of the instrument at a position of the universe; gives the value after it,
  /// `nil` while undefined and where no bar closed.
  ///
  /// - Precondition: where runs share their series, it is called at each instant at which bars
  ///   close.
  public mutating func update(_ position: Int, _ bars: BarSlice) -> Double? {
    if shared != nil { reading.move(to: bars) }
    guard let close = bars.continuousClose(of: position) else { return nil }
    guard let shared else { return indicators[position].update(close) }
    let value = shared.starts[position][shared.row(of: position, at: reading.instant)]
    return value.isFinite ? value : nil
  }
}
