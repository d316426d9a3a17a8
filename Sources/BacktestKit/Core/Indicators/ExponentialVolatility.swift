/// The exponentially weighted standard deviation of simple returns from close to close.
///
/// The variance after the first `seed` returns is their sample variance (divisor n - 1); each later
/// return r gives `v = decay v + (1 - decay) r^2`. The value is `sqrt(v)`, per bar.
///
///     var volatility = ExponentialVolatility()
///     if let deviation = volatility.update(bar.close) {
///       let annual = deviation * 252.0.squareRoot()
///     }
///
/// > J.P. Morgan/Reuters, "RiskMetrics: Technical Document", 4th edition, 1996.
public struct ExponentialVolatility: Indicator {
  /// The weight of the variance before, between 0 and 1.
  public let decay: Double
  /// The number of returns with which the variance begins.
  public let seed: Int
  private var lastClose = Double.nan
  private var count = 0
  // Mean and squared deviations of the seed, by Welford's method.
  private var mean = 0.0
  private var squares = 0.0
  private var variance = 0.0

  /// A deviation that forgets at a rate of `1 - decay` per bar.
  ///
  /// - Precondition: the decay lies between 0 and 1, and the seed is at least two returns.
  public init(decay: Double = 0.94, seed: Int = 20) {
    precondition(decay > 0 && decay < 1 && seed >= 2)
    self.decay = decay
    self.seed = seed
  }

  /// `seed + 1` closes.
  public var warmupLength: Int { seed + 1 }

  /// The deviation per bar after the last update; `nil` before `seed` returns.
  public var value: Double? { count >= seed ? variance.squareRoot() : nil }

  /// Takes the next close. One that is not a finite number above 0 is skipped.
  @discardableResult
  public mutating func update(_ close: Double) -> Double? {
    guard close > 0, close.isFinite else { return nil }
    defer { lastClose = close }
    guard !lastClose.isNaN else { return nil }
    add(close / lastClose - 1)
    return value
  }

  /// Takes the next return.
  mutating func add(_ change: Double) {
    count += 1
    guard count <= seed else {
      variance = decay * variance + (1 - decay) * change * change
      return
    }
    let distance = change - mean
    mean += distance / Double(count)
    squares += distance * (change - mean)
    if count == seed { variance = squares / Double(seed - 1) }
  }
}
