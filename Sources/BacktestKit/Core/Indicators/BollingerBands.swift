/// A simple moving average with bands `deviations` population standard deviations away.
///
///     var bands = BollingerBands(20, deviations: 2)
///     if let b = bands.update(bar.close) { print(b.lower, b.middle, b.upper) }
///
/// First defined on input n. Seed: none. Equals TA-Lib's BBANDS with a simple average, whose
/// default period is 5; 20 is Bollinger's. In a constant window the bands meet at its value.
/// > J. Bollinger, *Bollinger on Bollinger Bands*, 2001.
public struct BollingerBands: Indicator {
  /// Three levels in units of the input.
  public struct Output: Hashable, Sendable, BitwiseCopyable {
    /// The average plus the deviations.
    public var upper: Double
    /// The average.
    public var middle: Double
    /// The average minus the deviations.
    public var lower: Double
  }

  /// How many standard deviations the bands are away.
  public let deviations: Double
  /// What the last update gave.
  public private(set) var value: Output?
  private var deviation: RollingDeviation

  /// Bands over the last `period` inputs.
  ///
  /// - Precondition: `period` is at least 1 and `deviations` is finite and not negative.
  public init(_ period: Int = 20, deviations: Double = 2) {
    precondition(deviations >= 0 && deviations.isFinite, "deviations are finite and not negative")
    self.deviations = deviations
    deviation = RollingDeviation(period)
  }

  /// The number of inputs in the window.
  public var period: Int { deviation.period }

  /// `period`.
  public var warmupLength: Int { deviation.period }

  /// Takes the next input and gives the bands.
  @discardableResult
  public mutating func update(_ input: Double) -> Output? {
    value = nil
    guard let spread = deviation.update(input), let middle = deviation.mean else { return nil }
    let reach = deviations * spread
    value = Output(upper: middle + reach, middle: middle, lower: middle - reach)
    return value
  }
}
