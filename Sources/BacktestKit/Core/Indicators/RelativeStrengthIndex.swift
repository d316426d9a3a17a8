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
