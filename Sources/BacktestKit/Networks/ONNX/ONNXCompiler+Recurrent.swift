import BacktestCheckpoints
import BacktestFiles

// Layers that go from time to time
extension ONNXCompiler {
  /// What a direction of a recurrent layer needs.
  private struct Direction {
    var operation: ONNXOperator
    var activation: RecurrentActivation
    var isReversed: Bool
    var hidden: Int
    var inputMatrix: ArraySlice<Double>
    var hiddenMatrix: ArraySlice<Double>
    var bias: ArraySlice<Double>
    /// The position in ONNX of each gate, in the order of the kernels.
    var gates: [Int] { ONNXCompiler.gates(of: operation) }
  }

  private static func gates(of operation: ONNXOperator) -> [Int] {
    switch operation {
    case .lstm: [0, 2, 3, 1]
    case .gru: [1, 0, 2]
    default: [0]
    }
  }

  /// Long short-term memory (gates input, output, forget, cell), gated recurrent units (update,
  /// reset, hidden) and plain recurrent layers.
  mutating func recurrent() throws(NetworkError) -> [GraphValue] {
    let name = try text("direction", default: "forward")
    guard
      let directions = ["forward": [false], "reverse": [true], "bidirectional": [false, true]][
        name]
    else { throw problem("the direction \(quotedForMessage(name)) is unknown") }
    let isBatchFirst = try flag("layout", default: false)
    let activations = try activations(count: directions.count)
    try refuseVariants()
    let value = try input(0)
    guard value.shape.count == 3, value.shape[isBatchFirst ? 0 : 1] == 1 else {
      throw problem("it needs times, a batch of one and features: \(value.shape)")
    }
    let (times, inputs) = (value.shape[isBatchFirst ? 1 : 0], value.shape[2])
    if let lengths = try optionalIntegers(input: 4), lengths != [times] {
      throw problem("sequences of other lengths than \(times) are not supported")
    }
    let gates = Self.gates(of: node.operation).count
    let matrix = try input(1)
    guard matrix.shape.count == 3, matrix.shape[0] == directions.count, times > 0, inputs > 0,
      matrix.shape[1].isMultiple(of: gates), matrix.shape[1] > 0, matrix.shape[2] == inputs
    else { throw problem("its weights of \(matrix.shape) do not fit \(inputs) features") }
    let hidden = matrix.shape[1] / gates
    guard try integer("hidden_size", default: hidden) == hidden else {
      throw problem("its 'hidden_size' is not \(hidden)")
    }
    let rows = gates * hidden
    let sets = directions.count
    let weights = (
      try self.weights(input: 1, count: sets * rows * inputs),
      try self.weights(input: 2, count: sets * rows * hidden),
      try self.weights(input: 3, count: sets * 2 * rows, default: 0)
    )
    let place = try stored(value)
    let series = isBatchFirst ? place.selecting(0, 0) : place.selecting(1, 0)
    var outputs: [[GraphValue]] = []
    for (index, isReverse) in directions.enumerated() {
      func part(_ all: [Double]) -> ArraySlice<Double> {
        let count = all.count / sets
        return all[(index * count)..<((index + 1) * count)]
      }
      let direction = Direction(
        operation: node.operation, activation: activations[index], isReversed: isReverse,
        hidden: hidden, inputMatrix: part(weights.0), hiddenMatrix: part(weights.1),
        bias: part(weights.2))
      outputs.append(try add(direction, series, value.kind, index: index, of: sets))
    }
    return try joined(outputs, isBatchFirst: isBatchFirst, value.kind)
  }

  /// The activation of each direction of a plain recurrent layer; the others have their own.
  private mutating func activations(
    count: Int
  ) throws(NetworkError) -> [RecurrentActivation] {
    let usual = [RecurrentActivation](repeating: .tanh, count: count)
    guard case .texts(let names)? = node.attributes.removeValue(forKey: "activations") else {
      return usual
    }
    if node.operation == .rnn, names.count == count {
      let known = names.compactMap { RecurrentActivation(rawValue: $0.lowercased()) }
      if known.count == count { return known }
    }
    let own = node.operation == .gru ? ["Sigmoid", "Tanh"] : ["Sigmoid", "Tanh", "Tanh"]
    let expected = (0..<count).flatMap { _ in own }
    guard node.operation != .rnn, names == expected else {
      throw problem(
        "the activations \(listed(names.map { quotedForMessage($0) }, "and")) are not supported")
    }
    return usual
  }

  private mutating func refuseVariants() throws(NetworkError) {
    if node.operation == .gru {
      guard try flag("linear_before_reset", default: false) else {
        throw problem("'linear_before_reset' 0 is not supported; PyTorch exports 1")
      }
    } else if node.operation == .lstm {
      guard try !flag("input_forget", default: false) else {
        throw problem("'input_forget' 1 is not supported")
      }
      if let peepholes = optionalInput(7) {
        guard peepholes.constant?.allSatisfy({ $0 == 0 }) == true else {
          throw problem("peephole weights are not supported")
        }
      }
    }
  }

  /// One direction: all outputs [times, hidden], the last hidden state and the last cell.
  private mutating func add(
    _ direction: Direction, _ series: StridedTensor, _ kind: GraphValue.Kind, index: Int,
    of sets: Int
  ) throws(NetworkError) -> [GraphValue] {
    let times = series.shape[0]
    let rows = try rows(GraphValue(series, kind))
    var step = try level(direction, rows)
    var states = [(input: 5, place: step.hidden)]
    if direction.operation == .lstm { states.append((6, step.cell)) }
    for state in states {
      guard let initial = optionalInput(state.input) else { continue }
      guard initial.shape == [sets, 1, direction.hidden] else {
        throw problem("its initial state has the shape \(initial.shape)")
      }
      if initial.constant?.allSatisfy({ $0 == 0 }) != true { step.isStateful = true }
    }
    // A layer without an initial state begins with zeros by itself.
    for state in states where step.isStateful {
      let shape = [1, direction.hidden]
      let zero = try stored(GraphValue([0], kind, shape: [])).expanded(to: shape)
      let initial = try optionalInput(state.input).map { (value) throws(NetworkError) in
        try stored(value).selecting(0, index)
      }
      try copy(initial ?? zero, to: StridedTensor(offset: state.place, shape: shape))
    }
    switch direction.operation {
    case .lstm: base.steps.append(.longShortTermMemory(step))
    case .gru: base.steps.append(.gatedRecurrentUnit(step))
    default: base.steps.append(.simpleRecurrence(step))
    }
    var all = tensor(step.output, shape: [times, direction.hidden], kind)
    all.isOwned = false
    let hidden = StridedTensor(offset: step.hidden, shape: [1, direction.hidden])
    let cell = StridedTensor(offset: step.cell, shape: [1, direction.hidden])
    return [all, GraphValue(hidden, kind), GraphValue(cell, kind)]
  }

  /// The input's part of the gates, and the step that goes from time to time.
  private mutating func level(
    _ direction: Direction, _ input: RowPlace
  ) throws(NetworkError) -> RecurrenceStep {
    let hidden = direction.hidden
    let width = base.sizes.roundedUp(hidden)
    let gates = direction.gates
    let columns = gates.count * width
    try takeProduct(rows: input.rows, inner: input.count + hidden, columns: columns)
    /// The row in ONNX of a column; each gate is padded to whole registers.
    func row(_ column: Int) -> Int? {
      let (gate, unit) = column.quotientAndRemainder(dividingBy: width)
      return unit < hidden ? gates[gate] * hidden + unit : nil
    }
    let (first, inner) = (direction.inputMatrix.startIndex, direction.hiddenMatrix.startIndex)
    let (bias, rows) = (direction.bias.startIndex, gates.count * hidden)
    let own = (0..<columns).map { column in
      row(column).map { direction.bias[bias + rows + $0] } ?? 0
    }
    let fromInput = (0..<columns).map { column in
      let value = row(column).map { direction.bias[bias + $0] } ?? 0
      return direction.operation == .gru ? value : value + own[column]
    }
    let part = base.affine(input, columns: columns, bias: fromInput) { unit, column in
      row(column).map { direction.inputMatrix[first + $0 * input.count + unit] } ?? 0
    }
    let matrix = base.keepPanels(inputs: hidden, columns: columns) { unit, column in
      row(column).map { direction.hiddenMatrix[inner + $0 * hidden + unit] } ?? 0
    }
    let output = base.allocate(rows: part.rows.rows, count: hidden, stride: width)
    return RecurrenceStep(
      gates: part.rows, matrix: matrix, bias: base.keep(own, padded: part.rows.stride),
      scratch: base.allocate(part.rows.stride), width: width, hidden: base.allocate(width),
      cell: base.allocate(width), output: output.rows, isStateful: false,
      isReversed: direction.isReversed, activation: direction.activation)
  }

  /// The outputs of all directions together.
  private mutating func joined(
    _ outputs: [[GraphValue]], isBatchFirst: Bool, _ kind: GraphValue.Kind
  ) throws(NetworkError) -> [GraphValue] {
    var results: [GraphValue] = []
    for index in 0..<(node.operation == .lstm ? 3 : 2) {
      var parts: [GraphValue] = []
      for direction in outputs {
        // All outputs: times, directions, batch, features. States: directions, batch, features.
        let place = try stored(direction[index])
        parts.append(
          GraphValue(
            index == 0 ? place.inserting(1).inserting(1) : place.inserting(0), kind))
      }
      let axis = index == 0 ? 1 : 0
      var shape = parts[0].shape
      shape[axis] = parts.count
      var result = parts.count == 1 ? parts[0] : try joined(parts, axis, shape, kind)
      if isBatchFirst, let place = result.place {
        result.place = place.permuted(index == 0 ? [2, 0, 1, 3] : [1, 0, 2])
        result.shape = result.place?.shape ?? []
      }
      results.append(result)
    }
    return results
  }
}
