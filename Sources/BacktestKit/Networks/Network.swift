public import BacktestCheckpoints

/// A network of a policy, checked against its weights and ready to be evaluated.
///
///     let network = try Network<Double>(
///       definition, head: "policy", weights: archive, inputShape: [17])
///     var state = network.makeState()
///     let logits = network.evaluate(observation, state: &state)
///
/// The weights are shared by all copies. What an evaluation needs to write is in a ``State``, so
/// evaluating allocates nothing; one state serves one sequence of observations.
///
/// Sums are taken in one order: the bias first, then the inputs from the first to the last, without
/// fused operations, so results do not depend on the processor. The exception are windows: where
/// eight rows or more go through a matrix and there is enough work, OpenBLAS multiplies, and last
/// digits are those of its kernels; they are the same on every run on one machine.
public struct Network<Element: NetworkElement>: Sendable {
  package let program: NetworkProgram<Element>

  /// The network of one head. Layers that it reuses from another head are part of it.
  ///
  /// - Parameters:
  ///   - definition: the heads and their layers.
  ///   - head: the name of the head that is wanted.
  ///   - weights: tensors by name; ones that no layer asks for are ignored.
  ///   - inputShape: the shape of an observation: `[features]`, or `[time, features]` for a window,
  ///     oldest first.
  /// - Throws: `PolicyError` where a tensor is missing, has another shape than the layers need or
  ///   is not finite, or where layers do not fit together.
  public init(
    _ definition: NetworkDefinition, head: String, weights: TensorArchive, inputShape: [Int]
  ) throws(PolicyError) {
    try self.init(definition, heads: [head], weights: weights, inputShape: inputShape)
  }

  /// The network of several heads, evaluated in order on the same observation: a policy and the
  /// value that reuses its memory. Their outputs follow each other.
  ///
  /// - Throws: `PolicyError`, as for one head.
  public init(
    _ definition: NetworkDefinition, heads: [String], weights: TensorArchive, inputShape: [Int]
  ) throws(PolicyError) {
    var compiler = NetworkCompiler<Element>(definition, weights)
    program = try compiler.compile(heads: heads, inputShape: inputShape)
  }

  /// The shape of an observation.
  public var inputShape: [Int] { program.inputShape }
  /// The numbers of an observation.
  public var inputCount: Int { program.input.rows * program.input.count }
  /// The shape of the output; of several heads, the number of all.
  public var outputShape: [Int] {
    program.outputs.count == 1 ? program.outputs[0].shape : [outputCount]
  }
  /// The numbers of the output of all heads.
  public var outputCount: Int { program.outputs.reduce(0) { $0 + $1.place.count } }
  /// Where the output of a head lies among all outputs, or `nil`.
  public func outputRange(of head: String) -> Range<Int>? {
    var start = 0
    for output in program.outputs {
      if output.head == head { return start..<(start + output.place.count) }
      start += output.place.count
    }
    return nil
  }
  /// The sizes of the masks of the dropout layers, in order.
  public var dropoutCounts: [Int] { program.dropouts.map(\.count) }
  /// Whether an evaluation goes on from the one before.
  public var isRecurrent: Bool { program.recurrences.contains(where: \.isStateful) }

  /// Memory for a sequence of evaluations, at the start of an episode.
  public func makeState() -> State { State(program) }

  /// Evaluates the network.
  ///
  /// - Parameters:
  ///   - input: an observation in row-major order, ``inputCount`` numbers.
  ///   - state: of this network; recurrent layers go on from it.
  ///   - output: ``outputCount`` numbers, which must not overlap the input.
  public func evaluate(
    _ input: UnsafeBufferPointer<Element>, state: inout State,
    into output: UnsafeMutableBufferPointer<Element>
  ) { Element.evaluate(self, input, state: &state, dropout: nil, into: output) }

  /// Evaluates the network with masks in place of its dropout layers.
  public func evaluate(
    _ input: UnsafeBufferPointer<Element>, state: inout State, dropout: DropoutMasks<Element>,
    into output: UnsafeMutableBufferPointer<Element>
  ) { Element.evaluate(self, input, state: &state, dropout: dropout, into: output) }

  /// Evaluates the network, with masks in place of its dropout layers where they are given.
  ///
  /// - Returns: a new array; the form with buffers allocates nothing.
  public func evaluate(
    _ input: [Element], state: inout State, dropout: DropoutMasks<Element>? = nil
  ) -> [Element] {
    [Element](unsafeUninitializedCapacity: outputCount) { output, count in
      count = outputCount
      input.withUnsafeBufferPointer {
        Element.evaluate(
          self, $0, state: &state, dropout: dropout,
          into: UnsafeMutableBufferPointer(rebasing: output[0..<count]))
      }
    }
  }
}

extension Network where Element: KernelElement {
  /// Evaluates the network; see `evaluate`.
  @inline(__always)
  func run(
    _ input: UnsafeBufferPointer<Element>, _ state: inout State, _ masks: DropoutMasks<Element>?,
    _ output: UnsafeMutableBufferPointer<Element>
  ) {
    let program = program
    precondition(
      input.count == inputCount && output.count == outputCount
        && state.memory.count == program.memoryCount,
      "an observation, an output and a state of this network")
    precondition(masks.map { $0.fits(program.dropouts) } ?? true, "masks of this network")
    program.weights.withUnsafeBufferPointer { weights in
      state.memory.withUnsafeMutableBufferPointer { memory in
        guard let weights = weights.baseAddress ?? UnsafePointer(memory.baseAddress),
          let memory = memory.baseAddress, let first = input.baseAddress
        else { return }
        (memory + program.input.offset).update(from: first, count: input.count)
        let kernels = NetworkKernels(weights: weights, memory: memory)
        kernels.run(program.steps, from: 0, masks)
        kernels.write(program.outputs, to: output)
      }
    }
  }
}

extension NetworkKernels {
  /// Does steps in order, from one of them on.
  @inline(__always)
  func run(_ steps: [NetworkStep], from start: Int, _ masks: DropoutMasks<Element>?) {
    for index in start..<steps.count {
      switch steps[index] {
      case .affine(let step): run(step)
      case .longShortTermMemory(let step): runLongShortTermMemory(step)
      case .gatedRecurrentUnit(let step): runGatedRecurrentUnit(step)
      case .attention(let step): run(step)
      case .pointwise(let step): run(step, row: 0, rows: step.place.rows)
      case .scale(let step): runScale(step, row: 0, rows: step.place.rows)
      case .layerNorm(let step): runLayerNorm(step, row: 0, rows: step.place.rows)
      case .softmax(let step): runSoftmax(step, row: 0, rows: step.place.rows)
      case .dropout(let step): run(step, masks)
      case .copy(let step): run(step)
      }
    }
  }

  /// Copies the outputs of all heads, one after the other.
  @inline(__always)
  func write(_ outputs: [NetworkOutput], to target: UnsafeMutableBufferPointer<Element>) {
    var position = 0
    for index in outputs.indices {
      let place = outputs[index].place
      for element in 0..<place.count { target[position + element] = memory[place.offset + element] }
      position += place.count
    }
  }
}
