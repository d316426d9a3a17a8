import BacktestCore

/// How a policy's decisions become positions, beyond what its manifest says.
///
///     var options = PolicyOptions()
///     options.weights.rebalanceThreshold = 0.05
///     options.onRefusal = .hold
public struct PolicyOptions: Sendable, Hashable {
  /// How target weights become positions; weights are shares of the policy's part of equity.
  public var weights = WeightOptions()
  /// How a decision becomes a weight; `nil` takes an action as it is, and the sign of a prediction.
  public var sizing: PolicySizing?
  /// When a decision is too uncertain to hold a position.
  public var abstention = Abstention()
  /// How intervals about predicted returns are learnt; `nil` for none.
  public var conformal: ConformalIntervals?
  /// What becomes of positions when the policy does not decide.
  public var onRefusal = RefusalRule.flat
  /// Decisions after which recurrent state is reset; `nil` for one episode without end.
  public var episodeLength: Int?
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
    /// They are closed, and the policy is not asked any more.
    case stop
  }

  /// At which instants a policy of several assets decides.
  public enum CrossSectionRule: String, Sendable, CaseIterable {
    /// When all of its assets closed.
    case allClosed = "all-closed"
    /// When any of them closed, once each has a close.
    case anyClosed = "any-closed"
  }

  /// What is wrong with the options, or does not fit a policy; `nil` when all is well.
  package func problem(for manifest: PolicyManifest) -> String? {
    if let problem = weights.problem { return problem }
    if let episodeLength, episodeLength < 1 {
      return "an episode has 1 decision or more, not \(episodeLength)"
    }
    if let problem = sizing?.problem(for: manifest) { return problem }
    if let problem = abstention.problem(for: manifest) { return problem }
    if let problem = conformal?.problem(for: manifest) { return problem }
    if sizing == .interval, conformal == nil {
      return "sizing by interval needs the intervals of 'conformal'"
    }
    let tradesUnits: Bool
    switch manifest.action?.meaning {
    case .shareDeltas, .orders: tradesUnits = true
    default: tradesUnits = false
    }
    if tradesUnits,
      weights.rebalanceThreshold > 0 || weights.maximumWeight != nil || weights.drift == .rebalance
    {
      return "this policy trades units; a rebalance threshold, a maximum weight and a drift rule "
        + "are for policies that set target weights"
    }
    return nil
  }
}

/// How the target weights of a policy or an ensemble become positions.
public struct WeightOptions: Sendable, Hashable {
  /// A target that differs from the last one by less than this keeps the last one.
  public var rebalanceThreshold = 0.0
  /// The largest share of equity in one instrument; `nil` is no limit for actions and ensembles,
  /// and 1 for predictions.
  public var maximumWeight: Double?
  /// Whether short positions are not allowed.
  public var isLongOnly = false
  /// Whether drift is traded.
  public var drift = DriftRule.target

  /// The default options: no threshold, no limit, drift is left alone.
  public init() {}

  /// Whether drift is traded.
  public enum DriftRule: String, Sendable, CaseIterable {
    /// A target that equals the last one trades nothing.
    case target
    /// Positions are brought to their targets at each decision.
    case rebalance
  }

  /// The weights that are allowed, up to a default maximum where none is given.
  func limits(defaultMaximum: Double) -> WeightLimits {
    let highest = maximumWeight ?? defaultMaximum
    return WeightLimits(lowest: isLongOnly ? 0 : -highest, highest: highest)
  }

  /// What is wrong with the options; `nil` when all is well.
  var problem: String? {
    if !(rebalanceThreshold >= 0 && rebalanceThreshold.isFinite) {
      return "the rebalance threshold must be 0 or more, not \(rebalanceThreshold)"
    }
    if let maximumWeight, !(maximumWeight > 0) {
      return "the maximum weight must be above 0, not \(maximumWeight)"
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
  /// By confidence: the sign of a prediction, or an action's weight, times
  /// `min(1, |mean| / (scale x deviation))`, where the mean is the prediction's or, for an action
  /// without one, its weight.
  case confidence(scale: Double)
  /// By the conformal interval: the sign of the predicted return times
  /// `min(1, |mean| / half-width)`, so 1 where the interval lies on one side of 0; nothing where no
  /// interval is known yet.
  case interval

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
      if !manifest.hasDeviation {
        return
          "sizing by confidence needs a deviation, which this policy does not predict; give it "
          + "'uncertainty', or an 'output' with one"
      }
      switch manifest.action?.meaning {
      case nil, .targetWeights, .softmaxWeights: return nil
      default: return "sizing by confidence is for policies that set target weights"
      }
    case .interval: return isPredictor ? nil : "this policy acts: intervals are for predictions"
    }
  }

  /// The weight of a prediction within limits.
  ///
  /// - Throws: `PolicyRefusal` where a number that it needs is missing.
  func weight(
    of prediction: PolicyPrediction, interval: ForecastInterval?, limits: WeightLimits
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
    case .interval:
      guard let interval, let mean = prediction.expectedReturn, mean != 0 else { return 0 }
      let halfWidth = (interval.upper - interval.lower) / 2
      let size = halfWidth == 0 ? 1 : min(1, abs(mean) / halfWidth)
      return limits.clamped(mean > 0 ? size : -size)
    }
  }
}

extension PolicyPrediction {
  /// A signed number for the direction: the signal, else the probability, else the return.
  var direction: Double? { signal ?? probabilityUp.map { 2 * $0 - 1 } ?? expectedReturn }

  /// The confidence in a mean, 0...1.
  ///
  /// - Throws: `PolicyRefusal` without a deviation.
  func confidence(of mean: Double, scale: Double) throws(PolicyRefusal) -> Double {
    guard let deviation, deviation >= 0, mean.isFinite else {
      throw PolicyRefusal("the decision has no deviation for its size")
    }
    return deviation == 0 ? 1 : min(1, abs(mean) / (scale * deviation))
  }
}

extension PolicyManifest {
  /// Whether decisions can come with a deviation; those of an external policy may.
  var hasDeviation: Bool {
    if !hasNetwork || uncertainty != nil { return true }
    switch output?.kind {
    case .gaussian: return true
    case .classes(let classes): return !classes.values.isEmpty
    default: return false
    }
  }
}
