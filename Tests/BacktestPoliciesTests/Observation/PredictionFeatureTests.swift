@testable import BacktestCore
@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// A policy's predictions as features of another.
@Suite struct PredictionFeatureTests {
  /// Predicts the sum of what it observes, and refuses when that is negative.
  private struct Summing: Policy {
    var observationCount: Int
    var decisions = 0

    func makeDecision() -> PolicyDecision { PolicyDecision(actionCount: 0, outputCount: 1) }
    mutating func reset() { decisions = 0 }
    mutating func decide(
      _ observation: UnsafeBufferPointer<Double>, into decision: inout PolicyDecision
    ) throws(PolicyRefusal) {
      decisions += 1
      let sum = observation.reduce(0, +)
      guard sum >= 0 else { throw PolicyRefusal("too low") }
      decision.prediction.signal = sum
      decision.prediction.probabilityUp = Double(decisions)
    }
  }

  /// Two bars of differences.
  private var inner: ObservationDefinition {
    var definition = ObservationDefinition(
      shape: [2, 1], features: [.market(MarketFeature(.difference))])
    definition.window = 2
    return definition
  }

  private func prediction(_ text: String) throws -> ObservationDefinition.Feature {
    let node = try JSONReader.read(Array(text.utf8), name: "feature.json")
    return try node.decode { ObservationDefinition.Feature(&$0) }
  }

  @Test func predictionsOfEachAssetAreFeatures() throws {
    let closes = [[10.0, 11, 13, 16, 15, 12], [100.0, 101, 101, 105, 110, 111]]
    let feed = try Observed.feed(
      try MarketBuilder.series(closes[0].map { ($0, $0, $0, $0) }, symbol: "A"),
      try MarketBuilder.series(closes[1].map { ($0, $0, $0, $0) }, symbol: "B"))
    var definition = ObservationDefinition(
      shape: [6],
      features: [
        try prediction("{\"prediction\": \"../sum\", \"scale\": 10}"),
        try prediction("{\"prediction\": \"../sum\", \"field\": \"probability_up\"}"),
        .market(MarketFeature(.close)),
      ])
    var loads = 0
    let load = { (feature: PredictionFeature) throws(PolicyError) -> ObservedPredictor in
      loads += 1
      return ObservedPredictor(policy: Summing(observationCount: 2), observation: inner)
    }
    let rows = try Observed.rows(definition, feed, predictor: load)
    #expect(loads == 2)
    #expect(rows[0] == nil && rows[1] == nil)
    #expect(rows[2] == [30, 1, 13, 10, 1, 101])
    #expect(rows[3] == [50, 2, 16, 40, 2, 105])
    #expect(rows[4] == [20, 3, 15, 90, 3, 110])
    // The third predictor refuses, which the definition does too.
    #expect(rows[5] == nil)
    definition.missing = .zero
    #expect(try Observed.rows(definition, feed, predictor: load)[5] == [0, 0, 12, 60, 4, 111])
  }

  @Test func aPredictorThatDoesNotFitIsRefused() throws {
    let definition = ObservationDefinition(
      shape: [1], features: [try prediction("{\"prediction\": \"sum\"}")])
    func problem(_ count: Int, _ observation: ObservationDefinition) -> String {
      do throws(PolicyError) {
        _ = try ObservationBuilder(
          definition, instruments: [InstrumentID(0)], symbols: ["A"],
          predictor: { (_) throws(PolicyError) in
            ObservedPredictor(policy: Summing(observationCount: count), observation: observation)
          })
        return ""
      } catch {
        return error.description
      }
    }
    #expect(problem(2, inner).isEmpty)
    #expect(problem(3, inner) == "the policy 'sum' takes 3 numbers, its observation has 2")
    var account = inner
    account.features[0] = .state(StateFeature(.shares))
    #expect(problem(2, account).contains("observes more than bars"))
    #expect(
      throws: PolicyError(
        "a feature is the prediction of 'sum', but no loader for policies was given")
    ) {
      try ObservationBuilder(definition, instruments: [InstrumentID(0)], symbols: ["A"])
    }
  }
}
