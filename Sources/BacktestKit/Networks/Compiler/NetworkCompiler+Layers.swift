import BacktestCheckpoints
import BacktestFiles

// Single layers
extension NetworkCompiler {
  /// Adds the steps of a layer; `name` is what its state is called.
  mutating func compile(
    _ layer: NetworkLayer, _ value: NetworkValue, name: String
  ) throws(NetworkError) -> NetworkValue {
    switch layer {
    case .flatten: return try flattened(value)
    case .reshape(let shape): return try reshaped(value, shape)
    case .linear(let params, let bias): return try linear(params, value, hasBias: bias)
    case .conv1d: return try convolution(layer, value)
    case .lstm, .lstmCell, .gru, .rnn: return try recurrent(layer, value, name: name)
    case .batchNorm(let params, let eps): return try batchNorm(params, value, eps: eps)
    case .layerNorm(let params, let eps, let bias):
      return try layerNorm(params, value, eps: eps, hasBias: bias)
    case .groupNorm(let params, let groups, let eps):
      return try groupNorm(params, value, groups: groups, eps: eps)
    case .selfAttention(let params, let heads, let isCausal, let bias):
      return try attention(params, value, heads: heads, isCausal: isCausal, hasBias: bias)
    case .transformerEncoderLayer: return try encoderLayer(layer, value)
    case .sinusoidalPositions: return try sinusoidalPositions(value)
    case .learnedPositions(let tensor): return try learnedPositions(tensor, value)
    case .softmax:
      let value = writable(rowMajor(value))
      steps.append(.softmax(RowStep(place: value.rows)))
      return value
    case .dropout(let probability): return dropout(probability, value)
    case .transposeTimeChannel: return try transposedView(value)
    case .lastStep: return try lastStep(value)
    case .meanOverTime, .maxOverTime, .averagePool1d, .maxPool1d, .adaptiveAveragePool1d,
      .adaptiveMaxPool1d:
      return try pooled(layer, value)
    case .slice(let dimension, let start, let count):
      return try sliced(value, dimension: dimension, start: start, count: count)
    case .add, .multiply, .mean, .concat, .reuse: throw problem("is not allowed here")
    default:
      guard let function = layer.function else { throw problem("is not allowed here") }
      return pointwise(function, value)
    }
  }

  mutating func linear(
    _ params: String, _ value: NetworkValue, hasBias: Bool
  ) throws(NetworkError) -> NetworkValue {
    let value = rowMajor(value)
    let inputs = value.rows.count
    let (matrix, shape) = try weight("\(params).weight", [nil, inputs])
    let bias = try bias("\(params).bias", count: shape[0], isPresent: hasBias)
    var result = affine(value.rows, columns: shape[0], bias: bias) { matrix[$1 * inputs + $0] }
    result.isTable = value.isTable
    return result
  }

  private mutating func convolution(
    _ layer: NetworkLayer, _ value: NetworkValue
  ) throws(NetworkError) -> NetworkValue {
    guard
      case .conv1d(
        let params, let kernel, let stride, let padding, let dilation, let isCausal, let hasBias) =
        layer
    else { throw problem("is not a convolution") }
    guard value.isTable else {
      throw problem("needs a table of channels x time, not \(value.found)")
    }
    let (channels, times) = (value.shape[0], value.shape[1])
    let reach = (kernel - 1) * dilation + 1
    let before = isCausal ? reach - 1 : padding
    guard times + before + padding >= reach else {
      let spread = dilation > 1 ? " with a dilation of \(dilation)" : ""
      throw problem(
        "a kernel of \(kernel)\(spread) does not fit \(times) times with \(padding) on each side")
    }
    let (matrix, shape) = try weight("\(params).weight", [nil, channels, kernel])
    let bias = try bias("\(params).bias", count: shape[0], isPresent: hasBias)
    var input = columnMajor(value).rows
    if before + padding > 0 {
      guard (times + before + padding) * channels <= Self.largestMemory else {
        throw problem("\(before + padding) zeros on \(channels) channels are too many")
      }
      // The rows around keep their initial 0.
      let padded = allocate(rows: times + before + padding, count: channels, stride: nil).rows
      var middle = padded
      middle.offset += before * padded.stride
      middle.rows = times
      steps.append(.copy(CopyStep(from: input, to: middle)))
      input = padded
    }
    var result = affine(
      input, taps: kernel, step: stride, dilation: dilation, columns: shape[0], bias: bias
    ) {
      let (tap, channel) = $0.quotientAndRemainder(dividingBy: channels)
      return matrix[($1 * channels + channel) * kernel + tap]
    }
    result.isTransposed = true
    return result
  }

  private mutating func batchNorm(
    _ params: String, _ value: NetworkValue, eps: Double
  ) throws(NetworkError) -> NetworkValue {
    let value = writable(value.isTable ? columnMajor(value) : value)
    let count = value.rows.count
    // Batch renormalisation is the same once trained; sb3-contrib names its tensors differently.
    let isRenormalisation = archive["\(params).ra_mean"] != nil
    let spread = "\(params).\(isRenormalisation ? "ra_var" : "running_var")"
    let weight = try vector(
      "\(params).\(isRenormalisation ? "scale" : "weight")", count: count)
    let bias = try vector("\(params).bias", count: count)
    let mean = try vector(
      "\(params).\(isRenormalisation ? "ra_mean" : "running_mean")", count: count)
    let variance = try vector(spread, count: count)
    guard variance.allSatisfy({ $0 >= 0 }) else {
      throw problem("the tensor \(quotedForMessage(spread)) holds a negative variance")
    }
    let scale = zip(weight, variance).map { $0 / ($1 + eps).squareRoot() }
    let shift = (0..<count).map { bias[$0] - mean[$0] * scale[$0] }
    steps.append(.scale(RowStep(place: value.rows, weight: keep(scale), bias: keep(shift))))
    return value
  }

  mutating func layerNorm(
    _ params: String, _ value: NetworkValue, eps: Double, hasBias: Bool
  ) throws(NetworkError) -> NetworkValue {
    let value = writable(rowMajor(value))
    let weight = try vector("\(params).weight", count: value.rows.count)
    let bias = try bias("\(params).bias", count: value.rows.count, isPresent: hasBias)
    steps.append(
      .layerNorm(RowStep(place: value.rows, weight: keep(weight), bias: keep(bias), eps: eps)))
    return value
  }

  private mutating func groupNorm(
    _ params: String, _ value: NetworkValue, groups: Int, eps: Double
  ) throws(NetworkError) -> NetworkValue {
    let value = writable(value.isTable ? columnMajor(value) : value)
    let count = value.rows.count
    guard count.isMultiple(of: groups) else {
      throw problem("\(groups) groups do not divide \(count) channels")
    }
    let weight = try vector("\(params).weight", count: count)
    let bias = try vector("\(params).bias", count: count)
    steps.append(
      .groupNorm(
        RowStep(
          place: value.rows, weight: keep(weight), bias: keep(bias), eps: eps, groups: groups)))
    return value
  }

  mutating func attention(
    _ params: String, _ value: NetworkValue, heads: Int, isCausal: Bool, hasBias: Bool
  ) throws(NetworkError) -> NetworkValue {
    guard value.isTable else {
      throw problem("needs a table of time x features, not \(value.found)")
    }
    let input = rowMajor(value).rows
    let width = input.count
    guard width.isMultiple(of: heads) else {
      throw problem("\(heads) heads do not divide the width of \(width)")
    }
    let inner = try weight("\(params).in_proj_weight", [3 * width, width]).values
    let innerBias = try bias("\(params).in_proj_bias", count: 3 * width, isPresent: hasBias)
    let outer = try weight("\(params).out_proj.weight", [width, width]).values
    let outerBias = try bias("\(params).out_proj.bias", count: width, isPresent: hasBias)
    let projections = affine(input, columns: 3 * width, bias: innerBias) {
      inner[$1 * width + $0]
    }
    // Often only the last row is needed.
    let first = nextLayer == .lastStep ? input.rows - 1 : 0
    let mixed = allocate(rows: input.rows - first, count: width, stride: nil)
    steps.append(
      .attention(
        AttentionStep(
          projections: projections.rows, width: width, heads: heads, firstQuery: first,
          isCausal: isCausal,
          scratch: allocate((input.rows + 2 * (width / heads) + 1) * sizes.wide), output: mixed.rows
        )))
    return affine(mixed.rows, columns: width, bias: outerBias) { outer[$1 * width + $0] }
  }

  mutating func pointwise(
    _ function: PointwiseStep.Function, _ value: NetworkValue
  ) -> NetworkValue {
    let value = writable(value)
    steps.append(.pointwise(PointwiseStep(function: function, place: value.rows)))
    return value
  }

  private mutating func dropout(_ probability: Double, _ value: NetworkValue) -> NetworkValue {
    let value = writable(value)
    steps.append(
      .dropout(
        DropoutStep(
          place: value.rows, isTransposed: value.isTransposed, index: dropouts.count)))
    dropouts.append(
      DropoutPlace(count: value.rows.rows * value.rows.count, probability: probability))
    return value
  }

  private func transposedView(_ value: NetworkValue) throws(NetworkError) -> NetworkValue {
    guard value.isTable else { throw problem("needs a table, not \(value.found)") }
    var view = value
    view.isTransposed.toggle()
    return view
  }

  private mutating func lastStep(_ value: NetworkValue) throws(NetworkError) -> NetworkValue {
    guard value.isTable else {
      throw problem("needs a table of time x features, not \(value.found)")
    }
    var last = rowMajor(value)
    last.rows.offset += (last.rows.rows - 1) * last.rows.stride
    last.rows.rows = 1
    last.isTable = false
    return last
  }
}

extension NetworkLayer {
  /// The function of each element, of a layer that is one.
  fileprivate var function: PointwiseStep.Function? {
    switch self {
    case .tanh: .tanh
    case .relu: .relu
    case .elu: .elu
    case .selu: .selu
    case .leakyReLU(let slope): .leakyReLU(slope)
    case .sigmoid: .sigmoid
    case .silu: .silu
    case .gelu: .gelu
    case .mish: .mish
    case .softplus: .softplus
    case .hardtanh(let low, let high): .hardtanh(low, high)
    default: nil
    }
  }
}
