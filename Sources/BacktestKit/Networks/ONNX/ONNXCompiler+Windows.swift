import BacktestCheckpoints
import BacktestFiles

/// Windows that move over the dimensions behind batch and channels.
struct MovingWindow {
  var lengths: [Int]
  var strides: [Int]
  var dilations: [Int]
  var before: [Int]
  var after: [Int]
  /// How many positions a window has in each dimension.
  var positions: [Int]
}

// Convolution and pooling
extension ONNXCompiler {
  /// The window of the node over a shape of batch, channels and the dimensions that it moves over.
  private mutating func window(
    _ shape: [Int], lengths given: [Int]?
  ) throws(NetworkError) -> MovingWindow {
    let rank = shape.count - 2
    guard rank >= 1, rank <= 2, shape[0] == 1 else {
      throw problem("it needs a batch of one, channels and one or two more dimensions: \(shape)")
    }
    let ones = [Int](repeating: 1, count: rank)
    let lengths = try integers("kernel_shape") ?? given ?? []
    let strides = try integers("strides") ?? ones
    let dilations = try integers("dilations") ?? ones
    let pads = try integers("pads") ?? [Int](repeating: 0, count: 2 * rank)
    let auto = try text("auto_pad", default: "NOTSET")
    guard ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"].contains(auto) else {
      throw problem("the padding \(quotedForMessage(auto)) is unknown; export 'pads'")
    }
    guard auto == "NOTSET" || pads.allSatisfy({ $0 == 0 }) else {
      throw problem("it has both 'auto_pad' and 'pads'; export one of them")
    }
    guard lengths.count == rank, strides.count == rank, dilations.count == rank,
      pads.count == 2 * rank,
      (lengths + strides + dilations).allSatisfy({ 1...65_536 ~= $0 }),
      pads.allSatisfy({ 0...65_536 ~= $0 })
    else { throw problem("kernel, strides, dilations and pads do not fit \(rank) dimensions") }
    var window = MovingWindow(
      lengths: lengths, strides: strides, dilations: dilations, before: Array(pads.prefix(rank)),
      after: Array(pads.suffix(rank)), positions: [])
    for axis in 0..<rank {
      let (size, stride) = (shape[axis + 2], strides[axis])
      let reach = dilations[axis] * (lengths[axis] - 1) + 1
      if auto.hasPrefix("SAME"), size > 0 {
        // As many positions as steps fit into the dimension; an odd margin is at one end.
        let missing = (size - 1) / stride * stride + reach - size
        // Some runtimes cut such an end off at both sides, others at the far one.
        guard missing >= -1 else {
          throw problem("'auto_pad' with a stride that is longer than the window; export 'pads'")
        }
        let margin = max(missing, 0)
        window.before[axis] = (auto == "SAME_UPPER" ? margin : margin + 1) / 2
        window.after[axis] = margin - window.before[axis]
      }
      let room = size + window.before[axis] + window.after[axis]
      guard room >= reach else {
        throw problem("a window of \(reach) does not fit a dimension of \(room)")
      }
      window.positions.append((room - reach) / stride + 1)
    }
    return window
  }

  /// The value with its margins.
  private mutating func padded(
    _ value: GraphValue, _ window: MovingWindow, with filling: Double
  ) throws(NetworkError) -> StridedTensor {
    guard window.before.contains(where: { $0 > 0 }) || window.after.contains(where: { $0 > 0 })
    else { return try stored(value) }
    return try stored(
      try padded(
        value, before: [0, 0] + window.before, after: [0, 0] + window.after, with: filling))
  }

  /// Each position with what its window holds: channels, positions, elements of the window.
  private func patches(_ place: StridedTensor, _ window: MovingWindow) -> StridedTensor {
    let steps = place.strides.dropFirst(2)
    return StridedTensor(
      isWeight: place.isWeight, offset: place.offset,
      shape: [place.shape[1]] + window.positions + window.lengths,
      strides: [place.strides[1]] + zip(steps, window.strides).map { $0 * $1 }
        + zip(steps, window.dilations).map { $0 * $1 })
  }

  mutating func convolution() throws(NetworkError) -> GraphValue {
    let (value, matrix) = (try input(0), try input(1))
    guard let weights = matrix.constant, matrix.shape.count == value.shape.count,
      value.shape.count >= 3
    else { throw problem("it needs channels, and constant weights with as many dimensions") }
    try requireFinite(weights, input: 1)
    let groups = try integer("group", default: 1)
    let (outputs, inputs) = (matrix.shape[0], matrix.shape[1])
    guard groups >= 1, outputs > 0, outputs.isMultiple(of: groups),
      value.shape[1] == inputs * groups
    else {
      throw problem("weights of \(matrix.shape) in \(groups) groups do not fit \(value.shape)")
    }
    let bias = try self.weights(input: 2, count: outputs, default: 0)
    let lengths = Array(matrix.shape.dropFirst(2))
    let window = try window(value.shape, lengths: lengths)
    guard window.lengths == lengths else { throw problem("its kernel is not that of its weights") }
    let taps = lengths.reduce(1, *)
    if groups == 1, lengths.count == 1, window.dilations == [1] {
      return try convolution(value, window, bias) { input, column in
        let (tap, channel) = input.quotientAndRemainder(dividingBy: inputs)
        return weights[(column * inputs + channel) * taps + tap]
      }
    }
    return try generalConvolution(
      try padded(value, window, with: 0), window, groups: groups, value.kind, bias
    ) { input, column in weights[column * inputs * taps + input] }
  }

  /// Over one dimension, by the kernels of dense layers: neighbouring rows of time x channels.
  private mutating func convolution(
    _ value: GraphValue, _ window: MovingWindow, _ bias: [Double],
    _ element: (_ input: Int, _ column: Int) -> Double
  ) throws(NetworkError) -> GraphValue {
    let (channels, times) = (value.shape[1], value.shape[2])
    let place = try stored(value)
    let rows: RowPlace
    if window.before[0] + window.after[0] == 0, let packed = place.permuted([0, 2, 1]).rows {
      rows = packed
    } else {
      // The rows around keep their initial 0.
      let length = times + window.before[0] + window.after[0]
      let margin = try stored(try allocate([1, length, channels], value.kind))
      let middle = margin.sliced(1, from: window.before[0], count: times)
      try copy(place.permuted([0, 2, 1]), to: middle)
      rows = RowPlace(offset: margin.offset, rows: length, count: channels, stride: channels)
    }
    let positions = window.positions[0]
    try takeProduct(
      rows: positions, inner: window.lengths[0] * channels, columns: bias.count)
    let result = base.affine(
      rows, taps: window.lengths[0], step: window.strides[0], columns: bias.count, bias: bias,
      element
    ).rows
    return GraphValue(
      StridedTensor(
        offset: result.offset, shape: [1, bias.count, positions],
        strides: [0, 1, result.stride]), value.kind, isOwned: true)
  }

  /// Groups, dilation and two dimensions: what each window holds is laid out first.
  private mutating func generalConvolution(
    _ place: StridedTensor, _ window: MovingWindow, groups: Int, _ kind: GraphValue.Kind,
    _ bias: [Double], _ element: (_ input: Int, _ column: Int) -> Double
  ) throws(NetworkError) -> GraphValue {
    let rank = window.lengths.count
    let patches = patches(place, window)
    let (inputs, columns) = (patches.shape[0] / groups, bias.count / groups)
    let order = Array(1...rank) + [0] + Array((rank + 1)...(2 * rank))
    let count = window.positions.reduce(1, *)
    let result = try allocate(window.positions + [bias.count], kind)
    for group in 0..<groups {
      let part = patches.sliced(0, from: group * inputs, count: inputs).permuted(order)
      let rows = try copied(GraphValue(part, kind))
      let inner = rows.count / count
      try takeProduct(rows: count, inner: inner, columns: columns)
      let first = group * columns
      let output = base.affine(
        RowPlace(offset: try stored(rows).offset, rows: count, count: inner, stride: inner),
        columns: columns, bias: Array(bias[first..<(first + columns)])
      ) { element($0, first + $1) }.rows
      let shape = window.positions + [columns]
      try copy(
        try stored(tensor(output, shape: shape, kind)),
        to: try stored(result).sliced(rank, from: first, count: columns))
    }
    let channelsFirst = [rank] + Array(0..<rank)
    return GraphValue(
      try stored(result).permuted(channelsFirst).inserting(0), kind, isOwned: true)
  }

  mutating func pooling() throws(NetworkError) -> GraphValue {
    let value = try input(0)
    let isGlobal = [.globalAveragePool, .globalMaxPool].contains(node.operation)
    let isMaximum = [.maxPool, .globalMaxPool].contains(node.operation)
    guard value.shape.count >= 3 else { throw problem("it needs a batch, channels and more") }
    if isGlobal {
      return try reduced(
        value, isMaximum ? .maximum : .mean, over: Array(2..<value.shape.count), keeps: true)
    }
    let roundsUp = try flag("ceil_mode", default: false)
    guard node.outputCount == 1, !roundsUp,
      try integer("storage_order", default: 0) == 0
    else { throw problem("indices, 'ceil_mode' and 'storage_order' are not supported") }
    let countsMargin = try flag("count_include_pad", default: false)
    let window = try window(value.shape, lengths: nil)
    let rank = window.lengths.count
    func pooled(_ place: StridedTensor, _ function: TensorReductionStep.Function)
      throws(NetworkError) -> GraphValue
    {
      var patches = patches(place, window)
      patches = patches.inserting(0)
      return try reduced(
        GraphValue(patches, value.kind), function,
        over: Array((rank + 2)..<(2 * rank + 2)), keeps: false)
    }
    if isMaximum { return try pooled(try padded(value, window, with: -.infinity), .maximum) }
    let hasMargin = (window.before + window.after).contains { $0 > 0 }
    guard hasMargin, !countsMargin else {
      return try pooled(try padded(value, window, with: 0), .mean)
    }
    // Only what is inside of the margin counts.
    let ones = GraphValue(
      try stored(GraphValue([1], value.kind, shape: [])).expanded(to: value.shape), value.kind)
    let sum = try pooled(try padded(value, window, with: 0), .sum)
    return try binary(.divide, sum, try pooled(try padded(ones, window, with: 0), .sum))
  }
}
