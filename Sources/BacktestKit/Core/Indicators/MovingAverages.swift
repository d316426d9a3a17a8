/// The mean of the last `period` inputs: `sum(x[t-n+1...t]) / n`.
///
///     var fast = SimpleMovingAverage(10)
///     if let mean = fast.update(bar.close) { … }
///
/// First defined on input n. Seed: none; the first value is the mean of the first n inputs.
///
/// Nothing is ever subtracted from a running sum, so rounding cannot build up and a number that
/// is not finite leaves no trace: the window is the newest inputs, which are summed as they come,
/// and a tail of older ones, whose sums from each slot to the last are made once a lap of the
/// ring. All sums are of differences from a pivot that lies in the window, so a constant series
/// has exactly its own value as mean.
/// - Complexity: O(1) amortised; one update in n costs O(n).
/// > Tail sums: M. van Herk, "A fast algorithm for local minimum and maximum filters",
/// > *Pattern Recognition Letters* 13, 1992, with addition in the place of the minimum.
public struct SimpleMovingAverage: Indicator {
  /// The number of inputs averaged.
  public let period: Int
  /// This lap's inputs, then from `position` on the sum over each old input and those after it.
  @usableFromInline var slots: ContiguousArray<Double>
  @usableFromInline var position = 0
  @usableFromInline var pivot = 0.0
  /// Sum over this lap's inputs.
  @usableFromInline var newerSum = 0.0
  /// The mean after the last update; not finite while undefined.
  @usableFromInline package var mean = Double.nan
  @usableFromInline let divisor: Double

  /// An average over the last `period` inputs.
  ///
  /// - Precondition: `period` is at least 1.
  @inlinable
  public init(_ period: Int) {
    precondition(period >= 1, "a simple moving average needs a period of at least 1")
    self.period = period
    divisor = Double(period)
    // A tail that is not a number keeps the first lap undefined.
    slots = ContiguousArray(repeating: .nan, count: period)
  }

  /// The mean after the last update.
  @inlinable
  public var value: Double? { mean.isFinite ? mean : nil }

  /// `period`.
  @inlinable
  public var warmupLength: Int { period }

  /// Takes the next input and gives the mean of the last `period`.
  @inlinable
  @inline(__always)
  @discardableResult
  public mutating func update(_ input: Double) -> Double? {
    let place = position
    let period = period
    let endsLap = place + 1 == period
    // One view for all that is read and written: the ring is checked for sharing once, and the
    // position is below the period by construction.
    let tail = slots.withUnsafeMutableBufferPointer { slots in
      assert(place < slots.count && slots.count == period)
      let ring = slots.baseAddress.unsafelyUnwrapped
      ring[place] = input
      guard endsLap else { return ring[place &+ 1] }
      addTails(ring, count: period, pivot: input)
      return ring[0]
    }
    position = endsLap ? 0 : place &+ 1
    newerSum = endsLap ? 0 : newerSum + (input - pivot)
    if endsLap { pivot = input }
    mean = pivot + (tail + newerSum) / divisor
    return mean.isFinite ? mean : nil
  }
}

/// Replaces the inputs of a lap by their tail sums, as differences from a pivot, from the last
/// slot back.
@usableFromInline
func addTails(_ ring: UnsafeMutablePointer<Double>, count: Int, pivot: Double) {
  var sum = 0.0
  var slot = count
  while slot > 0 {
    slot &-= 1
    sum += ring[slot] - pivot
    ring[slot] = sum
  }
}

/// The exponentially weighted mean: `e[t] = e[t-1] + k (x[t] - e[t-1])`, with k = 2 / (n + 1).
///
///     var slow = ExponentialMovingAverage(26)
///     if let mean = slow.update(bar.close) { … }
///
/// Seed: the mean of the first n inputs, which is the first value, on input n, as in TA-Lib. Its
/// memory is unlimited, so it depends on where the data begin; an input that is not finite is
/// skipped. A constant series gives exactly its own value.
///
/// With `smoothing: 1 / Double(n)` it is the average of J. Welles Wilder.
/// > R. G. Brown, *Statistical Forecasting for Inventory Control*, 1959; J. W. Wilder, *New
/// > Concepts in Technical Trading Systems*, 1978.
public struct ExponentialMovingAverage: Indicator {
  /// The number of inputs in the seed, which also sets the usual smoothing.
  public let period: Int
  /// The weight k of the newest input.
  public let smoothing: Double
  /// The first input while seeding, then the average.
  @usableFromInline var average = 0.0
  /// Sum over the seed of differences from the first input.
  @usableFromInline var seedSum = 0.0
  @usableFromInline var seeded = 0
  @usableFromInline var current: Double?

  /// An average with k = 2 / (period + 1).
  ///
  /// - Precondition: `period` is at least 1.
  @inlinable
  public init(_ period: Int) { self.init(period, smoothing: 2 / Double(period + 1)) }

  /// An average with a given weight, seeded with the mean of `period` inputs.
  ///
  /// - Precondition: `period` is at least 1, and `smoothing` lies above 0 and not above 1.
  @inlinable
  public init(_ period: Int, smoothing: Double) {
    precondition(period >= 1, "an exponential moving average needs a period of at least 1")
    precondition(smoothing > 0 && smoothing <= 1, "smoothing lies above 0 and not above 1")
    self.period = period
    self.smoothing = smoothing
  }

  /// Wilder's average: k = 1 / period.
  @inlinable
  init(wilder period: Int) { self.init(period, smoothing: 1 / Double(period)) }

  /// The average after the last update.
  @inlinable
  public var value: Double? { current }

  /// `period`.
  @inlinable
  public var warmupLength: Int { period }

  /// Takes the next input and gives the average.
  @inlinable
  @inline(__always)
  @discardableResult
  public mutating func update(_ input: Double) -> Double? {
    guard input.isFinite else {
      current = nil
      return nil
    }
    if seeded == period {
      average += smoothing * (input - average)
      current = average
    } else {
      seed(input)
    }
    return current
  }

  @inlinable
  @inline(__always)
  mutating func seed(_ input: Double) {
    if seeded == 0 { average = input }
    seedSum += input - average
    seeded += 1
    guard seeded == period else { return }
    average += seedSum / Double(period)
    current = average
  }
}

/// The linearly weighted mean of the last `period` inputs, the newest with weight n, the oldest
/// with weight 1: `sum((i + 1) · x[t-n+1+i]) / (n (n + 1) / 2)`.
///
///     var average = WeightedMovingAverage(30)
///     if let mean = average.update(bar.close) { … }
///
/// First defined on input n. Seed: none. Equals TA-Lib's WMA. As in `SimpleMovingAverage` nothing
/// is subtracted from running sums, and a constant series gives exactly its own value.
/// - Complexity: O(1) amortised; one update in n costs O(n).
/// > P. J. Kaufman, *Trading Systems and Methods*, 1987, on step-weighted averages.
public struct WeightedMovingAverage: Indicator {
  /// The number of inputs averaged.
  public let period: Int
  /// What the last update gave.
  public private(set) var value: Double?
  /// This lap's inputs, then from `position` on the sum over each old input and those after it,
  /// with weights 1, 2, 3, ….
  private var slots: ContiguousArray<Double>
  private var position = 0
  private var pivot = 0.0
  /// Sum of this lap's differences from the pivot.
  private var newerSum = 0.0
  /// The same with weights 1, 2, 3, … from the lap's first.
  private var newerRamp = 0.0

  /// An average over the last `period` inputs.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int) {
    precondition(period >= 1, "a weighted moving average needs a period of at least 1")
    self.period = period
    // A tail that is not a number keeps the first lap undefined.
    slots = ContiguousArray(repeating: .nan, count: period)
  }

  /// `period`.
  public var warmupLength: Int { period }

  /// Takes the next input and gives the weighted mean of the last `period`.
  @discardableResult
  public mutating func update(_ input: Double) -> Double? {
    slots[position] = input
    position += 1
    let difference = input - pivot
    newerSum += difference
    newerRamp += Double(position) * difference
    if position == period { beginLap(input) }
    // The old inputs before this lap's lift each of its weights by their number.
    let ramp = slots[position] + newerRamp + Double(period - position) * newerSum
    let mean = pivot + ramp / (Double(period) * Double(period + 1) / 2)
    value = mean.isFinite ? mean : nil
    return value
  }

  /// Starts the ring over with the newest input as pivot.
  private mutating func beginLap(_ newest: Double) {
    position = 0
    pivot = newest
    newerSum = 0
    newerRamp = 0
    slots.withUnsafeMutableBufferPointer { slots in
      var sum = 0.0
      var ramp = 0.0
      for slot in slots.indices.reversed() {
        sum += slots[slot] - newest
        ramp += sum
        slots[slot] = ramp
      }
    }
  }
}

/// An exponential average whose weight follows the efficiency of the move:
/// `k[t] = k[t-1] + c² (x[t] - k[t-1])` with `c = E (2/(f+1) - 2/(s+1)) + 2/(s+1)`, where E is the
/// net change over n inputs divided by the sum of the n absolute changes.
///
///     var average = KaufmanAdaptiveMovingAverage(10)   // fast 2, slow 30
///     if let mean = average.update(bar.close) { … }
///
/// Seed: input n, of which nothing is shown; first defined on input n + 1. Equals TA-Lib's KAMA,
/// and as there E is 1 where nothing moved. An input that is not finite is skipped.
/// > P. J. Kaufman, *Smarter Trading*, 1995.
public struct KaufmanAdaptiveMovingAverage: Indicator {
  /// The number of changes over which efficiency is measured.
  public let period: Int
  /// What the last update gave.
  public private(set) var value: Double?
  private let fastSmoothing: Double
  private let slowSmoothing: Double
  private var window: RollingWindow
  private var path: RollingSum
  private var average = 0.0

  /// An average over the efficiency of `period` changes, between two exponential averages.
  ///
  /// - Precondition: `period` and `fast` are at least 1, and `slow` is not below `fast`.
  public init(_ period: Int, fast: Int = 2, slow: Int = 30) {
    precondition(period >= 1, "Kaufman's adaptive average needs a period of at least 1")
    precondition(fast >= 1 && slow >= fast, "the fast period is at least 1 and not above the slow")
    self.period = period
    fastSmoothing = 2 / Double(fast + 1)
    slowSmoothing = 2 / Double(slow + 1)
    window = RollingWindow(capacity: period)
    path = RollingSum(period)
  }

  /// `period + 1`.
  public var warmupLength: Int { period + 1 }

  /// Takes the next input and gives the average.
  @discardableResult
  public mutating func update(_ input: Double) -> Double? {
    value = nil
    guard input.isFinite else { return nil }
    if window.count > 0 { path.update(abs(input - window[0])) }
    guard let oldest = window.append(input) else {
      average = input
      return nil
    }
    let net = abs(input - oldest)
    let efficiency = net < path.value ? net / path.value : 1
    let weight = efficiency * (fastSmoothing - slowSmoothing) + slowSmoothing
    average += weight * weight * (input - average)
    value = average
    return value
  }
}
