import BacktestCheckpoints
import BacktestCore
import BacktestNetworks
internal import Glibc

/// A policy that a training library made, run natively: the same decisions as there, and nothing
/// that its files name is executed.
///
///     let policy = try TrainedPolicy(path: "policies/ppo")
///     var decision = policy.makeDecision()
///     try policy.decide(observation, into: &decision)
///     print(decision.action)
///
/// Everything is computed in 64 bits; outputs are rounded to 32 before the action rule, as the
/// training libraries do. Copies share the weights and are independent of each other otherwise.
public struct TrainedPolicy: Policy {
  /// What the policy is.
  public let manifest: PolicyManifest
  /// The SHA-256 digest of the weights file that was read.
  public let weightsDigest: String
  /// The weights file that was read.
  public let weightsPath: String
  let network: Network<Double>
  private let decoder: OutputDecoder
  private let normaliser: PreparedNormaliser
  private let canSlide: Bool
  private var state: Network<Double>.State
  /// The last observation, normalised.
  private var input: ContiguousArray<Double>
  /// The one before it, where the network's window can slide.
  private var previousInput: ContiguousArray<Double>
  private var sampling: DropoutSampling?

  /// A policy over weights that were read; its golden decisions are not checked yet.
  init(
    manifest: PolicyManifest, network source: PolicyNetwork, weightsPath: String,
    weightsDigest: String
  ) throws(PolicyError) {
    _ = try manifest.observation.expanded(over: manifest.observedAssets)
    self.manifest = manifest
    self.weightsPath = weightsPath
    self.weightsDigest = weightsDigest
    let reads = TensorReads()
    network = try Self.located(source, at: weightsPath) { () throws(PolicyError) in
      try PolicyError.wrapping(
        try source.network(
          manifest.decidingHead, inputShape: manifest.observation.shape, reads: reads))
    }
    decoder = OutputDecoder(manifest)
    normaliser = PreparedNormaliser(manifest.observation.normaliser)
    canSlide = network.canSlide
    guard network.outputCount == decoder.outputCount else {
      throw PolicyError(
        "the head '\(manifest.decidingHead)' has \(network.outputCount) outputs, but its "
          + "\(manifest.action == nil ? "'output'" : "'action'") needs \(decoder.outputCount)")
    }
    if let problem = source.problem(with: manifest, reads) { throw PolicyError(problem) }
    state = network.makeState()
    input = ContiguousArray(repeating: 0, count: manifest.observation.count)
    previousInput = network.canSlide ? input : []
    sampling = manifest.uncertainty.map { DropoutSampling($0, network) }
  }

  /// Does a step whose errors about a node name the file that holds the graph.
  private static func located<Value>(
    _ source: PolicyNetwork, at path: String, _ step: () throws(PolicyError) -> Value
  ) throws(PolicyError) -> Value {
    guard case .graph = source else { return try step() }
    return try PolicyError.located(at: path, step)
  }

  /// The number of values in an observation.
  public var observationCount: Int { input.count }

  /// A decision with room for the action and the outputs of the deciding head.
  public func makeDecision() -> PolicyDecision {
    PolicyDecision(
      actionCount: manifest.action?.componentCount ?? 0, outputCount: network.outputCount)
  }

  /// Begins an episode: recurrent state goes back to zero.
  public mutating func reset() { state.reset() }

  /// Normalises the observation, evaluates the network and applies the rule of the training
  /// library. Where the manifest asks for uncertainty, predictions are those of the samples.
  ///
  /// - Throws: `PolicyRefusal` where an output is not finite.
  public mutating func decide(
    _ observation: UnsafeBufferPointer<Double>, into decision: inout PolicyDecision
  ) throws(PolicyRefusal) {
    precondition(observation.count == input.count, "an observation of the policy's length")
    if canSlide { swap(&input, &previousInput) }
    Self.normalise(observation, by: normaliser, into: &input)
    if canSlide {
      evaluateWindow(into: &decision)
    } else {
      Self.evaluate(network, input, &state, into: &decision)
    }
    var isFinite = true
    for value in decision.outputs where !value.isFinite { isFinite = false }
    guard isFinite else { throw PolicyRefusal("the network's output is not a finite number") }
    decoder.apply(to: &decision)
    guard decoder.isAction(decision) else {
      throw PolicyRefusal("the network's output is not the number of an action")
    }
    sampling?.apply(decoder, network, state, input, to: &decision)
  }

  // Parts are passed one by one, so that none is copied while another is written.
  private static func normalise(
    _ observation: UnsafeBufferPointer<Double>, by normaliser: PreparedNormaliser,
    into input: inout ContiguousArray<Double>
  ) {
    input.withUnsafeMutableBufferPointer { input in
      _ = input.update(from: observation)
      normaliser.apply(to: input)
    }
  }

  private static func evaluate(
    _ network: Network<Double>, _ input: ContiguousArray<Double>,
    _ state: inout Network<Double>.State, into decision: inout PolicyDecision
  ) {
    input.withUnsafeBufferPointer { input in
      decision.outputs.withUnsafeMutableBufferPointer { output in
        network.evaluate(input, state: &state, into: output)
      }
    }
  }

  /// Evaluates a network whose window slides.
  private mutating func evaluateWindow(into decision: inout PolicyDecision) {
    let network = network
    let newRow = movedOnByOneRow ? input.count - network.inputShape[1] : 0
    input.withUnsafeBufferPointer { input in
      decision.outputs.withUnsafeMutableBufferPointer { output in
        if newRow > 0 {
          let row = UnsafeBufferPointer(rebasing: input[newRow...])
          network.slide(row, state: &state, into: output)
        } else {
          network.evaluate(input, state: &state, into: output)
        }
      }
    }
  }

  /// Whether the observation is the window before it, moved on by one row, bit for bit.
  private var movedOnByOneRow: Bool {
    guard state.holdsWindow else { return false }
    let width = network.inputShape[1]
    let kept = (input.count - width) * MemoryLayout<Double>.stride
    return input.withUnsafeBytes { new in
      previousInput.withUnsafeBytes { old in
        let moved = UnsafeRawBufferPointer(rebasing: old[(old.count - kept)...])
        guard kept > 0, let new = new.baseAddress, let moved = moved.baseAddress else {
          return false
        }
        return memcmp(new, moved, kept) == 0
      }
    }
  }
}

/// Evaluations with active dropout, by which a policy measures how sure it is.
///
/// Every decision uses the same masks, so it depends on its observation alone, and two decisions
/// differ by what was observed and not by chance.
/// > Y. Gal, Z. Ghahramani, "Dropout as a Bayesian Approximation", ICML 2016.
struct DropoutSampling: Sendable {
  private let masks: [DropoutMasks<Double>]
  private var sample: PolicyDecision
  /// Separate from the policy's, which must not change.
  private var memory: Network<Double>.State

  init(_ definition: UncertaintyDefinition, _ network: Network<Double>) {
    var random = Randomness(seed: definition.seed, stream: "dropout")
    masks = (0..<definition.samples).map { _ in network.makeDropoutMasks(&random) }
    sample = PolicyDecision(actionCount: 0, outputCount: network.outputCount)
    memory = network.makeState()
  }

  /// Replaces a decision's prediction by the mean of the samples, and its deviation by the root of
  /// the mean variance within samples and the variance between them.
  ///
  /// For a policy that acts, the deviation is that of the first output between samples.
  mutating func apply(
    _ decoder: OutputDecoder, _ network: Network<Double>, _ state: Network<Double>.State,
    _ input: ContiguousArray<Double>, to decision: inout PolicyDecision
  ) {
    if sample.action.count != decision.action.count { sample.action = decision.action }
    var (signal, expected) = (SampleMoments(), SampleMoments())
    var (up, down) = (SampleMoments(), SampleMoments())
    var within = 0.0
    for masks in masks {
      // Only a recurrent network depends on earlier evaluations.
      if network.isRecurrent { memory = state }
      input.withUnsafeBufferPointer { input in
        sample.outputs.withUnsafeMutableBufferPointer { output in
          network.evaluate(input, state: &memory, dropout: masks, into: output)
        }
      }
      decoder.apply(to: &sample)
      let prediction = sample.prediction
      signal.add(prediction.signal ?? sample.outputs[0])
      up.add(prediction.probabilityUp ?? 0)
      down.add(prediction.probabilityDown ?? 0)
      expected.add(prediction.expectedReturn ?? 0)
      let deviation = prediction.expectedReturn == nil ? 0 : prediction.deviation ?? 0
      within += deviation * deviation
    }
    let hasReturn = decision.prediction.expectedReturn != nil
    if decision.prediction.signal != nil { decision.prediction.signal = signal.mean }
    if decision.prediction.probabilityUp != nil { decision.prediction.probabilityUp = up.mean }
    if decision.prediction.probabilityDown != nil {
      decision.prediction.probabilityDown = down.mean
    }
    if hasReturn { decision.prediction.expectedReturn = expected.mean }
    let between = hasReturn ? expected.variance : signal.variance
    decision.prediction.deviation = (within / Double(masks.count) + between).squareRoot()
  }
}

/// Mean and variance of a few numbers, divisor n.
private struct SampleMoments {
  private var count = 0.0
  private(set) var mean = 0.0
  private var squares = 0.0

  var variance: Double { count > 0 ? squares / count : 0 }

  mutating func add(_ value: Double) {
    count += 1
    let distance = value - mean
    mean += distance / count
    squares += distance * (value - mean)
  }
}
