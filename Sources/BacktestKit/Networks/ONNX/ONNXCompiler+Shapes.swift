import BacktestCheckpoints
import BacktestFiles

// Shapes and constants
extension ONNXCompiler {
  mutating func shaping() throws(NetworkError) -> GraphValue? {
    switch node.operation {
    case .identity: return try passed(try input(0))
    case .constant: return try constant()
    case .constantOfShape: return try constantOfShape()
    case .range: return try range()
    case .shape:
      let shape = try input(0).shape
      let start = try clamped(try integer("start", default: 0), shape.count)
      let end = try clamped(try integer("end", default: shape.count), shape.count)
      return GraphValue(integers: start < end ? Array(shape[start..<end]) : [])
    case .size: return GraphValue([Double(try input(0).count)], .integer, shape: [])
    case .reshape: return try reshape()
    case .flatten:
      let value = try input(0)
      let rank = value.shape.count
      let given = try integer("axis", default: 1)
      let axis = given == rank ? rank : try self.axis(given, rank: rank)
      let outer = value.shape.prefix(axis).reduce(1, *)
      return try reshaped(value, to: [outer, value.count / max(outer, 1)])
    case .squeeze: return try squeeze()
    case .unsqueeze: return try unsqueeze()
    case .expand:
      let value = try input(0)
      let shape = try broadcast([value.shape, try requestedShape(input: 1)])
      return view(value, try stored(value).expanded(to: shape))
    case .transpose:
      let value = try input(0)
      let reversed = Array(value.shape.indices.reversed())
      let order = try axes(try integers("perm") ?? reversed, rank: value.shape.count)
      guard order.count == value.shape.count else {
        throw problem("'perm' must list all \(value.shape.count) dimensions")
      }
      return view(value, try stored(value).permuted(order))
    default: return nil
    }
  }

  /// A position within a number of dimensions, as `Shape` has it.
  private func clamped(_ position: Int, _ rank: Int) throws(NetworkError) -> Int {
    min(max(position < 0 ? position &+ rank : position, 0), rank)
  }

  private mutating func constant() throws(NetworkError) -> GraphValue {
    guard node.attributes.count == 1, let (name, attribute) = node.attributes.first else {
      throw problem("it must have one value")
    }
    node.attributes = [:]
    switch attribute {
    case .tensor(let tensor): return try constant(tensor)
    case .number(let value): return GraphValue([value], .single, shape: [])
    case .numbers(let values): return GraphValue(values, .single, shape: [values.count])
    case .integer(let value): return GraphValue([Double(value)], .integer, shape: [])
    case .integers(let values): return GraphValue(integers: values)
    case .text, .texts:
      throw problem("the value \(quotedForMessage(name)) is a text, which is not supported")
    }
  }

  /// The lengths that an input asks for.
  private mutating func requestedShape(input index: Int) throws(NetworkError) -> [Int] {
    let shape = try integers(input: index)
    try checked(shape)
    return shape
  }

  private mutating func constantOfShape() throws(NetworkError) -> GraphValue {
    let shape = try requestedShape(input: 0)
    var value = GraphValue([0], .single, shape: [1])
    if let attribute = node.attributes.removeValue(forKey: "value") {
      guard case .tensor(let tensor) = attribute, tensor.count == 1 else {
        throw problem("its value must be one number")
      }
      value = try constant(tensor)
    }
    let place = try stored(value).reshaped(to: [])
    return GraphValue(
      (place ?? StridedTensor(offset: 0, shape: [])).expanded(to: shape), value.kind)
  }

  private mutating func range() throws(NetworkError) -> GraphValue {
    let kind = try input(0).kind
    guard let start = try optionalNumber(input: 0), let limit = try optionalNumber(input: 1),
      let step = try optionalNumber(input: 2), step != 0, start.isFinite, limit.isFinite
    else { throw problem("it needs a start, a limit and a step that is not 0") }
    let count = ((limit - start) / step).rounded(.up)
    guard count <= Double(Self.largestValue) else { throw problem("it has \(count) numbers") }
    let length = max(Int(count), 0)
    try takeConstant(length)
    return GraphValue(
      (0..<length).map { start + Double($0) * step }, kind, shape: [length])
  }

  private mutating func reshape() throws(NetworkError) -> GraphValue {
    let value = try input(0)
    var shape = try integers(input: 1)
    let allowsZero = try flag("allowzero", default: false)
    for index in shape.indices where shape[index] == 0 && !allowsZero {
      guard index < value.shape.count else { throw problem("there is no dimension \(index)") }
      shape[index] = value.shape[index]
    }
    if let free = shape.firstIndex(of: -1) {
      var others = shape
      others[free] = 1
      let count = try checked(others)
      guard count > 0, value.count.isMultiple(of: count) else { throw mismatch(value, shape) }
      shape[free] = value.count / count
    }
    guard try checked(shape) == value.count else { throw mismatch(value, shape) }
    return try reshaped(value, to: shape)
  }

  private func mismatch(_ value: GraphValue, _ shape: [Int]) -> NetworkError {
    problem("a value of the shape \(value.shape) cannot have the shape \(shape)")
  }

  /// The same elements with other dimensions, copied where they are not in order.
  mutating func reshaped(
    _ value: GraphValue, to shape: [Int]
  ) throws(NetworkError) -> GraphValue {
    try checked(shape)
    if let place = try stored(value).reshaped(to: shape) { return view(value, place) }
    let copy = try copied(value)
    return GraphValue(
      StridedTensor(offset: try stored(copy).offset, shape: shape), value.kind, isOwned: true)
  }

  /// The axes of `Squeeze` and its relatives, an input since operator set 13.
  private mutating func listedAxes(rank: Int) throws(NetworkError) -> [Int]? {
    guard let axes = try optionalIntegers(input: 1) else { return nil }
    return try self.axes(axes, rank: rank)
  }

  private mutating func squeeze() throws(NetworkError) -> GraphValue {
    let value = try input(0)
    let rank = value.shape.count
    let axes = try listedAxes(rank: rank) ?? value.shape.indices.filter { value.shape[$0] == 1 }
    guard axes.allSatisfy({ value.shape[$0] == 1 }) else {
      throw problem("a dimension of the shape \(value.shape) is not 1")
    }
    var place = try stored(value)
    for axis in axes.sorted(by: >) { place = place.selecting(axis, 0) }
    return view(value, place)
  }

  private mutating func unsqueeze() throws(NetworkError) -> GraphValue {
    let value = try input(0)
    let listed = try integers(input: 1)
    let axes = try axes(listed, rank: value.shape.count + listed.count)
    var place = try stored(value)
    for axis in axes.sorted() { place = place.inserting(axis) }
    try checked(place.shape)
    return view(value, place)
  }
}
