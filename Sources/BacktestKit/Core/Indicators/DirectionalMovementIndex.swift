/// Wilder's directional indicators: which share of the true range was movement up, which down.
///
/// Of two bars, the rise of the high and the fall of the low compete: the larger, if positive,
/// is the movement, and the smaller counts as none. With Wilder's sums
/// `S[t] = S[t-1] - S[t-1] / n + x[t]` of both movements and of the true range,
/// `+DI = 100 S(up) / S(range)`, `-DI` likewise, and `DX = 100 |+DI - -DI| / (+DI + -DI)`.
///
///     var direction = DirectionalMovementIndex(14)
///     if let d = direction.update(bar), d.plus > d.minus { … }
///
/// Seed: the sums of n - 1 movements; first defined on bar n + 1. Equals TA-Lib's PLUS_DI,
/// MINUS_DI and DX. While nothing has moved yet all three are 0, as there. A bar with a price that
/// is not finite is skipped.
/// > J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
public struct DirectionalMovementIndex: Indicator {
  /// Three percentages, 0 to 100.
  public struct Output: Hashable, Sendable, BitwiseCopyable {
    /// +DI, the share of movement up.
    public var plus: Double
    /// -DI, the share of movement down.
    public var minus: Double
    /// DX, how one-sided the movement was.
    public var index: Double
  }

  /// The length of Wilder's sums.
  public let period: Int
  /// What the last update gave.
  public private(set) var value: Output?
  private var range = TrueRange()
  private var previous: (high: Double, low: Double) = (0, 0)
  private var seeded = 0
  private var up = 0.0
  private var down = 0.0
  private var whole = 0.0

  /// Directional indicators with Wilder's sums of length `period`.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int = 14) {
    precondition(period >= 1, "a directional movement index needs a period of at least 1")
    self.period = period
  }

  /// `period + 1`.
  public var warmupLength: Int { period + 1 }

  /// Takes the next bar and gives both indicators and the index.
  @discardableResult
  public mutating func update(_ bar: Bar) -> Output? {
    value = nil
    guard bar.hasFiniteRange else { return nil }
    let rise = bar.high - previous.high
    let fall = previous.low - bar.low
    previous = (bar.high, bar.low)
    guard let trueRange = range.update(bar) else { return nil }
    let movementUp = rise > 0 && rise > fall ? rise : 0
    let movementDown = fall > 0 && fall > rise ? fall : 0
    let decay = seeded == period - 1 ? 1 / Double(period) : 0
    up += movementUp - up * decay
    down += movementDown - down * decay
    whole += trueRange - whole * decay
    guard seeded == period - 1 else {
      seeded += 1
      return nil
    }
    value = measure()
    return value
  }

  private func measure() -> Output {
    guard whole > 0 else { return Output(plus: 0, minus: 0, index: 0) }
    let movement = up + down
    return Output(
      plus: 100 * up / whole, minus: 100 * down / whole,
      index: movement > 0 ? 100 * abs(up - down) / movement : 0)
  }
}
