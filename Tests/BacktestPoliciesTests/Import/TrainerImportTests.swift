@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// Checkpoints of more trainers, recognised by their layout, decide as their libraries do.
@Suite struct TrainerImportTests {
  /// Archives of sb3-contrib, whose spaces say what their actions are.
  @Test(arguments: [
    ("maskable", false), ("qrdqn", false), ("tqc", true), ("crossq", true),
    ("ars_mlp", false), ("ars_box", true),
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
