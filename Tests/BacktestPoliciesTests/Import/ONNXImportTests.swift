@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// ONNX models made into policies that decide as their libraries did.
@Suite struct ONNXImportTests {
  /// A fixture's graph and what must be answered about it.
  struct Model: Sendable, CustomStringConvertible {
    var policy: String
    var file = "model_raw.onnx"
    var head: String?
    /// The rule of a documented export, which chooses the action itself.
    var rule: String?
    var isRecurrent = false

    var description: String { "\(policy)/\(file)" }
  }

  static let models = [
    Model(policy: "ppo_discrete", head: "action_head"),
    Model(policy: "ppo_discrete", file: "model_docs.onnx", head: "56", rule: "index"),
    Model(policy: "ppo_box1", head: "action_head"),
    Model(policy: "ppo_box1", file: "model_docs.onnx", head: "53"),
    Model(policy: "ppo_box1_sde", head: "action_head"),
    Model(policy: "ppo_portfolio4", head: "action_head"),
    Model(policy: "a2c_window_d5", head: "action_head"),
    Model(policy: "a2c_window_d5", file: "model_docs.onnx", head: "52", rule: "index"),
    Model(policy: "sac_box", head: "squashed"), Model(policy: "sac_box", file: "model_docs.onnx"),
    Model(policy: "sac_sde", head: "squashed"), Model(policy: "td3_box"),
    Model(policy: "dqn_d3"), Model(policy: "dqn_d3", file: "model_docs.onnx", rule: "index"),
    Model(policy: "rppo_lstm_d3", head: "action_head", isRecurrent: true),
    Model(policy: "rppo_lstm2_box", head: "action_head", isRecurrent: true),
  ]

  /// What a graph cannot say, from the fixture's manifest.
  private func answers(_ model: Model, golden: JSONValue? = nil) throws -> PolicyImport.Answers {
    let bytes = try Fixture.bytes("policies/\(model.policy)/manifest.json")
    let manifest = JSONValue(try JSONReader.read(bytes, name: model.policy))
    var observation = try #require(manifest["observation"])
    if fileExists(Fixture.path("policies/\(model.policy)/vecnormalize.pkl")) {
      _ = observation.remove("normalise")
    }
    var action = try #require(manifest["action"])
    if let rule = model.rule { action.set("rule", .text(rule)) }
    var answers: JSONValue = ["observation": observation, "action": action, "algorithm": "PPO"]
    var graph = JSONValue.table([])
    if let head = model.head { graph.set("heads", ["policy": .text(head)]) }
    if model.isRecurrent {
      graph.set("observation", "obs")
      graph.set("episode_start", "start")
      let names = ["ha", "ca", "hv", "cv"]
      graph.set(
        "states", .list(names.map { ["input": .text($0), "output": .text($0 + "1")] }))
    }
    answers.set("onnx", graph)
    if let golden { answers.set("golden", golden) }
    return PolicyImport.Answers(
      document: try JSONReader.read(JSONWriter.bytes(of: answers), name: "answers.json"))
  }

  private func source(_ model: Model) throws -> PolicyImport {
    let folder = Fixture.path("policies/\(model.policy)")
    let statistics = "\(folder)/vecnormalize.pkl"
    return try PolicyImport(
      checkpoint: "\(folder)/\(model.file)",
      vecNormalize: fileExists(statistics) ? statistics : nil)
  }

  @Test(arguments: models)
  func anImportedGraphDecidesAsItsLibrary(_ model: Model) throws {
    let oracle = try PolicyOracle(model.policy)
    let golden = JSONValue.list(
      (0..<12).map { index in
        [
          "observation": .list(oracle.raw[index].map { .number($0) }),
          "action": .list(oracle.actions[index].map { .number($0) }),
          "episode_start": .bool(oracle.startsEpisode(index)),
        ]
      })
    let scratch = try ScratchFolder()
    let imported = try source(model).policy(
      named: model.policy, try answers(model, golden: golden))
    try imported.write(to: scratch.path)
    #expect(fileExists("\(scratch.path)/model.onnx"))
    let check = try PolicyCheck(path: scratch.path)
    #expect(check.summary == "ok: model.onnx (1 digest checked), 12 golden decisions reproduced")

    var policy = try TrainedPolicy(path: scratch.path)
    var decision = policy.makeDecision()
    let isDiscrete = policy.manifest.action?.kind == .discrete
    for (index, observation) in oracle.raw.enumerated() {
      if oracle.startsEpisode(index) { policy.reset() }
      try observation.withUnsafeBufferPointer { try policy.decide($0, into: &decision) }
      for (found, expected) in zip(decision.action, oracle.actions[index]) {
        #expect(abs(found - expected) <= (isDiscrete ? 0 : 3e-6), "\(model) \(index)")
      }
    }
  }

  @Test func whatAGraphCannotSayIsAskedFor() throws {
    let keys = try source(Model(policy: "rppo_lstm_d3")).missingAnswers().map(\.key)
    #expect(
      keys == [
        "onnx.heads", "onnx.observation", "onnx.states", "observation.shape",
        "observation.features", "action or output",
      ])
    let missing = try source(Model(policy: "ppo_discrete")).missingAnswers()
    #expect(missing.map(\.key).prefix(1) == ["onnx.heads"])
    #expect(missing[0].description.contains("'action_head [1, 3]'"))
    #expect(!missing.map(\.key).contains("observation.shape"))
  }

  @Test func aGraphWithAWrongHeadIsRefused() throws {
    let model = Model(policy: "ppo_discrete", head: "action_haed")
    let imported = try source(model).policy(named: "ppo", try answers(model))
    let scratch = try ScratchFolder()
    #expect {
      try imported.write(to: "\(scratch.path)/ppo")
    } throws: { error in
      "\(error)".contains("no output 'action_haed'; did you mean 'action_head'?")
    }
  }

  @Test func statesThatAreNotNamedAreRefused() throws {
    var model = Model(policy: "rppo_lstm_d3", head: "action_head", isRecurrent: true)
    model.isRecurrent = false
    let text = "onnx: {heads: {policy: action_head}, observation: obs, states: []}"
    let given = try answers(model).document
    let graph = try DocumentReader.read(Array(text.utf8), name: "answers", format: .yaml)
    var merged = JSONValue(given)
    merged.set("onnx", try #require(JSONValue(graph)["onnx"]))
    let document = try JSONReader.read(JSONWriter.bytes(of: merged), name: "answers.json")
    let imported = try source(model).policy(
      named: "ppo", PolicyImport.Answers(document: document))
    let scratch = try ScratchFolder()
    #expect {
      try imported.write(to: "\(scratch.path)/ppo")
    } throws: { error in
      "\(error)".contains("it uses the input 'start' of the graph")
    }
  }

  @Test func numbersThatAreNoActionsAreRefused() throws {
    // The graph chooses one of five actions, the manifest knows three.
    let model = Model(
      policy: "a2c_window_d5", file: "model_docs.onnx", head: "52", rule: "index")
    var document = JSONValue(try answers(model).document)
    var action = try #require(document["action"])
    action.set("size", 1)
    action.set("targets", [0])
    document.set("action", action)
    let imported = try source(model).policy(
      named: "a2c",
      PolicyImport.Answers(
        document: try JSONReader.read(JSONWriter.bytes(of: document), name: "answers.json")))
    let scratch = try ScratchFolder()
    try imported.write(to: scratch.path)
    var policy = try TrainedPolicy(path: scratch.path)
    var decision = policy.makeDecision()
    let refusals = try PolicyOracle("a2c_window_d5").raw.count { observation in
      do throws(PolicyRefusal) {
        try observation.withUnsafeBufferPointer { (buffer) throws(PolicyRefusal) in
          try policy.decide(buffer, into: &decision)
        }
        return false
      } catch {
        return error.reason == "the network's output is not the number of an action"
      }
    }
    #expect(refusals > 0)
  }
}
