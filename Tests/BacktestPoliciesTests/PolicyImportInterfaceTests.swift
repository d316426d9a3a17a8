import TestSupport
import BacktestKit
import Testing

/// A checkpoint imported from Swift, with the public interface alone.
@Suite struct PolicyImportInterfaceTests {
  @Test func aCheckpointBecomesAPolicyOnDisk() throws {
    let folder = Fixture.path("policies/ppo_discrete")
    let source = try PolicyImport(
      checkpoint: "\(folder)/model.zip", vecNormalize: "\(folder)/vecnormalize.pkl")
    #expect(
      try source.missingAnswers().map(\.key) == [
        "observation.features", "action.meaning",
      ])
    let answers = try PolicyImport.Answers(path: "\(folder)/answers.yaml")
    #expect(try source.missingAnswers(answers).isEmpty)
    let policy = try source.policy(named: "demo", answers)
    #expect(policy.hasNormaliser)
    let scratch = try ScratchFolder()
    // Twice: an older import is replaced.
    for _ in 0..<2 { try policy.write(to: "\(scratch.path)/ppo") }
    let trained = try TrainedPolicy(path: "\(scratch.path)/ppo")
    #expect(trained.manifest.name == "PPO demo" && trained.observationCount > 0)
    #expect(trained.weightsDigest == trained.manifest.weights[0].digest)
  }

  @Test func answersComeFromTextToo() throws {
    let checkpoint = Fixture.path("policies/ppo_discrete/model.zip")
    let source = try PolicyImport(checkpoint: checkpoint)
    let answers = try PolicyImport.Answers(
      yaml: "observation: {normalise: {kind: none}}\naction: {meaning: orders}")
    #expect(try source.missingAnswers(answers).map(\.key) == ["observation.features"])
    #expect(throws: PolicyError.self) { try source.policy(named: "p", answers) }
    let contradiction = try PolicyImport.Answers(yaml: "action: {kind: box}")
    let error = #expect(throws: PolicyError.self) { try source.missingAnswers(contradiction) }
    #expect(error?.source == checkpoint)
    #expect(error?.problem.contains("take it out of the answers") == true)
  }

  @Test func anUnusableFileIsAnError() throws {
    #expect(throws: PolicyError.self) { try PolicyImport(checkpoint: "no/such/model.zip") }
    #expect(throws: PolicyError.self) { try PolicyImport.Answers(yaml: "{") }
    #expect(throws: PolicyError.self) { try PolicyImport.Answers(path: "no/such/answers.yaml") }
  }
}
