@testable import BacktestCore
@testable import BacktestPolicies
import TestSupport
import Testing

/// How predictions and uncertain actions become weights.
struct PolicySizingTests {
  private static func predictor() throws -> PolicyManifest {
    try .scripted(output: "{\"kind\": \"regression\", \"unit\": \"log_return\"}")
  }

  /// The class "up" of three begins at a threshold, and that of two at zero.
  @Test(arguments: [(["down", "up"], true), (["down", "flat", "up"], false)])
  func aProbabilityOfAThresholdIsNoForecast(_ classes: [String], _ isTold: Bool) throws {
    var prediction = PolicyPrediction(signal: 0.25, expectedReturn: 0.01)
    prediction.probabilityUp = 0.5
    let manifest = try PolicyManifest.scripted(
      output: "{\"kind\": \"class_probabilities\", \"classes\": \(classes), "
        + "\"transform\": \"softmax\"}")
    let result = try PolicyStrategyTests.run(
      ScriptedPolicy([.predict(prediction)]), manifest,
      [try PolicyStrategyTests.market([100, 101, 102])])
    #expect(result.forecasts.map(\.probabilityUp).allSatisfy { $0 == (isTold ? 0.5 : nil) })
    #expect(result.forecasts.count == 3 && result.forecasts[0].signal == 0.25)
    #expect(result.forecasts[0].expectedReturn == 0.01)
  }

  private static func weights(
    _ sizing: PolicySizing?, _ predictions: [PolicyPrediction], longOnly: Bool = false
  ) throws -> [Double] {
    var options = PolicyOptions()
    options.sizing = sizing
    options.weights.isLongOnly = longOnly
    let policy = ScriptedPolicy(predictions.map { .predict($0) } + [.refuse("the end")])
    _ = try PolicyStrategyTests.run(
      policy, try predictor(),
      [try PolicyStrategyTests.market(Array(repeating: 100, count: predictions.count + 1))],
      options)
    return policy.log.seen.dropFirst().map { $0[0] }
  }

  @Test func theSignOfAPrediction() throws {
    let signals = [0.1, -0.1, 0, 0.3, -0.3].map { PolicyPrediction(signal: $0) }
    #expect(try Self.weights(nil, signals) == [1, -1, 0, 1, -1])
    #expect(try Self.weights(.sign(threshold: 0.1), signals) == [0, 0, 0, 1, -1])
    #expect(try Self.weights(.sign(threshold: 0.1), signals, longOnly: true) == [0, 0, 0, 1, 0])
    var up = PolicyPrediction()
    up.probabilityUp = 0.25
    #expect(try Self.weights(nil, [up, PolicyPrediction(expectedReturn: 1e-4)]) == [-1, 1])
  }

  @Test func theSizeOfAPrediction() throws {
    let signals = [0.125, -0.25, 2, -2].map { PolicyPrediction(signal: $0) }
    #expect(try Self.weights(.proportional(factor: 2), signals) == [0.25, -0.5, 1, -1])
  }

  @Test func theSurenessOfAPrediction() throws {
    var options = PolicyOptions()
    options.sizing = .confidence(scale: 2)
    let manifest = try PolicyManifest.scripted(
      output: "{\"kind\": \"gaussian\", \"unit\": \"log_return\", "
        + "\"fields\": [\"mean\", \"log_variance\"]}")
    let policy = ScriptedPolicy([
      .predict(PolicyPrediction(signal: 1, expectedReturn: 0.01, deviation: 0.02)),
      .predict(PolicyPrediction(signal: -1, expectedReturn: -0.05, deviation: 0.01)),
      .predict(PolicyPrediction(expectedReturn: 0, deviation: 0.01)),
      .predict(PolicyPrediction(expectedReturn: 0.01)), .refuse("the end"),
    ])
    let result = try PolicyStrategyTests.run(
      policy, manifest, [try PolicyStrategyTests.market(Array(repeating: 100, count: 5))], options)
    // 0.01 / (2 x 0.02); more than sure; no direction; and no deviation, which is no decision.
    #expect(policy.log.seen == [[0], [0.25], [-1], [0], [0]])
    #expect(result.notes.first?.text.contains("no deviation") == true)
    #expect(result.forecasts.count == 3)
    #expect(
      result.forecasts.first
        == StrategyForecast(
          time: result.curve.times[0], instrument: .first, row: 0, score: 1,
          expectedReturn: 0.01, deviation: 0.02))
    #expect(throws: PolicyError.self) {
      // A regression has no deviation, unless dropout or a process of its own gives one.
      var network = try Self.predictor()
      network.network = try PolicyManifest(path: Fixture.path("policies/ppo_box1")).network
      _ = try PolicyStrategy(
        policy, manifest: network, universe: try Universe([PolicyStrategyTests.market([1, 1])]),
        options: options)
    }
  }

  /// A position is held only where the likelier direction, and the distance from 0, are enough.
  @Test func tooUncertainPredictionsHoldNothing() throws {
    var options = PolicyOptions()
    options.abstention.minimumProbability = 0.6
    options.abstention.minimumDeviations = 0.5
    func prediction(_ up: Double, _ mean: Double) -> PolicyPrediction {
      var prediction = PolicyPrediction(signal: mean, expectedReturn: mean, deviation: 0.02)
      prediction.probabilityUp = up
      return prediction
    }
    let policy = ScriptedPolicy([
      .predict(prediction(0.7, 0.02)), .predict(prediction(0.59, 0.02)),
      .predict(prediction(0.3, -0.02)), .predict(prediction(0.7, 0.009)),
      .predict(PolicyPrediction(signal: 1)), .refuse("the end"),
    ])
    let manifest = try PolicyManifest.scripted(
      output: "{\"kind\": \"gaussian\", \"unit\": \"log_return\", "
        + "\"fields\": [\"mean\", \"log_variance\"]}")
    let result = try PolicyStrategyTests.run(
      policy, manifest, [try PolicyStrategyTests.market(Array(repeating: 100, count: 6))], options)
    #expect(policy.log.seen == [[0], [1], [0], [-1], [0], [0]])
    #expect(result.notes.first?.text.contains("no probability") == true)
  }

  /// Of three classes, "flat" is no fall: 0.34 and 0.30 are both too little for 0.6.
  @Test func flatIsNoDirection() throws {
    let output = try #require(
      PolicyManifest.scripted(
        output: "{\"kind\": \"class_probabilities\", \"classes\": [\"down\", \"flat\", \"up\"], "
          + "\"transform\": \"none\"}"
      ).output)
    var abstention = Abstention()
    abstention.minimumProbability = 0.6
    for (probabilities, abstains) in [
      ([0.30, 0.36, 0.34], true), ([0.05, 0.36, 0.59], true), ([0.05, 0.35, 0.60], false),
      ([0.60, 0.35, 0.05], false), ([0, 1, 0], true),
    ] as [(ContiguousArray<Double>, Bool)] {
      let prediction = output.prediction(of: probabilities)
      #expect(try abstention.applies(to: prediction) == abstains, "\(probabilities)")
    }
  }

  @Test func abstainingHasToFitThePolicy() throws {
    var options = PolicyOptions()
    options.abstention.minimumProbability = 0.4
    let manifest = try PolicyManifest.scripted(
      output: "{\"kind\": \"regression\", \"unit\": \"log_return\"}")
    #expect(options.problem(for: manifest)?.contains("from 0.5 to 1, not 0.4") == true)
    options.abstention.minimumProbability = nil
    options.abstention.minimumDeviations = 0
    #expect(options.problem(for: manifest)?.contains("must be above 0") == true)
  }

  @Test func theSurenessOfAnAction() throws {
    var options = PolicyOptions()
    options.sizing = .confidence(scale: 1)
    let policy = ScriptedPolicy([
      .actUnsurely([0.5], deviation: 1), .actUnsurely([0.5], deviation: 0.25),
      .actUnsurely([-0.5], deviation: 1), .refuse("the end"),
    ])
    _ = try PolicyStrategyTests.run(
      policy, try .weighing(), [try PolicyStrategyTests.market([100, 100, 100, 100])], options)
    // 0.5 x 0.5 / 1, then surely 0.5, then -0.5 x 0.5 / 1.
    #expect(policy.log.seen == [[0], [0.25], [0.5], [-0.25]])
  }
}
