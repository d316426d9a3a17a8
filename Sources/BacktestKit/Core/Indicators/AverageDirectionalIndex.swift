/// ADX: Wilder's average of the directional movement index, the strength of a trend whatever its
/// direction, with the two directional indicators beside it.
///
///     var trend = AverageDirectionalIndex(14)
///     if let t = trend.update(bar), t.average > 25, t.plus > t.minus { … }
///
/// Seed: the mean of the first n DX; first defined on bar 2n. +DI and -DI are defined from bar
/// n + 1 on: for those bars use `DirectionalMovementIndex`. Equals TA-Lib's ADX, PLUS_DI and
/// MINUS_DI. A bar with a price that is not finite is skipped.
/// > J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
public struct AverageDirectionalIndex: Indicator {
  /// Three percentages, 0 to 100.
  public struct Output: Hashable, Sendable, BitwiseCopyable {
    /// ADX, the average of the index.
    public var average: Double
    /// +DI, the share of movement up.
    public var plus: Double
    /// -DI, the share of movement down.
    public var minus: Double
  }

  /// What the last update gave.
  public private(set) var value: Output?
  private var movement: DirectionalMovementIndex
  private var seeded = 0
  private var average = 0.0

  /// An average directional index of length `period`.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int = 14) { movement = DirectionalMovementIndex(period) }

  /// The length of Wilder's sums and of the average.
  public var period: Int { movement.period }

  /// `2 * period`.
  public var warmupLength: Int { 2 * movement.period }

  /// Takes the next bar and gives the average index and both indicators.
  @discardableResult
  public mutating func update(_ bar: Bar) -> Output? {
    value = nil
    guard let now = movement.update(bar) else { return nil }
    let count = Double(movement.period)
    if seeded < movement.period {
      average += now.index / count
      seeded += 1
    } else {
      average += (now.index - average) / count
    }
    guard seeded == movement.period else { return nil }
    value = Output(average: average, plus: now.plus, minus: now.minus)
    return value
  }
}
