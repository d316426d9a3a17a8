/// The last `capacity` numbers of a stream, in a ring.
///
///     var window = RollingWindow(capacity: 3)
///     for x in [1.0, 2, 3, 4] { window.append(x) }
///     print(window[0], window[2])   // 4.0 2.0
///
/// It takes every number, finite or not. Appending and reading are O(1).
public struct RollingWindow: Sendable {
  /// How many numbers it holds when full.
  public let capacity: Int
  /// The numbers by slot, not by age; slots not yet reached hold 0.
  @usableFromInline var slots: ContiguousArray<Double>
  /// The slot that the next number takes, which holds the oldest when full.
  @usableFromInline var next = 0
  @usableFromInline var filled = 0

  /// An empty window.
  ///
  /// - Precondition: `capacity` is at least 1.
  @inlinable
  public init(capacity: Int) {
    precondition(capacity >= 1, "a rolling window needs a capacity of at least 1")
    self.capacity = capacity
    slots = ContiguousArray(repeating: 0, count: capacity)
  }

  /// How many numbers it holds now.
  @inlinable
  public var count: Int { filled }

  /// Whether each further number pushes one out.
  @inlinable
  public var isFull: Bool { filled == capacity }

  /// Takes a number in and gives the one that fell out, `nil` while the window fills.
  @inlinable
  @discardableResult
  public mutating func append(_ number: Double) -> Double? {
    let fallen = slots[next]
    slots[next] = number
    next += 1
    if next == capacity { next = 0 }
    if filled == capacity { return fallen }
    filled += 1
    return nil
  }

  /// The number taken in `age` appends ago; 0 is the newest.
  ///
  /// - Precondition: `age` is at least 0 and less than `count`.
  @inlinable
  public subscript(age: Int) -> Double {
    precondition(age >= 0 && age < filled, "age outside the rolling window")
    let slot = next - 1 - age
    return slots[slot < 0 ? slot + capacity : slot]
  }
}

/// The sum of the last `period` inputs, with tail sums as in `SimpleMovingAverage` but without a
/// pivot, so that a sum of numbers that are not negative never is.
package struct RollingSum: Sendable {
  package let period: Int
  /// Not finite while undefined.
  package private(set) var value = Double.nan
  /// This lap's inputs, then from `position` on the sum of each old input and those after it.
  private var tails: ContiguousArray<Double>
  private var position = 0
  private var newerSum = 0.0

  package init(_ period: Int) {
    self.period = period
    // A tail that is not a number keeps the first lap undefined.
    tails = ContiguousArray(repeating: .nan, count: period)
  }

  package mutating func update(_ input: Double) {
    tails[position] = input
    position += 1
    newerSum += input
    if position == period {
      position = 0
      newerSum = 0
      tails.withUnsafeMutableBufferPointer { tails in
        var sum = 0.0
        for slot in tails.indices.reversed() {
          sum += tails[slot]
          tails[slot] = sum
        }
      }
    }
    value = tails[position] + newerSum
  }
}

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

/// How many inputs ago the largest of the last `length` came in; of equals the latest. Tails as in
/// `RollingMinimum`.
struct RollingExtremeAge: Sendable {
  let length: Int
  /// This lap's inputs, then from `position` on the largest of each old input and those after it.
  /// Infinity stands for what is not finite or not there yet.
  private var tails: ContiguousArray<Double>
  /// The slot of that largest.
  private var places: ContiguousArray<Int>
  private var position = 0
  private var newest = -Double.infinity
  private var newestPlace = 0

  init(_ length: Int) {
    self.length = length
    tails = ContiguousArray(repeating: .infinity, count: length)
    places = ContiguousArray(repeating: 0, count: length)
  }

  mutating func update(_ input: Double) -> Int? {
    let entry = input.isFinite ? input : .infinity
    let slot = position
    tails[slot] = entry
    position += 1
    if entry >= newest { (newest, newestPlace) = (entry, slot) }
    if position == length { beginLap() }
    let tail = tails[position]
    guard max(tail, newest) < .infinity else { return nil }
    if newest >= tail { return slot - newestPlace }
    let age = slot - places[position]
    return age < 0 ? age + length : age
  }

  private mutating func beginLap() {
    position = 0
    newest = -.infinity
    var largest = -Double.infinity
    var place = 0
    for slot in stride(from: length - 1, through: 0, by: -1) {
      if tails[slot] > largest { (largest, place) = (tails[slot], slot) }
      tails[slot] = largest
      places[slot] = place
    }
  }
}
