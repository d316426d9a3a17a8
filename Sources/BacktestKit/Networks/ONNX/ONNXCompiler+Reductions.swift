import BacktestCheckpoints
import BacktestFiles

// One number from many
extension ONNXCompiler {
  mutating func reducing() throws(NetworkError) -> GraphValue? {
    switch node.operation {
    case .reduceSum: return try reduction(.sum)
    case .reduceMean: return try reduction(.mean)
    case .reduceMax: return try reduction(.maximum)
    case .reduceMin: return try reduction(.minimum)
    case .reduceProd: return try reduction(.product)
    case .reduceL1: return try reduction(.absoluteSum)
    case .reduceSumSquare: return try reduction(.squareSum)
    case .reduceLogSumExp: return try reduction(.logSumExp)
    case .reduceL2: return try function(.squareRoot, of: try reduction(.squareSum))
    case .reduceLogSum: return try function(.logarithm, of: try reduction(.sum))
    case .argMax: return try position(greatest: true)
    case .argMin: return try position(greatest: false)
    default: return nil
    }
  }

  private mutating func reduction(
    _ function: TensorReductionStep.Function
  ) throws(NetworkError) -> GraphValue {
    let value = try input(0)
    let keeps = try flag("keepdims", default: true)
    let skipsEmpty = try flag("noop_with_empty_axes", default: false)
    // The axes became an input with operator set 13 or 18.
    let listed = try optionalIntegers(input: 1)
    let given = try integers("axes") ?? listed ?? []
    if given.isEmpty, skipsEmpty { return try passed(value) }
    let all = Array(value.shape.indices)
    let axes = given.isEmpty ? all : try self.axes(given, rank: value.shape.count)
    return try reduced(value, function, over: axes, keeps: keeps)
  }

  private mutating func position(greatest: Bool) throws(NetworkError) -> GraphValue {
    let value = try input(0)
    let axis = try self.axis(try integer("axis", default: 0), rank: value.shape.count)
    let last = try flag("select_last_index", default: false)
    var result = try reduced(
      value, .position(greatest: greatest, last: last), over: [axis],
      keeps: try flag("keepdims", default: true))
    result.kind = .integer
    return result
  }

  /// A function of the elements along some dimensions.
  mutating func reduced(
    _ value: GraphValue, _ function: TensorReductionStep.Function, over axes: [Int], keeps: Bool
  ) throws(NetworkError) -> GraphValue {
    let from = try stored(value)
    let axes = axes.sorted()
    let others = value.shape.indices.filter { !axes.contains($0) }
    let (inner, outer) = (from.permuted(axes), from.permuted(Array(others)))
    guard inner.count > 0 else { throw problem("it reduces a dimension of 0") }
    let result = try allocate(outer.shape, value.kind)
    let output = try stored(result)
    try take(4 * value.count)
    base.steps.append(
      .tensor(
        .reduce(
          TensorReductionStep(
            function: function, input: TensorOperand(from), output: output.offset,
            outer: TensorLoop(outer.shape, [output.strides, outer.strides]),
            inner: TensorLoop(inner.shape, [inner.strides])))))
    guard keeps else { return result }
    var place = output
    for axis in axes { place = place.inserting(axis) }
    return GraphValue(place, value.kind, isOwned: true)
  }

  /// Softmax along one dimension, or its logarithm.
  mutating func softmax() throws(NetworkError) -> GraphValue {
    let value = try input(0)
    let rank = value.shape.count
    let axis = try self.axis(try integer("axis", default: -1), rank: rank)
    if node.operation == .logSoftmax {
      return try binary(
        .subtract, value, try reduced(value, .logSumExp, over: [axis], keeps: true))
    }
    guard rank > 0, value.count > 0 else { throw problem("it needs at least one number") }
    if axis == rank - 1 {
      let result = try writable(input: 0)
      try addSoftmax(result)
      return result
    }
    // The dimension goes to the end, and back.
    var order = Array(0..<rank)
    order.swapAt(axis, rank - 1)
    let moved = GraphValue(try stored(value).permuted(order), value.kind)
    let result = try copied(moved)
    try addSoftmax(result)
    return GraphValue(try stored(result).permuted(order), value.kind, isOwned: true)
  }

  private mutating func addSoftmax(_ value: GraphValue) throws(NetworkError) {
    try take(20 * value.count)
    base.steps.append(.softmax(RowStep(place: try rows(value))))
  }
}

// Normalisation
extension ONNXCompiler {
  mutating func layerNormalization() throws(NetworkError) -> GraphValue {
    var value = try writable(input: 0)
    let rank = value.shape.count
    let axis = try self.axis(try integer("axis", default: -1), rank: rank)
    if axis < rank - 1 { value = try contiguous(value) }
    let eps = try number("epsilon", default: 1e-5)
    _ = try integer("stash_type", default: 1)
    guard node.outputCount == 1 else {
      throw problem("its mean and deviation as outputs are not supported")
    }
    let width = value.shape.dropFirst(axis).reduce(1, *)
    let scale = try weights(input: 1, count: width, default: 1)
    let bias = try weights(input: 2, count: width, default: 0)
    try addLayerNorm(value, width: width, scale, bias, eps: eps)
    return value
  }

  private mutating func addLayerNorm(
    _ value: GraphValue, width: Int, _ scale: [Double], _ bias: [Double], eps: Double
  ) throws(NetworkError) {
    guard width > 0, eps >= 0 else { throw problem("it normalises nothing") }
    try take(8 * value.count)
    var rows = RowPlace(
      offset: try stored(value).offset, rows: value.count / width, count: width, stride: width)
    if value.shape.last == width { rows = try self.rows(value) }
    base.steps.append(
      .layerNorm(RowStep(place: rows, weight: base.keep(scale), bias: base.keep(bias), eps: eps)))
  }

  /// Finite constants, as many as are needed.
  mutating func weights(
    input index: Int, count: Int, default value: Double? = nil
  ) throws(NetworkError) -> [Double] {
    guard let weights = optionalInput(index) else {
      guard let value else { throw problem("its input \(index) is missing") }
      return [Double](repeating: value, count: count)
    }
    guard let elements = weights.constant else {
      throw problem("its input \(index) must be a constant")
    }
    guard elements.count == count else {
      throw problem("its input \(index) has \(elements.count) numbers, expected \(count)")
    }
    try requireFinite(elements, input: index)
    return elements
  }

  func requireFinite(_ elements: [Double], input index: Int) throws(NetworkError) {
    guard elements.allSatisfy(\.isFinite) else {
      throw problem("its input \(index) holds a number that is not finite")
    }
  }

  /// Normalises each channel by numbers of the training.
  mutating func batchNormalization() throws(NetworkError) -> GraphValue {
    let value = try input(0)
    let isTraining = try flag("training_mode", default: false)
    guard !isTraining else {
      throw problem("it is in training mode; export the model in evaluation mode (model.eval())")
    }
    _ = try number("momentum", default: 0.9)
    let eps = try number("epsilon", default: 1e-5)
    guard value.shape.count >= 2, node.outputCount == 1 else {
      throw problem("it needs a batch of channels and has one output")
    }
    let channels = value.shape[1]
    let scale = try weights(input: 1, count: channels)
    let bias = try weights(input: 2, count: channels)
    let mean = try weights(input: 3, count: channels)
    let variance = try weights(input: 4, count: channels)
    guard variance.allSatisfy({ $0 + eps > 0 }) else { throw problem("a variance is negative") }
    let factors = zip(scale, variance).map { $0 / ($1 + eps).squareRoot() }
    let shifts = (0..<channels).map { bias[$0] - mean[$0] * factors[$0] }
    return try scaled(value, factors, shifts)
  }

  /// Each channel times a factor, plus a number.
  private mutating func scaled(
    _ value: GraphValue, _ factors: [Double], _ shifts: [Double]
  ) throws(NetworkError) -> GraphValue {
    let shape = [factors.count] + [Int](repeating: 1, count: value.shape.count - 2)
    let product = try multiplied(value, by: GraphValue(factors, value.kind, shape: shape))
    return try binary(.add, product, GraphValue(shifts, value.kind, shape: shape))
  }

  /// Normalises each channel by its own mean and variance.
  mutating func instanceNormalization() throws(NetworkError) -> GraphValue {
    let value = try contiguous(try writable(input: 0))
    guard value.shape.count >= 3 else { throw problem("it needs channels of several numbers") }
    let (channels, width) = (value.shape[1], value.shape.dropFirst(2).reduce(1, *))
    let eps = try number("epsilon", default: 1e-5)
    let scale = try weights(input: 1, count: channels)
    let bias = try weights(input: 2, count: channels)
    try standardize(value, width: width, eps: eps)
    return try scaled(value, scale, bias)
  }

  /// Normalises each group of channels by its own mean and variance.
  mutating func groupNormalization() throws(NetworkError) -> GraphValue {
    let value = try contiguous(try writable(input: 0))
    let groups = try integer("num_groups", default: 0)
    let eps = try number("epsilon", default: 1e-5)
    _ = try integer("stash_type", default: 1)
    guard value.shape.count >= 2, groups > 0, value.shape[1] % groups == 0 else {
      throw problem("its \(groups) groups do not divide the channels")
    }
    let channels = value.shape[1]
    // Before operator set 21 each group had a factor, and since then each channel.
    let isByChannel = opset >= 21
    func perChannel(_ weights: [Double]) -> [Double] {
      isByChannel
        ? weights : weights.flatMap { [Double](repeating: $0, count: channels / groups) }
    }
    let scale = perChannel(try weights(input: 1, count: isByChannel ? channels : groups))
    let bias = perChannel(try weights(input: 2, count: isByChannel ? channels : groups))
    let width = value.shape.dropFirst(2).reduce(channels / groups, *)
    try standardize(value, width: width, eps: eps)
    return try scaled(value, scale, bias)
  }

  /// Brings neighbouring numbers, so many at a time, to a mean of 0 and a variance of 1.
  private mutating func standardize(
    _ value: GraphValue, width: Int, eps: Double
  ) throws(NetworkError) {
    let ones = [Double](repeating: 1, count: width)
    let zeros = [Double](repeating: 0, count: width)
    try addLayerNorm(value, width: width, ones, zeros, eps: eps)
  }
}
