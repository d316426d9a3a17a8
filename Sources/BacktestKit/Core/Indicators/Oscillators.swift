/// Gains as a share of all movement, in percent: `100 · G / (G + L)`, where G and L are Wilder's
/// averages of rises and of falls from input to input.
///
///     var strength = RelativeStrengthIndex(14)
///     if let rsi = strength.update(bar.close) { … }   // 0...100
///
/// Seed: the means of the first n changes; first defined on input n + 1. Equals TA-Lib's RSI.
/// Where nothing has moved at all it is 0, as there. An input that is not finite is skipped, and
/// the next change is measured from the one before it.
/// > J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
public struct RelativeStrengthIndex: Indicator {
  @usableFromInline var gain: ExponentialMovingAverage
  @usableFromInline var loss: ExponentialMovingAverage
  /// Not a number before the first input.
  @usableFromInline var previous = Double.nan
  @usableFromInline var current: Double?

  /// An index over Wilder averages of `period` changes.
  ///
  /// - Precondition: `period` is at least 1.
  @inlinable
  public init(_ period: Int) {
    precondition(period >= 1, "a relative strength index needs a period of at least 1")
    gain = ExponentialMovingAverage(wilder: period)
    loss = gain
  }

  /// The number of changes in the seed, and the length of Wilder's average.
  @inlinable
  public var period: Int { gain.period }

  /// The index after the last update, 0 to 100.
  @inlinable
  public var value: Double? { current }

  /// `period + 1`.
  @inlinable
  public var warmupLength: Int { gain.period + 1 }

  /// Takes the next input and gives the index.
  @inlinable
  @discardableResult
  public mutating func update(_ input: Double) -> Double? {
    current = nil
    guard input.isFinite else { return nil }
    let change = input - previous
    previous = input
    // Before the first change this is not a number, which the averages skip.
    gain.update(change < 0 ? 0 : change)
    loss.update(change > 0 ? 0 : -change)
    guard let rise = gain.value, let fall = loss.value else { return nil }
    let movement = rise + fall
    current = movement > 0 ? 100 * rise / movement : 0
    return current
  }
}

/// Where the close lies in the range of the last n bars, in percent, smoothed twice:
/// `raw = 100 (close - lowest low) / (highest high - lowest low)`, %K the simple average of raw
/// over `slowing` bars, %D that of %K over `signal` bars.
///
///     var stochastic = StochasticOscillator(14, slowing: 3, signal: 3)
///     if let s = stochastic.update(bar), s.k > s.d { … }
///
/// `slowing: 1` gives the fast form. First defined on bar n + slowing + signal - 2. Seed: none.
/// Equals TA-Lib's STOCH and STOCHF with simple averages. A window without range gives raw 0, as
/// there. Undefined while the window holds a price that is not finite.
/// > G. C. Lane, "Lane's Stochastics", *Technical Analysis of Stocks & Commodities*, 1984.
public struct StochasticOscillator: Indicator {
  /// Two percentages, 0 to 100.
  public struct Output: Hashable, Sendable, BitwiseCopyable {
    /// %K, the smoothed position in the range.
    public var k: Double
    /// %D, the average of %K.
    public var d: Double
  }

  /// What the last update gave.
  public private(set) var value: Output?
  private var highest: RollingMaximum
  private var lowest: RollingMinimum
  private var slowing: SimpleMovingAverage
  private var signal: SimpleMovingAverage

  /// An oscillator over the range of `period` bars.
  ///
  /// - Precondition: all three are at least 1.
  public init(_ period: Int = 14, slowing: Int = 3, signal: Int = 3) {
    highest = RollingMaximum(period)
    lowest = RollingMinimum(period)
    self.slowing = SimpleMovingAverage(slowing)
    self.signal = SimpleMovingAverage(signal)
  }

  /// The number of bars in the range.
  public var period: Int { lowest.period }

  /// `period + slowing + signal - 2`.
  public var warmupLength: Int { lowest.period + slowing.period + signal.period - 2 }

  /// Takes the next bar and gives %K and %D.
  @discardableResult
  public mutating func update(_ bar: Bar) -> Output? {
    value = nil
    highest.update(bar.high)
    lowest.update(bar.low)
    guard let top = highest.value, let bottom = lowest.value, bar.close.isFinite else {
      return nil
    }
    let raw = top == bottom ? 0 : 100 * (bar.close - bottom) / (top - bottom)
    guard let k = slowing.update(raw), let d = signal.update(k) else { return nil }
    value = Output(k: k, d: d)
    return value
  }
}

/// Where the close lies below the highest high of the last n bars, in percent of their range:
/// `-100 (highest high - close) / (highest high - lowest low)`.
///
///     var range = WilliamsPercentRange(14)
///     if let r = range.update(bar), r < -80 { … }   // -100...0
///
/// First defined on bar n. Seed: none. Equals TA-Lib's WILLR. A window without range gives 0, as
/// there. Undefined while the window holds a price that is not finite.
/// > L. Williams, *How I Made One Million Dollars Last Year Trading Commodities*, 1973.
public struct WilliamsPercentRange: Indicator {
  /// What the last update gave.
  public private(set) var value: Double?
  private var highest: RollingMaximum
  private var lowest: RollingMinimum

  /// A percent range over `period` bars.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int = 14) {
    highest = RollingMaximum(period)
    lowest = RollingMinimum(period)
  }

  /// The number of bars in the range.
  public var period: Int { lowest.period }

  /// `period`.
  public var warmupLength: Int { lowest.period }

  /// Takes the next bar and gives the percent range.
  @discardableResult
  public mutating func update(_ bar: Bar) -> Double? {
    value = nil
    highest.update(bar.high)
    lowest.update(bar.low)
    guard let top = highest.value, let bottom = lowest.value, bar.close.isFinite else {
      return nil
    }
    value = top == bottom ? 0 : -100 * (top - bar.close) / (top - bottom)
    return value
  }
}

/// How far the typical price is from its mean, in units of 0.015 mean absolute deviations:
/// `(p - mean(p)) / (0.015 · mean(|p - mean(p)|))` with p = (high + low + close) / 3.
///
///     var channel = CommodityChannelIndex(20)
///     if let cci = channel.update(bar), cci > 100 { … }
///
/// First defined on bar n. Seed: none. Equals TA-Lib's CCI. A constant window gives 0, as there.
/// Undefined while the window holds a price that is not finite.
/// - Complexity: O(n) an update: the mean absolute deviation has to look at the window anew
///   whenever the mean moves.
/// > D. R. Lambert, "Commodity Channel Index", *Commodities*, October 1980.
public struct CommodityChannelIndex: Indicator {
  /// What the last update gave.
  public private(set) var value: Double?
  private var average: SimpleMovingAverage
  private var window: RollingWindow

  /// An index over `period` bars.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int = 20) {
    average = SimpleMovingAverage(period)
    window = RollingWindow(capacity: period)
  }

  /// The number of bars in the window.
  public var period: Int { average.period }

  /// `period`.
  public var warmupLength: Int { average.period }

  /// Takes the next bar and gives the index.
  @discardableResult
  public mutating func update(_ bar: Bar) -> Double? {
    value = nil
    let price = bar.typicalPrice
    window.append(price)
    guard let mean = average.update(price) else { return nil }
    var deviation = 0.0
    for old in window.slots { deviation += abs(old - mean) }
    deviation /= Double(average.period)
    value = deviation > 0 ? (price - mean) / (0.015 * deviation) : 0
    return value
  }
}
