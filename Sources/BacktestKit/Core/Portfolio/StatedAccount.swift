/// An account of weights that an engine lends while nothing happens but that weights are stated and
/// bars close: what that reads and writes, and no more, so that it lies in a few lines of memory.
@usableFromInline
package struct StatedAccount: Sendable, BitwiseCopyable {
  /// The last instant that closed.
  @usableFromInline package private(set) var instant: Int
  /// The first instant whose close is the engine's.
  package let end: Int
  private(set) var money: WeightMoney
  private var exposure = 0.0
  private let fee: Double
  private let slippagePaid: Double
  private let taxPaid: Double
  private let fillCount: Int
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

  /// What it is worth.
  package var equity: Double { money.cash }

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
    standing = AccountStanding(
      equity: worth.equity, grossExposure: worth.grossExposure, cash: money.cash,
      costs: money.commissionPaid + slippagePaid + taxPaid, tradedNotional: money.tradedNotional,
      fillCount: fillCount)
    return true
  }

  @inline(__always)
  private mutating func earn(_ count: Int) {
    let held = UnsafeMutableBufferPointer(start: weights, count: count)
    exposure = WeightVector.exposure(of: UnsafeBufferPointer(held))
    instant &+= 1
    _ = money.earn(WeightVector.step(held, columns, atRow: instant, fee: fee), fee: fee)
  }

  /// The last close of an instrument.
  @inlinable @inline(__always)
  package func lastClose(of instrument: Int) -> Double { columns[instrument].close[instant] }

  /// The share of equity that an instrument has now.
  @inlinable @inline(__always)
  package func weight(of instrument: Int) -> Double { weights[instrument].drifted }
}

/// What an account is worth and what trading has cost it, in account currency.
package struct AccountStanding: Sendable, BitwiseCopyable {
  /// Cash and positions at their marks.
  package var equity: Double
  /// The sum of the absolute values of all positions.
  package var grossExposure: Double
  /// Cash.
  package var cash: Double
  /// Commission, slippage and taxes so far.
  package var costs: Double
  /// The value of everything traded so far.
  package var tradedNotional: Double
  /// The number of fills so far.
  package var fillCount: Int
}
