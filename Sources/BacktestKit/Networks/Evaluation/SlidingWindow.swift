// Windows that move on by one row at a time, such as bar by bar.
//
// The first layers of a window often look at one row, or at a few neighbouring rows: a convolution,
// an activation, the input's part of a recurrent layer's gates. When the window moves on by one
// row, all but the last row of their outputs is known already. Only that row is computed again, in
// the same order of operations, so the result is that of the whole window to the last bit.
extension Network {
  /// Whether a window that moved on by one row takes less work than a new one.
  ///
  /// It does where the first layers look at rows without padding or strides.
  public var canSlide: Bool { program.sliding != nil }

  /// Evaluates the network on the window of the last evaluation moved on by one row.
  ///
  /// The output is exactly that of `evaluate` on the whole window.
  ///
  /// - Parameters:
  ///   - row: the newest row, `inputShape[1]` numbers.
  ///   - state: the one with which the window before was evaluated, without dropout masks.
  ///   - output: ``outputCount`` numbers, which must not overlap the row.
  /// - Precondition: ``canSlide``, and the state has evaluated a window.
  public func slide(
    _ row: UnsafeBufferPointer<Element>, state: inout State,
    into output: UnsafeMutableBufferPointer<Element>
  ) { Element.slide(self, row, state: &state, into: output) }
}

extension Network where Element: KernelElement {
  /// Moves the window on; see `slide`.
  @inline(__always)
  func runSliding(
    _ row: UnsafeBufferPointer<Element>, _ state: inout State,
    _ output: UnsafeMutableBufferPointer<Element>
  ) {
    let program = program
    guard let plan = program.sliding else { preconditionFailure("a network whose window slides") }
    precondition(
      row.count == program.input.count && output.count == outputCount && state.holdsWindow
        && state.memory.count == program.memoryCount, "a row after a window of this network")
    let edgeRow = plan.isRing ? state.firstRow : plan.edge.rows - 1
    if plan.isRing { state.firstRow = edgeRow + 1 == plan.edge.rows ? 0 : edgeRow + 1 }
    let firstRow = state.firstRow
    state.memory.withUnsafeMutableBufferPointer { memory in
      guard let memory = memory.baseAddress, let first = row.baseAddress else { return }
      let kernels = NetworkKernels(weights: program.weights, memory: memory, kernels: kernels)
      for index in plan.histories.indices {
        kernels.moveUp(plan.histories[index].place, last: plan.histories[index].rows)
      }
      if !plan.isRing { kernels.moveUp(plan.edge, last: plan.edge.rows) }
      (memory + (program.input.offset + (program.input.rows - 1) * program.input.stride)).update(
        from: first, count: row.count)
      kernels.runLastRow(program.steps, plan, edgeRow: edgeRow)
      kernels.run(program, after: plan, firstRow: firstRow)
      kernels.write(program.outputs, to: output)
    }
    withExtendedLifetime(program) {}
  }
}

extension NetworkKernels {
  /// Moves the last rows of a value up by one, over the first of them.
  fileprivate func moveUp(_ place: RowPlace, last rows: Int) {
    guard rows > 1 else { return }
    let target = memory + (place.offset + (place.rows - rows) * place.stride)
    target.update(from: target + place.stride, count: (rows - 1) * place.stride)
  }

  /// Computes the last row of each value that is kept; that of the edge goes to `edgeRow`.
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
  fileprivate func run(
    _ program: NetworkProgram<Element>, after plan: SlidingPlan, firstRow: Int
  ) {
    var next = plan.keptSteps
    if plan.isRing {
      runRecurrence(program.steps[next], firstRow: firstRow)
      next += 1
    }
    run(program, from: next, nil)
  }
}

/// Which steps of a network need not be computed again when its window moves on by one row.
struct SlidingPlan: Sendable {
  /// The number of steps at the beginning of which only the last row is new.
  private(set) var keptSteps = 0
  /// The values of which these steps read some last rows, with the number of rows, the input first.
  private(set) var histories: [(place: RowPlace, rows: Int)] = []
  /// The value that all further steps start from.
  private(set) var edge: RowPlace
  /// Whether the edge is read as a ring, so that its rows need not move.
  private(set) var isRing = false

  /// The plan of a program; `nil` where nothing can be kept.
  init?(_ steps: [NetworkStep], input: RowPlace, outputs: [RowPlace]) {
    edge = input
    for (index, step) in steps.enumerated() {
      guard step.reads == [edge], let next = step.rowByRow else { break }
      if next != edge {
        // Whatever else reads the value would need its earlier rows too.
        let others = steps[(index + 1)...].lazy.flatMap(\.reads) + outputs
        guard !others.contains(where: { $0.overlaps(edge) }) else { break }
        // Neither may its own earlier rows be overwritten, except row by row.
        let later = steps[(index + 1)...].drop { $0.rowByRow == next }
        guard !later.contains(where: { $0.writes.overlaps(next) }) else { break }
      }
      if case .affine(let affine) = step {
        histories.append((edge, (affine.taps - 1) * affine.dilation + 1))
      }
      edge = next
      keptSteps += 1
    }
    guard !histories.isEmpty else { return nil }
    guard keptSteps < steps.count else { return }
    switch steps[keptSteps] {
    case .longShortTermMemory(let step), .gatedRecurrentUnit(let step),
      .simpleRecurrence(let step):
      // What is read twice must be where each reader expects it.
      let others = steps[(keptSteps + 1)...].lazy.flatMap(\.reads) + outputs
      isRing = step.gates == edge && !others.contains { $0.overlaps(edge) }
    default: break
    }
  }
}

extension RowPlace {
  /// Whether two places share memory.
  fileprivate func overlaps(_ other: RowPlace) -> Bool {
    offset < other.offset + other.rows * other.stride && other.offset < offset + rows * stride
  }
}

extension NetworkStep {
  /// What it reads.
  var reads: [RowPlace] {
    switch self {
    case .affine(let step): [step.input]
    case .longShortTermMemory(let step), .gatedRecurrentUnit(let step),
      .simpleRecurrence(let step):
      [step.gates]
    case .attention(let step): [step.projections]
    case .pointwise(let step): [step.place]
    case .scale(let step), .layerNorm(let step), .groupNorm(let step), .softmax(let step):
      [step.place]
    case .combine(let step): step.rightIsConstant ? [step.left] : [step.left, step.right]
    case .pool(let step): [step.from]
    case .dropout(let step): [step.place]
    case .copy(let step): [step.from]
    case .tensor(let step): step.reads
    }
  }

  /// What it writes, apart from a layer's state.
  fileprivate var writes: RowPlace {
    switch self {
    case .affine(let step): step.output
    case .longShortTermMemory(let step), .gatedRecurrentUnit(let step),
      .simpleRecurrence(let step):
      step.output
    case .attention(let step): step.output
    case .pointwise(let step): step.place
    case .scale(let step), .layerNorm(let step), .groupNorm(let step), .softmax(let step):
      step.place
    case .combine(let step): step.output
    case .pool(let step): step.to
    case .dropout(let step): step.place
    case .copy(let step): step.to
    case .tensor(let step): step.writes
    }
  }

  /// What it writes, where the last row depends on the last rows of what it reads only, and one row
  /// alone has the same last digits as the whole window.
  fileprivate var rowByRow: RowPlace? {
    switch self {
    case .affine(let step): step.step == 1 ? step.output : nil
    case .pointwise(let step): step.place
    case .scale(let step), .layerNorm(let step), .softmax(let step): step.place
    default: nil
    }
  }
}
