/// The linearly weighted mean of the last `period` inputs, the newest with weight n, the oldest
/// with weight 1: `sum((i + 1) · x[t-n+1+i]) / (n (n + 1) / 2)`.
///
///     var average = WeightedMovingAverage(30)
///     if let mean = average.update(bar.close) { … }
///
/// First defined on input n. Seed: none. Equals TA-Lib's WMA. As in `SimpleMovingAverage` nothing
/// is subtracted from running sums, and a constant series gives exactly its own value.
/// - Complexity: O(1) amortised; one update in n costs O(n).
/// > P. J. Kaufman, *Trading Systems and Methods*, 1987, on step-weighted averages.
public struct WeightedMovingAverage: Indicator {
  /// The number of inputs averaged.
  public let period: Int
  /// What the last update gave.
  public private(set) var value: Double?
  /// This lap's inputs, then from `position` on the sum over each old input and those after it,
  /// with weights 1, 2, 3, ….
  private var slots: ContiguousArray<Double>
  private var position = 0
  private var pivot = 0.0
  /// Sum of this lap's differences from the pivot.
  private var newerSum = 0.0
  /// The same with weights 1, 2, 3, … from the lap's first.
  private var newerRamp = 0.0

  /// An average over the last `period` inputs.
  ///
  /// - Precondition: `period` is at least 1.
  public init(_ period: Int) {
    precondition(period >= 1, "a weighted moving average needs a period of at least 1")
    self.period = period
    // A tail that is not a number keeps the first lap undefined.
    slots = ContiguousArray(repeating: .nan, count: period)
  }

  /// `period`.
  public var warmupLength: Int { period }

  /// Takes the next input and gives the weighted mean of the last `period`.
  @discardableResult
  public mutating func update(_ input: Double) -> Double? {
    slots[position] = input
    position += 1
    let difference = input - pivot
    newerSum += difference
    newerRamp += Double(position) * difference
    if position == period { beginLap(input) }
    // The old inputs before this lap's lift each of its weights by their number.
    let ramp = slots[position] + newerRamp + Double(period - position) * newerSum
    let mean = pivot + ramp / (Double(period) * Double(period + 1) / 2)
    value = mean.isFinite ? mean : nil
    return value
  }

  /// Starts the ring over with the newest input as pivot.
  private mutating func beginLap(_ newest: Double) {
    position = 0
    pivot = newest
    newerSum = 0
    newerRamp = 0
    slots.withUnsafeMutableBufferPointer { slots in
      var sum = 0.0
      var ramp = 0.0
      for slot in slots.indices.reversed() {
        sum += slots[slot] - newest
        ramp += sum
        slots[slot] = ramp
      }
    }
  }
}
