import BacktestCheckpoints
import BacktestFiles

// Products of matrices
extension ONNXCompiler {
  /// alpha A B + beta C, where A and B may be transposed.
  mutating func gemm() throws(NetworkError) -> GraphValue {
    let (alpha, beta) = (try number("alpha", default: 1), try number("beta", default: 1))
    let (a, b) = (try input(0), try input(1))
    guard a.shape.count == 2, b.shape.count == 2 else { throw problem("it needs two matrices") }
    func turned(_ value: GraphValue, _ place: StridedTensor, _ turns: Bool) -> GraphValue {
      GraphValue(turns ? place.permuted([1, 0]) : place, value.kind)
    }
    let left = turned(a, try stored(a), try flag("transA", default: false))
    let turnsRight = try flag("transB", default: false)
    let added = beta == 0 ? nil : optionalInput(2)
    if beta == 0 { _ = optionalInput(2) }
    let columns = b.shape[turnsRight ? 0 : 1]
    if let matrix = b.constant, let bias = try constantBias(added, beta, columns) {
      try requireFinite(matrix, input: 1)
      let (inner, width) = (b.shape[turnsRight ? 1 : 0], b.shape[1])
      return try affine(left, inner: inner, columns: columns, bias: bias) {
        alpha * matrix[turnsRight ? $1 * width + $0 : $0 * width + $1]
      }
    }
    var result = try product(left, turned(b, try stored(b), turnsRight))
    if alpha != 1 {
      result = try multiplied(result, by: GraphValue([alpha], result.kind, shape: []))
    }
    guard var added else { return result }
    if beta != 1 { added = try multiplied(added, by: GraphValue([beta], added.kind, shape: [])) }
    guard try broadcast([result.shape, added.shape]) == result.shape else {
      throw problem("its third input has the shape \(added.shape)")
    }
    return try binary(.add, result, added)
  }

  /// A constant bias of a row; zeros without one, `nil` where it is something else.
  private func constantBias(
    _ value: GraphValue?, _ beta: Double, _ columns: Int
  ) throws(NetworkError) -> [Double]? {
    guard let value else { return [Double](repeating: 0, count: columns) }
    guard let elements = value.constant, value.shape.dropLast().allSatisfy({ $0 == 1 }),
      elements.count == columns || elements.count == 1
    else { return nil }
    try requireFinite(elements, input: 2)
    return (0..<columns).map { beta * elements[elements.count == 1 ? 0 : $0] }
  }

  /// Rows times a constant matrix, plus a bias, by the kernels of dense layers.
  private mutating func affine(
    _ value: GraphValue, inner: Int, columns: Int, bias: [Double],
    _ element: (_ input: Int, _ column: Int) -> Double
  ) throws(NetworkError) -> GraphValue {
    guard value.shape.last == inner, inner > 0, columns > 0 else {
      throw problem("the shape \(value.shape) does not fit a matrix of \(inner) x \(columns)")
    }
    let shape = value.shape.dropLast() + [columns]
    let rows = try rows(value)
    try takeProduct(rows: rows.rows, inner: inner, columns: columns)
    let result = base.affine(rows, columns: columns, bias: bias, element).rows
    return tensor(result, shape: Array(shape), value.kind)
  }

  /// Counts a product, its weights and its result.
  mutating func takeProduct(rows: Int, inner: Int, columns: Int) throws(NetworkError) {
    try checked([rows, columns + 64])
    try takeWeights(2 * inner * (columns + 64))
    try take(rows * inner * columns)
    guard base.memoryCount + rows * (columns + inner + 64) <= Self.largestValue else {
      throw problem("the values up to here take more than \(Self.largestValue) numbers of memory")
    }
  }

  /// Rows that kernels wrote, as a tensor.
  func tensor(_ rows: RowPlace, shape: [Int], _ kind: GraphValue.Kind) -> GraphValue {
    var strides = StridedTensor.rowMajor(Array(shape.dropLast())).map { $0 * rows.stride }
    strides.append(1)
    return GraphValue(
      StridedTensor(offset: rows.offset, shape: shape, strides: strides), kind, isOwned: true)
  }

  mutating func matMul() throws(NetworkError) -> GraphValue {
    let (a, b) = (try input(0), try input(1))
    if let matrix = b.constant, b.shape.count == 2, !a.shape.isEmpty {
      try requireFinite(matrix, input: 1)
      let (inner, columns) = (b.shape[0], b.shape[1])
      let bias = node.addedBias ?? [Double](repeating: 0, count: columns)
      return try affine(a, inner: inner, columns: columns, bias: bias) {
        matrix[$0 * columns + $1]
      }
    }
    // A vector is a row on the left and a column on the right.
    var (left, right) = (try stored(a), try stored(b))
    guard !a.shape.isEmpty, !b.shape.isEmpty else { throw problem("it needs two matrices") }
    if a.shape.count == 1 { left = left.inserting(0) }
    if b.shape.count == 1 { right = right.inserting(1) }
    let result = try product(GraphValue(left, a.kind), GraphValue(right, b.kind))
    var place = try stored(result)
    if b.shape.count == 1 { place = place.selecting(place.shape.count - 1, 0) }
    if a.shape.count == 1 {
      place = place.selecting(place.shape.count - (b.shape.count == 1 ? 1 : 2), 0)
    }
    return GraphValue(place, a.kind, isOwned: true)
  }

  /// Products of matrices in the last two dimensions; the others broadcast.
  mutating func product(
    _ a: GraphValue, _ b: GraphValue
  ) throws(NetworkError) -> GraphValue {
    let (rows, inner) = (a.shape[a.shape.count - 2], a.shape[a.shape.count - 1])
    let columns = b.shape[b.shape.count - 1]
    guard b.shape[b.shape.count - 2] == inner else {
      throw problem("the shapes \(a.shape) and \(b.shape) do not fit together")
    }
    let outer = try broadcast([Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2))])
    let left = try stored(a)
    var right = try stored(b)
    if columns > 1, right.strides[right.strides.count - 1] != 1 {
      right = try stored(try copied(b))
    }
    let result = try allocate(outer + [rows, columns], a.kind)
    let output = try stored(result)
    try take(result.count * inner)
    func step(_ place: StridedTensor, _ fromEnd: Int) -> Int {
      place.strides[place.strides.count - fromEnd]
    }
    func matrices(_ place: StridedTensor) -> [Int] {
      StridedTensor(
        offset: 0, shape: place.shape.dropLast(2), strides: place.strides.dropLast(2)
      ).expanded(to: outer).strides
    }
    base.steps.append(
      .tensor(
        .product(
          MatrixProductStep(
            left: TensorOperand(left), right: TensorOperand(right), output: output.offset,
            rows: rows, inner: inner, columns: columns, leftRow: step(left, 2),
            leftColumn: step(left, 1), rightRow: step(right, 2),
            matrices: TensorLoop(
              outer, [matrices(output), matrices(left), matrices(right)])))))
    return result
  }
}
