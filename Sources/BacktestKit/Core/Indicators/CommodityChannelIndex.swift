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
