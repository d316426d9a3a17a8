/// An account of weights that an engine lends while nothing happens but that weights are stated and
/// bars close: what that reads and writes, and no more, so that it lies in a few lines of memory.
@usableFromInline
package struct StatedAccount: Sendable, BitwiseCopyable {
  /// The last instant that closed.
  @usableFromInline package var instant: Int
  /// The first instant whose close is the engine's.
  package let end: Int
  @usableFromInline var money: WeightMoney
  @usableFromInline var exposure = 0.0
  @usableFromInline let fee: Double
  @usableFromInline let slippagePaid: Double
  @usableFromInline let taxPaid: Double
  @usableFromInline let fillCount: Int
  private let instrumentCount: Int
  @usableFromInline nonisolated(unsafe) let weights: UnsafeMutablePointer<HeldWeight>
  @usableFromInline nonisolated(unsafe) let columns: UnsafePointer<SeriesColumns>

  /// An account as it is at a close.
  ///
  /// - Parameters:
  ///   - instant: that of the close.
  ///   - end: the first instant that closes in another way.
  ///   - memory: room for the weight of each instrument, which nobody else uses meanwhile.
  init(
    _ account: Account, _ vector: WeightVector, at instant: Int, end: Int, fillCount: Int,
    columns: UnsafePointer<SeriesColumns>, memory: UnsafeMutablePointer<HeldWeight>
  ) {
    (self.instant, self.end, self.fillCount) = (instant, end, fillCount)
    money = account.weightMoney
    fee = vector.fee
    (slippagePaid, taxPaid) = (account.slippagePaid, account.taxPaid)
    instrumentCount = account.positions.count
    vector.lend(to: memory)
    weights = memory
    self.columns = columns
  }

  /// The simple return of each close of a series from the one before; NaN where there is none.
  package static func priceReturns(of series: BarSeries) -> [Double] {
    series.close.indices.map { row in
      let before = row > 0 ? series.close[row - 1] : 0
      return before > 0 ? series.close[row] / before - 1 : .nan
    }
  }

  /// What it is worth.
  @inlinable package var equity: Double { money.cash }

  /// The value of everything traded so far.
  @inlinable package var tradedNotional: Double { money.tradedNotional }

  /// What it is worth, and what trading has cost.
  @inlinable @inline(__always)
  package var standing: AccountStanding {
    AccountStanding(
      equity: money.cash, grossExposure: money.cash * exposure, cash: money.cash,
      costs: money.commissionPaid + slippagePaid + taxPaid, tradedNotional: money.tradedNotional,
      fillCount: fillCount)
  }

  /// The weights as they are now.
  var held: UnsafeBufferPointer<HeldWeight> {
    UnsafeBufferPointer(start: weights, count: instrumentCount)
  }

  /// States the weight of an instrument.
  @inlinable @inline(__always)
  package func state(_ weight: Double, of instrument: Int) { weights[instrument].state(weight) }

  /// Goes on to the next close.
  ///
  /// - Parameter standing: what the account is worth then.
  /// - Returns: `false` where nothing is left of it, or more than can be counted.
  package mutating func close(_ standing: inout AccountStanding) -> Bool {
    // Most are of one instrument: without loops that costs half.
    if instrumentCount == 1 { earn(1) } else { earn(instrumentCount) }
    let worth = Valuation(equity: money.cash, grossExposure: money.cash * exposure)
    guard worth.isSound else { return false }
    standing = self.standing
    return true
  }

  @inline(__always)
  private mutating func earn(_ count: Int) {
    let held = UnsafeMutableBufferPointer(start: weights, count: count)
    exposure = WeightVector.exposure(of: UnsafeBufferPointer(held))
    instant &+= 1
    _ = money.earn(WeightVector.step(held, columns, atRow: instant, fee: fee), fee: fee)
  }

  /// An account of one instrument at the next close.
  @usableFromInline
  package struct NextClose {
    @usableFromInline var held: HeldWeight
    @usableFromInline var money: WeightMoney
    @usableFromInline let growth: Double

    @inlinable @inline(__always)
    init(held: HeldWeight, money: WeightMoney, growth: Double) {
      (self.held, self.money, self.growth) = (held, money, growth)
    }

    /// What it is worth.
    @inlinable package var equity: Double { money.cash }

    /// The value of everything traded so far.
    @inlinable package var tradedNotional: Double { money.tradedNotional }

    /// Whether equity is left, and no more than can be counted.
    @inlinable @inline(__always)
    package var isSound: Bool {
      Valuation(equity: money.cash, grossExposure: money.cash * abs(held.stated)).isSound
    }

    /// Finds out what the weight becomes with the price, for whoever looks at it.
    @inlinable @inline(__always)
    package mutating func drift() -> Double {
      held.drift(growth)
      return held.drifted
    }
  }

  /// What the next close makes of an account of one instrument. Nothing changes before `take`.
  ///
  /// - Parameters:
  ///   - weight: states its weight; `nil` leaves the stated one.
  ///   - priceReturn: the simple return of the price from the last close to the next.
  @inlinable @inline(__always)
  package func nextClose(stating weight: Double?, priceReturn: Double) -> NextClose {
    var (held, money) = (weights[0], money)
    if let weight { held.stated = weight }
    held.priceReturn = priceReturn
    let step = WeightVector.Step(profit: held.profit, change: held.change, fee: fee)
    _ = money.earn(step, fee: fee)
    return NextClose(held: held, money: money, growth: step.growth)
  }

  /// The next close of the only instrument.
  @inlinable @inline(__always)
  package var nextPrice: Double { columns[0].close[instant &+ 1] }

  /// Goes on to the next close.
  @inlinable @inline(__always)
  package mutating func take(_ next: NextClose) {
    take(onlyStated: next)
    weights[0].drifted = next.held.drifted
  }

  /// Goes on to the next close where nobody asks what the weight has become with the price, before
  /// `close` finds out again.
  @inlinable @inline(__always)
  package mutating func take(onlyStated next: NextClose) {
    money = next.money
    exposure = abs(next.held.stated)
    instant &+= 1
    weights[0].stated = next.held.stated
    weights[0].charged = next.held.stated
  }

  /// The last close of an instrument.
  @inlinable @inline(__always)
  package func lastClose(of instrument: Int) -> Double { columns[instrument].close[instant] }

  /// The share of equity that an instrument has now.
  @inlinable @inline(__always)
  package func weight(of instrument: Int) -> Double { weights[instrument].drifted }
}

/// What an account is worth and what trading has cost it, in account currency.
@usableFromInline
package struct AccountStanding: Sendable, BitwiseCopyable {
  /// Cash and positions at their marks.
  @usableFromInline package var equity: Double
  /// The sum of the absolute values of all positions.
  @usableFromInline package var grossExposure: Double
  /// Cash.
  @usableFromInline package var cash: Double
  /// Commission, slippage and taxes so far.
  @usableFromInline package var costs: Double
  /// The value of everything traded so far.
  @usableFromInline package var tradedNotional: Double
  /// The number of fills so far.
  @usableFromInline package var fillCount: Int

  @inlinable @inline(__always)
  init(
    equity: Double, grossExposure: Double, cash: Double, costs: Double, tradedNotional: Double,
    fillCount: Int
  ) {
    (self.equity, self.grossExposure, self.cash) = (equity, grossExposure, cash)
    (self.costs, self.tradedNotional, self.fillCount) = (costs, tradedNotional, fillCount)
  }
}
