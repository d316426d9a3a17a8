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

  /// An average with a weight of its own, seeded with the mean of `period` inputs.
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
