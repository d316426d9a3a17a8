@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// Actions that a position does not allow.
@Suite struct ActionMaskTests {
  private static let table: JSONValue = ["short": [0, 2], "flat": [0, 1, 2], "long": [0, 1]]

  private func policy(_ masks: JSONValue?) throws -> TrainedPolicy {
    let source = try PolicyImport(checkpoint: TrainerFixture.path("maskable.zip"))
    let parts: JSONValue = masks.map { ["action": ["masks": $0]] } ?? .table([])
    return try source.loaded(try TrainerFixture.answers(parts))
  }

  @Test func masksThatAreNotGivenAreSaidToBeIgnored() throws {
    let source = try PolicyImport(checkpoint: TrainerFixture.path("maskable.zip"))
    let imported = try source.policy(named: "p", try TrainerFixture.answers())
    #expect(imported.remarks.contains { $0.hasPrefix("action masks are not applied") })
    #expect(imported.remarks.contains { $0.hasPrefix("there are no golden decisions") })
    #expect(imported.manifest["action"]?["masks"] == "ignored")
    let loaded = try policy(nil)
    #expect(loaded.manifest.action?.ignoresMasks == true && loaded.manifest.action?.masks == nil)
    let other = try PolicyImport(checkpoint: TrainerFixture.path("ppo_tanh.zip"))
    #expect(
      try other.policy(named: "p", try TrainerFixture.answers()).manifest["action"]?["masks"]
        == nil)
  }

  /// The library sets the outputs of masked actions to -1e8 before its argmax.
  @Test func aMaskedActionIsNeverChosen() throws {
    var policy = try policy(Self.table)
    let masks = try #require(policy.manifest.action?.masks)
    #expect(policy.manifest.action?.ignoresMasks == false)
    let fixture = try TrainerFixture("maskable")
    var decision = policy.makeDecision()
    var chosen: Set<Double> = []
    for (shares, allowed) in [(-5.0, [0, 2]), (0, [0, 1, 2]), (3, [0, 1])] {
      decision.allowed = masks.allowed(shares: shares)
      for (index, observation) in fixture.observations.enumerated() {
        try observation.withUnsafeBufferPointer { try policy.decide($0, into: &decision) }
        let outputs = fixture.outputs[index]
        let best = try #require(allowed.max { outputs[$0] < outputs[$1] })
        #expect(decision.action[0] == Double(best), "\(shares) \(index)")
        chosen.insert(decision.action[0])
      }
    }
    #expect(chosen == [0, 1, 2])
  }

  @Test func badMasksAreRefused() throws {
    for (masks, word) in [
      (["short": [3], "flat": [0], "long": [0]] as JSONValue, "short"),
      (["short": [], "flat": [0], "long": [0]], "at least one action"),
      (["flat": [0], "long": [0]], "short"), ("sometimes", "ignored"),
    ] {
      let error = #expect(throws: PolicyError.self) { try policy(masks) }
      #expect(error?.problem.contains(word) == true, "\(error?.problem ?? "")")
    }
  }
}
