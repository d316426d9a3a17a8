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
