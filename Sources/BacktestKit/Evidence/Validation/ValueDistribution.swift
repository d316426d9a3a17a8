import BacktestCore

/// Where some values lie: their quartiles and their range.
///
///     let sharpe = result.distribution(of: "sharpe")
///     print(sharpe?.lowerQuartile ?? .nan, sharpe?.median ?? .nan, sharpe?.upperQuartile ?? .nan)
public struct ValueDistribution: Sendable, Equatable {
  /// The number of values.
  public var count: Int
  /// The smallest value.
  public var minimum: Double
  /// The value below which a quarter lies.
  public var lowerQuartile: Double
  /// The value below which half lies.
  public var median: Double
  /// The value below which three quarters lie.
  public var upperQuartile: Double
  /// The greatest value.
  public var maximum: Double

  /// The distance between the quartiles.
  public var interquartileRange: Double { upperQuartile - lowerQuartile }

  /// The quartiles of values, linear between neighbours (type 7 of R. J. Hyndman and Y. Fan,
  /// 1996); `nil` of none. Values that are not finite do not count.
  public init?(_ values: [Double]) {
    let sorted = values.finiteValues.sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    count = sorted.count
    minimum = first
    lowerQuartile = sorted.sortedQuantile(0.25)
    median = sorted.sortedQuantile(0.5)
    upperQuartile = sorted.sortedQuantile(0.75)
    maximum = last
  }
}
