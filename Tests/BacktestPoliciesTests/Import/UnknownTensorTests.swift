@testable import BacktestCheckpoints
@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// No tensor of a checkpoint is left out in silence.
@Suite struct UnknownTensorTests {
  private static let sharedNetwork: JSONValue = [
    "policy": [
      ["op": "linear", "params": "shared.0"], ["op": "tanh"],
      ["op": "linear", "params": "actor.0"], ["op": "tanh"],
      ["op": "linear", "params": "actor.2"],
    ]
  ]

  @Test func aSharedTrunkIsAskedForAndThenUsed() throws {
    let fixture = try TrainerFixture("torch_shared")
    let source = try PolicyImport(checkpoint: TrainerFixture.path("torch_shared.pt"))
    let action: JSONValue = ["kind": "discrete", "size": 3, "rule": "argmax"]
    let bare = try TrainerFixture.answers([
      "activation": "tanh", "action": action, "observation": ["shape": [5]],
    ])
    let missing = try source.missingAnswers(bare)
    #expect(missing.map(\.key) == ["network"])
    #expect(missing[0].expected.contains("has no layers for 'shared.0.weight' and 'shared.0.bias'"))

    let whole = try TrainerFixture.answers([
      "network": Self.sharedNetwork, "action": action, "observation": ["shape": [5]],
    ])
    try fixture.check(try source.loaded(whole))
  }

  @Test func anAnsweredNetworkThatLeavesTensorsOutIsRefused() throws {
    let source = try PolicyImport(checkpoint: TrainerFixture.path("torch_shared.pt"))
    let action: JSONValue = ["kind": "discrete", "size": 3, "rule": "argmax"]
    let short: JSONValue = [
      "policy": [
        ["op": "linear", "params": "actor.0"], ["op": "tanh"],
        ["op": "linear", "params": "actor.2"],
      ]
    ]
    var parts: JSONValue = [
      "network": short, "action": action, "observation": ["shape": [5]],
    ]
    let answers = try TrainerFixture.answers(parts)
    let error = #expect(throws: PolicyError.self) { try source.loaded(answers) }
    #expect(error?.problem.contains("'shared.0.weight' and 'shared.0.bias'") == true)
    #expect(error?.problem.contains("'unused_tensors'") == true)

    // Who says that they are not needed gets what he asked for.
    parts.set("unused_tensors", ["shared"])
    let policy = try source.loaded(try TrainerFixture.answers(parts))
    #expect(policy.manifest.unusedTensors == ["shared"])
    #expect(try TrainerFixture("torch_shared").differences(policy) > 10)

    parts.set("unused_tensors", ["trunk"])
    let unknown = try TrainerFixture.answers(parts)
    let second = #expect(throws: PolicyError.self) { try source.missingAnswers(unknown) }
    #expect(second?.problem.contains("'trunk', but no tensor is called so") == true)
  }

  /// A message line is shortened in the middle, where names would be cut.
  @Test func theTensorsOfTheActorAreListedFirstAndWhole() throws {
    let names =
      (0..<30).map { "critic.\($0).weight" }
      + (0..<9).map { "body.layer_of_the_actor.\($0).weight" }
    let entries = names.enumerated().map { index, name in
      let place = "[\(index * 4),\(index * 4 + 4)]"
      return "\"\(name)\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":\(place)}"
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    let length = withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init)
    let scratch = try ScratchFolder()
    let path = "\(scratch.path)/model.safetensors"
    let data = [UInt8](repeating: 0, count: names.count * 4)
    try PlainFile.write(length + header + data, to: path)
    let missing = try PolicyImport(checkpoint: path).missingAnswers()
    let question = try #require(missing.first { $0.key == "network" }).expected
    let line = try #require(question.split(separator: "\n").last)
    #expect(line.hasPrefix("    the tensors are 'body.layer_of_the_actor.0.weight', 'body."))
    #expect(line.hasSuffix("', … (39 in all)"))
    #expect(line.count <= 300 && !line.contains("critic"))
  }

  /// The layers of the custom extractor and those of the library behind it.
  private static func network(_ prefix: String, _ layers: [String], _ end: [JSONValue]) -> JSONValue
  {
    let names = ["\(prefix)features_extractor.layers.0"] + layers
    let body = names.flatMap { name -> [JSONValue] in
      [["op": "linear", "params": .text(name)], ["op": "relu"]]
    }
    return ["policy": .list(body + end)]
  }

  @Test(arguments: ["dqn_extractor.zip", "dqn_extractor.pt"])
  func anExtractorBeforeAQNetworkIsUsed(_ file: String) throws {
    let source = try PolicyImport(checkpoint: TrainerFixture.path(file))
    let isBare = file.hasSuffix(".pt")
    var parts: JSONValue = isBare ? ["observation": ["shape": [5]]] : .table([])
    #expect(
      try source.missingAnswers(try TrainerFixture.answers(parts)).map(\.key) == ["network"])
    parts.set(
      "network",
      Self.network(
        "q_net.", ["q_net.q_net.0", "q_net.q_net.2"],
        [["op": "linear", "params": "q_net.q_net.4"]]))
    try TrainerFixture("dqn_extractor").check(
      try source.loaded(try TrainerFixture.answers(parts)))
  }

  /// The library stores an actor's extractor under two names, and the critic's under a third.
  @Test(arguments: ["features_extractor", "pi_features_extractor"])
  func anExtractorWithTwoNamesIsUsedByEither(_ name: String) throws {
    let source = try PolicyImport(checkpoint: TrainerFixture.path("ppo_extractor.zip"))
    let layers: [JSONValue] = [
      ["op": "linear", "params": .text("\(name).layers.0")], ["op": "relu"],
      ["op": "linear", "params": "mlp_extractor.policy_net.0"], ["op": "tanh"],
      ["op": "linear", "params": "mlp_extractor.policy_net.2"], ["op": "tanh"],
      ["op": "linear", "params": "action_net"],
    ]
    let answers = try TrainerFixture.answers(["network": ["policy": .list(layers)]])
    try TrainerFixture("ppo_extractor").check(try source.loaded(answers))
  }

  @Test func aLevelOfARecurrentNetworkIsNotLeftOut() throws {
    let scratch = try ScratchFolder()
    let folder = Fixture.path("policies/rppo_lstm2_box")
    var manifest = try PolicyManifest(path: folder)
    _ = try TrainedPolicy(manifest: manifest)
    let text = try Fixture.text("policies/rppo_lstm2_box/manifest.json")
    let short = text.replacing("\"layers\": 2", with: "\"layers\": 1")
    #expect(short != text)
    try PlainFile.write(Array(short.utf8), to: "\(scratch.path)/manifest.json")
    manifest = try PolicyManifest(path: scratch.path)
    manifest.folder = folder
    let error = #expect(throws: PolicyError.self) { try TrainedPolicy(manifest: manifest) }
    #expect(error?.problem.contains("'lstm_actor.weight_ih_l1'") == true)
  }

  @Test(arguments: ["sac_extractor.zip", "sac_extractor.pt"])
  func anExtractorBeforeASoftActorIsUsed(_ file: String) throws {
    let source = try PolicyImport(checkpoint: TrainerFixture.path(file))
    let isBare = file.hasSuffix(".pt")
    var parts: JSONValue =
      isBare
      ? ["observation": ["shape": [5]], "action": ["low": [-0.5], "high": [1]]] : .table([])
    #expect(
      try source.missingAnswers(try TrainerFixture.answers(parts, isBox: true)).map(\.key)
        == ["network"])
    let layers = ["actor.latent_pi.0", "actor.latent_pi.2"]
    parts.set(
      "network",
      Self.network("actor.", layers, [["op": "linear", "params": "actor.mu"], ["op": "tanh"]]))
    let policy = try source.loaded(try TrainerFixture.answers(parts, isBox: true))
    try TrainerFixture("sac_extractor").check(policy, outputs: false)

    // Without its last tanh it is no network of SAC.
    parts.set("network", Self.network("actor.", layers, [["op": "linear", "params": "actor.mu"]]))
    guard !isBare else { return }
    let error = #expect(throws: PolicyError.self) {
      try source.loaded(try TrainerFixture.answers(parts, isBox: true))
    }
    #expect(error?.problem.contains("layer") == true)
  }

  @Test func everyOtherFixtureIsExplained() throws {
    for (folder, file) in PolicyImportTests.checkpoints.map({ ($0.name, $0.file) }) {
      let source = try PolicyImport(checkpoint: Fixture.path("policies/\(folder)/\(file)"))
      #expect(source.layout?.unexplained == [], "\(folder)")
    }
  }
}

/// Networks below a key of their own, as checkpoints with an optimiser have them.
@Suite struct NestedCheckpointTests {
  @Test func aNetworkBelowAKeyIsRecognised() throws {
    let source = try PolicyImport(checkpoint: TrainerFixture.path("torch_containers.pt"))
    // The array beside the weights may be some too.
    #expect(
      source.layout?.unexplained == ["model.shared.0.weight", "model.shared.0.bias", "curve"])
    let parts: JSONValue = [
      "network": [
        "policy": [
          ["op": "linear", "params": "model.shared.0"], ["op": "tanh"],
          ["op": "linear", "params": "model.actor.0"], ["op": "tanh"],
          ["op": "linear", "params": "model.actor.2"],
        ]
      ],
      "unused_tensors": ["curve"], "observation": ["shape": [5]],
    ]
    try TrainerFixture("torch_shared").check(
      try source.loaded(try TrainerFixture.answers(parts)))
  }
}
