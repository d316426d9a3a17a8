/// The sums from which mean and deviation of the last `period` inputs follow, with tail sums as
/// in `SimpleMovingAverage`.
///
/// With a pivot p in the window, `(mean - p)² <= n · variance`, so taking the mean out of the sum
/// of squares costs at most a factor n + 1 in relative accuracy, whatever the level of the data.
/// > T. Chan, G. Golub, R. LeVeque, "Algorithms for computing the sample variance", *The American
/// > Statistician* 37(3), 1983, on shifted data.
@usableFromInline
struct RollingMoments: Sendable {
  @usableFromInline let period: Int
  /// This lap's inputs as `first`, then from `position` on the sums over each old input and those
  /// after it.
  @usableFromInline var slots: ContiguousArray<Sums>
  @usableFromInline var position = 0
  @usableFromInline var pivot = 0.0
  @usableFromInline var newer = Sums(first: 0, second: 0)
  @usableFromInline var all = Sums(first: .nan, second: .nan)

  /// Sums of differences from the pivot and of their squares.
  @usableFromInline
  struct Sums: BitwiseCopyable, Sendable {
    @usableFromInline var first: Double
    @usableFromInline var second: Double

    @inlinable
    init(first: Double, second: Double) {
      self.first = first
      self.second = second
    }

    @inlinable
    mutating func add(_ difference: Double) {
      first += difference
      second += difference * difference
    }
  }

  @inlinable
  init(_ period: Int) {
    self.period = period
    // A tail that is not a number keeps the first lap undefined.
    slots = ContiguousArray(repeating: Sums(first: .nan, second: .nan), count: period)
  }

  @inlinable
  mutating func update(_ input: Double) {
    slots[position].first = input
    position += 1
    newer.add(input - pivot)
    if position == period { beginLap(pivot: input) }
    let tail = slots[position]
    all = Sums(first: tail.first + newer.first, second: tail.second + newer.second)
  }

  @inlinable
  @inline(__always)
  mutating func beginLap(pivot newest: Double) {
    var slot = position
    var sums = Sums(first: 0, second: 0)
    while slot > 0 {
      slot &-= 1
      sums.add(slots[slot].first - newest)
      slots[slot] = sums
    }
    position = 0
    pivot = newest
    newer = Sums(first: 0, second: 0)
  }

  /// Not finite while undefined.
  @inlinable
  var mean: Double { pivot + all.first / Double(period) }

  /// The sum of squared differences from the mean; not finite while undefined.
  @inlinable
  var squares: Double {
    let squares = all.second - all.first * all.first / Double(period)
    return squares < 0 ? 0 : squares
  }
}

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

/// Pearson's correlation of the last `period` pairs:
/// `sum((x - mx)(y - my)) / sqrt(sum((x - mx)²) · sum((y - my)²))`.
///
///     var correlation = RollingCorrelation(63)
///     if let r = correlation.update(assetReturn, marketReturn) { … }
///
/// First defined on pair n. Seed: none. A window in which x or y does not vary has no
/// correlation and gives `nil`. The result lies in -1...1.
/// - Complexity: O(1) amortised; one update in n costs O(n).
/// > K. Pearson, "Note on regression and inheritance in the case of two parents", *Proceedings of
/// > the Royal Society* 58, 1895.
public struct RollingCorrelation: Indicator {
  /// The number of pairs in the window.
  public let period: Int
  /// What the last update gave.
  public private(set) var value: Double?
  /// This lap's pairs as `x` and `y`, then from `position` on the sums over each old pair and those
  /// after it.
  private var slots: ContiguousArray<Sums>
  private var position = 0
  private var pivot = (x: 0.0, y: 0.0)
  private var newer = Sums()

  /// Sums over differences from the pivot pair, which lies in the window.
  private struct Sums: BitwiseCopyable {
    var x = 0.0
    var y = 0.0
    var xx = 0.0
    var yy = 0.0
    var xy = 0.0

    mutating func add(_ dx: Double, _ dy: Double) {
      x += dx
      y += dy
      xx += dx * dx
      yy += dy * dy
      xy += dx * dy
    }

    static func + (a: Sums, b: Sums) -> Sums {
      Sums(x: a.x + b.x, y: a.y + b.y, xx: a.xx + b.xx, yy: a.yy + b.yy, xy: a.xy + b.xy)
    }

    func correlation(of count: Double) -> Double? {
      let variation = (xx - x * x / count) * (yy - y * y / count)
      let correlation = (xy - x * y / count) / variation.squareRoot()
      guard variation > 0, correlation.isFinite else { return nil }
      return min(1, max(-1, correlation))
    }
  }

  /// A correlation over the last `period` pairs.
  ///
  /// - Precondition: `period` is at least 2.
  public init(_ period: Int) {
    precondition(period >= 2, "a rolling correlation needs a period of at least 2")
    self.period = period
    // A tail that is not a number keeps the first lap undefined.
    slots = ContiguousArray(repeating: Sums(x: .nan), count: period)
  }

  /// `period`.
  public var warmupLength: Int { period }

  /// Takes the next pair and gives the correlation of the last `period`.
  @discardableResult
  public mutating func update(_ x: Double, _ y: Double) -> Double? {
    slots[position].x = x
    slots[position].y = y
    position += 1
    newer.add(x - pivot.x, y - pivot.y)
    if position == period { beginLap(x, y) }
    value = (slots[position] + newer).correlation(of: Double(period))
    return value
  }

  /// Takes the next pair and gives the correlation of the last `period`.
  @discardableResult
  public mutating func update(_ pair: (Double, Double)) -> Double? { update(pair.0, pair.1) }

  /// Starts the ring over with the newest pair as pivot.
  private mutating func beginLap(_ x: Double, _ y: Double) {
    position = 0
    pivot = (x, y)
    newer = Sums()
    slots.withUnsafeMutableBufferPointer { slots in
      var sums = Sums()
      for slot in slots.indices.reversed() {
        sums.add(slots[slot].x - x, slots[slot].y - y)
        slots[slot] = sums
      }
    }
  }
}
