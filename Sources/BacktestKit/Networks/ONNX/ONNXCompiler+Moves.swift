import BacktestCheckpoints
import BacktestFiles

// Elements to other places
extension ONNXCompiler {
  mutating func moving() throws(NetworkError) -> GraphValue? {
    switch node.operation {
    case .concat: return try concatenation()
    case .slice: return try slice()
    case .gather: return try gather()
    case .gatherElements: return try gatherElements()
    case .pad: return try pad()
    case .tile: return try tile()
    case .trilu: return try triangle()
    default: return nil
    }
  }

  private mutating func concatenation() throws(NetworkError) -> GraphValue {
    var parts: [GraphValue] = []
    for index in node.inputs.indices { parts.append(try input(index)) }
    guard let first = parts.first else { throw problem("it has no inputs") }
    let rank = first.shape.count
    let axis = try self.axis(try integer("axis", default: 0), rank: rank)
    var shape = first.shape
    shape[axis] = 0
    for part in parts {
      var others = part.shape
      guard others.count == rank else { throw problem("its inputs differ in their dimensions") }
      shape[axis] += others[axis]
      others[axis] = shape[axis]
      guard others == shape else { throw problem("its inputs differ in their shapes") }
    }
    return try joined(parts, axis, shape, first.kind)
  }

  /// Values one after the other in a dimension.
  mutating func joined(
    _ parts: [GraphValue], _ axis: Int, _ shape: [Int], _ kind: GraphValue.Kind
  ) throws(NetworkError) -> GraphValue {
    let result = try allocate(shape, kind)
    let place = try stored(result)
    var start = 0
    for part in parts {
      let length = part.shape[axis]
      try copy(try stored(part), to: place.sliced(axis, from: start, count: length))
      start += length
    }
    return result
  }

  private mutating func slice() throws(NetworkError) -> GraphValue {
    let value = try input(0)
    let (starts, ends) = (try integers(input: 1), try integers(input: 2))
    let all = Array(starts.indices)
    let axes = try axes(try optionalIntegers(input: 3) ?? all, rank: value.shape.count)
    let steps = try optionalIntegers(input: 4) ?? starts.map { _ in 1 }
    guard [ends.count, axes.count, steps.count].allSatisfy({ $0 == starts.count }) else {
      throw problem("its starts, ends, axes and steps differ in number")
    }
    var place = try stored(value)
    for (index, axis) in axes.enumerated() {
      let (length, step) = (value.shape[axis], steps[index])
      guard step != 0, abs(step) <= 1 << 40 else { throw problem("it has the step \(step)") }
      func position(_ given: Int) -> Int {
        let position = given < 0 ? given + length : given
        return step > 0 ? min(max(position, 0), length) : min(max(position, -1), length - 1)
      }
      let (start, end) = (position(starts[index]), position(ends[index]))
      let distance = step > 0 ? end - start : start - end
      let count = distance <= 0 ? 0 : (distance - 1) / abs(step) + 1
      // By the standard nothing, but ONNX Runtime takes an element in some of these cases.
      guard step > 0 || count > 0 else {
        throw problem("it goes backwards from \(starts[index]) to \(ends[index]) and takes nothing")
      }
      place = place.sliced(
        axis, from: count == 0 ? 0 : start, step: count > 1 ? step : 1, count: count)
    }
    return view(value, place)
  }

  mutating func split() throws(NetworkError) -> [GraphValue] {
    let value = try input(0)
    let axis = try self.axis(try integer("axis", default: 0), rank: value.shape.count)
    let length = value.shape[axis]
    let parts = try integer("num_outputs", default: node.outputCount)
    guard 1...1_024 ~= parts else { throw problem("it has \(parts) parts") }
    let size = (length + parts - 1) / parts
    let equal = (0..<parts).map { max(min(size, length - $0 * size), 0) }
    let sizes = try optionalIntegers(input: 1) ?? equal
    guard sizes.allSatisfy({ 0...length ~= $0 }), sizes.reduce(0, +) == length else {
      throw problem("parts of \(sizes) do not make up \(length)")
    }
    let place = try stored(value)
    var start = 0
    var outputs: [GraphValue] = []
    for size in sizes {
      outputs.append(
        GraphValue(place.sliced(axis, from: size == 0 ? 0 : start, count: size), value.kind))
      start += size
    }
    return outputs
  }

  private mutating func gather() throws(NetworkError) -> GraphValue {
    let (value, indices) = (try input(0), try input(1))
    let axis = try self.axis(try integer("axis", default: 0), rank: value.shape.count)
    let available = value.shape[axis]
    if let constant = indices.constant {
      guard constant.allSatisfy({ -Double(available) <= $0 && $0 < Double(available) }) else {
        throw problem("an index is outside of a dimension of \(available)")
      }
      if indices.shape.isEmpty, let index = constant.first {
        let position = index < 0 ? Int(index) + available : Int(index)
        return view(value, try stored(value).selecting(axis, position))
      }
    }
    let outer = value.shape.prefix(axis)
    let inner = value.shape.dropFirst(axis + 1)
    let data = try stored(try contiguous(value))
    let positions = try stored(try contiguous(indices))
    let result = try allocate(outer + indices.shape + inner, value.kind)
    base.steps.append(
      .tensor(
        .gather(
          GatherStep(
            data: TensorOperand(data), indices: TensorOperand(positions),
            output: try stored(result).offset, outer: outer.reduce(1, *), available: available,
            wanted: indices.count, inner: inner.reduce(1, *)))))
    return result
  }

  private mutating func gatherElements() throws(NetworkError) -> GraphValue {
    let (value, indices) = (try input(0), try input(1))
    let axis = try self.axis(try integer("axis", default: 0), rank: value.shape.count)
    guard indices.shape.count == value.shape.count,
      zip(indices.shape, value.shape).enumerated().allSatisfy({
        $0.offset == axis || $0.element.0 <= $0.element.1
      })
    else { throw problem("the indices \(indices.shape) do not fit the values \(value.shape)") }
    var data = try stored(value)
    let stride = data.strides[axis]
    data.strides[axis] = 0
    let positions = try stored(indices)
    let result = try allocate(indices.shape, value.kind)
    let output = try stored(result)
    base.steps.append(
      .tensor(
        .gatherElements(
          GatherElementsStep(
            data: TensorOperand(data), indices: TensorOperand(positions), output: output.offset,
            available: value.shape[axis], stride: stride,
            loop: TensorLoop(
              indices.shape, [output.strides, positions.strides, data.strides])))))
    return result
  }

  private mutating func pad() throws(NetworkError) -> GraphValue {
    let value = try input(0)
    let rank = value.shape.count
    guard try text("mode", default: "constant") == "constant" else {
      throw problem("it pads with other values than a constant, which is not supported")
    }
    let amounts = try integers(input: 1)
    let filling = try optionalNumber(input: 2) ?? 0
    let all = Array(0..<rank)
    let axes = try axes(try optionalIntegers(input: 3) ?? all, rank: rank)
    guard amounts.count == 2 * axes.count,
      amounts.allSatisfy({ abs($0) <= Self.largestValue })
    else { throw problem("it needs two amounts for each of \(axes.count) dimensions") }
    var before = [Int](repeating: 0, count: rank)
    var after = before
    for (index, axis) in axes.enumerated() {
      (before[axis], after[axis]) = (amounts[index], amounts[index + axes.count])
    }
    return try padded(value, before: before, after: after, with: filling)
  }

  /// The value with a margin; a negative margin cuts off.
  mutating func padded(
    _ value: GraphValue, before: [Int], after: [Int], with filling: Double
  ) throws(NetworkError) -> GraphValue {
    let shape = value.shape.indices.map { value.shape[$0] + before[$0] + after[$0] }
    let result = try allocate(shape, value.kind)
    var target = try stored(result)
    var source = try stored(value)
    let number = try stored(GraphValue([filling], value.kind, shape: []))
    try copy(number.expanded(to: shape), to: target)
    for axis in shape.indices {
      let start = max(before[axis], 0)
      let cut = max(-before[axis], 0)
      let count = min(value.shape[axis] - cut, shape[axis] - start)
      guard count >= 0 else { throw problem("it cuts off more than there is") }
      target = target.sliced(axis, from: start, count: count)
      source = source.sliced(axis, from: cut, count: count)
    }
    try copy(source, to: target)
    return result
  }

  private mutating func tile() throws(NetworkError) -> GraphValue {
    let value = try input(0)
    let repeats = try integers(input: 1)
    guard repeats.count == value.shape.count, repeats.allSatisfy({ 0...Self.largestValue ~= $0 })
    else { throw problem("it needs a number of repeats for each dimension") }
    var place = try stored(value)
    var shape: [Int] = []
    for (axis, count) in repeats.enumerated() {
      guard shape.count < 7 || count == 1 else { throw problem("it repeats too many dimensions") }
      let (length, overflows) = value.shape[axis].multipliedReportingOverflow(by: count)
      guard !overflows else { throw problem("it repeats too often") }
      shape.append(length)
    }
    try checked(shape)
    // A new dimension before each that is repeated, then both as one.
    for axis in repeats.indices.reversed() where repeats[axis] != 1 {
      place = place.inserting(axis)
      place.shape[axis] = repeats[axis]
    }
    guard place.shape.count <= 8 else { throw problem("it repeats too many dimensions") }
    return try reshaped(GraphValue(place, value.kind), to: shape)
  }

  /// The upper or lower triangle of matrices, the rest 0.
  private mutating func triangle() throws(NetworkError) -> GraphValue {
    let value = try input(0)
    let shift = try optionalNumber(input: 1) ?? 0
    let isUpper = try flag("upper", default: true)
    guard value.shape.count >= 2 else { throw problem("it needs a matrix") }
    let matrix = Array(value.shape.suffix(2))
    try takeConstant(matrix[0] * matrix[1])
    var mask: [Double] = []
    for row in 0..<matrix[0] {
      for column in 0..<matrix[1] {
        let distance = Double(column - row)
        mask.append((isUpper ? distance >= shift : distance <= shift) ? 1 : 0)
      }
    }
    let keep = try stored(GraphValue(mask, .boolean, shape: matrix))
    let places = [keep, try stored(value), try stored(GraphValue([0], value.kind, shape: []))]
    let result = try allocate(value.shape, value.kind)
    let output = try stored(result)
    let strides = [output.strides] + places.map { $0.expanded(to: value.shape).strides }
    base.steps.append(
      .tensor(
        .select(
          TensorOperand(places[0]), TensorOperand(places[1]), TensorOperand(places[2]),
          to: output.offset, TensorLoop(value.shape, strides))))
    return result
  }
}
