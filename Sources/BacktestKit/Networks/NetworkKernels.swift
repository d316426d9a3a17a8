/// The weights and the memory that steps work on, and the loops that all of them share.
struct NetworkKernels<Element: KernelElement> {
  typealias Lanes = Element.Lanes
  let weights: UnsafePointer<Element>
  let memory: UnsafeMutablePointer<Element>

  @inline(__always) static var laneCount: Int { 32 / MemoryLayout<Element>.stride }

  @inline(__always) static func load(_ place: UnsafePointer<Element>) -> Lanes {
    UnsafeRawPointer(place).loadUnaligned(as: Lanes.self)
  }

  @inline(__always) static func store(_ lanes: Lanes, _ place: UnsafeMutablePointer<Element>) {
    UnsafeMutableRawPointer(place).storeBytes(of: lanes, as: Lanes.self)
  }

  /// Applies a function to `count` consecutive elements and touches no others.
  @inline(__always)
  static func map(
    _ place: UnsafeMutablePointer<Element>, _ count: Int, _ function: (Lanes) -> Lanes
  ) {
    let full = count / laneCount * laneCount
    var index = 0
    while index < full {
      store(function(load(place + index)), place + index)
      index &+= laneCount
    }
    guard full < count else { return }
    var rest = Lanes(repeating: 0)
    for lane in 0..<(count - full) { rest[lane] = place[full + lane] }
    rest = function(rest)
    for lane in 0..<(count - full) { place[full + lane] = rest[lane] }
  }
}

// Products
extension NetworkKernels {
  /// The inputs of one product: runs of elements, each a stride after the one before.
  struct Inputs {
    var first: UnsafePointer<Element>
    var runs: Int
    var runLength: Int
    var stride: Int
  }

  /// output = initial + inputs * matrix, for some rows of inputs.
  ///
  /// Each panel of the matrix is used for all rows while it is in the cache. A wide panel keeps
  /// eight registers of sums.
  @inline(__always)
  func product(
    _ inputs: Inputs, rows: Int, inputStep: Int, _ matrix: PanelMatrix,
    initial: UnsafePointer<Element>, initialStep: Int, output: UnsafeMutablePointer<Element>,
    outputStep: Int
  ) {
    let wide = 4 &* Self.laneCount
    var panel = weights + matrix.offset
    var column = 0
    for _ in 0..<matrix.widePanels {
      for row in 0..<rows {
        var inputs = inputs
        inputs.first += row &* inputStep
        Self.addWide(
          inputs, panel, initial + (row &* initialStep &+ column),
          output + (row &* outputStep &+ column))
      }
      panel += matrix.rows &* wide
      column &+= wide
    }
    guard matrix.hasNarrowPanel else { return }
    for row in 0..<rows {
      var inputs = inputs
      inputs.first += row &* inputStep
      Self.addNarrow(
        inputs, panel, initial + (row &* initialStep &+ column),
        output + (row &* outputStep &+ column))
    }
  }

  @inline(__always)
  private static func addWide(
    _ inputs: Inputs, _ panel: UnsafePointer<Element>, _ initial: UnsafePointer<Element>,
    _ output: UnsafeMutablePointer<Element>
  ) {
    let lanes = laneCount
    var (a, b) = (load(initial), load(initial + lanes))
    var (c, d) = (load(initial + 2 &* lanes), load(initial + 3 &* lanes))
    var weight = panel
    var run = inputs.first
    @inline(__always) func add(_ input: Element) {
      let x = Lanes(repeating: input)
      a = a + load(weight) * x
      b = b + load(weight + lanes) * x
      c = c + load(weight + 2 &* lanes) * x
      d = d + load(weight + 3 &* lanes) * x
      weight += 4 &* lanes
    }
    for _ in 0..<inputs.runs {
      var index = 0
      while index &+ lanes <= inputs.runLength {
        // One load for several inputs, because loads are the bottleneck.
        let several = load(run + index)
        for lane in 0..<lanes { add(several[lane]) }
        index &+= lanes
      }
      while index < inputs.runLength {
        add(run[index])
        index &+= 1
      }
      run += inputs.stride
    }
    store(a, output)
    store(b, output + lanes)
    store(c, output + 2 &* lanes)
    store(d, output + 3 &* lanes)
  }

  @inline(__always)
  private static func addNarrow(
    _ inputs: Inputs, _ panel: UnsafePointer<Element>, _ initial: UnsafePointer<Element>,
    _ output: UnsafeMutablePointer<Element>
  ) {
    var sum = load(initial)
    var weight = panel
    var run = inputs.first
    for _ in 0..<inputs.runs {
      for index in 0..<inputs.runLength {
        sum = sum + load(weight) * Lanes(repeating: run[index])
        weight += laneCount
      }
      run += inputs.stride
    }
    store(sum, output)
  }
}

// Steps with a state
extension NetworkKernels {
  /// Long short-term memory over the rows of its gates, which may lie in a ring that begins at a
  /// row.
  @inline(__always)
  func runLongShortTermMemory(_ step: RecurrenceStep, firstRow: Int = 0) {
    let (hidden, cell) = (memory + step.hidden, memory + step.cell)
    let scratch = memory + step.scratch
    let width = step.width
    for index in 0..<step.gates.rows {
      let (gates, output) = rows(of: step, at: index, firstRow: firstRow)
      if index == 0 && !step.isStateful {
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
    for index in 0..<step.gates.rows {
      let (gates, output) = rows(of: step, at: index, firstRow: firstRow)
      product(
        Inputs(first: hidden, runs: 1, runLength: step.matrix.rows, stride: 0), rows: 1,
        inputStep: 0, step.matrix, initial: weights + step.bias, initialStep: 0,
        output: memory + step.scratch, outputStep: 0)
      Self.update(gates, memory + step.scratch, hidden, output, width)
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
  /// Plain recurrent layers over the rows of their sums.
  @inline(__always)
  func runSimpleRecurrence(_ step: RecurrenceStep, firstRow: Int = 0) {
    let hidden = memory + step.hidden
    let width = step.width
    if !step.isStateful { hidden.update(repeating: 0, count: width) }
    for index in 0..<step.gates.rows {
      let (gates, output) = rows(of: step, at: index, firstRow: firstRow)
      product(
        Inputs(first: hidden, runs: 1, runLength: step.matrix.rows, stride: 0), rows: 1,
        inputStep: 0, step.matrix, initial: gates, initialStep: 0, output: memory + step.scratch,
        outputStep: 0)
      var unit = 0
      while unit < width {
        let sum = Self.load(memory + (step.scratch &+ unit))
        let result =
          step.activation == .tanh ? sum.hyperbolicTangent() : sum.limited(atLeast: 0)
        Self.store(result, hidden + unit)
        Self.store(result, output + unit)
        unit &+= Self.laneCount
      }
    }
  }

  /// The gates and the output of one time, in the order in which a layer goes over them. The gates
  /// may lie in a ring that begins at a row.
  @inline(__always)
  private func rows(
    of step: RecurrenceStep, at index: Int, firstRow: Int
  ) -> (gates: UnsafeMutablePointer<Element>, output: UnsafeMutablePointer<Element>) {
    let time = step.isReversed ? step.gates.rows &- 1 &- index : index
    let row = firstRow &+ time
    let place = row < step.gates.rows ? row : row &- step.gates.rows
    return (
      memory + (step.gates.offset &+ place &* step.gates.stride),
      memory + (step.output.offset &+ time &* step.output.stride)
    )
  }
}
