/// Simple moving averages of one or more lengths over the closes of every instrument.
///
///     mutating func onStart(_ trading: inout TradingContext) {
///       averages = SimpleMovingAverages([10, 50], trading)
///     }
///
///     mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
///       for position in 0..<bars.instrumentCount where averages.update(position, bars) {
///         guard let fast = averages[position, 0], let slow = averages[position, 1]
///         else { continue }
///         trading.target(InstrumentID(position), weight: fast > slow ? 1 : 0)
///       }
///     }
///
/// Each average gives the same bits as a `SimpleMovingAverage` of its own. They lie in one block of
/// memory, so that a bar costs one check for sharing, whatever the number of lengths is.
public struct SimpleMovingAverages: Sendable {
  /// The lengths, in bars.
  public let periods: [Int]
  @usableFromInline let periodCount: Int
  @usableFromInline let instrumentCount: Int
  @usableFromInline var block: AverageBlock

  /// No averages: what a strategy holds before it starts.
  public init() {
    periods = []
    (periodCount, instrumentCount) = (0, 0)
    block = AverageBlock(periods: [], streamCount: 0)
  }

  /// Averages of every instrument before the first bar.
  ///
  /// - Precondition: each period is at least 1.
  public init(_ periods: [Int], _ trading: borrowing TradingContext) {
    self.init(periods, instrumentCount: trading.universe.count)
  }

  init(_ periods: [Int], instrumentCount: Int) {
    precondition(
      periods.allSatisfy { $0 >= 1 }, "a simple moving average needs a period of at least 1")
    self.periods = periods
    periodCount = periods.count
    self.instrumentCount = instrumentCount
    block = AverageBlock(periods: periods, streamCount: instrumentCount)
  }

  /// Takes in the bar of the instrument at a position of the universe; `false` where none closed.
  @inlinable @inline(__always)
  public mutating func update(_ position: Int, _ bars: BarSlice) -> Bool {
    guard let bar = bars[position] else { return false }
    precondition(position < instrumentCount, "no such instrument")
    if !isKnownUniquelyReferenced(&block) { block = AverageBlock(copying: block) }
    let first = block.averages + position &* periodCount
    for index in 0..<periodCount { first[index].update(bar.close) }
    return true
  }

  /// The mean of the last closes of an instrument by the length with a number, `nil` before there
  /// are so many.
  @inlinable @inline(__always)
  public subscript(position: Int, length: Int) -> Double? {
    precondition(
      position >= 0 && position < instrumentCount && length >= 0 && length < periodCount,
      "no such instrument or length")
    let mean = block.averages[position &* periodCount &+ length].mean
    return mean.isFinite ? mean : nil
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
    @usableFromInline var mean = Double.nan
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
  mutating func update(_ input: Double) {
    ring[position] = input
    let next = position &+ 1
    guard next != period else { return endLap(input) }
    position = next
    newerSum += input - pivot
    mean = pivot + (ring[next] + newerSum) / divisor
  }

  /// Kept out of the way of the usual update.
  @usableFromInline @inline(never)
  mutating func endLap(_ input: Double) {
    addTails(ring, count: period, pivot: input)
    position = 0
    newerSum = 0
    pivot = input
    mean = input + ring[0] / divisor
  }
}
