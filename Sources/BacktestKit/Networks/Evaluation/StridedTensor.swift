/// Where the elements of a tensor are in the weights of a network or in a state's memory, with the
/// distance between neighbours in each dimension. Transposing, slicing and repeating change only
/// this view, and copy nothing.
struct StridedTensor: Sendable, Equatable {
  /// Whether it lies in the weights.
  var isWeight: Bool
  /// The position of the first element.
  var offset: Int
  /// The length of each dimension, outermost first.
  var shape: [Int]
  /// The distance between neighbours in each dimension, counted in elements.
  var strides: [Int]

  /// Elements without gaps, the last index fastest.
  init(isWeight: Bool = false, offset: Int, shape: [Int]) {
    self.isWeight = isWeight
    self.offset = offset
    self.shape = shape
    strides = Self.rowMajor(shape)
  }

  /// Elements at given distances.
  init(isWeight: Bool = false, offset: Int, shape: [Int], strides: [Int]) {
    self.isWeight = isWeight
    self.offset = offset
    self.shape = shape
    self.strides = strides
  }

  /// The distances of elements without gaps.
  static func rowMajor(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for index in shape.indices.dropLast().reversed() {
      strides[index] = strides[index + 1] * shape[index + 1]
    }
    return strides
  }

  /// The number of elements.
  var count: Int { shape.reduce(1, *) }

  /// Whether the elements have no gaps and are in order.
  var isContiguous: Bool {
    zip(shape, zip(strides, Self.rowMajor(shape))).allSatisfy { $0 == 1 || $1.0 == $1.1 }
  }

  /// The dimensions in another order.
  func permuted(_ order: [Int]) -> StridedTensor {
    var view = self
    view.shape = order.map { shape[$0] }
    view.strides = order.map { strides[$0] }
    return view
  }

  /// Some indices of a dimension: `count` of them from `start` on, `step` apart.
  func sliced(_ axis: Int, from start: Int, step: Int = 1, count: Int) -> StridedTensor {
    var view = self
    view.offset += start * strides[axis]
    view.shape[axis] = count
    view.strides[axis] *= step
    return view
  }

  /// One index of a dimension, which disappears.
  func selecting(_ axis: Int, _ index: Int) -> StridedTensor {
    var view = sliced(axis, from: index, count: 1)
    view.shape.remove(at: axis)
    view.strides.remove(at: axis)
    return view
  }

  /// A new dimension of length 1.
  func inserting(_ axis: Int) -> StridedTensor {
    var view = self
    view.shape.insert(1, at: axis)
    view.strides.insert(0, at: axis)
    return view
  }

  /// Repeated along dimensions of length 1 or in front, to a shape that it fits.
  func expanded(to shape: [Int]) -> StridedTensor {
    var view = self
    let added = shape.count - self.shape.count
    view.shape = shape
    view.strides = shape.indices.map { index in
      index < added || self.shape[index - added] != shape[index] ? 0 : strides[index - added]
    }
    return view
  }

  /// The same elements with other dimensions; `nil` where they must be copied first.
  func reshaped(to shape: [Int]) -> StridedTensor? {
    var view = StridedTensor(isWeight: isWeight, offset: offset, shape: shape)
    if isContiguous { return view }
    let old = zip(self.shape, strides).filter { $0.0 != 1 }
    // Runs of old and of new dimensions with equal products are matched.
    var (from, to) = (0, 0)
    view.strides = [Int](repeating: 0, count: shape.count)
    let targets = shape.indices.filter { shape[$0] != 1 }
    while to < targets.count {
      guard from < old.count else { return nil }
      let (firstOld, firstNew) = (from, to)
      var (oldCount, newCount) = (old[from].0, shape[targets[to]])
      while oldCount != newCount {
        if oldCount < newCount {
          from += 1
          guard from < old.count else { return nil }
          oldCount *= old[from].0
        } else {
          to += 1
          guard to < targets.count else { return nil }
          newCount *= shape[targets[to]]
        }
      }
      for index in firstOld..<from where old[index].1 != old[index + 1].1 * old[index + 1].0 {
        return nil
      }
      var stride = old[from].1
      for index in (firstNew...to).reversed() {
        view.strides[targets[index]] = stride
        stride *= shape[targets[index]]
      }
      from += 1
      to += 1
    }
    return view
  }

  /// The same elements with the largest distances outermost, for what does not depend on an order.
  var ordered: StridedTensor {
    permuted(shape.indices.sorted { (abs(strides[$0]), $1) > (abs(strides[$1]), $0) })
  }

  /// The rows of a matrix whose columns are the last dimension; `nil` where the other dimensions do
  /// not follow each other at one distance.
  var rows: RowPlace? {
    guard !isWeight, let count = shape.last, let last = strides.last, count == 1 || last == 1
    else { return nil }
    let outer = zip(shape, strides).dropLast().filter { $0.0 != 1 }
    guard let nearest = outer.last else {
      return RowPlace(offset: offset, rows: 1, count: count, stride: count)
    }
    for (high, low) in zip(outer, outer.dropFirst()) where high.1 != low.1 * low.0 { return nil }
    guard nearest.1 >= count else { return nil }
    return RowPlace(
      offset: offset, rows: outer.reduce(1) { $0 * $1.0 }, count: count, stride: nearest.1)
  }
}
