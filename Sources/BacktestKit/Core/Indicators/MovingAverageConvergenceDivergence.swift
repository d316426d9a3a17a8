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
