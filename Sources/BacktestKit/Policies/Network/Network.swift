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
  let program: NetworkProgram<Element>

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

/// A number that networks are computed in: `Double` or `Float`, and no other type.
public protocol NetworkElement: BinaryFloatingPoint, SIMDScalar, Codable, Sendable {
  /// Evaluates a network in the arithmetic of this type; call ``Network/evaluate(_:state:into:)``.
  static func evaluate(
    _ network: Network<Self>, _ input: UnsafeBufferPointer<Self>,
    state: inout Network<Self>.State, dropout: DropoutMasks<Self>?,
    into output: UnsafeMutableBufferPointer<Self>)

  /// Moves a window on in the arithmetic of this type; call ``SlidingNetwork/push(_:into:)``.
  static func push(
    _ row: UnsafeBufferPointer<Self>, to network: inout SlidingNetwork<Self>,
    into output: UnsafeMutableBufferPointer<Self>
  ) -> Bool
}

/// What a type of numbers brings for its kernels.
protocol KernelElement: NetworkElement {
  /// The numbers that are computed on at once, 32 bytes of them.
  associatedtype Lanes: VectorLanes where Lanes.Scalar == Self
}

// Generic code runs at full speed only where the compiler knows the type, which is here.
extension Double: NetworkElement, KernelElement {
  typealias Lanes = SIMD4<Double>

  /// Evaluates a network in double precision.
  public static func evaluate(
    _ network: Network<Double>, _ input: UnsafeBufferPointer<Double>,
    state: inout Network<Double>.State, dropout: DropoutMasks<Double>?,
    into output: UnsafeMutableBufferPointer<Double>
  ) { network.run(input, &state, dropout, output) }

  /// Moves a window on in double precision.
  public static func push(
    _ row: UnsafeBufferPointer<Double>, to network: inout SlidingNetwork<Double>,
    into output: UnsafeMutableBufferPointer<Double>
  ) -> Bool { network.run(row, output) }
}

extension Float: NetworkElement, KernelElement {
  typealias Lanes = SIMD8<Float>

  /// Evaluates a network in single precision.
  public static func evaluate(
    _ network: Network<Float>, _ input: UnsafeBufferPointer<Float>,
    state: inout Network<Float>.State, dropout: DropoutMasks<Float>?,
    into output: UnsafeMutableBufferPointer<Float>
  ) { network.run(input, &state, dropout, output) }

  /// Moves a window on in single precision.
  public static func push(
    _ row: UnsafeBufferPointer<Float>, to network: inout SlidingNetwork<Float>,
    into output: UnsafeMutableBufferPointer<Float>
  ) -> Bool { network.run(row, output) }
}

extension Network {
  /// What evaluations of a network write: the memory of recurrent layers, and room for values
  /// between layers. A copy goes on independently.
  public struct State: Sendable {
    /// The values of all layers; places are those of the program.
    var memory: [Element]
    private let recurrences: [RecurrentPlace]

    init(_ program: NetworkProgram<Element>) {
      memory = [Element](repeating: 0, count: program.memoryCount)
      recurrences = program.recurrences.filter(\.isStateful)
    }

    /// Begins a new episode: recurrent layers start from zeros.
    public mutating func reset() {
      for place in recurrences {
        for level in place.levels {
          for unit in 0..<place.hidden {
            memory[level.hidden + unit] = 0
            if let cell = level.cell { memory[cell + unit] = 0 }
          }
        }
      }
    }

    /// What each stateful layer remembers, in the order of the layers.
    public var recurrent: [RecurrentState<Element>] {
      recurrences.map { place in
        RecurrentState(
          layer: place.name,
          hidden: place.levels.flatMap { memory[$0.hidden..<($0.hidden + place.hidden)] },
          cell: place.levels.flatMap { level in
            level.cell.map { Array(memory[$0..<($0 + place.hidden)]) } ?? []
          })
      }
    }

    /// Goes on from what layers remembered at another time.
    ///
    /// - Throws: `PolicyError` when the layers or their sizes are not those of this network.
    public mutating func restore(_ states: [RecurrentState<Element>]) throws(PolicyError) {
      let found = states.map { "\($0.layer) (\($0.hidden.count), \($0.cell.count))" }
      let wanted = recurrent.map { "\($0.layer) (\($0.hidden.count), \($0.cell.count))" }
      guard found == wanted else {
        throw PolicyError(
          "the network's state is of \(wanted.isEmpty ? "no layers" : listed(wanted, "and")), "
            + "not of \(found.isEmpty ? "no layers" : listed(found, "and")); "
            + "it belongs to another network")
      }
      for (place, state) in zip(recurrences, states) {
        for (index, level) in place.levels.enumerated() {
          for unit in 0..<place.hidden {
            memory[level.hidden + unit] = state.hidden[index * place.hidden + unit]
            if let cell = level.cell {
              memory[cell + unit] = state.cell[index * place.hidden + unit]
            }
          }
        }
      }
    }
  }
}

/// What a recurrent layer remembers, level after level.
public struct RecurrentState<Element: NetworkElement>: Sendable, Equatable {
  /// The layer, such as `policy.1`.
  public var layer: String
  /// The hidden state h, `levels * hidden` numbers.
  public var hidden: [Element]
  /// The cell c, as many numbers; empty for gated recurrent units, which have none.
  public var cell: [Element]

  /// What a recurrent layer remembers.
  public init(layer: String, hidden: [Element], cell: [Element]) {
    self.layer = layer
    self.hidden = hidden
    self.cell = cell
  }
}

/// Factors for the elements that pass dropout layers: 0 for one that is dropped, 1/(1-p) for one
/// that is kept.
public struct DropoutMasks<Element: NetworkElement>: Sendable {
  /// For each dropout layer in order a factor for each element, in row-major order.
  public var factors: [[Element]]

  /// Given factors, scaled already.
  public init(_ factors: [[Element]]) { self.factors = factors }

  func fits(_ places: [DropoutPlace]) -> Bool {
    factors.count == places.count
      && places.indices.allSatisfy { factors[$0].count == places[$0].count }
  }
}

extension Network {
  /// Masks that keep each element with the probability of its layer.
  public func makeDropoutMasks(_ random: inout Randomness) -> DropoutMasks<Element> {
    DropoutMasks(
      program.dropouts.map { place in
        let kept = Element(1 / (1 - place.probability))
        return (0..<place.count).map { _ in random.nextUnit() < place.probability ? 0 : kept }
      })
  }

  /// Evaluates the network many times with dropout at work, as samples of what it might have
  /// learned.
  ///
  /// Each sample starts from the same recurrent state; afterwards the state has moved on by one
  /// evaluation without dropout.
  /// > Y. Gal, Z. Ghahramani, "Dropout as a Bayesian Approximation", ICML 2016.
  ///
  /// - Parameters:
  ///   - input: an observation in row-major order.
  ///   - samples: how many, at least one.
  ///   - state: of this network; recurrent layers go on from it.
  ///   - random: where masks come from.
  public func evaluateWithUncertainty(
    _ input: [Element], samples: Int, state: inout State, random: inout Randomness
  ) -> UncertainOutput<Element> {
    precondition(samples > 0, "at least one sample")
    let masks = (0..<samples).map { _ in makeDropoutMasks(&random) }
    return evaluateWithUncertainty(input, masks: masks, state: &state)
  }

  /// The same with given masks, one set for each sample.
  public func evaluateWithUncertainty(
    _ input: [Element], masks: [DropoutMasks<Element>], state: inout State
  ) -> UncertainOutput<Element> {
    precondition(!masks.isEmpty, "at least one sample")
    let start = state
    let samples = masks.map { masks in
      state = start
      return evaluate(input, state: &state, dropout: masks)
    }
    state = start
    let output = evaluate(input, state: &state)
    let count = Double(samples.count)
    let means = output.indices.map { index in
      samples.reduce(0) { $0 + Double($1[index]) } / count
    }
    let deviations = output.indices.map { index in
      (samples.reduce(0) {
        let distance = Double($1[index]) - means[index]
        return $0 + distance * distance
      } / count).squareRoot()
    }
    return UncertainOutput(
      output: output, mean: means.map { Element($0) }, deviation: deviations.map { Element($0) })
  }
}

/// The output of a network with the spread that dropout gives it.
public struct UncertainOutput<Element: NetworkElement>: Sendable, Equatable {
  /// The output without dropout.
  public var output: [Element]
  /// The mean of the samples.
  public var mean: [Element]
  /// The standard deviation of the samples, their squares divided by their number.
  public var deviation: [Element]
}
