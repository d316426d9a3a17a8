import BacktestCheckpoints
import BacktestNetworks

/// A policy that a training library made, run natively: the same decisions as there, without
/// running anything that its files name.
///
///     let policy = try TrainedPolicy(path: "policies/ppo")
///     var decision = policy.makeDecision()
///     try policy.decide(observation, into: &decision)
///     print(decision.action)
///
/// Everything is computed in 64 bits; outputs are rounded to 32 before the action rule, as the
/// training libraries do. A copy goes on by itself; the weights are shared.
public struct TrainedPolicy: Policy {
  /// What the policy is.
  public let manifest: PolicyManifest
  /// The SHA-256 digest of the weights file that was read.
  public let weightsDigest: String
  /// The weights file that was read.
  public let weightsPath: String
  let network: Network<Double>
  private let rule: DecisionRule
  private var state: Network<Double>.State
  private var input: ContiguousArray<Double>
  private var sampling: DropoutSampling?

  /// A policy over weights that were read; its golden decisions are not checked yet.
  init(
    manifest: PolicyManifest, definition: NetworkDefinition, weights: TensorArchive,
    weightsPath: String, weightsDigest: String
  ) throws(PolicyError) {
    _ = try manifest.observation.expanded(over: manifest.observedAssets)
    self.manifest = manifest
    self.weightsPath = weightsPath
    self.weightsDigest = weightsDigest
    network = try Network<Double>(
      definition, head: manifest.decidingHead, weights: weights,
      inputShape: manifest.observation.shape)
    rule = DecisionRule(manifest)
    guard network.outputCount == rule.outputCount else {
      throw PolicyError(
        "the head '\(manifest.decidingHead)' has \(network.outputCount) outputs, but its "
          + "\(manifest.action == nil ? "'output'" : "'action'") needs \(rule.outputCount)")
    }
    state = network.makeState()
    input = ContiguousArray(repeating: 0, count: manifest.observation.count)
    sampling = manifest.uncertainty.map { DropoutSampling($0, network) }
  }

  /// The numbers of an observation.
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
    let normaliser = manifest.observation.normaliser
    input.withUnsafeMutableBufferPointer { input in
      _ = input.update(from: observation)
      normaliser.apply(to: input)
    }
    evaluate(into: &decision)
    var isFinite = true
    for value in decision.outputs where !value.isFinite { isFinite = false }
    guard isFinite else { throw PolicyRefusal("the network's output is not a finite number") }
    rule.apply(to: &decision)
    sampling?.apply(rule, network, state, input, to: &decision)
  }

  private mutating func evaluate(into decision: inout PolicyDecision) {
    let network = network
    input.withUnsafeBufferPointer { input in
      decision.outputs.withUnsafeMutableBufferPointer { output in
        network.evaluate(input, state: &state, into: output)
      }
    }
  }
}
