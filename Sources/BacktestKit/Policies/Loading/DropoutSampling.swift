import BacktestCore
import BacktestNetworks

/// Passes with dropout at work, by which a policy measures how sure it is.
///
/// The same masks are used at every decision, so a decision depends on its observation alone and
/// two decisions differ by what was observed, not by chance.
/// > Y. Gal, Z. Ghahramani, "Dropout as a Bayesian Approximation", ICML 2016.
struct DropoutSampling: Sendable {
  private let masks: [DropoutMasks<Double>]
  private var sample: PolicyDecision
  /// Memory of its own, so that the policy's stays as it is and none is copied.
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
    _ rule: DecisionRule, _ network: Network<Double>, _ state: Network<Double>.State,
    _ input: ContiguousArray<Double>, to decision: inout PolicyDecision
  ) {
    if sample.action.count != decision.action.count { sample.action = decision.action }
    var (signal, up, expected) = (SampleMoments(), SampleMoments(), SampleMoments())
    var within = 0.0
    for masks in masks {
      // Only a recurrent network starts from what went before.
      if network.isRecurrent { memory = state }
      input.withUnsafeBufferPointer { input in
        sample.outputs.withUnsafeMutableBufferPointer { output in
          network.evaluate(input, state: &memory, dropout: masks, into: output)
        }
      }
      rule.apply(to: &sample)
      let prediction = sample.prediction
      signal.add(prediction.signal ?? sample.outputs[0])
      up.add(prediction.probabilityUp ?? 0)
      expected.add(prediction.expectedReturn ?? 0)
      let deviation = prediction.expectedReturn == nil ? 0 : prediction.deviation ?? 0
      within += deviation * deviation
    }
    let hasReturn = decision.prediction.expectedReturn != nil
    if decision.prediction.signal != nil { decision.prediction.signal = signal.mean }
    if decision.prediction.probabilityUp != nil { decision.prediction.probabilityUp = up.mean }
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
