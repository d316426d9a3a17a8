/// The change over n inputs: `x[t] - x[t-n]`.
///
///     var momentum = Momentum(10)
///     if let change = momentum.update(bar.close) { … }
///
/// First defined on input n + 1. Seed: none. Equals TA-Lib's MOM. Undefined where either end is
/// not finite.
/// > J. J. Murphy, *Technical Analysis of the Futures Markets*, 1986.
public struct Momentum: Indicator {
  /// What the last update gave.
  public private(set) var value: Double?
  private var window: RollingWindow

  /// A change over `period` inputs.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int = 10) { window = RollingWindow(capacity: period) }

  /// How many inputs lie between the two that are compared.
  public var period: Int { window.capacity }

  /// `period + 1`.
  public var warmupLength: Int { window.capacity + 1 }

  /// Takes the next input and gives the change.
  @discardableResult
  public mutating func update(_ input: Double) -> Double? {
    value = window.append(input).map { input - $0 }.flatMap { $0.isFinite ? $0 : nil }
    return value
  }
}

/// The change over n inputs in percent: `100 (x[t] / x[t-n] - 1)`.
///
///     var rate = RateOfChange(10)
///     if let percent = rate.update(bar.close) { … }
///
/// First defined on input n + 1. Seed: none. Equals TA-Lib's ROC. Undefined where either end is
/// not finite or the older is 0.
/// > J. J. Murphy, *Technical Analysis of the Futures Markets*, 1986.
public struct RateOfChange: Indicator {
  /// What the last update gave.
  public private(set) var value: Double?
  private var window: RollingWindow

  /// A change over `period` inputs, in percent.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int = 10) { window = RollingWindow(capacity: period) }

  /// How many inputs lie between the two that are compared.
  public var period: Int { window.capacity }

  /// `period + 1`.
  public var warmupLength: Int { window.capacity + 1 }

  /// Takes the next input and gives the change in percent.
  @discardableResult
  public mutating func update(_ input: Double) -> Double? {
    let rate = window.append(input).map { 100 * (input / $0 - 1) }
    value = rate.flatMap { $0.isFinite ? $0 : nil }
    return value
  }
}

/// MACD: the distance between a fast and a slow exponential average, and an exponential average
/// of that distance as its signal.
///
///     var macd = MovingAverageConvergenceDivergence()   // 12, 26, 9
///     if let m = macd.update(bar.close) { print(m.line, m.signal, m.histogram) }
///
/// Seed: both averages begin on input s (the slow period), each with the mean of the f or s inputs
/// that end there; the signal with the mean of its first g distances. First defined on input
/// s + g - 1. Equals TA-Lib's MACD. An input that is not finite is skipped.
/// > G. Appel, *The Moving Average Convergence-Divergence Method*, 1979.
public struct MovingAverageConvergenceDivergence: Indicator {
  /// The line, its signal and the distance between them, in units of the input.
  public struct Output: Hashable, Sendable, BitwiseCopyable {
    /// Fast average minus slow average.
    public var line: Double
    /// The exponential average of the line.
    public var signal: Double
    /// Line minus signal.
    public var histogram: Double { line - signal }
  }

  /// What the last update gave.
  public private(set) var value: Output?
  private var fast: ExponentialMovingAverage
  private var slow: ExponentialMovingAverage
  private var signal: ExponentialMovingAverage
  /// Inputs that the fast average still leaves out, so that both begin together.
  private var held: Int

  /// A convergence-divergence of three periods.
  ///
  /// - Precondition: all are at least 1, and `fast` is less than `slow`.
  public init(fast: Int = 12, slow: Int = 26, signal: Int = 9) {
    precondition(fast < slow, "the fast period of a MACD is less than the slow one")
    self.fast = ExponentialMovingAverage(fast)
    self.slow = ExponentialMovingAverage(slow)
    self.signal = ExponentialMovingAverage(signal)
    held = slow - fast
  }

  /// `slow + signal - 1`.
  public var warmupLength: Int { slow.period + signal.period - 1 }

  /// Takes the next input and gives line, signal and histogram.
  @discardableResult
  public mutating func update(_ input: Double) -> Output? {
    value = nil
    guard input.isFinite else { return nil }
    slow.update(input)
    if held > 0 {
      held -= 1
    } else {
      fast.update(input)
    }
    guard let near = fast.value, let far = slow.value else { return nil }
    value = signal.update(near - far).map { Output(line: near - far, signal: $0) }
    return value
  }
}

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
