/// What a recurrent layer consists of.
struct RecurrentShape {
  enum Kind { case longShortTermMemory, gatedRecurrentUnit, simple }

  var kind: Kind
  var params: String
  var hidden: Int
  /// Levels; `nil` for the one of a cell, whose tensors have no number.
  var levels: Int?
  var isStateful: Bool
  var isBidirectional = false
  var hasBias: Bool
  var activation = RecurrentActivation.tanh

  /// The part that ends the names of its tensors, for each level and direction.
  var suffixes: [[String]] {
    guard let levels else { return [[""]] }
    return (0..<levels).map { isBidirectional ? ["_l\($0)", "_l\($0)_reverse"] : ["_l\($0)"] }
  }
}

extension NetworkLayer {
  /// The parts of a recurrent layer; `nil` for others.
  var recurrentShape: RecurrentShape? {
    switch self {
    case .lstm(let params, let hidden, let levels, let isStateful, let isBidirectional, let bias):
      RecurrentShape(
        kind: .longShortTermMemory, params: params, hidden: hidden, levels: levels,
        isStateful: isStateful, isBidirectional: isBidirectional, hasBias: bias)
    case .lstmCell(let params, let hidden, let isStateful, let bias):
      RecurrentShape(
        kind: .longShortTermMemory, params: params, hidden: hidden, isStateful: isStateful,
        hasBias: bias)
    case .gru(let params, let hidden, let levels, let isStateful, let isBidirectional, let bias):
      RecurrentShape(
        kind: .gatedRecurrentUnit, params: params, hidden: hidden, levels: levels,
        isStateful: isStateful, isBidirectional: isBidirectional, hasBias: bias)
    case .rnn(
      let params, let hidden, let levels, let activation, let isStateful, let isBidirectional,
      let bias):
      RecurrentShape(
        kind: .simple, params: params, hidden: hidden, levels: levels, isStateful: isStateful,
        isBidirectional: isBidirectional, hasBias: bias, activation: activation)
    default: nil
    }
  }
}

// Layers with a state
extension NetworkCompiler {
  /// Adds a recurrent layer, level after level: first the input's part of all gates at once, then
  /// the steps in time.
  mutating func recurrent(
    _ layer: NetworkLayer, _ value: NetworkValue, name: String
  ) throws(NetworkError) -> NetworkValue {
    guard let shape = layer.recurrentShape else { throw problem("has no state") }
    var result = rowMajor(value)
    var levels: [(hidden: Int, cell: Int?)] = []
    let width = sizes.roundedUp(shape.hidden)
    for suffixes in shape.suffixes {
      let tensors = try suffixes.map { suffix throws(NetworkError) in
        try GateTensors(self, shape, suffix, inputs: result.rows.count)
      }
      // Directions side by side. What the first one writes beyond its lanes the second overwrites.
      let stride = (suffixes.count - 1) * shape.hidden + width
      var gates: [RowPlace] = []
      for tensors in tensors { gates.append(addGates(tensors, result.rows, width: width)) }
      var output = allocate(
        rows: result.rows.rows, count: suffixes.count * shape.hidden, stride: stride)
      output.isTable = true
      for (direction, tensors) in tensors.enumerated() {
        var place = output.rows
        place.offset += direction * shape.hidden
        place.count = shape.hidden
        let step = addRecurrence(tensors, gates[direction], width: width, output: place) {
          $0.isReversed = direction == 1
        }
        levels.append((step.hidden, shape.kind == .longShortTermMemory ? step.cell : nil))
      }
      output.isTable = result.isTable
      result = output
    }
    recurrences.append(
      RecurrentPlace(
        name: name, hidden: shape.hidden, isStateful: shape.isStateful, levels: levels))
    return result
  }

  /// The input's part of the gates.
  private mutating func addGates(
    _ tensors: GateTensors, _ input: RowPlace, width: Int
  ) -> RowPlace {
    let columns = tensors.gates * width
    let inputs = input.count
    return affine(
      input, columns: columns,
      bias: (0..<columns).map { tensors.row($0, width).map { tensors.inputBias[$0] } ?? 0 }
    ) { input, column in
      tensors.row(column, width).map { tensors.inputMatrix[$0 * inputs + input] } ?? 0
    }.rows
  }

  private mutating func addRecurrence(
    _ tensors: GateTensors, _ gates: RowPlace, width: Int, output: RowPlace,
    _ change: (inout RecurrenceStep) -> Void
  ) -> RecurrenceStep {
    let hidden = tensors.shape.hidden
    let columns = tensors.gates * width
    let matrix = keepPanels(inputs: hidden, columns: columns) { unit, column in
      tensors.row(column, width).map { tensors.hiddenMatrix[$0 * hidden + unit] } ?? 0
    }
    let bias = keep(
      (0..<columns).map { tensors.row($0, width).map { tensors.hiddenBias[$0] } ?? 0 },
      padded: gates.stride)
    var step = RecurrenceStep(
      gates: gates, matrix: matrix, bias: bias, scratch: allocate(gates.stride), width: width,
      hidden: allocate(width), cell: allocate(width), output: output,
      isStateful: tensors.shape.isStateful, activation: tensors.shape.activation)
    change(&step)
    switch tensors.shape.kind {
    case .longShortTermMemory: steps.append(.longShortTermMemory(step))
    case .gatedRecurrentUnit: steps.append(.gatedRecurrentUnit(step))
    case .simple: steps.append(.simpleRecurrence(step))
    }
    return step
  }
}

/// The tensors of one level and direction of a recurrent layer.
private struct GateTensors {
  let shape: RecurrentShape
  var inputMatrix: [Double] = []
  var hiddenMatrix: [Double] = []
  /// The bias that is added with the input.
  var inputBias: [Double] = []
  /// The bias that is added with the hidden state, where it cannot be added with the input.
  var hiddenBias: [Double] = []

  var gates: Int {
    switch shape.kind {
    case .longShortTermMemory: 4
    case .gatedRecurrentUnit: 3
    case .simple: 1
    }
  }

  init<Element>(
    _ compiler: NetworkCompiler<Element>, _ shape: RecurrentShape, _ suffix: String, inputs: Int
  ) throws(NetworkError) {
    self.shape = shape
    let rows = gates * shape.hidden
    let params = shape.params
    inputMatrix = try compiler.weight("\(params).weight_ih\(suffix)", [rows, inputs]).values
    hiddenMatrix = try compiler.weight("\(params).weight_hh\(suffix)", [rows, shape.hidden]).values
    inputBias = try compiler.bias(
      "\(params).bias_ih\(suffix)", count: rows, isPresent: shape.hasBias)
    hiddenBias = try compiler.bias(
      "\(params).bias_hh\(suffix)", count: rows, isPresent: shape.hasBias)
    if shape.kind != .gatedRecurrentUnit {
      for row in 0..<rows { inputBias[row] += hiddenBias[row] }
    }
  }

  /// The row of the tensors for a column; each gate is padded to whole registers.
  func row(_ column: Int, _ width: Int) -> Int? {
    let (gate, unit) = column.quotientAndRemainder(dividingBy: width)
    return unit < shape.hidden ? gate * shape.hidden + unit : nil
  }
}
