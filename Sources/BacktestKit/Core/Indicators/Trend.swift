/// Wilder's directional indicators: which share of the true range was movement up, which down.
///
/// Of two bars, the rise of the high and the fall of the low compete: the larger, if positive,
/// is the movement, and the smaller counts as none. With Wilder's sums
/// `S[t] = S[t-1] - S[t-1] / n + x[t]` of both movements and of the true range,
/// `+DI = 100 S(up) / S(range)`, `-DI` likewise, and `DX = 100 |+DI - -DI| / (+DI + -DI)`.
///
///     var direction = DirectionalMovementIndex(14)
///     if let d = direction.update(bar), d.plus > d.minus { … }
///
/// Seed: the sums of n - 1 movements; first defined on bar n + 1. Equals TA-Lib's PLUS_DI,
/// MINUS_DI and DX. While nothing has moved yet all three are 0, as there. A bar with a price that
/// is not finite is skipped.
/// > J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
public struct DirectionalMovementIndex: Indicator {
  /// Three percentages, 0 to 100.
  public struct Output: Hashable, Sendable, BitwiseCopyable {
    /// +DI, the share of movement up.
    public var plus: Double
    /// -DI, the share of movement down.
    public var minus: Double
    /// DX, how one-sided the movement was.
    public var index: Double
  }

  /// The length of Wilder's sums.
  public let period: Int
  /// What the last update gave.
  public private(set) var value: Output?
  private var range = TrueRange()
  private var previous: (high: Double, low: Double) = (0, 0)
  private var seeded = 0
  private var up = 0.0
  private var down = 0.0
  private var whole = 0.0

  /// Directional indicators with Wilder's sums of length `period`.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int = 14) {
    precondition(period >= 1, "a directional movement index needs a period of at least 1")
    self.period = period
  }

  /// `period + 1`.
  public var warmupLength: Int { period + 1 }

  /// Takes the next bar and gives both indicators and the index.
  @discardableResult
  public mutating func update(_ bar: Bar) -> Output? {
    value = nil
    guard bar.hasFiniteRange else { return nil }
    let rise = bar.high - previous.high
    let fall = previous.low - bar.low
    previous = (bar.high, bar.low)
    guard let trueRange = range.update(bar) else { return nil }
    let movementUp = rise > 0 && rise > fall ? rise : 0
    let movementDown = fall > 0 && fall > rise ? fall : 0
    let decay = seeded == period - 1 ? 1 / Double(period) : 0
    up += movementUp - up * decay
    down += movementDown - down * decay
    whole += trueRange - whole * decay
    guard seeded == period - 1 else {
      seeded += 1
      return nil
    }
    value = measure()
    return value
  }

  private func measure() -> Output {
    guard whole > 0 else { return Output(plus: 0, minus: 0, index: 0) }
    let movement = up + down
    return Output(
      plus: 100 * up / whole, minus: 100 * down / whole,
      index: movement > 0 ? 100 * abs(up - down) / movement : 0)
  }
}

/// ADX: Wilder's average of the directional movement index, the strength of a trend whatever its
/// direction, with the two directional indicators beside it.
///
///     var trend = AverageDirectionalIndex(14)
///     if let t = trend.update(bar), t.average > 25, t.plus > t.minus { … }
///
/// Seed: the mean of the first n DX; first defined on bar 2n. +DI and -DI are defined from bar
/// n + 1 on: for those bars use `DirectionalMovementIndex`. Equals TA-Lib's ADX, PLUS_DI and
/// MINUS_DI. A bar with a price that is not finite is skipped.
/// > J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
public struct AverageDirectionalIndex: Indicator {
  /// Three percentages, 0 to 100.
  public struct Output: Hashable, Sendable, BitwiseCopyable {
    /// ADX, the average of the index.
    public var average: Double
    /// +DI, the share of movement up.
    public var plus: Double
    /// -DI, the share of movement down.
    public var minus: Double
  }

  /// What the last update gave.
  public private(set) var value: Output?
  private var movement: DirectionalMovementIndex
  private var seeded = 0
  private var average = 0.0

  /// An average directional index of length `period`.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int = 14) { movement = DirectionalMovementIndex(period) }

  /// The length of Wilder's sums and of the average.
  public var period: Int { movement.period }

  /// `2 * period`.
  public var warmupLength: Int { 2 * movement.period }

  /// Takes the next bar and gives the average index and both indicators.
  @discardableResult
  public mutating func update(_ bar: Bar) -> Output? {
    value = nil
    guard let now = movement.update(bar) else { return nil }
    let count = Double(movement.period)
    if seeded < movement.period {
      average += now.index / count
      seeded += 1
    } else {
      average += (now.index - average) / count
    }
    guard seeded == movement.period else { return nil }
    value = Output(average: average, plus: now.plus, minus: now.minus)
    return value
  }
}

/// How recent the highest high and the lowest low of the last n + 1 bars are, in percent:
/// `100 (n - bars since it) / n`; of equal extremes the latest counts.
///
///     var aroon = Aroon(25)
///     if let a = aroon.update(bar), a.up > a.down { … }
///
/// First defined on bar n + 1. Seed: none. Equals TA-Lib's AROON and AROONOSC. Undefined while the
/// window holds a high or low that is not finite.
/// > T. S. Chande, "A Time Price Oscillator", *Technical Analysis of Stocks & Commodities*,
/// > September 1995.
public struct Aroon: Indicator {
  /// Two percentages, 0 to 100.
  public struct Output: Hashable, Sendable, BitwiseCopyable {
    /// 100 when this bar made the highest high, 0 when it is n bars old.
    public var up: Double
    /// 100 when this bar made the lowest low, 0 when it is n bars old.
    public var down: Double
    /// Up minus down, -100 to 100.
    public var oscillator: Double { up - down }
  }

  /// The age at which an extreme counts nothing; the window holds one bar more.
  public let period: Int
  /// What the last update gave.
  public private(set) var value: Output?
  private var high: RollingExtremeAge
  private var low: RollingExtremeAge

  /// An Aroon over `period + 1` bars.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int = 25) {
    precondition(period >= 1, "an Aroon needs a period of at least 1")
    self.period = period
    high = RollingExtremeAge(period + 1)
    low = high
  }

  /// `period + 1`.
  public var warmupLength: Int { period + 1 }

  /// Takes the next bar and gives both percentages.
  @discardableResult
  public mutating func update(_ bar: Bar) -> Output? {
    value = nil
    let ages = (high: high.update(bar.high), low: low.update(-bar.low))
    guard let sinceHigh = ages.high, let sinceLow = ages.low else { return nil }
    value = Output(up: percent(sinceHigh), down: percent(sinceLow))
    return value
  }

  private func percent(_ age: Int) -> Double { 100 * Double(period - age) / Double(period) }
}

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
