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
