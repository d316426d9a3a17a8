@testable import BacktestCore
@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// Golden decisions with outputs, which the trainer's own code wrote beside its checkpoint.
@Suite struct GoldenExportTests {
  private let source: PolicyImport
  private let document: JSONValue

  init() throws {
    source = try PolicyImport(checkpoint: TrainerFixture.path("exported/model.zip"))
    document = JSONValue(
      try JSONReader.read(
        try Fixture.bytes("policies/trainers/exported/answers.json"), name: "answers"))
  }

  private func answers(_ json: JSONValue) throws -> PolicyImport.Answers {
    PolicyImport.Answers(
      document: try JSONReader.read(JSONWriter.bytes(of: json), name: "answers.json"))
  }

  @Test func theExportIsComplete() throws {
    #expect(try source.missingAnswers(try answers(document)).isEmpty)
    let policy = try source.loaded(try answers(document))
    #expect(policy.manifest.golden.count == 12)
    #expect(policy.manifest.golden.allSatisfy { $0.outputs.count == 3 && $0.action.count == 1 })
    #expect(policy.manifest.trainedUntil == CivilDate(year: 2012, month: 12, day: 31))
  }

  @Test func aDroppedNormaliserIsNoticed() throws {
    var changed = document
    var observation = try #require(document["observation"])
    observation.set("normalise", ["kind": "none"])
    changed.set("observation", observation)
    let error = #expect(throws: PolicyError.self) { try source.loaded(try answers(changed)) }
    #expect(error?.problem.contains("golden decision 0") == true)
    #expect(error?.problem.contains("outputs[0]") == true)
  }

  @Test func aChangedClipOrVarianceIsNoticed() throws {
    var normalise = try #require(document["observation"]?["normalise"])
    normalise.set("epsilon", 0.1)
    var observation = try #require(document["observation"])
    observation.set("normalise", normalise)
    var changed = document
    changed.set("observation", observation)
    #expect(throws: PolicyError.self) { try source.loaded(try answers(changed)) }
  }
}

/// Golden decisions that name a day of the study's bars.
@Suite struct DatedDecisionTests {
  private let universe: Universe
  private let definition: ObservationDefinition
  /// What the trainer's environment observed on the first day of its test.
  private let golden: GoldenDecision

  init() throws {
    universe = try Universe([try MarketBuilder.standardAndPoors500()])
    definition = try Observed.definition("ppo_discrete")
    let (date, _) = try Observed.rollout("ppo_discrete", ["target_weight"])
    var decision = GoldenDecision(
      observation: try Observed.oracle("ppo_discrete", "obs_raw")[64], action: [1])
    decision.date = CivilDate(date)
    golden = decision
  }

  private func problem(
    _ definition: ObservationDefinition, _ golden: GoldenDecision
  ) throws -> String? {
    let builder = try ObservationBuilder(
      definition, instruments: [InstrumentID(0)], symbols: ["SPX"])
    return DatedObservations(builder, of: universe, assetCount: 1)
      .problem([golden], symbol: "SPX")
  }

  @Test func theTrainersObservationIsFound() throws {
    #expect(golden.date != nil && golden.observation.count == definition.features.count)
    #expect(try problem(definition, golden) == nil)
  }

  @Test func swappedAndRescaledFeaturesAreNoticed() throws {
    var swapped = definition
    swapped.features.swapAt(0, 1)
    let text = try problem(swapped, golden)
    #expect(text?.hasPrefix("the golden decision of 2012-") == true)
    #expect(text?.contains("number 0 of the observation") == true)
    var scaled = definition
    guard case .market(var feature) = scaled.features[0] else { return }
    feature.scale *= 1.01
    scaled.features[0] = .market(feature)
    #expect(try problem(scaled, golden) != nil)

    var other = golden
    other.asset = "NDX"
    #expect(try problem(swapped, other) == nil)
    other.asset = "SPX"
    #expect(try problem(swapped, other) != nil)
    // A day without a bar, or before the first observation, says nothing.
    other.date = CivilDate("1999-01-04")
    #expect(try problem(swapped, other) == nil)
  }

  @Test func numbersOfTheAccountAreNotCompared() throws {
    let account = definition.features.indices.filter { index in
      if case .state = definition.features[index] { true } else { false }
    }
    let place = try #require(account.first)
    var changed = golden
    changed.observation[place] = 0.75
    #expect(try problem(definition, changed) == nil)
    changed.observation[0] = 0.75
    #expect(try problem(definition, changed) != nil)
  }
}
