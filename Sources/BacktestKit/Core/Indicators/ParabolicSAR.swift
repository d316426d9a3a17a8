/// Wilder's parabolic stop and reverse: a trailing stop that speeds up with each new extreme of
/// the trend, and changes sides when the price touches it.
///
///     var stop = ParabolicSAR(acceleration: 0.02, maximum: 0.2)
///     if let level = stop.update(bar) { … }   // below the price while `isRising`
///
/// `s[t+1] = s[t] + a (extreme - s[t])`, kept outside the last two bars' ranges; a grows by
/// `acceleration` with each new extreme, up to `maximum`. On a reversal the stop becomes the old
/// extreme and a starts again.
///
/// Seed: the trend begins rising unless the second bar's low fell by more than its high rose;
/// the first stop is the first bar's low, or its high when falling. First defined on bar 2.
/// Equals TA-Lib's SAR. A bar with a price that is not finite is skipped.
/// > J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
public struct ParabolicSAR: Indicator {
  /// What each new extreme adds to the speed.
  public let acceleration: Double
  /// The highest speed.
  public let maximum: Double
  /// What the last update gave, in price units.
  public private(set) var value: Double?
  /// Whether the trend is up and the stop below the price.
  public private(set) var isRising = true
  private var previous: (high: Double, low: Double)?
  private var stop: Double?
  private var extreme = 0.0
  private var speed: Double

  /// A stop with its speeds; an `acceleration` above `maximum` counts as `maximum`.
  ///
  /// - Precondition: both are finite and not negative.
  public init(acceleration: Double = 0.02, maximum: Double = 0.2) {
    precondition(
      acceleration >= 0 && maximum >= 0 && acceleration.isFinite && maximum.isFinite,
      "the speeds of a parabolic stop are finite and not negative")
    self.acceleration = min(acceleration, maximum)
    self.maximum = maximum
    speed = self.acceleration
  }

  /// 2.
  public var warmupLength: Int { 2 }

  /// Takes the next bar and gives the stop that held on it.
  @discardableResult
  public mutating func update(_ bar: Bar) -> Double? {
    value = nil
    guard (bar.high + bar.low).isFinite else { return nil }
    guard let before = previous else {
      previous = (bar.high, bar.low)
      return nil
    }
    previous = (bar.high, bar.low)
    guard let held = stop else {
      begin(bar, after: before)
      return value
    }
    advance(bar, from: held, after: before)
    return value
  }

  private mutating func begin(_ bar: Bar, after before: (high: Double, low: Double)) {
    let fall = before.low - bar.low
    isRising = !(fall > 0 && fall > bar.high - before.high)
    extreme = isRising ? bar.high : bar.low
    // The first bar that has a stop limits it by its own range alone.
    advance(bar, from: isRising ? before.low : before.high, after: (bar.high, bar.low))
  }

  private mutating func advance(
    _ bar: Bar, from held: Double, after before: (high: Double, low: Double)
  ) {
    let (highest, lowest) = (max(before.high, bar.high), min(before.low, bar.low))
    let reverses = isRising ? bar.low <= held : bar.high >= held
    if reverses {
      isRising.toggle()
      value = isRising ? min(extreme, lowest) : max(extreme, highest)
      speed = acceleration
      extreme = isRising ? bar.high : bar.low
    } else {
      value = held
      if isRising ? bar.high > extreme : bar.low < extreme {
        extreme = isRising ? bar.high : bar.low
        speed = min(speed + acceleration, maximum)
      }
    }
    let now = value ?? held
    let next = now + speed * (extreme - now)
    stop = isRising ? min(next, lowest) : max(next, highest)
  }
}
