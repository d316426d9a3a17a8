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
