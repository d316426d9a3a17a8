/// The range of a bar including the gap from the close before it:
/// `max(high - low, |high - c|, |low - c|)` with c the previous close.
///
/// First defined on bar 2, which is the first to have a previous close. Equals TA-Lib's TRANGE.
/// A bar with a price that is not finite is skipped.
/// > J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
public struct TrueRange: Indicator {
  /// What the last update gave.
  public private(set) var value: Double?
  private var previousClose: Double?

  /// A true range, before its first bar.
  public init() {}

  /// 2.
  public var warmupLength: Int { 2 }

  /// Takes the next bar and gives its true range in price units.
  @discardableResult
  public mutating func update(_ bar: Bar) -> Double? {
    value = nil
    guard bar.hasFiniteRange else { return nil }
    if let close = previousClose {
      value = max(bar.high - bar.low, abs(bar.high - close), abs(bar.low - close))
    }
    previousClose = bar.close
    return value
  }
}

/// Wilder's average of the true range: `a[t] = (a[t-1] (n - 1) + range[t]) / n`.
///
///     var range = AverageTrueRange(14)
///     if let atr = range.update(bar) { … }   // price units
///
/// Seed: the mean of the first n true ranges; first defined on bar n + 1. Equals TA-Lib's ATR. A
/// bar with a price that is not finite is skipped.
/// > J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
public struct AverageTrueRange: Indicator {
  /// What the last update gave.
  public private(set) var value: Double?
  private var range = TrueRange()
  private var average: ExponentialMovingAverage

  /// An average of `period` true ranges.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int = 14) { average = ExponentialMovingAverage(wilder: period) }

  /// The number of true ranges in the seed, and the length of Wilder's average.
  public var period: Int { average.period }

  /// `period + 1`.
  public var warmupLength: Int { average.period + 1 }

  /// Takes the next bar and gives the average in price units.
  @discardableResult
  public mutating func update(_ bar: Bar) -> Double? {
    value = range.update(bar).flatMap { average.update($0) }
    return value
  }
}

/// The average true range in percent of the close: `100 · atr / close`.
///
///     var range = NormalizedAverageTrueRange(14)
///     if let percent = range.update(bar) { … }
///
/// Seed and first bar as for `AverageTrueRange`. Equals TA-Lib's NATR. A close of 0 gives `nil`.
/// > J. Forman, "Cross-Market Evaluations with Normalized Average True Range", *Technical
/// > Analysis of Stocks & Commodities*, May 2006.
public struct NormalizedAverageTrueRange: Indicator {
  /// What the last update gave.
  public private(set) var value: Double?
  private var range: AverageTrueRange

  /// A percentage from an average of `period` true ranges.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int = 14) { range = AverageTrueRange(period) }

  /// The number of true ranges in the seed, and the length of Wilder's average.
  public var period: Int { range.period }

  /// `period + 1`.
  public var warmupLength: Int { range.warmupLength }

  /// Takes the next bar and gives the average true range in percent.
  @discardableResult
  public mutating func update(_ bar: Bar) -> Double? {
    value = range.update(bar).map { 100 * $0 / bar.close }.flatMap { $0.isFinite ? $0 : nil }
    return value
  }
}

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
