/// A running total of volume, added when the close rose and taken off when it fell.
///
///     var balance = OnBalanceVolume()
///     if let total = balance.update(bar) { … }   // units traded
///
/// Seed: the volume of the first bar, on which it is first defined. Equals TA-Lib's OBV. A bar
/// whose close or volume is not finite is skipped, so it is never defined where the source gives
/// no volume.
/// > J. E. Granville, *Granville's New Key to Stock Market Profits*, 1963.
public struct OnBalanceVolume: Indicator {
  /// What the last update gave.
  public private(set) var value: Double?
  private var total = 0.0
  private var previousClose: Double?

  /// A balance before its first bar.
  public init() {}

  /// 1.
  public var warmupLength: Int { 1 }

  /// Takes the next bar and gives the running total.
  @discardableResult
  public mutating func update(_ bar: Bar) -> Double? {
    value = nil
    guard bar.close.isFinite, bar.volume.isFinite else { return nil }
    let before = previousClose ?? -.infinity
    if bar.close > before { total += bar.volume }
    if bar.close < before { total -= bar.volume }
    previousClose = bar.close
    value = total
    return value
  }
}
