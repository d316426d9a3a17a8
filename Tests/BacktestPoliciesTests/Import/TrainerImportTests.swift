@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// Checkpoints of more trainers, recognised by their layout, decide as their libraries do.
@Suite struct TrainerImportTests {
  /// Archives of sb3-contrib, whose spaces say what their actions are.
  @Test(arguments: [
    ("maskable", false), ("qrdqn", false), ("tqc", true), ("crossq", true),
    ("ars_mlp", false), ("ars_box", true), ("ars_linear", true),
  ])
  func anArchiveOfTheLibraryDecidesAsItDoes(_ name: String, _ isBox: Bool) throws {
    let source = try PolicyImport(checkpoint: TrainerFixture.path("\(name).zip"))
    let policy = try source.loaded(try TrainerFixture.answers(isBox: isBox))
    let fixture = try TrainerFixture(name)
    // The library gives the mean of the quantiles, and the squashed action of a soft actor.
    try fixture.check(policy, outputs: name == "maskable" || name == "ars_mlp")
  }

  /// State dictionaries of CleanRL and RLlib, whose activation has to be answered.
  @Test(arguments: [
    "cleanrl_sac", "cleanrl_td3", "cleanrl_dqn", "rllib_ppo_box", "rllib_ppo_free",
    "rllib_ppo_separate", "rllib_appo", "rllib_sac", "rllib_lstm",
  ])
  func aBareCheckpointDecidesAsItsLibrary(_ name: String) throws {
    let isRLlib = name.hasPrefix("rllib")
    let isBox = !["cleanrl_dqn", "rllib_appo", "rllib_lstm"].contains(name)
    var action = JSONValue.table([])
    if isRLlib { action.set("kind", isBox ? "box" : "discrete") }
    if isRLlib, isBox {
      action.set("low", [-0.5, -2])
      action.set("high", [1, 3])
      action.set("assets", ["A", "B"])
    }
    let activation: JSONValue = isRLlib ? "tanh" : "relu"
    let source = try PolicyImport(
      checkpoint: TrainerFixture.path(name + (isRLlib ? ".pkl" : ".pt")))
    let answers = try TrainerFixture.answers(
      [
        "activation": activation, "action": action,
        "observation": ["features": .list(Self.features(isBox && isRLlib))],
      ], isBox: isBox)
    #expect(try source.missingAnswers(answers) == [])
    try TrainerFixture(name).check(try source.loaded(answers))
  }

  /// Models of d3rlpy, whose activation is not in the file.
  @Test(arguments: [
    ("d3rlpy_dqn", false), ("d3rlpy_cql", false), ("d3rlpy_bc", false), ("d3rlpy_bc_box", true),
    ("d3rlpy_sac", true), ("d3rlpy_td3bc", true), ("d3rlpy_iql", true),
  ])
  func anOfflineModelDecidesAsItsLibrary(_ name: String, _ isBox: Bool) throws {
    var action = JSONValue.table([])
    if name.hasPrefix("d3rlpy_bc") { action.set("kind", isBox ? "box" : "discrete") }
    if isBox {
      action.set("low", [-1, -1])
      action.set("high", [1, 1])
      action.set("assets", ["A", "B"])
    }
    let source = try PolicyImport(checkpoint: TrainerFixture.path("\(name).pt"))
    let answers = try TrainerFixture.answers(
      [
        "activation": "relu", "action": action,
        "observation": ["features": .list(Self.features(isBox))],
      ], isBox: isBox)
    #expect(try source.missingAnswers(answers) == [])
    try TrainerFixture(name).check(try source.loaded(answers), outputs: false)
  }

  @Test func namedPartsAreJoinedAsTheLibraryDoes() throws {
    let source = try PolicyImport(
      checkpoint: TrainerFixture.path("ppo_dict.zip"),
      vecNormalize: TrainerFixture.path("ppo_dict_vecnormalize.pkl"))
    let names = ["market", "account"]
    let parts: JSONValue = [
      "market": ["window": 5, "features": [["name": "log_return", "lag": 1]]],
      "account": ["features": [["state": "position_weight"], ["name": "close"]]],
    ]
    func answers(_ parts: JSONValue?) throws -> PolicyImport.Answers {
      var observation = JSONValue.table([])
      if let parts { observation.set("parts", parts) }
      let json: JSONValue = [
        "observation": observation,
        "action": ["meaning": "target_weights", "targets": [0, 1, -1]],
      ]
      return PolicyImport.Answers(
        document: try JSONReader.read(JSONWriter.bytes(of: json), name: "answers"))
    }
    let missing = try source.missingAnswers(try answers(nil))
    #expect(missing.map(\.key) == ["observation.parts"])
    #expect(missing[0].expected.contains("account with 2 numbers, market with 5 numbers"))
    let policy = try source.loaded(try answers(parts))
    // The entries of a dictionary are sorted, and windows are oldest first.
    let lags = policy.manifest.observation.features.map { feature -> Int? in
      if case .market(let market) = feature { market.lag } else { nil }
    }
    #expect(lags == [nil, 0, 5, 4, 3, 2, 1])

    let root = try JSONReader.read(
      try Fixture.bytes("policies/trainers/ppo_dict.json"), name: "ppo_dict")
    let raw = try names.map { try #require(root["obs"]?[$0]).rows }
    var fixture = try TrainerFixture("ppo_tanh")
    fixture.observations = (0..<200).map { raw[1][$0] + raw[0][$0] }
    fixture.outputs = try #require(root["outputs"]).rows
    fixture.actions = try #require(root["action"]).rows
    try fixture.check(policy)

    for (bad, word) in [
      (["market": ["features": [["name": "close"]]]] as JSONValue, "lacks 'account', 2 numbers"),
      (
        ["account": ["features": [["name": "close"]]], "market": .table([])], "1 features of 1 bars"
      ),
      (
        ["account": ["features": [["name": "close"]], "normalise": ["kind": "none"]]],
        "the part 'account' has the key 'normalise'"
      ), (["prices": .table([])], "'prices', but the parts are 'account' and 'market'"),
    ] {
      let error = #expect(throws: PolicyError.self) {
        try source.missingAnswers(try answers(bad))
      }
      #expect(error?.problem.contains(word) == true, "\(error?.problem ?? "")")
    }
  }

  /// Five features; for two assets of named ones, so that they are not repeated.
  private static func features(_ named: Bool) -> [JSONValue] {
    (0..<5).map { lag in
      var feature: JSONValue = ["name": "log_return", "lag": .integer(lag)]
      if named { feature.set("asset", "A") }
      return feature
    }
  }

  @Test func theBoundsOfCleanRLAreCompared() throws {
    let source = try PolicyImport(checkpoint: TrainerFixture.path("cleanrl_sac.pt"))
    let answers = try TrainerFixture.answers(
      ["activation": "relu", "action": ["high": [7]]], isBox: true)
    let error = #expect(throws: PolicyError.self) { try source.missingAnswers(answers) }
    #expect(error?.problem.contains("'action.high' is [1") == true)
    let policy = try source.loaded(try TrainerFixture.answers(["activation": "relu"], isBox: true))
    _ = try policy.replacingWeights(from: TrainerFixture.path("cleanrl_sac.pt"))
    #expect(throws: PolicyError.self) {
      try policy.replacingWeights(from: TrainerFixture.path("cleanrl_td3.pt"))
    }
  }
}
