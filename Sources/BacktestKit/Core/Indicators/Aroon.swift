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
