/// A network over a window that moves on by one row at a time, such as bar by bar.
///
/// What the rows before have led to is kept: a convolution computes one new row, and a recurrent
/// layer finds the input's part of its gates there. This is possible where the same row enters
/// each window with the same values, so not where each window is normalised for itself, and up to
/// the first padded or strided layer; behind it everything is computed anew.
///
///     var sliding = try SlidingNetwork(network)
///     for row in rows { if let output = sliding.push(row) { … } }
///
/// The results are those of evaluating the whole window, to the last bit where ``Network`` computes
/// without OpenBLAS, and to about 1e-14 (`Double`) or 1e-5 (`Float`) of them where it does not.
public struct SlidingNetwork<Element: NetworkElement>: Sendable {
  /// The network that is evaluated.
  public let network: Network<Element>
  private let plan: SlidingPlan
  private var state: Network<Element>.State
  /// Rows so far, but not more than a window.
  private var rows = 0
  /// Where the oldest row of the edge lies, if it is a ring.
  private var firstRow = 0

  /// A network whose observations are windows.
  ///
  /// - Throws: `PolicyError` when its observations are not tables of time x features.
  public init(_ network: Network<Element>) throws(PolicyError) {
    guard network.inputShape.count == 2 else {
      throw PolicyError(
        "a sliding window needs observations of time x features, not \(network.inputShape)")
    }
    self.network = network
    plan = SlidingPlan(network.program)
    state = network.makeState()
  }

  /// The numbers of a row.
  public var rowCount: Int { network.program.input.count }
  /// Whether a window of rows is there.
  public var isFull: Bool { rows == network.program.input.rows }
  /// Layers at the beginning, of the steps a network is compiled to, that are not computed anew.
  var keptSteps: Int { plan.keptSteps }

  /// Forgets all rows and begins a new episode.
  public mutating func reset() {
    rows = 0
    firstRow = 0
    state.reset()
  }

  /// Adds the next row of the window and, if the window is full, evaluates the network.
  ///
  /// - Parameters:
  ///   - row: ``rowCount`` numbers.
  ///   - output: `network.outputCount` numbers, which stay as they are while the window fills.
  /// - Returns: whether the network was evaluated.
  @discardableResult
  public mutating func push(
    _ row: UnsafeBufferPointer<Element>, into output: UnsafeMutableBufferPointer<Element>
  ) -> Bool { Element.push(row, to: &self, into: output) }

  /// Adds the next row of the window.
  ///
  /// - Returns: the output, or `nil` while the window fills.
  public mutating func push(_ row: [Element]) -> [Element]? {
    var isEvaluated = false
    let output = [Element](unsafeUninitializedCapacity: network.outputCount) { output, count in
      count = network.outputCount
      output.initialize(repeating: 0)
      row.withUnsafeBufferPointer {
        isEvaluated = push($0, into: UnsafeMutableBufferPointer(rebasing: output[0..<count]))
      }
    }
    return isEvaluated ? output : nil
  }
}

extension SlidingNetwork where Element: KernelElement {
  /// Adds a row; see `push`.
  @inline(__always)
  mutating func run(
    _ row: UnsafeBufferPointer<Element>, _ output: UnsafeMutableBufferPointer<Element>
  ) -> Bool {
    let program = network.program
    precondition(
      row.count == rowCount && output.count == network.outputCount, "a row and an output")
    rows = min(rows + 1, program.input.rows)
    let (plan, isFull, edgeRow) = (plan, isFull, firstRow)
    if plan.isRing { firstRow = firstRow + 1 == plan.edge.rows ? 0 : firstRow + 1 }
    let nextRow = firstRow
    program.weights.withUnsafeBufferPointer { weights in
      state.memory.withUnsafeMutableBufferPointer { memory in
        guard let weights = weights.baseAddress ?? UnsafePointer(memory.baseAddress),
          let memory = memory.baseAddress, let first = row.baseAddress
        else { return }
        let kernels = NetworkKernels(weights: weights, memory: memory)
        for index in plan.histories.indices {
          kernels.moveUp(plan.histories[index].place, last: plan.histories[index].rows)
        }
        if !plan.isRing { kernels.moveUp(plan.edge, last: plan.edge.rows) }
        (memory + (program.input.offset + (program.input.rows - 1) * program.input.stride)).update(
          from: first, count: row.count)
        kernels.runLastRow(program.steps, plan, edgeRow: plan.isRing ? edgeRow : plan.edge.rows - 1)
        guard isFull else { return }
        kernels.run(program.steps, after: plan, firstRow: nextRow)
        kernels.write(program.outputs, to: output)
      }
    }
    return isFull
  }
}

extension NetworkKernels {
  /// Moves the last rows of a value up by one, over the first of them.
  fileprivate func moveUp(_ place: RowPlace, last rows: Int) {
    guard rows > 1 else { return }
    let target = memory + (place.offset + (place.rows - rows) * place.stride)
    target.update(from: target + place.stride, count: (rows - 1) * place.stride)
  }

  /// Computes the last row of each value that is kept up; that of the edge goes to a row of it.
  @inline(__always)
  fileprivate func runLastRow(_ steps: [NetworkStep], _ plan: SlidingPlan, edgeRow: Int) {
    for index in 0..<plan.keptSteps {
      /// Where the last row of a value is.
      func row(_ place: RowPlace) -> Int { place == plan.edge ? edgeRow : place.rows - 1 }
      switch steps[index] {
      case .affine(let step):
        run(step, row: step.output.rows - 1, rows: 1, outputRow: row(step.output))
      case .pointwise(let step): run(step, row: row(step.place), rows: 1)
      case .scale(let step): runScale(step, row: row(step.place), rows: 1)
      case .layerNorm(let step): runLayerNorm(step, row: row(step.place), rows: 1)
      case .softmax(let step): runSoftmax(step, row: row(step.place), rows: 1)
      default: break
      }
    }
  }

  /// Does the steps that start from the edge.
  @inline(__always)
  fileprivate func run(_ steps: [NetworkStep], after plan: SlidingPlan, firstRow: Int) {
    var next = plan.keptSteps
    if plan.isRing {
      switch steps[next] {
      case .longShortTermMemory(let step): runLongShortTermMemory(step, firstRow: firstRow)
      case .gatedRecurrentUnit(let step): runGatedRecurrentUnit(step, firstRow: firstRow)
      default: break
      }
      next += 1
    }
    run(steps, from: next, nil)
  }
}
