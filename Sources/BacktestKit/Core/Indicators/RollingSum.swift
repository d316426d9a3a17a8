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
