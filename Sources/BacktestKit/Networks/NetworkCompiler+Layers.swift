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
    case .linear(let params): return try linear(params, value)
    case .conv1d(let params, let kernel, let stride, let padding):
      return try convolution(params, value, kernel: kernel, stride: stride, padding: padding)
    case .lstm, .lstmCell, .gru: return try recurrent(layer, value, name: name)
    case .batchNorm(let params, let eps): return try batchNorm(params, value, eps: eps)
    case .layerNorm(let params, let eps): return try layerNorm(params, value, eps: eps)
    case .selfAttention(let params, let heads): return try attention(params, value, heads: heads)
    case .tanh: return pointwise(.tanh, value)
    case .relu: return pointwise(.relu, value)
    case .elu: return pointwise(.elu, value)
    case .leakyReLU(let slope): return pointwise(.leakyReLU(slope), value)
    case .sigmoid: return pointwise(.sigmoid, value)
    case .silu: return pointwise(.silu, value)
    case .gelu: return pointwise(.gelu, value)
    case .hardtanh(let low, let high): return pointwise(.hardtanh(low, high), value)
    case .softmax:
      let value = writable(rowMajor(value))
      steps.append(.softmax(RowStep(place: value.rows)))
      return value
    case .dropout(let probability): return dropout(probability, value)
    case .transposeTimeChannel: return try transposedView(value)
    case .lastStep: return try lastStep(value)
    case .reuse: throw problem("is not allowed here")
    }
  }

  private mutating func linear(
    _ params: String, _ value: NetworkValue
  ) throws(NetworkError) -> NetworkValue {
    let value = rowMajor(value)
    let inputs = value.rows.count
    let (matrix, shape) = try tensor("\(params).weight", [nil, inputs])
    let bias = try vector("\(params).bias", count: shape[0])
    var result = affine(value.rows, columns: shape[0], bias: bias) { matrix[$1 * inputs + $0] }
    result.isTable = value.isTable
    return result
  }

  private mutating func convolution(
    _ params: String, _ value: NetworkValue, kernel: Int, stride: Int, padding: Int
  ) throws(NetworkError) -> NetworkValue {
    guard value.isTable else {
      throw problem("needs a table of channels x time, not \(value.found)")
    }
    let (channels, times) = (value.shape[0], value.shape[1])
    guard times + 2 * padding >= kernel else {
      throw problem(
        "a kernel of \(kernel) does not fit \(times) times with \(padding) on each side")
    }
    let (matrix, shape) = try tensor("\(params).weight", [nil, channels, kernel])
    let bias = try vector("\(params).bias", count: shape[0])
    var input = columnMajor(value).rows
    if padding > 0 {
      // The rows around keep their initial 0.
      let padded = allocate(rows: times + 2 * padding, count: channels, stride: nil).rows
      var middle = padded
      middle.offset += padding * padded.stride
      middle.rows = times
      steps.append(.copy(CopyStep(from: input, to: middle)))
      input = padded
    }
    var result = affine(input, taps: kernel, step: stride, columns: shape[0], bias: bias) {
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

  private mutating func layerNorm(
    _ params: String, _ value: NetworkValue, eps: Double
  ) throws(NetworkError) -> NetworkValue {
    let value = writable(rowMajor(value))
    let weight = try vector("\(params).weight", count: value.rows.count)
    let bias = try vector("\(params).bias", count: value.rows.count)
    steps.append(
      .layerNorm(RowStep(place: value.rows, weight: keep(weight), bias: keep(bias), eps: eps)))
    return value
  }

  private mutating func attention(
    _ params: String, _ value: NetworkValue, heads: Int
  ) throws(NetworkError) -> NetworkValue {
    guard value.isTable else {
      throw problem("needs a table of time x features, not \(value.found)")
    }
    let input = rowMajor(value).rows
    let width = input.count
    guard width.isMultiple(of: heads) else {
      throw problem("\(heads) heads do not divide the width of \(width)")
    }
    let inner = try tensor("\(params).in_proj_weight", [3 * width, width]).values
    let innerBias = try vector("\(params).in_proj_bias", count: 3 * width)
    let outer = try tensor("\(params).out_proj.weight", [width, width]).values
    let outerBias = try vector("\(params).out_proj.bias", count: width)
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
          scores: allocate(input.rows), output: mixed.rows)))
    return affine(mixed.rows, columns: width, bias: outerBias) { outer[$1 * width + $0] }
  }

  private mutating func pointwise(
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

// Layers with a state
extension NetworkCompiler {
  /// Adds a recurrent layer, level after level: first the input's part of all gates at once, then
  /// the steps in time.
  mutating func recurrent(
    _ layer: NetworkLayer, _ value: NetworkValue, name: String
  ) throws(NetworkError) -> NetworkValue {
    var result = rowMajor(value)
    var levels: [(hidden: Int, cell: Int?)] = []
    let shape: (params: String, hidden: Int, suffixes: [String], isStateful: Bool)
    var isGRU = false
    switch layer {
    case .lstm(let params, let hidden, let layers, let isStateful):
      shape = (params, hidden, (0..<layers).map { "_l\($0)" }, isStateful)
    case .gru(let params, let hidden, let layers, let isStateful):
      shape = (params, hidden, (0..<layers).map { "_l\($0)" }, isStateful)
      isGRU = true
    case .lstmCell(let params, let hidden, let isStateful):
      shape = (params, hidden, [""], isStateful)
    default: throw problem("has no state")
    }
    for suffix in shape.suffixes {
      let level = try addLevel(
        GateTensors(
          self, shape.params, suffix, hidden: shape.hidden, inputs: result.rows.count,
          isGRU: isGRU),
        result.rows, isStateful: shape.isStateful)
      levels.append((level.hidden, isGRU ? nil : level.cell))
      result.rows = level.output
      result.isKept = false
    }
    recurrences.append(
      RecurrentPlace(
        name: name, hidden: shape.hidden, isStateful: shape.isStateful, levels: levels))
    return result
  }

  private mutating func addLevel(
    _ tensors: GateTensors, _ input: RowPlace, isStateful: Bool
  ) throws(NetworkError) -> RecurrenceStep {
    let (hidden, inputs) = (tensors.hidden, tensors.inputs)
    let width = sizes.roundedUp(hidden)
    let columns = tensors.gates * width
    /// The row of the tensors for a column; each gate is padded to whole registers.
    func row(_ column: Int) -> Int? {
      let (gate, unit) = column.quotientAndRemainder(dividingBy: width)
      return unit < hidden ? gate * hidden + unit : nil
    }
    let gates = affine(
      input, columns: columns,
      bias: (0..<columns).map { row($0).map { tensors.inputBias[$0] } ?? 0 }
    ) { input, column in row(column).map { tensors.inputMatrix[$0 * inputs + input] } ?? 0 }
    let matrix = keepPanels(inputs: hidden, columns: columns) { unit, column in
      row(column).map { tensors.hiddenMatrix[$0 * hidden + unit] } ?? 0
    }
    let bias = keep(
      (0..<columns).map { row($0).map { tensors.hiddenBias[$0] } ?? 0 },
      padded: gates.rows.stride)
    var output = allocate(rows: gates.rows.rows, count: hidden, stride: width)
    output.isTable = true
    let step = RecurrenceStep(
      gates: gates.rows, matrix: matrix, bias: bias, scratch: allocate(gates.rows.stride),
      width: width, hidden: allocate(width), cell: allocate(width), output: output.rows,
      isStateful: isStateful)
    steps.append(tensors.isGRU ? .gatedRecurrentUnit(step) : .longShortTermMemory(step))
    return step
  }
}

/// The tensors of one level of a recurrent layer.
private struct GateTensors {
  let hidden: Int
  let inputs: Int
  let isGRU: Bool
  let inputMatrix: [Double]
  let hiddenMatrix: [Double]
  /// The bias that is added with the input.
  var inputBias: [Double]
  /// The bias that is added with the hidden state, where it cannot be added with the input.
  let hiddenBias: [Double]

  var gates: Int { isGRU ? 3 : 4 }

  init<Element>(
    _ compiler: NetworkCompiler<Element>, _ params: String, _ suffix: String, hidden: Int,
    inputs: Int, isGRU: Bool
  ) throws(NetworkError) {
    let rows = (isGRU ? 3 : 4) * hidden
    self.hidden = hidden
    self.inputs = inputs
    self.isGRU = isGRU
    inputMatrix = try compiler.tensor("\(params).weight_ih\(suffix)", [rows, inputs]).values
    hiddenMatrix = try compiler.tensor("\(params).weight_hh\(suffix)", [rows, hidden]).values
    inputBias = try compiler.vector("\(params).bias_ih\(suffix)", count: rows)
    hiddenBias = try compiler.vector("\(params).bias_hh\(suffix)", count: rows)
    if !isGRU { for row in 0..<rows { inputBias[row] += hiddenBias[row] } }
  }
}
