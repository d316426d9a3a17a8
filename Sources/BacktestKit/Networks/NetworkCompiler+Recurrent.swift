// Layers with a state
extension NetworkCompiler {
  /// Adds a recurrent layer, level after level: the input's part of all gates at once, then the
  /// steps in time.
  mutating func recurrent(
    _ layer: NetworkLayer, _ value: NetworkValue, name: String
  ) throws(PolicyError) -> NetworkValue {
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
  ) throws(PolicyError) -> RecurrenceStep {
    let (hidden, inputs) = (tensors.hidden, tensors.inputs)
    let width = sizes.roundedUp(hidden)
    let columns = tensors.gates * width
    /// The row of the tensors that a column stands for; each gate is padded to whole registers.
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
  /// The bias that is added with the hidden state, where the two cannot be one.
  let hiddenBias: [Double]

  var gates: Int { isGRU ? 3 : 4 }

  init<Element>(
    _ compiler: NetworkCompiler<Element>, _ params: String, _ suffix: String, hidden: Int,
    inputs: Int, isGRU: Bool
  ) throws(PolicyError) {
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
