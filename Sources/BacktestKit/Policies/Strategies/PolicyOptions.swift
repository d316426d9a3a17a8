/// How a policy's decisions become positions, beyond what its manifest says.
///
///     var options = PolicyOptions()
///     options.rebalanceThreshold = 0.05
///     options.onRefusal = .hold
public struct PolicyOptions: Sendable, Hashable {
  /// A new weight that differs from the last stated one by less than this is not stated.
  public var rebalanceThreshold = 0.0
  /// How a decision becomes a weight; `nil` takes an action as it is, and the sign of a prediction.
  public var sizing: PolicySizing?
  /// The largest share of equity in one instrument, of the part of equity that the policy has;
  /// `nil` is no limit for actions, and 1 for predictions.
  public var maximumWeight: Double?
  /// Whether short positions are left out.
  public var isLongOnly = false
  /// What becomes of positions when the policy does not decide.
  public var onRefusal = RefusalRule.flat
  /// Decisions after which recurrent state goes back to its start; `nil` is one episode.
  public var episodeLength: Int?
  /// Whether drift is traded.
  public var drift = DriftRule.target
  /// At which instants a policy of several assets decides.
  public var decide = CrossSectionRule.allClosed

  /// The default options: actions and signs as they are, flat when there is no decision.
  public init() {}

  /// What becomes of positions when a policy does not decide.
  public enum RefusalRule: String, Sendable, CaseIterable {
    /// They are closed, and the policy is asked again at the next bar.
    case flat
    /// They stay as they are.
    case hold
    /// They are closed, and the policy is asked no more.
    case stop
  }

  /// Whether drift is traded.
  public enum DriftRule: String, Sendable, CaseIterable {
    /// A weight that is the last stated one again trades nothing.
    case target
    /// Positions are brought to the stated weights at each decision.
    case rebalance
  }

  /// At which instants a policy of several assets decides.
  public enum CrossSectionRule: String, Sendable, CaseIterable {
    /// Where all of its assets closed.
    case allClosed = "all-closed"
    /// Where any of them closed, once each has a close.
    case anyClosed = "any-closed"
  }

  /// The weights that are allowed for a policy that acts, or for one that predicts.
  func limits(isPredictor: Bool) -> WeightLimits {
    let highest = maximumWeight ?? (isPredictor ? 1 : .infinity)
    return WeightLimits(lowest: isLongOnly ? 0 : -highest, highest: highest)
  }

  /// What is wrong with the options themselves, or does not go with a policy; `nil` when all is
  /// well.
  package func problem(for manifest: PolicyManifest) -> String? {
    if !(rebalanceThreshold >= 0 && rebalanceThreshold.isFinite) {
      return "the rebalance threshold must be 0 or more, not \(rebalanceThreshold)"
    }
    if let maximumWeight, !(maximumWeight > 0) {
      return "the maximum weight must be above 0, not \(maximumWeight)"
    }
    if let episodeLength, episodeLength < 1 {
      return "an episode has 1 decision or more, not \(episodeLength)"
    }
    if let problem = sizing?.problem(for: manifest) { return problem }
    let tradesUnits: Bool
    switch manifest.action?.meaning {
    case .shareDeltas, .orders: tradesUnits = true
    default: tradesUnits = false
    }
    if tradesUnits, rebalanceThreshold > 0 || maximumWeight != nil || drift == .rebalance {
      return "this policy trades units; a rebalance threshold, a maximum weight and a drift rule "
        + "are for policies that state weights"
    }
    return nil
  }
}

/// How a decision becomes a share of equity.
public enum PolicySizing: Sendable, Hashable {
  /// All in: 1 for a prediction above the threshold, -1 for one below minus the threshold, else 0.
  case sign(threshold: Double)
  /// The predicted signal times a factor.
  case proportional(factor: Double)
  /// As much as the decision is sure of: the sign of a prediction, or an action's weight, times
  /// `min(1, |mean| / (scale x deviation))`, where the mean is the prediction's or, for an action
  /// without one, its weight.
  case confidence(scale: Double)

  func problem(for manifest: PolicyManifest) -> String? {
    let isPredictor = manifest.output != nil
    switch self {
    case .sign(let threshold):
      if !isPredictor { return "this policy acts: sizing by sign is for predictions" }
      return threshold >= 0 && threshold.isFinite
        ? nil : "the threshold of a sign must be 0 or more, not \(threshold)"
    case .proportional(let factor):
      if !isPredictor { return "this policy acts: proportional sizing is for predictions" }
      return factor > 0 && factor.isFinite
        ? nil : "the factor of a signal must be above 0, not \(factor)"
    case .confidence(let scale):
      if !(scale > 0 && scale.isFinite) {
        return "the scale of confidence must be above 0, not \(scale)"
      }
      if !manifest.tellsDeviation {
        return "sizing by confidence needs a deviation, which this policy does not tell; give it "
          + "'uncertainty', or an 'output' with one"
      }
      switch manifest.action?.meaning {
      case nil, .targetWeights, .softmaxWeights: return nil
      default: return "sizing by confidence is for policies that state target weights"
      }
    }
  }

  /// The weight of a prediction within limits.
  ///
  /// - Throws: `PolicyRefusal` where a figure that it needs is not there.
  func weight(
    of prediction: PolicyPrediction, limits: WeightLimits
  ) throws(PolicyRefusal) -> Double {
    guard let signal = prediction.direction, signal.isFinite else {
      throw PolicyRefusal("the prediction has no signal")
    }
    switch self {
    case .sign(let threshold):
      return limits.clamped(signal > threshold ? 1 : signal < -threshold ? -1 : 0)
    case .proportional(let factor): return limits.clamped(signal * factor)
    case .confidence(let scale):
      let mean = prediction.expectedReturn ?? signal
      let side: Double = mean > 0 ? 1 : mean < 0 ? -1 : 0
      return limits.clamped(side * (try prediction.confidence(of: mean, scale: scale)))
    }
  }
}

extension PolicyPrediction {
  /// The signed number that stands for the direction.
  var direction: Double? { signal ?? probabilityUp.map { 2 * $0 - 1 } ?? expectedReturn }

  /// How sure a mean is, 0...1.
  ///
  /// - Throws: `PolicyRefusal` without a deviation.
  func confidence(of mean: Double, scale: Double) throws(PolicyRefusal) -> Double {
    guard let deviation, deviation >= 0, mean.isFinite else {
      throw PolicyRefusal("the decision has no deviation to be sized by")
    }
    return deviation == 0 ? 1 : min(1, abs(mean) / (scale * deviation))
  }
}

extension PolicyManifest {
  /// Whether decisions can come with a deviation; a policy in a process of its own may.
  var tellsDeviation: Bool {
    if network == nil || uncertainty != nil { return true }
    switch output?.kind {
    case .gaussian: return true
    case .classes(let classes): return !classes.values.isEmpty
    default: return false
    }
  }
}
