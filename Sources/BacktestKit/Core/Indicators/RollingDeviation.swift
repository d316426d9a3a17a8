/// The standard deviation of the last `period` inputs: `sqrt(sum((x - mean)²) / d)` with d = n for
/// a population and n - 1 for a sample.
///
///     var volatility = RollingDeviation(21, of: .sample)
///     if let deviation = volatility.update(dailyReturn) { … }
///
/// First defined on input n. Seed: none. The population form equals TA-Lib's STDDEV. A constant
/// window gives exactly 0, and the level of the inputs does not cost accuracy: the relative error
/// is bounded by the period, not by how far the data lie from zero.
/// - Complexity: O(1) amortised; one update in n costs O(n).
/// > T. Chan, G. Golub, R. LeVeque, "Algorithms for computing the sample variance", *The American
/// > Statistician* 37(3), 1983, on shifted data.
public struct RollingDeviation: Indicator {
  /// What the inputs of a window are taken for, which decides the divisor.
  public enum Divisor: Sendable {
    /// All there is: divide by n.
    case population
    /// A sample of more: divide by n - 1, unbiased in the variance.
    case sample
  }

  /// The number of inputs in the window.
  public let period: Int
  /// Population or sample.
  public let divisor: Divisor
  @usableFromInline var moments: RollingMoments
  @usableFromInline let count: Double
  @usableFromInline var current: Double?

  /// A deviation over the last `period` inputs.
  ///
  /// - Precondition: `period` is at least 1, and at least 2 for a sample.
  @inlinable
  public init(_ period: Int, of divisor: Divisor = .population) {
    precondition(
      period >= (divisor == .sample ? 2 : 1),
      "a rolling deviation needs a period of at least 1, and of at least 2 for a sample")
    self.period = period
    self.divisor = divisor
    moments = RollingMoments(period)
    count = Double(divisor == .sample ? period - 1 : period)
  }

  /// The deviation after the last update.
  @inlinable
  public var value: Double? { current }

  /// `period`.
  @inlinable
  public var warmupLength: Int { period }

  /// The mean of the same window.
  @inlinable
  public var mean: Double? { current == nil ? nil : moments.mean }

  /// Takes the next input and gives the deviation of the last `period`.
  @inlinable
  @discardableResult
  public mutating func update(_ input: Double) -> Double? {
    moments.update(input)
    let deviation = (moments.squares / count).squareRoot()
    current = deviation.isFinite ? deviation : nil
    return current
  }
}
