/// A policy whose predictions are a feature of another policy, with what it observes itself.
public struct ObservedPredictor: Sendable {
  /// The policy, as it begins an episode.
  public var policy: any Policy
  /// What it observes of one instrument's bars.
  public var observation: ObservationDefinition

  /// A predictor.
  public init(policy: any Policy, observation: ObservationDefinition) {
    self.policy = policy
    self.observation = observation
  }
}
