public import BacktestCore
internal import CNetworkKernels

/// A network of a policy, checked against its weights and ready to be evaluated.
///
///     let network = try Network<Double>(
///       definition, head: "policy", weights: archive, inputShape: [17])
///     var state = network.makeState()
///     let logits = network.evaluate(observation, state: &state)
///
/// All copies share the weights. An evaluation writes only to a ``State`` and so allocates nothing;
/// one state serves one sequence of observations.
///
/// Sums are computed in a fixed order: the bias first, then the inputs from the first to the last.
/// Products are rounded before they are added, except in large windows, of eight rows or more and
/// 131,072 multiplications, where they are not. Results do not depend on the processor.
public struct Network<Element: NetworkElement>: Sendable {
  let program: NetworkProgram<Element>
  /// Which kernels are used; `nil` for the best that the processor has.
  var level: KernelLevel?

  /// The shape of an observation.
  public var inputShape: [Int] { program.inputShape }
  /// The number of values in an observation.
  public var inputCount: Int { program.input.rows * program.input.count }
  /// The shape of the output; of several heads, the number of all.
  public var outputShape: [Int] {
    program.outputs.count == 1 ? program.outputs[0].shape : [outputCount]
  }
  /// The number of outputs of all heads.
  public var outputCount: Int { program.outputs.reduce(0) { $0 + $1.place.count } }
  /// The positions of a head's outputs among all outputs, or `nil`.
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
  /// Whether an evaluation continues from the one before.
  public var isRecurrent: Bool { program.recurrences.contains(where: \.isStateful) }

  /// The number of outputs of each matrix, in the order of evaluation.
  package var matrixWidths: [Int] {
    program.steps.compactMap { step in
      if case .affine(let affine) = step { affine.output.count } else { nil }
    }
  }

  /// Memory for a sequence of evaluations, at the start of an episode.
  public func makeState() -> State { State(program) }

  /// Evaluates the network.
  ///
  /// - Parameters:
  ///   - input: an observation in row-major order, ``inputCount`` numbers.
  ///   - state: of this network; recurrent layers continue from it.
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
  /// The kernels of the level.
  var kernels: UnsafePointer<network_kernels> {
    level.flatMap { Element.kernels(at: $0) } ?? Element.kernels
  }

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
    state.holdsWindow = masks == nil
    state.firstRow = 0
    state.memory.withUnsafeMutableBufferPointer { memory in
      guard let memory = memory.baseAddress, let first = input.baseAddress else { return }
      (memory + program.input.offset).update(from: first, count: input.count)
      let kernels = NetworkKernels(weights: program.weights, memory: memory, kernels: kernels)
      kernels.run(program, from: 0, masks)
      kernels.write(program.outputs, to: output)
    }
    withExtendedLifetime(program) {}
  }
}

/// A number that networks are computed in: `Double` or `Float`, and no other type.
public protocol NetworkElement: BinaryFloatingPoint, SIMDScalar, Codable, Sendable {
  /// Evaluates a network in the arithmetic of this type; call ``Network/evaluate(_:state:into:)``.
  static func evaluate(
    _ network: Network<Self>, _ input: UnsafeBufferPointer<Self>,
    state: inout Network<Self>.State, dropout: DropoutMasks<Self>?,
    into output: UnsafeMutableBufferPointer<Self>)

  /// Moves a window on in the arithmetic of this type; call ``Network/slide(_:state:into:)``.
  static func slide(
    _ network: Network<Self>, _ row: UnsafeBufferPointer<Self>,
    state: inout Network<Self>.State, into output: UnsafeMutableBufferPointer<Self>)
}

// Generic code runs at full speed only where the compiler knows the type, as it does here.
extension Double: NetworkElement {
  /// Evaluates a network in double precision.
  public static func evaluate(
    _ network: Network<Double>, _ input: UnsafeBufferPointer<Double>,
    state: inout Network<Double>.State, dropout: DropoutMasks<Double>?,
    into output: UnsafeMutableBufferPointer<Double>
  ) { network.run(input, &state, dropout, output) }

  /// Moves a window on in double precision.
  public static func slide(
    _ network: Network<Double>, _ row: UnsafeBufferPointer<Double>,
    state: inout Network<Double>.State, into output: UnsafeMutableBufferPointer<Double>
  ) { network.runSliding(row, &state, output) }
}

extension Float: NetworkElement {
  /// Evaluates a network in single precision.
  public static func evaluate(
    _ network: Network<Float>, _ input: UnsafeBufferPointer<Float>,
    state: inout Network<Float>.State, dropout: DropoutMasks<Float>?,
    into output: UnsafeMutableBufferPointer<Float>
  ) { network.run(input, &state, dropout, output) }

  /// Moves a window on in single precision.
  public static func slide(
    _ network: Network<Float>, _ row: UnsafeBufferPointer<Float>,
    state: inout Network<Float>.State, into output: UnsafeMutableBufferPointer<Float>
  ) { network.runSliding(row, &state, output) }
}

extension Network {
  /// The memory that evaluations of a network write: the state of recurrent layers, and the values
  /// between layers. A copy is independent of the original.
  public struct State: Sendable {
    /// The values of all layers; places are those of the program.
    var memory: [Element]
    /// Whether these are the values of a whole window, evaluated without dropout.
    package var holdsWindow = false
    /// Where the oldest row lies of the value that a sliding window keeps as a ring.
    var firstRow = 0
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

    /// The state of each stateful layer, in the order of the layers.
    var recurrent: [RecurrentState<Element>] {
      recurrences.map { place in
        RecurrentState(
          layer: place.name,
          hidden: place.levels.flatMap { memory[$0.hidden..<($0.hidden + place.hidden)] },
          cell: place.levels.flatMap { level in
            level.cell.map { Array(memory[$0..<($0 + place.hidden)]) } ?? []
          })
      }
    }
  }
}

/// The state of a recurrent layer, level after level.
struct RecurrentState<Element: NetworkElement>: Sendable, Equatable {
  /// The layer, such as `policy.1`.
  var layer: String
  /// The hidden state h, `levels * hidden` numbers.
  var hidden: [Element]
  /// The cell c, as many numbers; empty for gated recurrent units, which have none.
  var cell: [Element]
}

/// Factors for the elements in dropout layers: 0 for one that is dropped, 1/(1-p) for one that is
/// kept.
public struct DropoutMasks<Element: NetworkElement>: Sendable {
  /// For each dropout layer, in order, a factor for each element, row-major.
  public var factors: [[Element]]

  /// Masks from their factors.
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
}
