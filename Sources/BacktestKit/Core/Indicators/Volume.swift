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

/// The share of money that flowed on bars whose typical price rose, in percent:
/// `100 · P / (P + N)`, where P and N sum typical price times volume over the rising and the
/// falling of the last n bars.
///
///     var flow = MoneyFlowIndex(14)
///     if let mfi = flow.update(bar), mfi < 20 { … }   // 0...100
///
/// A bar whose typical price is that of the bar before counts to neither. First defined on bar
/// n + 1. Seed: none. Equals TA-Lib's MFI; a window without any flow gives 0, as there. Undefined
/// while the window holds a price or a volume that is not finite, so always where the source gives
/// no volume.
/// > G. Quong, A. Soudack, "Volume-Weighted RSI: Money Flow", *Technical Analysis of Stocks &
/// > Commodities*, March 1989.
public struct MoneyFlowIndex: Indicator {
  /// What the last update gave.
  public private(set) var value: Double?
  private var rising: RollingSum
  private var falling: RollingSum
  private var previous: Double?

  /// An index over the flows of `period` bars.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int = 14) {
    precondition(period >= 1, "a money flow index needs a period of at least 1")
    rising = RollingSum(period)
    falling = RollingSum(period)
  }

  /// The number of flows in the window.
  public var period: Int { rising.period }

  /// `period + 1`.
  public var warmupLength: Int { rising.period + 1 }

  /// Takes the next bar and gives the index.
  @discardableResult
  public mutating func update(_ bar: Bar) -> Double? {
    value = nil
    let price = bar.typicalPrice
    let flow = price * bar.volume
    if let before = previous {
      // A flow that is not a number goes to both, and so undefines both.
      rising.update(price > before || !flow.isFinite ? flow : 0)
      falling.update(price < before || !flow.isFinite ? flow : 0)
      let total = rising.value + falling.value
      if total.isFinite { value = total > 0 ? 100 * rising.value / total : 0 }
    }
    if price.isFinite { previous = price }
    return value
  }
}
