/// A fast and a slow simple moving average of the closes of every instrument.
///
///     mutating func onStart(_ trading: inout TradingContext) {
///       averages = MovingAveragePairs(fast: 10, slow: 50, trading)
///     }
///
///     mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
///       for position in 0..<bars.instrumentCount {
///         guard let (fast, slow) = averages.update(position, bars) else { continue }
///         trading.target(InstrumentID(position), weight: fast > slow ? 1 : 0)
///       }
///     }
///
/// Each average gives the same bits as a separate `SimpleMovingAverage`. All lie in one block of
/// memory, so that a bar costs one check for sharing. Runs that share their series
/// (`SharedSeries`) compute each average once.
public struct MovingAveragePairs: Sendable {
  /// The length of the fast averages, in bars.
  public let fast: Int
  /// The length of the slow averages, in bars.
  public let slow: Int
  @usableFromInline let instrumentCount: Int
  @usableFromInline var block: AverageBlock
  /// The means, where runs share them, and how far they were read.
  @usableFromInline let shared: SharedRows?
  @usableFromInline var reading = SharedReading()

  /// Averages of every instrument before the first bar.
  ///
  /// - Precondition: each length is at least 1.
  public init(fast: Int, slow: Int, _ trading: borrowing TradingContext) {
    self.init(
      fast: fast, slow: slow, instrumentCount: trading.universe.count,
      sharing: trading.sharedSeries)
  }

  /// Averages of no instrument: what a strategy holds before it starts.
  ///
  /// - Precondition: each length is at least 1.
  public init(fast: Int, slow: Int) { self.init(fast: fast, slow: slow, instrumentCount: 0) }

  init(fast: Int, slow: Int, instrumentCount: Int, sharing series: SharedSeries? = nil) {
    precondition(fast >= 1 && slow >= 1, "a simple moving average needs a period of at least 1")
    self.fast = fast
    self.slow = slow
    self.instrumentCount = instrumentCount
    shared = series.map { series in
      let columns = (0..<instrumentCount).flatMap { instrument in
        [fast, slow].map { period in
          series.overCloses(of: instrument, length: period, SimpleMovingAverage.init)
        }
      }
      return SharedRows(columns, of: series.feed)
    }
    block = AverageBlock(
      fast: fast, slow: slow, streamCount: shared == nil ? instrumentCount : 0)
  }

  /// Takes in the bar of the instrument at a position of the universe, and gives the means of its
  /// last closes; `nil` where no bar closed, and before there are as many as the longer average
  /// takes.
  ///
  /// - Precondition: where runs share their series, it is called at each instant at which bars
  ///   close.
  @inlinable @inline(__always)
  public mutating func update(_ position: Int, _ bars: BarSlice) -> (fast: Double, slow: Double)? {
    precondition(position < instrumentCount, "no such instrument")
    if shared != nil { return readShared(position, bars) }
    // Before the close is read, so that no number has to wait in memory for the end of the check.
    if !isKnownUniquelyReferenced(&block) { block = AverageBlock(copying: block) }
    guard let close = bars.continuousClose(of: position) else { return nil }
    return Self.pair(block.pairs[position].update(close))
  }

  @inlinable @inline(__always)
  mutating func readShared(
    _ position: Int, _ bars: BarSlice
  ) -> (fast: Double, slow: Double)? {
    reading.move(to: bars)
    guard let shared, bars[position] != nil else { return nil }
    let row = shared.row(of: position, at: reading.instant)
    let pair = shared.starts + position &* 2
    return Self.pair(SIMD2(pair[0][row], pair[1][row]))
  }

  /// Both means, where both are finite: zero times any other number is not zero. Half the
  /// instructions that `isFinite` takes to look at the bits of each.
  @inlinable @inline(__always)
  static func pair(_ means: SIMD2<Double>) -> (fast: Double, slow: Double)? {
    let zeros = means * 0
    return zeros[0] + zeros[1] == 0 ? (means[0], means[1]) : nil
  }
}

/// The memory of averages over several streams; only its single owner writes to it.
@usableFromInline
final class AverageBlock: @unchecked Sendable {
  /// The averages of each stream.
  @usableFromInline let pairs: UnsafeMutablePointer<Pair>
  private let rings: UnsafeMutablePointer<Double>
  private let streamCount: Int
  private let ringLength: Int

  /// Two averages of one stream, side by side: the states of two `SimpleMovingAverage`.
  @usableFromInline
  struct Pair: BitwiseCopyable {
    /// Where the next input goes in the ring of each.
    @usableFromInline var fastSlot: UnsafeMutablePointer<Double>
    @usableFromInline var slowSlot: UnsafeMutablePointer<Double>
    /// The end of each ring.
    @usableFromInline var fastEnd: UnsafeMutablePointer<Double>
    @usableFromInline var slowEnd: UnsafeMutablePointer<Double>
    @usableFromInline var pivots = SIMD2<Double>.zero
    @usableFromInline var newerSums = SIMD2<Double>.zero
    /// The lengths.
    @usableFromInline let divisors: SIMD2<Double>

    init(rings: UnsafeMutablePointer<Double>, fast: Int, slow: Int) {
      fastSlot = rings
      fastEnd = rings + fast
      slowSlot = fastEnd
      slowEnd = slowSlot + slow
      divisors = SIMD2(Double(fast), Double(slow))
    }
  }

  init(fast: Int, slow: Int, streamCount: Int) {
    self.streamCount = streamCount
    ringLength = (fast + slow) * streamCount
    pairs = .allocate(capacity: streamCount)
    rings = .allocate(capacity: ringLength)
    // A tail that is not a number keeps the first lap undefined.
    rings.initialize(repeating: .nan, count: ringLength)
    for stream in 0..<streamCount {
      let start = rings + stream * (fast + slow)
      (pairs + stream).initialize(to: Pair(rings: start, fast: fast, slow: slow))
    }
  }

  @usableFromInline
  init(copying other: AverageBlock) {
    (streamCount, ringLength) = (other.streamCount, other.ringLength)
    pairs = .allocate(capacity: streamCount)
    rings = .allocate(capacity: ringLength)
    pairs.initialize(from: other.pairs, count: streamCount)
    rings.initialize(from: other.rings, count: ringLength)
    for stream in 0..<streamCount { pairs[stream].move(from: other.rings, to: rings) }
  }

  deinit {
    pairs.deallocate()
    rings.deallocate()
  }
}

extension AverageBlock.Pair {
  /// Both means with one more input, each as `SimpleMovingAverage.update` gives it. They are
  /// computed as one vector, which takes one division instead of two.
  @inlinable @inline(__always)
  mutating func update(_ input: Double) -> SIMD2<Double> {
    fastSlot.pointee = input
    slowSlot.pointee = input
    let (fastNext, slowNext) = (fastSlot + 1, slowSlot + 1)
    guard fastNext != fastEnd, slowNext != slowEnd else { return endLap(input) }
    fastSlot = fastNext
    slowSlot = slowNext
    newerSums += input - pivots
    return pivots + (SIMD2(fastNext.pointee, slowNext.pointee) + newerSums) / divisors
  }

  /// The same where at least one ring is full. Kept out of the way of the usual update.
  @usableFromInline @inline(never)
  mutating func endLap(_ input: Double) -> SIMD2<Double> {
    let tails = SIMD2(
      Self.move(
        &fastSlot, end: fastEnd, period: Int(divisors[0]), input, &pivots[0], &newerSums[0]),
      Self.move(
        &slowSlot, end: slowEnd, period: Int(divisors[1]), input, &pivots[1], &newerSums[1]))
    return pivots + (tails + newerSums) / divisors
  }

  /// Moves one average on; returns the sum over its older inputs.
  private static func move(
    _ slot: inout UnsafeMutablePointer<Double>, end: UnsafeMutablePointer<Double>, period: Int,
    _ input: Double, _ pivot: inout Double, _ newerSum: inout Double
  ) -> Double {
    slot += 1
    if slot != end {
      newerSum += input - pivot
    } else {
      slot -= period
      addTails(slot, count: period, pivot: input)
      newerSum = 0
      pivot = input
    }
    return slot.pointee
  }

  /// The same pair in another block's memory.
  fileprivate mutating func move(
    from old: UnsafeMutablePointer<Double>, to new: UnsafeMutablePointer<Double>
  ) {
    fastSlot = new + (fastSlot - old)
    slowSlot = new + (slowSlot - old)
    fastEnd = new + (fastEnd - old)
    slowEnd = new + (slowEnd - old)
  }
}
