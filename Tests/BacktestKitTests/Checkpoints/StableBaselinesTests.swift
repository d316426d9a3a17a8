import Testing

@testable import BacktestKit

struct StableBaselinesTests {
  private func facts(_ folder: String) throws -> StableBaselinesFacts {
    let path = Fixture.path("policies/\(folder)/model.zip")
    let model = try StableBaselinesArchive(path: path)
    #expect(!model.tensors.tensors.isEmpty && model.tensors.source == path)
    return try #require(model.facts)
  }

  @Test func plainArgumentsAreRead() throws {
    let facts = try facts("ppo_box1")
    #expect(facts.policyModule == "stable_baselines3.common.policies")
    #expect(facts.policyClass == "ActorCriticPolicy" && facts.version == "2.9.2")
    #expect(facts.trainedSteps == 51_200 && facts.seed == 7)
    #expect(facts.usesStateDependentExploration == false && facts.activation == nil)
    #expect(
      facts.layers == StableBaselinesLayers(shared: [], policy: [32, 32], value: [32, 32]))
    #expect(
      facts.actionSpace == .box(shape: [1], elementType: "float32", low: [-1], high: [1]))
    let bounds = [Double](repeating: .infinity, count: 17)
    #expect(
      facts.observationSpace
        == .box(shape: [17], elementType: "float32", low: bounds.map { -$0 }, high: bounds))
    #expect(facts.recurrent == nil)
  }

  @Test func printedArgumentsAreRead() throws {
    let facts = try facts("a2c_window_d5")
    #expect(facts.activation == "ReLU" && facts.actionSpace == .discrete(count: 5, start: 0))
    #expect(facts.layers == StableBaselinesLayers(shared: [], policy: [32], value: [64, 32]))
    guard case .box(let shape, _, _, _)? = facts.observationSpace else {
      Issue.record("no box")
      return
    }
    #expect(shape == [10, 5])
    #expect(try self.facts("ppo_box1_sde").activation == "ELU")
    #expect(try self.facts("ppo_box1_sde").usesStateDependentExploration == true)
  }

  @Test func recurrentPoliciesAreRead() throws {
    let two = try facts("rppo_lstm2_box")
    #expect(
      two.recurrent
        == StableBaselinesRecurrence(
          hiddenSize: 24, layerCount: 2, isShared: true, hasCriticNetwork: false))
    #expect(two.policyClass == "RecurrentActorCriticPolicy")
    #expect(try facts("rppo_lstm_d3").recurrent?.hiddenSize == 24)
    #expect(try facts("rppo_lstm_d3").recurrent?.isShared == nil)
  }

  @Test(arguments: [
    ("sac_box", "SACPolicy", -0.5), ("td3_box", "TD3Policy", -1), ("sac_sde", "SACPolicy", -1),
    ("dqn_d3", "DQNPolicy", nil), ("ppo_discrete", "ActorCriticPolicy", nil),
  ])
  func familiesAreTold(folder: String, policy: String, low: Double?) throws {
    let facts = try facts(folder)
    #expect(facts.policyClass == policy)
    if let low {
      #expect(
        facts.actionSpace == .box(shape: [1], elementType: "float32", low: [low], high: [1]))
    } else {
      #expect(facts.actionSpace == .discrete(count: 3, start: 0))
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
    #expect(unpacked.facts == packed.facts && unpacked.tensors.tensors == packed.tensors.tensors)
    #expect(try TensorArchive(path: folder.path).tensors == packed.tensors.tensors)
  }

  @Test func archiveWithoutDataHasNoFacts() throws {
    let path = Fixture.path("policies/variants/sb3_policy_only.zip")
    #expect(try StableBaselinesArchive(path: path).facts == nil)
  }

  private func facts(data: String) throws -> StableBaselinesFacts {
    try StableBaselinesFacts(data: Array(data.utf8), version: Array("1.6.2".utf8))
  }

  @Test func otherSpacesAreRead() throws {
    func space(_ name: String, _ members: String) throws -> StableBaselinesSpace? {
      try facts(data: #"{"action_space":{":type:":"<class 'gym.spaces.x.\#(name)'>",\#(members)}}"#)
        .actionSpace
    }
    #expect(try space("MultiDiscrete", #""nvec":"[3 2\n 5]""#) == .multiDiscrete([3, 2, 5]))
    #expect(try space("MultiBinary", #""n":4"#) == .multiBinary(4))
    #expect(try space("Dict", #""spaces":"…""#) == .other("Dict"))
    #expect(try space("Discrete", #""n":"x""#) == nil)
    // Bounds that NumPy shortened are not given as if they were whole.
    #expect(
      try space("Box", #""_shape":[2000],"low":"[0. 0. ... 0.]","high":"[1. 1. ... 1.]""#)
        == .box(shape: [2000], elementType: "float32", low: nil, high: nil))
    #expect(try space("Box", #""_shape":[4611686018427387904,4]"#) == nil)
  }

  @Test func olderLayersAreRead() throws {
    func layers(_ text: String) throws -> StableBaselinesLayers? {
      try facts(data: #"{"policy_kwargs":{"net_arch":\#(text)}}"#).layers
    }
    #expect(
      try layers(#"[64,{"vf":[32],"pi":[16]}]"#)
        == StableBaselinesLayers(shared: [64], policy: [16], value: [32]))
    #expect(
      try layers(#"{"pi":[8],"qf":[9,9]}"#)
        == StableBaselinesLayers(shared: [], policy: [8], value: [9, 9]))
    #expect(try layers(#"["x"]"#) == nil)
    #expect(try layers(#"[]"#) == StableBaselinesLayers(shared: [], policy: [], value: []))
  }

  @Test func brokenDataIsAnError() throws {
    for data in ["", "[]", #"{"a":1,"a":2}"#, "{"] {
      #expect(throws: CheckpointError.self) { try facts(data: data) }
    }
  }
}
