/// TRIX: the change in percent, from input to input, of an exponential average of an exponential
/// average of an exponential average.
///
///     var trix = TripleExponentialRateOfChange(15)
///     if let percent = trix.update(bar.close) { … }
///
/// Seed: each average with the mean of the first n values of the one before; first defined on
/// input 3n - 1. Equals TA-Lib's TRIX. An input that is not finite is skipped; a change from 0
/// gives `nil`.
/// > J. K. Hutson, "Good TRIX", *Technical Analysis of Stocks & Commodities*, July 1983.
public struct TripleExponentialRateOfChange: Indicator {
  /// What the last update gave.
  public private(set) var value: Double?
  private var first: ExponentialMovingAverage
  private var second: ExponentialMovingAverage
  private var third: ExponentialMovingAverage
  private var previous: Double?

  /// A rate of change of three averages of length `period`.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int = 15) {
    first = ExponentialMovingAverage(period)
    second = first
    third = first
  }

  /// The length of each average.
  public var period: Int { first.period }

  /// `3 * period - 1`.
  public var warmupLength: Int { 3 * first.period - 1 }

  /// Takes the next input and gives the change in percent.
  @discardableResult
  public mutating func update(_ input: Double) -> Double? {
    value = nil
    guard let once = first.update(input), let twice = second.update(once),
      let average = third.update(twice)
    else { return nil }
    let rate = previous.map { 100 * (average / $0 - 1) }
    previous = average
    value = rate.flatMap { $0.isFinite ? $0 : nil }
    return value
  }
}
