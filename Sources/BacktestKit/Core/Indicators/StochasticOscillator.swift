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
