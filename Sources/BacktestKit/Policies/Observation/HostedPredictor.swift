import BacktestCore
import BacktestNetworks

/// A policy whose predictions are features of another policy, for the bars of one instrument.
struct HostedPredictor: Sendable {
  /// Which figure of its prediction goes to which signal of the instrument's stream.
  var outputs: [(field: PredictionFeature.Field, signal: Int)] = []
  /// Bars until its first observation.
  var warmup: Int { observations.warmup }
  private var observations: ObservationBuilder
  private var policy: any Policy
  private var decision: PolicyDecision
  private var numbers: ContiguousArray<Double>
  /// It observes no account: the definition has no state features.
  private let account = PolicyAccountState(assetCount: 1)

  /// Hosts a policy.
  ///
  /// - Throws: an observation that is not of bars alone, or that the policy does not take.
  init(_ predictor: ObservedPredictor, name: String, symbol: String) throws(PolicyError) {
    for feature in predictor.observation.features {
      guard case .market = feature else {
        throw PolicyError(
          "the prediction of '\(name)' cannot be a feature: it observes more than bars")
      }
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

  /// Takes in the next bar and predicts; afterwards `figure` gives what was predicted.
  mutating func update(_ bar: Bar) {
    observations.take(bar, asset: 0)
    decision.prediction = PolicyPrediction()
    // Taken out while in use, so that it can be written beside the rest.
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

  /// A figure of the last prediction; not a number where there is none.
  func figure(_ field: PredictionFeature.Field) -> Double {
    switch field {
    case .signal: decision.prediction.signal ?? .nan
    case .probabilityUp: decision.prediction.probabilityUp ?? .nan
    case .expectedReturn: decision.prediction.expectedReturn ?? .nan
    case .deviation: decision.prediction.deviation ?? .nan
    }
  }
}
