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
/// Each average gives the same bits as a `SimpleMovingAverage` of its own. All lie in one block of
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
    block = AverageBlock(periods: [fast, slow], streamCount: shared == nil ? instrumentCount : 0)
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
    let pair = block.averages + position &* 2
    return Self.pair(pair[0].update(close), pair[1].update(close))
  }

  @inlinable @inline(__always)
  mutating func readShared(
    _ position: Int, _ bars: BarSlice
  ) -> (fast: Double, slow: Double)? {
    reading.move(to: bars)
    guard let shared, bars[position] != nil else { return nil }
    let row = shared.row(of: position, at: reading.instant)
    let pair = shared.starts + position &* 2
    return Self.pair(pair[0][row], pair[1][row])
  }

  /// Both means, where both are finite. Compared as numbers, which takes half the instructions that
  /// `isFinite` takes to look at their bits.
  @inlinable @inline(__always)
  static func pair(_ fast: Double, _ slow: Double) -> (fast: Double, slow: Double)? {
    abs(fast) < .infinity && abs(slow) < .infinity ? (fast, slow) : nil
  }
}

/// The memory of averages over several streams; only its single owner writes to it.
@usableFromInline
final class AverageBlock: @unchecked Sendable {
  /// Stream by stream, the average of each length.
  @usableFromInline let averages: UnsafeMutablePointer<Average>
  private let rings: UnsafeMutablePointer<Double>
  private let count: Int
  private let ringLength: Int

  /// One average: the state of a `SimpleMovingAverage`.
  @usableFromInline
  struct Average: BitwiseCopyable {
    @usableFromInline var ring: UnsafeMutablePointer<Double>
    @usableFromInline var period: Int
    @usableFromInline var position = 0
    @usableFromInline var pivot = 0.0
    @usableFromInline var newerSum = 0.0
    @usableFromInline var divisor: Double

    init(ring: UnsafeMutablePointer<Double>, period: Int) {
      self.ring = ring
      self.period = period
      divisor = Double(period)
    }
  }

  init(periods: [Int], streamCount: Int) {
    count = periods.count * streamCount
    ringLength = periods.reduce(0, +) * streamCount
    averages = .allocate(capacity: count)
    rings = .allocate(capacity: ringLength)
    // A tail that is not a number keeps the first lap undefined.
    rings.initialize(repeating: .nan, count: ringLength)
    var ring = rings
    for index in 0..<count {
      let period = periods[index % periods.count]
      (averages + index).initialize(to: Average(ring: ring, period: period))
      ring += period
    }
  }

  @usableFromInline
  init(copying other: AverageBlock) {
    (count, ringLength) = (other.count, other.ringLength)
    averages = .allocate(capacity: count)
    rings = .allocate(capacity: ringLength)
    averages.initialize(from: other.averages, count: count)
    rings.initialize(from: other.rings, count: ringLength)
    for index in 0..<count { averages[index].ring = rings + (averages[index].ring - other.rings) }
  }

  deinit {
    averages.deallocate()
    rings.deallocate()
  }
}

extension AverageBlock.Average {
  /// As `SimpleMovingAverage.update`.
  @inlinable @inline(__always)
  mutating func update(_ input: Double) -> Double {
    ring[position] = input
    let next = position &+ 1
    guard next != period else { return endLap(input) }
    position = next
    newerSum += input - pivot
    return pivot + (ring[next] + newerSum) / divisor
  }

  /// Kept out of the way of the usual update.
  @usableFromInline @inline(never)
  mutating func endLap(_ input: Double) -> Double {
    addTails(ring, count: period, pivot: input)
    position = 0
    newerSum = 0
    pivot = input
    return input + ring[0] / divisor
  }
}
