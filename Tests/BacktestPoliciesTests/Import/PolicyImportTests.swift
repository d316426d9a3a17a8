@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// Checkpoints of every library made into policies that decide as the library did.
@Suite struct PolicyImportTests {
  /// A fixture, its checkpoint, and whether its activation has to be answered.
  static let checkpoints: [(name: String, file: String, activation: String?)] = [
    ("a2c_window_d5", "model.zip", nil), ("dqn_d3", "model.zip", nil),
    ("ppo_box1", "model.zip", nil), ("ppo_box1_sde", "model.zip", nil),
    ("ppo_discrete", "model.zip", nil), ("ppo_portfolio4", "model.zip", nil),
    ("rppo_lstm2_box", "model.zip", nil), ("rppo_lstm_d3", "model.zip", nil),
    ("sac_box", "model.zip", nil), ("sac_sde", "model.zip", nil), ("td3_box", "model.zip", nil),
    ("cleanrl_ppo_box1", "model.cleanrl_model", "tanh"),
    ("rllib_ppo_d3", "module_state.pkl", "tanh"),
  ]

  /// What a fixture's manifest says and its checkpoint cannot.
  private func answers(_ name: String, activation: String?) throws -> PolicyImport.Answers {
    let bytes = try Fixture.bytes("policies/\(name)/manifest.json")
    let manifest = JSONValue(try JSONReader.read(bytes, name: name))
    let path = Fixture.path("policies/\(name)/vecnormalize.pkl")
    var observation = try #require(manifest["observation"])
    _ = observation.remove("shape")
    if fileExists(path) { _ = observation.remove("normalise") }
    var action = JSONValue.table([])
    let given = try #require(manifest["action"])
    let isBare = activation != nil
    for key in ["meaning", "targets", "assets"] + (isBare ? ["kind", "size", "low", "high"] : []) {
      if let value = given[key] { action.set(key, value) }
    }
    if isBare, given["kind"] == "discrete" { action.set("rule", "argmax") }
    var answers: JSONValue = ["observation": observation, "action": action]
    if let activation { answers.set("activation", .text(activation)) }
    return PolicyImport.Answers(
      document: try JSONReader.read(JSONWriter.bytes(of: answers), name: "answers.json"))
  }

  @Test(arguments: checkpoints)
  func anImportedPolicyDecidesAsItsLibrary(
    _ checkpoint: (name: String, file: String, activation: String?)
  ) throws {
    let name = checkpoint.name
    let folder = Fixture.path("policies/\(name)")
    let statistics = "\(folder)/vecnormalize.pkl"
    let source = try PolicyImport(
      checkpoint: "\(folder)/\(checkpoint.file)",
      vecNormalize: fileExists(statistics) ? statistics : nil)
    let imported = try source.policy(
      named: name, try answers(name, activation: checkpoint.activation))
    let scratch = try ScratchFolder()
    try imported.write(to: scratch.path)

    let oracle = try PolicyOracle(name)
    var policy = try TrainedPolicy(path: scratch.path)
    var decision = policy.makeDecision()
    for (index, observation) in oracle.raw.enumerated() {
      if oracle.startsEpisode(index) { policy.reset() }
      try observation.withUnsafeBufferPointer { try policy.decide($0, into: &decision) }
      #expect(decision.action.count == oracle.actions[index].count)
      for (found, expected) in zip(decision.action, oracle.actions[index]) {
        #expect(abs(found - expected) <= 3e-6, "\(name) \(index)")
      }
    }
  }

  @Test func whatNobodySaysIsAskedFor() throws {
    let source = try PolicyImport(checkpoint: Fixture.path("policies/ppo_box1/model.zip"))
    let keys = ["observation.features", "observation.normalise", "action.meaning"]
    #expect(try source.missingAnswers().map(\.key) == keys)
    let error = #expect(throws: PolicyError.self) { try source.policy(named: "p") }
    #expect(try keys.allSatisfy { try #require(error).problem.contains("\n  \($0): ") })
    let bare = try PolicyImport(checkpoint: Fixture.path("policies/rllib_ppo_d3/module_state.pkl"))
    #expect(try bare.missingAnswers().map(\.key).contains("activation"))
    #expect(try bare.missingAnswers().map(\.key).contains("action or output"))
    let unknown = try PolicyImport(checkpoint: Fixture.path("policies/a3c_lstmcell_d3/model.pt"))
    #expect(try unknown.missingAnswers().map(\.key).contains("network"))
  }

  @Test func theDemoPolicyIsWhatItsArchiveGives() throws {
    let folder = Fixture.path("policies/ppo_discrete")
    let source = try PolicyImport(
      checkpoint: "\(folder)/model.zip", vecNormalize: "\(folder)/vecnormalize.pkl")
    let answers = try PolicyImport.Answers(path: "\(folder)/answers.yaml")
    let imported = try source.policy(named: "demo", answers)
    #expect(
      JSONWriter.bytes(of: imported.manifest) == (try Fixture.bytes("policies/demo/manifest.json")))
    #expect(imported.weights == (try Fixture.bytes("policies/demo/model.safetensors")))
    let statistics = try #require(imported.normaliser)
    #expect(JSONWriter.bytes(of: statistics) == (try Fixture.bytes("policies/demo/norm.json")))
  }
}
