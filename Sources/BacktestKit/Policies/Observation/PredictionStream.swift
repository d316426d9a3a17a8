import BacktestCore

/// A policy whose predictions another policy observes, with its own observation.
package struct ObservedPredictor: Sendable {
  /// The policy, as it begins an episode.
  package var policy: any Policy
  /// What it observes of one instrument's bars.
  package var observation: ObservationDefinition

  /// A predictor.
  package init(policy: any Policy, observation: ObservationDefinition) {
    self.policy = policy
    self.observation = observation
  }
}

/// The predictions of a policy, bar by bar of one instrument, as features of another policy.
struct PredictionStream: Sendable {
  /// Which number of its prediction goes to which signal of the instrument's stream.
  var outputs: [(field: PredictionFeature.Field, signal: Int)] = []
  /// Bars until its first observation.
  var warmup: Int { observations.warmup }
  private var observations: ObservationBuilder
  private var policy: any Policy
  private var decision: PolicyDecision
  private var numbers: ContiguousArray<Double>
  /// Empty, because its definition has no state features.
  private let account = PolicyAccountState(assetCount: 1)

  /// A stream of a policy's predictions.
  ///
  /// - Throws: `PolicyError` where it observes more than bars, or takes another number of values.
  init(_ predictor: ObservedPredictor, name: String, symbol: String) throws(PolicyError) {
    for feature in predictor.observation.features {
      guard case .market = feature else {
        throw PolicyError(
          "the prediction of '\(name)' cannot be a feature: it observes more than bars")
      }
    }
    guard predictor.observation.inputs.isEmpty else {
      throw PolicyError(
        "the prediction of '\(name)' cannot be a feature: it observes its own 'inputs'")
    }
    observations = try ObservationBuilder(
      predictor.observation, instruments: [InstrumentID(0)], symbols: [symbol])
    policy = predictor.policy
    guard policy.observationCount == observations.count else {
      throw PolicyError(
        "the policy '\(name)' takes \(policy.observationCount) numbers, its observation has "
          + "\(observations.count)")
    }
    policy.reset()
    decision = policy.makeDecision()
    numbers = ContiguousArray(repeating: 0, count: observations.count)
  }

  /// Takes in the next bar and predicts; `value(of:)` then gives the prediction.
  mutating func update(_ bar: Bar) {
    observations.take(bar, asset: 0)
    decision.prediction = PolicyPrediction()
    // Moved out while in use, so that it can be written while other properties are read.
    var room = ContiguousArray<Double>()
    swap(&room, &numbers)
    room.withUnsafeMutableBufferPointer { numbers in
      guard observations.fill(numbers, state: account) == .ready else { return }
      do throws(PolicyRefusal) {
        try policy.decide(UnsafeBufferPointer(numbers), into: &decision)
      } catch {
        decision.prediction = PolicyPrediction()
      }
    }
    swap(&room, &numbers)
  }

  /// A number of the last prediction; NaN where there is none.
  func value(of field: PredictionFeature.Field) -> Double {
    switch field {
    case .signal: decision.prediction.signal ?? .nan
    case .probabilityUp: decision.prediction.probabilityUp ?? .nan
    case .expectedReturn: decision.prediction.expectedReturn ?? .nan
    case .deviation: decision.prediction.deviation ?? .nan
    }
  }
}
