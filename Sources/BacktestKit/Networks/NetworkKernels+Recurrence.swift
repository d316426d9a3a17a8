// Steps with a state
extension NetworkKernels {
  /// Long short-term memory over the rows of its gates, which may lie in a ring that begins at a
  /// row.
  @inline(__always)
  func runLongShortTermMemory(_ step: RecurrenceStep, firstRow: Int = 0) {
    let (hidden, cell) = (memory + step.hidden, memory + step.cell)
    let scratch = memory + step.scratch
    let width = step.width
    var row = firstRow
    for time in 0..<step.gates.rows {
      let gates = memory + (step.gates.offset &+ row &* step.gates.stride)
      row = row &+ 1 == step.gates.rows ? 0 : row &+ 1
      let output = memory + (step.output.offset &+ time &* step.output.stride)
      if time == 0 && !step.isStateful {
        // From a state of zeros nothing is added to the gates, and nothing is kept of the cell.
        cell.update(repeating: 0, count: width)
        Self.remember(gates, cell, hidden, output, width)
        continue
      }
      product(
        Inputs(first: hidden, runs: 1, runLength: step.matrix.rows, stride: 0), rows: 1,
        inputStep: 0, step.matrix, initial: gates, initialStep: 0, output: scratch, outputStep: 0)
      Self.remember(scratch, cell, hidden, output, width)
    }
  }

  /// c' = f c + i g, h' = o tanh(c') with the gates i, f, g and o one after the other.
  ///
  /// In two passes, because the chain of operations from gate to h' is so long that the processor
  /// could not overlap it with the next units'.
  @inline(__always)
  private static func remember(
    _ gates: UnsafePointer<Element>, _ cell: UnsafeMutablePointer<Element>,
    _ hidden: UnsafeMutablePointer<Element>, _ output: UnsafeMutablePointer<Element>, _ width: Int
  ) {
    var unit = 0
    while unit < width {
      let input = load(gates + unit).logistic()
      let forget = load(gates + (width &+ unit)).logistic()
      let candidate = load(gates + (2 &* width &+ unit)).hyperbolicTangent()
      store(load(gates + (3 &* width &+ unit)).logistic(), hidden + unit)
      store(forget * load(cell + unit) + input * candidate, cell + unit)
      unit &+= laneCount
    }
    unit = 0
    while unit < width {
      let result = load(hidden + unit) * load(cell + unit).hyperbolicTangent()
      store(result, hidden + unit)
      store(result, output + unit)
      unit &+= laneCount
    }
  }

  /// Gated recurrent units over the rows of their gates.
  @inline(__always)
  func runGatedRecurrentUnit(_ step: RecurrenceStep, firstRow: Int = 0) {
    let hidden = memory + step.hidden
    let width = step.width
    if !step.isStateful { hidden.update(repeating: 0, count: width) }
    var row = firstRow
    for time in 0..<step.gates.rows {
      let gates = memory + (step.gates.offset &+ row &* step.gates.stride)
      row = row &+ 1 == step.gates.rows ? 0 : row &+ 1
      product(
        Inputs(first: hidden, runs: 1, runLength: step.matrix.rows, stride: 0), rows: 1,
        inputStep: 0, step.matrix, initial: weights + step.bias, initialStep: 0,
        output: memory + step.scratch, outputStep: 0)
      Self.update(
        gates, memory + step.scratch, hidden,
        memory + (step.output.offset &+ time &* step.output.stride), width)
    }
  }

  /// h' = (1 - z) n + z h, n = tanh(input's part + r * hidden's part), gates r, z and n one after
  /// the other.
  @inline(__always)
  private static func update(
    _ input: UnsafePointer<Element>, _ own: UnsafePointer<Element>,
    _ hidden: UnsafeMutablePointer<Element>, _ output: UnsafeMutablePointer<Element>, _ width: Int
  ) {
    let one = Lanes(repeating: 1)
    var unit = 0
    while unit < width {
      let (update, new) = (width &+ unit, 2 &* width &+ unit)
      let r = (load(input + unit) + load(own + unit)).logistic()
      let z = (load(input + update) + load(own + update)).logistic()
      let n = (load(input + new) + r * load(own + new)).hyperbolicTangent()
      let result = (one - z) * n + z * load(hidden + unit)
      store(result, hidden + unit)
      store(result, output + unit)
      unit &+= laneCount
    }
  }
}
