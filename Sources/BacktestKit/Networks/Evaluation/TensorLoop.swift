/// A loop over the elements of up to four tensors with one shape: a result and what it is computed
/// from.
///
/// Dimensions that follow each other in all tensors are one, so most loops have a single long inner
/// run.
struct TensorLoop: Sendable {
  /// An outer dimension: its length and the distances in each tensor.
  struct Dimension: Sendable {
    var length: Int
    var steps: SIMD4<Int>
  }

  /// The dimensions around the inner run, outermost first.
  private(set) var dimensions: [Dimension] = []
  /// The length of the inner run.
  private(set) var count = 1
  /// The distances of neighbours in the inner run.
  private(set) var steps = SIMD4<Int>(repeating: 0)

  /// A loop over a shape, with the distances of each tensor, the result first.
  init(_ shape: [Int], _ strides: [[Int]]) {
    guard !shape.contains(0) else {
      count = 0
      return
    }
    for (index, length) in shape.enumerated() where length != 1 {
      var steps = SIMD4<Int>(repeating: 0)
      for (tensor, strides) in strides.enumerated() { steps[tensor] = strides[index] }
      if let last = dimensions.last, last.steps == steps &* length {
        dimensions[dimensions.count - 1] = Dimension(length: last.length * length, steps: steps)
      } else {
        dimensions.append(Dimension(length: length, steps: steps))
      }
    }
    if let inner = dimensions.popLast() { (count, steps) = (inner.length, inner.steps) }
  }

  /// The number of elements.
  var total: Int { dimensions.reduce(count) { $0 * $1.length } }

  /// Calls `body` with the positions at which each inner run begins, in order.
  @inline(__always)
  func forEachRun(_ body: (SIMD4<Int>) -> Void) {
    guard count > 0 else { return }
    if dimensions.isEmpty { return body(SIMD4(repeating: 0)) }
    dimensions.withUnsafeBufferPointer { dimensions in
      var position = SIMD4<Int>(repeating: 0)
      var index = SIMD8<Int>(repeating: 0)
      while true {
        body(position)
        var axis = dimensions.count &- 1
        while axis >= 0 {
          index[axis] &+= 1
          if index[axis] < dimensions[axis].length {
            position = position &+ dimensions[axis].steps
            break
          }
          position = position &- (dimensions[axis].steps &* (dimensions[axis].length &- 1))
          index[axis] = 0
          axis &-= 1
        }
        if axis < 0 { return }
      }
    }
  }
}
