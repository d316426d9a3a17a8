/// The smallest of the last `period` inputs.
///
///     var floor = RollingMinimum(20)      // the lower Donchian channel
///     if let low = floor.update(bar.low) { … }
///
/// First defined on input n. Seed: none. Equals TA-Lib's MIN.
/// - Complexity: O(1) amortised; one update in n costs O(n), and no branch depends on the data.
/// > M. van Herk, "A fast algorithm for local minimum and maximum filters", *Pattern Recognition
/// > Letters* 13, 1992; J. Gil, M. Werman, "Computing 2-D min, median, and max filters", 1993.
public struct RollingMinimum: Indicator {
  /// The number of inputs in the window.
  public let period: Int
  /// This lap's inputs, then from `position` on the minimum of each old input and those after it.
  /// Minus infinity stands for what is not finite or not there yet.
  @usableFromInline var tails: ContiguousArray<Double>
  @usableFromInline var position = 0
  /// The minimum of this lap's inputs.
  @usableFromInline var newest = Double.infinity
  @usableFromInline var current: Double?

  /// A minimum over the last `period` inputs.
  ///
  /// - Precondition: `period` is at least 1.
  @inlinable
  public init(_ period: Int) {
    precondition(period >= 1, "a rolling extreme needs a period of at least 1")
    self.period = period
    tails = ContiguousArray(repeating: -.infinity, count: period)
  }

  /// The minimum after the last update.
  @inlinable
  public var value: Double? { current }

  /// `period`.
  @inlinable
  public var warmupLength: Int { period }

  /// Takes the next input and gives the minimum of the last `period`.
  @inlinable
  @inline(__always)
  @discardableResult
  public mutating func update(_ input: Double) -> Double? {
    let entry = input.isFinite ? input : -.infinity
    tails[position] = entry
    position += 1
    newest = entry < newest ? entry : newest
    if position == period { beginLap() }
    let tail = tails[position]
    let minimum = tail < newest ? tail : newest
    current = minimum == -.infinity ? nil : minimum
    return current
  }

  /// Starts the ring over and replaces its inputs by the minimum of each and those after it.
  @inlinable
  @inline(__always)
  mutating func beginLap() {
    var slot = position
    var minimum = Double.infinity
    while slot > 0 {
      slot &-= 1
      let input = tails[slot]
      minimum = input < minimum ? input : minimum
      tails[slot] = minimum
    }
    position = 0
    newest = .infinity
  }
}

/// The largest of the last `period` inputs.
///
///     var ceiling = RollingMaximum(20)    // the upper Donchian channel
///     if let high = ceiling.update(bar.high) { … }
///
/// First defined on input n. Seed: none. Equals TA-Lib's MAX. Speed and source as for
/// `RollingMinimum`, of which it is the mirror image.
public struct RollingMaximum: Indicator {
  @usableFromInline var mirror: RollingMinimum

  /// A maximum over the last `period` inputs.
  ///
  /// - Precondition: `period` is at least 1.
  @inlinable
  public init(_ period: Int) { mirror = RollingMinimum(period) }

  /// The number of inputs in the window.
  @inlinable
  public var period: Int { mirror.period }

  /// The maximum after the last update.
  @inlinable
  public var value: Double? { mirror.current.map { -$0 } }

  /// `period`.
  @inlinable
  public var warmupLength: Int { mirror.period }

  /// Takes the next input and gives the maximum of the last `period`.
  @inlinable
  @inline(__always)
  @discardableResult
  public mutating func update(_ input: Double) -> Double? { mirror.update(-input).map { -$0 } }
}
