/// When a policy holds no position because its decision is too uncertain.
///
///     options.abstention.minimumProbability = 0.6
public struct Abstention: Sendable, Hashable {
  /// The least probability, 0.5...1, that the likelier direction must have; `nil` asks for none.
  public var minimumProbability: Double?
  /// How many predicted deviations the expected return or, without one, the signal must lie from
  /// 0; `nil` asks for none.
  public var minimumDeviations: Double?

  /// Every decision counts.
  public init() {}

  /// Whether a prediction is too uncertain.
  ///
  /// - Throws: `PolicyRefusal` where a number that it needs is missing.
  func applies(to prediction: PolicyPrediction) throws(PolicyRefusal) -> Bool {
    if let minimumProbability {
      guard let up = prediction.probabilityUp, up.isFinite else {
        throw PolicyRefusal("the decision has no probability, by which it would abstain")
      }
      let down = prediction.probabilityDown ?? 1 - up
      if max(up, down) < minimumProbability { return true }
    }
    if let minimumDeviations {
      guard let mean = prediction.expectedReturn ?? prediction.signal, mean.isFinite,
        let deviation = prediction.deviation, deviation >= 0
      else { throw PolicyRefusal("the decision has no deviation, by which it would abstain") }
      if abs(mean) < minimumDeviations * deviation { return true }
    }
    return false
  }

  /// What is wrong with it, or does not fit a policy; `nil` when all is well.
  func problem(for manifest: PolicyManifest) -> String? {
    if self == Abstention() { return nil }
    switch manifest.action?.meaning {
    case nil, .targetWeights, .softmaxWeights: break
    default: return "abstaining is for policies that set target weights"
    }
    if let least = minimumProbability {
      if !(0.5...1).contains(least) {
        return "the least probability of the likelier direction is from 0.5 to 1, not \(least)"
      }
      if !manifest.hasProbability {
        return "this policy predicts no probability, by which it would abstain"
      }
    }
    if let least = minimumDeviations {
      if !(least > 0 && least.isFinite) {
        return "the least number of deviations must be above 0, not \(least)"
      }
      if !manifest.hasDeviation {
        return "this policy predicts no deviation, by which it would abstain; give it "
          + "'uncertainty', or an 'output' with one"
      }
    }
    return nil
  }
}

extension PolicyManifest {
  /// Whether decisions can come with a probability; those of an external policy may.
  fileprivate var hasProbability: Bool {
    if !hasNetwork { return true }
    if case .classes = output?.kind { return true }
    return false
  }
}
