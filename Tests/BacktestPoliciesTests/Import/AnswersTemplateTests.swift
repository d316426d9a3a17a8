@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// A file of answers to complete.
@Suite struct AnswersTemplateTests {
  @Test(arguments: [
    "ppo_tanh.zip", "sac_extractor.zip", "torch_shared.pt", "rllib_ppo_box.pkl", "cleanrl_sac.pt",
  ])
  func anEmptyTemplateAnswersNothing(_ file: String) throws {
    let source = try PolicyImport(checkpoint: TrainerFixture.path(file))
    let missing = try source.missingAnswers()
    let text = try source.answersTemplate()
    #expect(try source.missingAnswers(try PolicyImport.Answers(yaml: text)) == missing)
    for question in missing where question.key != "action or output" {
      for key in question.key.split(separator: ", ") {
        let last = key.split(separator: ".").last ?? ""
        #expect(text.contains("\(last):\n"), "\(key)")
      }
    }
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }

  @Test func aQuestionAboutSeveralKeysIsAskedOnce() throws {
    let source = try PolicyImport(checkpoint: TrainerFixture.path("rllib_ppo_box.pkl"))
    let lines = try source.answersTemplate().split(separator: "\n").map(String.init)
    let question = try #require(lines.first { $0.contains("for a policy that acts") })
    #expect(lines.count { $0 == question } == 1)
    #expect(lines.contains("  targets:"))
  }

  @Test func masksOfTheTrainingAreAskedFor() throws {
    let masked = try PolicyImport(checkpoint: TrainerFixture.path("maskable.zip"))
    #expect(try masked.answersTemplate().contains("\n  masks:\n"))
    let plain = try PolicyImport(checkpoint: TrainerFixture.path("ppo_tanh.zip"))
    #expect(try !plain.answersTemplate().contains("masks:"))
  }

  @Test func aCompletedTemplateMakesThePolicy() throws {
    let source = try PolicyImport(checkpoint: TrainerFixture.path("ppo_tanh.zip"))
    var text = try source.answersTemplate()
    for (key, value) in [
      (
        "features",
        "[{name: log_return}, {name: log_return, lag: 1}, {name: close}, "
          + "{name: log_return, lag: 2}, {name: log_return, lag: 3}]"
      ),
      ("normalise", "{kind: none}"), ("meaning", "target_weights"), ("targets", "[0, 1, -1]"),
    ] {
      #expect(text.contains("  \(key):\n"))
      let place = try #require(text.firstRange(of: "  \(key):\n"))
      text.replaceSubrange(place, with: "  \(key): \(value)\n")
    }
    try TrainerFixture("ppo_tanh").check(
      try source.loaded(try PolicyImport.Answers(yaml: text)))
  }
}
