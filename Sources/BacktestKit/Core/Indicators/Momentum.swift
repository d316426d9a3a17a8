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
