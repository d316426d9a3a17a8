// What steps on tensors read and write, as ranges of memory
extension TensorStep {
  /// The ranges that it reads, apart from weights.
  var reads: [RowPlace] {
    func read(_ operand: TensorOperand, _ reach: ClosedRange<Int>) -> [RowPlace] {
      operand.isWeight ? [] : [RowPlace(from: operand.offset, reach)]
    }
    switch self {
    case .copy(let from, _, let loop): return read(from, loop.reach(1))
    case .function(_, let offset, let count):
      return [RowPlace(offset: offset, rows: 1, count: count, stride: count)]
    case .binary(_, let a, let b, _, let loop):
      return read(a, loop.reach(1)) + read(b, loop.reach(2))
    case .select(let condition, let a, let b, _, let loop):
      return read(condition, loop.reach(1)) + read(a, loop.reach(2)) + read(b, loop.reach(3))
    case .reduce(let step):
      return read(step.input, step.outer.reach(1).extended(by: step.inner.reach(0)))
    case .product(let step):
      let left = [(step.rows, step.leftRow), (step.inner, step.leftColumn)]
      let right = [(step.inner, step.rightRow), (step.columns, 1)]
      return read(step.left, step.matrices.reach(1).extended(by: left))
        + read(step.right, step.matrices.reach(2).extended(by: right))
    case .gather(let step):
      let data = [(step.outer * step.available * step.inner, 1)]
      return read(step.data, (0...0).extended(by: data))
        + read(step.indices, (0...0).extended(by: [(step.wanted, 1)]))
    case .gatherElements(let step):
      return read(step.data, step.loop.reach(2).extended(by: [(step.available, step.stride)]))
        + read(step.indices, step.loop.reach(1))
    }
  }

  /// The range that it writes.
  var writes: RowPlace {
    switch self {
    case .copy(_, let to, let loop), .binary(_, _, _, let to, let loop),
      .select(_, _, _, let to, let loop):
      return RowPlace(from: to, loop.reach(0))
    case .function(_, let offset, let count):
      return RowPlace(offset: offset, rows: 1, count: count, stride: count)
    case .reduce(let step): return RowPlace(from: step.output, step.outer.reach(0))
    case .product(let step):
      let matrix = [(step.rows * step.columns, 1)]
      return RowPlace(from: step.output, step.matrices.reach(0).extended(by: matrix))
    case .gather(let step):
      let count = step.outer * step.wanted * step.inner
      return RowPlace(offset: step.output, rows: 1, count: count, stride: count)
    case .gatherElements(let step): return RowPlace(from: step.output, step.loop.reach(0))
    }
  }
}

extension RowPlace {
  /// A range of memory, both ends included.
  fileprivate init(from offset: Int, _ reach: ClosedRange<Int>) {
    self.init(
      offset: offset + reach.lowerBound, rows: 1, count: reach.count, stride: reach.count)
  }
}

extension ClosedRange<Int> {
  /// The range that is reached from here by some lengths at some distances.
  fileprivate func extended(by dimensions: [(length: Int, step: Int)]) -> ClosedRange<Int> {
    var (low, high) = (lowerBound, upperBound)
    for (length, step) in dimensions where length > 1 {
      low += Swift.min(0, (length - 1) * step)
      high += Swift.max(0, (length - 1) * step)
    }
    return low...high
  }

  fileprivate func extended(by other: ClosedRange<Int>) -> ClosedRange<Int> {
    (lowerBound + other.lowerBound)...(upperBound + other.upperBound)
  }
}

extension TensorLoop {
  /// How far the elements of one of its tensors reach from the first.
  fileprivate func reach(_ tensor: Int) -> ClosedRange<Int> {
    (0...0).extended(
      by: dimensions.map { ($0.length, $0.steps[tensor]) } + [(count, steps[tensor])])
  }
}
