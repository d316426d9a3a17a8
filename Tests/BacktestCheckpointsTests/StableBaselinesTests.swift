@testable import BacktestCheckpoints
@testable import BacktestFiles
import TestSupport
import Testing

struct StableBaselinesTests {
  private func metadata(_ folder: String) throws -> StableBaselinesMetadata {
    let path = Fixture.path("policies/\(folder)/model.zip")
    let model = try StableBaselinesArchive(path: path)
    #expect(!model.tensors.tensors.isEmpty && model.tensors.source == path)
    return try #require(model.metadata)
  }

  @Test func plainArgumentsAreRead() throws {
    let metadata = try metadata("ppo_box1")
    #expect(metadata.policyModule == "stable_baselines3.common.policies")
    #expect(metadata.policyClass == "ActorCriticPolicy" && metadata.version == "2.9.2")
    #expect(metadata.trainedSteps == 51_200 && metadata.seed == 7)
    #expect(metadata.usesStateDependentExploration == false && metadata.activation == nil)
    #expect(
      metadata.layers == StableBaselinesLayers(shared: [], policy: [32, 32], value: [32, 32]))
    #expect(
      metadata.actionSpace == .box(shape: [1], elementType: "float32", low: [-1], high: [1]))
    let bounds = [Double](repeating: .infinity, count: 17)
    #expect(
      metadata.observationSpace
        == .box(shape: [17], elementType: "float32", low: bounds.map { -$0 }, high: bounds))
    #expect(metadata.recurrent == nil)
  }

  @Test func printedArgumentsAreRead() throws {
    let metadata = try metadata("a2c_window_d5")
    #expect(metadata.activation == "ReLU" && metadata.actionSpace == .discrete(count: 5, start: 0))
    #expect(metadata.layers == StableBaselinesLayers(shared: [], policy: [32], value: [64, 32]))
    guard case .box(let shape, _, _, _)? = metadata.observationSpace else {
      Issue.record("no box")
      return
    }
    #expect(shape == [10, 5])
    #expect(try self.metadata("ppo_box1_sde").activation == "ELU")
    #expect(try self.metadata("ppo_box1_sde").usesStateDependentExploration == true)
  }

  @Test func recurrentPoliciesAreRead() throws {
    let two = try metadata("rppo_lstm2_box")
    #expect(
      two.recurrent
        == StableBaselinesRecurrence(
          hiddenSize: 24, layerCount: 2, isShared: true, hasCriticNetwork: false))
    #expect(two.policyClass == "RecurrentActorCriticPolicy")
    #expect(try metadata("rppo_lstm_d3").recurrent?.hiddenSize == 24)
    #expect(try metadata("rppo_lstm_d3").recurrent?.isShared == nil)
  }

  @Test(arguments: [
    ("sac_box", "SACPolicy", -0.5), ("td3_box", "TD3Policy", -1), ("sac_sde", "SACPolicy", -1),
    ("dqn_d3", "DQNPolicy", nil), ("ppo_discrete", "ActorCriticPolicy", nil),
  ])
  func familiesAreTold(folder: String, policy: String, low: Double?) throws {
    let metadata = try metadata(folder)
    #expect(metadata.policyClass == policy)
    if let low {
      #expect(
        metadata.actionSpace == .box(shape: [1], elementType: "float32", low: [low], high: [1]))
    } else {
      #expect(metadata.actionSpace == .discrete(count: 3, start: 0))
    }
  }

  @Test func unpackedFolderIsRead() throws {
    let bytes = try Fixture.bytes("policies/ppo_box1/model.zip")
    let archive = try ZipArchive(
      bytes[...], budget: try CheckpointBudget(fileBytes: bytes.count))
    let folder = try ScratchFolder()
    for name in ["policy.pth", "data", "_stable_baselines3_version"] {
      let entry = try #require(archive[name])
      try PlainFile.write(Array(try archive.read(entry)), to: "\(folder.path)/\(name)")
    }
    let packed = try StableBaselinesArchive(bytes: bytes, name: "model.zip")
    let unpacked = try StableBaselinesArchive(path: folder.path)
    #expect(unpacked.metadata == packed.metadata)
    #expect(unpacked.tensors.tensors == packed.tensors.tensors)
    #expect(try TensorArchive(path: folder.path).tensors == packed.tensors.tensors)
  }

  @Test func archiveWithoutDataHasNoFacts() throws {
    let path = Fixture.path("policies/variants/sb3_policy_only.zip")
    #expect(try StableBaselinesArchive(path: path).metadata == nil)
  }

  private func metadata(data: String) throws -> StableBaselinesMetadata {
    try StableBaselinesMetadata(data: Array(data.utf8), version: Array("1.6.2".utf8))
  }

  @Test func otherSpacesAreRead() throws {
    func space(_ name: String, _ members: String) throws -> StableBaselinesSpace? {
      try metadata(
        data: #"{"action_space":{":type:":"<class 'gym.spaces.x.\#(name)'>",\#(members)}}"#
      )
      .actionSpace
    }
    #expect(try space("MultiDiscrete", #""nvec":"[3 2\n 5]""#) == .multiDiscrete([3, 2, 5]))
    #expect(try space("MultiBinary", #""n":4"#) == .multiBinary(4))
    #expect(try space("Dict", #""spaces":"…""#) == .other("Dict"))
    // Bounds that NumPy shortened are not given as if they were whole.
    #expect(
      try space("Box", #""_shape":[2000],"low":"[0. 0. ... 0.]","high":"[1. 1. ... 1.]""#)
        == .box(shape: [2000], elementType: "float32", low: nil, high: nil))
  }

  @Test func olderLayersAreRead() throws {
    func layers(_ text: String) throws -> StableBaselinesLayers? {
      try metadata(data: #"{"policy_kwargs":{"net_arch":\#(text)}}"#).layers
    }
    #expect(
      try layers(#"[64,{"vf":[32],"pi":[16]}]"#)
        == StableBaselinesLayers(shared: [64], policy: [16], value: [32]))
    #expect(
      try layers(#"{"pi":[8],"qf":[9,9]}"#)
        == StableBaselinesLayers(shared: [], policy: [8], value: [9, 9]))
    #expect(try layers("null") == nil)
    #expect(
      try layers(#"{"vf":[9]}"#) == StableBaselinesLayers(shared: [], policy: [], value: [9]))
    #expect(try layers(#"[]"#) == StableBaselinesLayers(shared: [], policy: [], value: []))
  }

  @Test(arguments: [
    (#"{"action_space":{":type:":"<class 'x.Discrete'>","n":"1e3"}}"#, "action_space: n"),
    (#"{"action_space":{":type:":"<class 'x.Discrete'>","n":null}}"#, "action_space: n"),
    (#"{"action_space":{":type:":"<class 'x.Discrete'>","n":[3]}}"#, "action_space: n"),
    (#"{"action_space":{":type:":"<class 'x.Discrete'>"}}"#, "action_space: n: is missing"),
    (#"{"observation_space":{":type:":"<class 'x.Box'>","_shape":[-1]}}"#, "_shape"),
    (
      #"{"action_space":{":type:":"<class 'x.Box'>","_shape":[4611686018427387904,4]}}"#,
      "action_space: _shape"
    ),
    (#"{"action_space":7}"#, "action_space: :type:"), (#"{"policy_kwargs":[]}"#, "policy_kwargs"),
    (#"{"use_sde":"yes"}"#, "use_sde: expected true or false, found the text 'yes'"),
    (#"{"policy_kwargs":{"net_arch":["x"]}}"#, "policy_kwargs: net_arch"),
    (#"{"policy_kwargs":{"clip_mean":"2"}}"#, "policy_kwargs: clip_mean"),
    (#"{"policy_kwargs":{"lstm_hidden_size":"9"}}"#, "policy_kwargs: lstm_hidden_size"),
  ])
  func keyThatIsNotUnderstoodIsNamed(data: String, reason: String) throws {
    let error = #expect(throws: CheckpointError.self) { try metadata(data: data) }
    let text = try #require(error).description
    #expect(text.contains(reason) && text.contains("model.save"), "\(text)")
  }

  @Test(arguments: [
    ("<class 'torch.nn.modules.activation.GELU'>", "GELU"),
    ("<class '__main__.ReLU'>", "<class '__main__.ReLU'>"),
    ("<function <lambda> at 0x7f>", "<function <lambda> at 0x7f>"),
    ("ReLU", "'ReLU'"), ("functools.partial(\n\u{1B}x)", #"'functools.partial(\n\u{1b}x)'"#),
  ])
  func activationThatIsNoneOfTorchStaysAsWritten(written: String, expected: String) throws {
    let node = JSONWriter.bytes(
      of: .table([
        JSONMember(
          key: "policy_kwargs",
          value: .table([
            JSONMember(key: "activation_fn", value: .text(written)),
            JSONMember(key: "clip_mean", value: .integer(2)),
            JSONMember(
              key: "features_extractor_class", value: .text("<class '__main__.Mine'>")),
          ]))
      ]))
    let metadata = try StableBaselinesMetadata(data: node, version: nil)
    #expect(metadata.activation == expected && metadata.clipMean == 2)
    #expect(
      metadata.featuresExtractor == "Mine" && metadata.featuresExtractorPath == "__main__.Mine")
  }

  @Test func policyIsNamedByItsOwnFunctions() throws {
    func name(_ members: String) throws -> String? {
      try metadata(data: #"{"policy_class":{"__module__":"__main__",\#(members)}}"#).policyClass
    }
    #expect(try name(#""f":"<function g at 0x1>""#) == nil)
    #expect(
      try name(#""f":"<function O.g at 0x1>","__init__":"<function m.<locals>.P.__init__ at 0x1>""#)
        == "P")
    #expect(
      try metadata(data: #"{"policy_class":{"__module__":"__main__"}}"#).policyModule == "__main__")
  }

  @Test func brokenDataIsAnError() throws {
    for data in ["", "[]", #"{"a":1,"a":2}"#, "{"] {
      #expect(throws: CheckpointError.self) { try metadata(data: data) }
    }
  }
}
