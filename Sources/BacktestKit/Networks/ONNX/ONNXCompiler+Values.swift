import BacktestCheckpoints
import BacktestFiles

// Attributes and inputs of the node
extension ONNXCompiler {
  /// An attribute that is a whole number.
  mutating func integer(_ name: String, default value: Int) throws(NetworkError) -> Int {
    guard let attribute = node.attributes.removeValue(forKey: name) else { return value }
    guard case .integer(let value) = attribute else { throw otherKind(name) }
    return value
  }

  /// An attribute that is a whole number, if it is there.
  mutating func optionalInteger(_ name: String) throws(NetworkError) -> Int? {
    node.attributes[name] == nil ? nil : try integer(name, default: 0)
  }

  /// An attribute that says yes or no.
  mutating func flag(_ name: String, default value: Bool) throws(NetworkError) -> Bool {
    try integer(name, default: value ? 1 : 0) != 0
  }

  /// An attribute that is a number.
  mutating func number(_ name: String, default value: Double) throws(NetworkError) -> Double {
    guard let attribute = node.attributes.removeValue(forKey: name) else { return value }
    guard case .number(let value) = attribute else { throw otherKind(name) }
    return value
  }

  /// An attribute that is a text.
  mutating func text(_ name: String, default value: String) throws(NetworkError) -> String {
    guard let attribute = node.attributes.removeValue(forKey: name) else { return value }
    guard case .text(let value) = attribute else { throw otherKind(name) }
    return value
  }

  /// An attribute that is a list of whole numbers, if it is there.
  mutating func integers(_ name: String) throws(NetworkError) -> [Int]? {
    guard let attribute = node.attributes.removeValue(forKey: name) else { return nil }
    guard case .integers(let values) = attribute else { throw otherKind(name) }
    return values
  }

  private func otherKind(_ name: String) -> NetworkError {
    problem("the attribute \(quotedForMessage(name)) has another type than in ONNX")
  }

  /// An input that must be there.
  mutating func input(_ index: Int) throws(NetworkError) -> GraphValue {
    guard let value = optionalInput(index) else {
      throw problem("its input \(index) is missing")
    }
    return value
  }

  /// An input that may be left out.
  mutating func optionalInput(_ index: Int) -> GraphValue? {
    node.usedInputs = max(node.usedInputs, index + 1)
    return index < node.inputs.count ? node.inputs[index] : nil
  }

  /// An input of whole numbers that must be constants, such as a shape.
  mutating func optionalIntegers(input index: Int) throws(NetworkError) -> [Int]? {
    guard let value = optionalInput(index) else { return nil }
    guard let elements = value.constant, value.kind == .integer else {
      throw problem(
        "its input \(index) must be constant whole numbers; shapes may not depend on the "
          + "observation")
    }
    guard !elements.contains(where: \.isNaN) else {
      throw problem("its input \(index) is a quotient of zeros")
    }
    // The largest integers stand for "to the end".
    return elements.map { $0 >= 0x1p62 ? 1 << 62 : $0 <= -0x1p62 ? -(1 << 62) : Int($0) }
  }

  /// An input of whole numbers that must be there.
  mutating func integers(input index: Int) throws(NetworkError) -> [Int] {
    _ = try input(index)
    return try optionalIntegers(input: index) ?? []
  }

  /// An input that must be a constant number.
  mutating func optionalNumber(input index: Int) throws(NetworkError) -> Double? {
    guard let value = optionalInput(index) else { return nil }
    guard let elements = value.constant, elements.count == 1 else {
      throw problem("its input \(index) must be a constant number")
    }
    return elements[0]
  }

  /// A dimension, counted from the end where it is negative.
  func axis(_ axis: Int, rank: Int) throws(NetworkError) -> Int {
    let position = axis < 0 ? axis + rank : axis
    guard 0..<rank ~= position else {
      throw problem("the axis \(axis) is outside of \(rank) dimensions")
    }
    return position
  }

  /// Different dimensions, counted from the end where they are negative.
  func axes(_ axes: [Int], rank: Int) throws(NetworkError) -> [Int] {
    var found: [Int] = []
    for axis in axes { found.append(try self.axis(axis, rank: rank)) }
    guard Set(found).count == found.count else { throw problem("an axis is listed twice: \(axes)") }
    return found
  }
}

// Places of values
extension ONNXCompiler {
  /// Checks a shape before anything is made of it, and returns its number of elements.
  @discardableResult
  func checked(_ shape: [Int]) throws(NetworkError) -> Int {
    guard shape.count <= 8 else { throw problem("it has \(shape.count) dimensions, more than 8") }
    var count = 1
    for length in shape {
      let (product, overflows) = count.multipliedReportingOverflow(by: length)
      guard length >= 0 else { throw problem("the shape \(shape) has a negative size") }
      guard !overflows, product <= Self.largestValue else {
        throw problem("a value of the shape \(shape) is too large")
      }
      count = product
    }
    return count
  }

  /// Counts operations of an evaluation.
  mutating func take(_ operations: Int) throws(NetworkError) {
    work += operations
    guard work <= largestWork else {
      throw problem("up to here there are more than \(largestWork) operations")
    }
  }

  /// Checks that there is room for so many more weights.
  func takeWeights(_ count: Int) throws(NetworkError) {
    guard count <= Self.largestWeights - base.weights.count else {
      throw problem("the weights up to here have more than \(Self.largestWeights) numbers")
    }
  }

  /// 256 MB in double precision, copies for two kinds of products included.
  private static var largestWeights: Int { 1 << 25 }

  /// Space for a value without gaps.
  mutating func allocate(
    _ shape: [Int], _ kind: GraphValue.Kind
  ) throws(NetworkError) -> GraphValue {
    let count = try checked(shape)
    guard base.memoryCount + count <= Self.largestValue else {
      throw problem("the values up to here take more than \(Self.largestValue) numbers of memory")
    }
    try take(count)
    let rows = base.allocate(rows: 1, count: max(count, 1), stride: nil).rows
    return GraphValue(StridedTensor(offset: rows.offset, shape: shape), kind, isOwned: true)
  }

  /// Where a value is; a constant is stored with the weights.
  mutating func stored(_ value: GraphValue) throws(NetworkError) -> StridedTensor {
    if let place = value.place { return place }
    try takeWeights(value.count)
    let offset = base.keep(value.constant ?? [])
    return StridedTensor(isWeight: true, offset: offset, shape: value.shape)
  }

  /// The value in memory without gaps.
  mutating func contiguous(_ value: GraphValue) throws(NetworkError) -> GraphValue {
    if let place = value.place, !place.isWeight, place.isContiguous { return value }
    return try copied(value)
  }

  /// A copy of the value in memory, without gaps.
  mutating func copied(_ value: GraphValue) throws(NetworkError) -> GraphValue {
    let from = try stored(value)
    let copy = try allocate(value.shape, value.kind)
    try self.copy(from, to: try stored(copy))
    return copy
  }

  /// Adds a copy to a place of the same shape.
  mutating func copy(_ from: StridedTensor, to: StridedTensor) throws(NetworkError) {
    try take(from.count)
    base.steps.append(
      .tensor(
        .copy(
          TensorOperand(from), to: to.offset,
          TensorLoop(to.shape, [to.strides, from.strides]))))
  }

  /// Another view of the same elements as an input.
  func view(_ value: GraphValue, _ place: StridedTensor, input index: Int = 0) -> GraphValue {
    GraphValue(place, value.kind, isOwned: value.isOwned && isLastUse(index))
  }

  /// The first input itself as the output.
  mutating func passed(_ value: GraphValue) throws(NetworkError) -> GraphValue {
    view(value, try stored(value))
  }

  /// Whether nothing else reads an input.
  func isLastUse(_ index: Int) -> Bool {
    node.consumers.indices.contains(index) && node.consumers[index] == 1
  }

  /// An input in memory as rows of its last dimension, where it may be overwritten; what lies
  /// between the rows may be, too.
  mutating func writable(input index: Int) throws(NetworkError) -> GraphValue {
    let value = try input(index)
    if value.isOwned, isLastUse(index), value.place?.rows != nil { return value }
    return try copied(value)
  }

  /// An input in memory that may be overwritten, with the rows in which all of its elements are, in
  /// any order; what lies between the rows may be overwritten, too.
  mutating func elements(
    input index: Int
  ) throws(NetworkError) -> (value: GraphValue, rows: RowPlace) {
    let value = try input(index)
    if value.isOwned, isLastUse(index), let rows = value.place?.ordered.rows {
      return (value, rows)
    }
    let copy = try copied(value)
    return (copy, try elements(of: copy))
  }

  /// The rows in which all elements of a value without gaps are.
  func elements(of value: GraphValue) throws(NetworkError) -> RowPlace {
    let count = value.count
    return RowPlace(offset: value.place?.offset ?? 0, rows: 1, count: count, stride: count)
  }

  /// The value as rows of its last dimension.
  mutating func rows(_ value: GraphValue) throws(NetworkError) -> RowPlace {
    if let rows = value.place?.rows { return rows }
    guard let rows = try stored(try copied(value)).rows else {
      throw problem("it needs at least one dimension")
    }
    return rows
  }

  /// The shape to which shapes broadcast.
  func broadcast(_ shapes: [[Int]]) throws(NetworkError) -> [Int] {
    let rank = shapes.map(\.count).max() ?? 0
    var result = [Int](repeating: 1, count: rank)
    for shape in shapes {
      let added = rank - shape.count
      for (index, length) in shape.enumerated() where length != 1 {
        guard result[index + added] == 1 || result[index + added] == length else {
          throw problem("the shapes \(listed(shapes.map { "\($0)" }, "and")) do not fit together")
        }
        result[index + added] = length
      }
    }
    try checked(result)
    return result
  }
}
