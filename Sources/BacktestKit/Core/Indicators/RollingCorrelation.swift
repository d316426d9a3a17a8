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
