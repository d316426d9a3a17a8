/// The mean of the last `period` inputs: `sum(x[t-n+1...t]) / n`.
///
///     var fast = SimpleMovingAverage(10)
///     if let mean = fast.update(bar.close) { … }
///
/// First defined on input n. Seed: none; the first value is the mean of the first n inputs.
///
/// Nothing is ever subtracted from a running sum, so rounding cannot build up and a number that
/// is not finite leaves no trace: the window is the newest inputs, which are summed as they come,
/// and a tail of older ones, whose sums from each slot to the last are made once a lap of the
/// ring. All sums are of differences from a pivot that lies in the window, so a constant series
/// has exactly its own value as mean.
/// - Complexity: O(1) amortised; one update in n costs O(n).
/// > Tail sums: M. van Herk, "A fast algorithm for local minimum and maximum filters",
/// > *Pattern Recognition Letters* 13, 1992, with addition in the place of the minimum.
public struct SimpleMovingAverage: Indicator {
  /// The number of inputs averaged.
  public let period: Int
  /// This lap's inputs, then from `position` on the sum over each old input and those after it.
  @usableFromInline var slots: ContiguousArray<Double>
  @usableFromInline var position = 0
  @usableFromInline var pivot = 0.0
  /// Sum over this lap's inputs.
  @usableFromInline var newerSum = 0.0
  /// The mean after the last update; not finite while undefined.
  @usableFromInline package var mean = Double.nan
  @usableFromInline let divisor: Double

  /// An average over the last `period` inputs.
  ///
  /// - Precondition: `period` is at least 1.
  @inlinable
  public init(_ period: Int) {
    precondition(period >= 1, "a simple moving average needs a period of at least 1")
    self.period = period
    divisor = Double(period)
    // A tail that is not a number keeps the first lap undefined.
    slots = ContiguousArray(repeating: .nan, count: period)
  }

  /// The mean after the last update.
  @inlinable
  public var value: Double? { mean.isFinite ? mean : nil }

  /// `period`.
  @inlinable
  public var warmupLength: Int { period }

  /// Takes the next input and gives the mean of the last `period`.
  @inlinable
  @inline(__always)
  @discardableResult
  public mutating func update(_ input: Double) -> Double? {
    let place = position
    let period = period
    let endsLap = place + 1 == period
    // One view for all that is read and written: the ring is checked for sharing once, and the
    // position is below the period by construction.
    let tail = slots.withUnsafeMutableBufferPointer { slots in
      assert(place < slots.count && slots.count == period)
      let ring = slots.baseAddress.unsafelyUnwrapped
      ring[place] = input
      guard endsLap else { return ring[place &+ 1] }
      addTails(ring, count: period, pivot: input)
      return ring[0]
    }
    position = endsLap ? 0 : place &+ 1
    newerSum = endsLap ? 0 : newerSum + (input - pivot)
    if endsLap { pivot = input }
    mean = pivot + (tail + newerSum) / divisor
    return mean.isFinite ? mean : nil
  }
}

/// Replaces the inputs of a lap by their tail sums, as differences from a pivot, from the last
/// slot back.
@usableFromInline
func addTails(_ ring: UnsafeMutablePointer<Double>, count: Int, pivot: Double) {
  var sum = 0.0
  var slot = count
  while slot > 0 {
    slot &-= 1
    sum += ring[slot] - pivot
    ring[slot] = sum
  }
}
