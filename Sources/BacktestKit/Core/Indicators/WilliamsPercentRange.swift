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
