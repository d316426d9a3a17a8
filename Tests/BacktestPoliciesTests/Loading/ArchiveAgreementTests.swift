@testable import BacktestCheckpoints
@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// What an archive of Stable-Baselines3 says about its policy is compared with the manifest.
@Suite struct ArchiveAgreementTests {
  /// A policy of `ppo_tanh` whose first file of weights is another archive.
  private func load(
    _ archive: String, from name: String = "ppo_tanh", isBox: Bool = false,
    _ change: (inout PolicyManifest) -> Void = { _ in }
  ) throws -> TrainedPolicy {
    let source = try PolicyImport(checkpoint: TrainerFixture.path("\(name).zip"))
    let scratch = try ScratchFolder()
    try source.policy(named: "p", try TrainerFixture.answers(isBox: isBox)).write(to: scratch.path)
    var manifest = try PolicyManifest(path: scratch.path)
    manifest.weights = [.init(file: archive, format: .stableBaselines, digest: nil)]
    manifest.folder = TrainerFixture.path("").dropLast().description
    change(&manifest)
    return try TrainedPolicy(manifest: manifest)
  }

  @Test func theOwnArchiveAgrees() throws {
    try TrainerFixture("ppo_tanh").check(try load("ppo_tanh.zip"))
  }

  @Test(arguments: [("ppo_elu", "elu"), ("ppo_silu", "silu"), ("ppo_gelu", "gelu")])
  func anotherActivationIsRefused(_ name: String, _ activation: String) throws {
    let error = #expect(throws: PolicyError.self) { try load("\(name).zip") }
    #expect(
      error?.problem.hasSuffix(
        "in the archive; use the weights that this manifest was made for, or import these") == true)
    #expect(error?.problem.contains(#"{"op":"\#(activation)"}"#) == true)
    // As weights of a replicate or a fold too.
    let policy = try load("ppo_tanh.zip")
    #expect(throws: PolicyError.self) {
      try policy.replacingWeights(from: TrainerFixture.path("\(name).zip"))
    }
    let source = try PolicyImport(checkpoint: TrainerFixture.path("\(name).zip"))
    try TrainerFixture(name).check(try source.loaded(try TrainerFixture.answers()))
    let answers = try TrainerFixture.answers(["activation": "tanh"])
    #expect(throws: PolicyError.self) { try source.policy(named: "p", answers) }
  }

  /// Users give classes of their own the names of the library's.
  @Test(arguments: [
    ("stable_baselines3.common.torch_layers.FlattenExtractor", true),
    ("stable_baselines3.common.torch_layers.CombinedExtractor", true),
    ("__main__.FlattenExtractor", false), ("mylib.torch_layers.FlattenExtractor", false),
    ("stable_baselines3.common.torch_layers.NatureCNN", false),
  ])
  func extractorsAreKnownByTheirModule(_ path: String, _ isKnown: Bool) {
    var metadata = StableBaselinesMetadata()
    metadata.policyModule = "stable_baselines3.common.policies"
    #expect(metadata.isOfTheLibrary)
    metadata.featuresExtractorPath = path
    metadata.featuresExtractor = path.split(separator: ".").last.map(String.init)
    #expect(metadata.isOfTheLibrary == isKnown)
  }

  /// What the archive names and a manifest cannot is still not what the manifest says.
  @Test func anActivationThatIsNotKnownIsNoOther() throws {
    let archive = try StableBaselinesArchive(path: TrainerFixture.path("ppo_tanh.zip"))
    let source = try PolicyImport(checkpoint: TrainerFixture.path("ppo_tanh.zip"))
    let manifest = try source.loaded(try TrainerFixture.answers()).manifest
    var metadata = try #require(archive.metadata)
    for (name, isRefused) in [("Tanh", false), ("Mish", true), ("<class 'mine.Tanh'>", true)] {
      metadata.activation = name
      let found = StableBaselinesAgreement(metadata, archive.tensors, manifest).difference
      #expect((found != nil) == isRefused, "\(name): \(found ?? "")")
    }
    let difference = StableBaselinesAgreement(metadata, archive.tensors, manifest).difference
    #expect(difference?.hasSuffix("in the manifest, but 'mine.Tanh' in the archive") == true)
  }

  @Test func anAnsweredNetworkMustBeTheArchives() throws {
    let source = try PolicyImport(checkpoint: TrainerFixture.path("ppo_elu.zip"))
    let names = ["mlp_extractor.policy_net.0", "mlp_extractor.policy_net.2"]
    let layers = names.flatMap { name -> [JSONValue] in
      [["op": "linear", "params": .text(name)], ["op": "tanh"]]
    }
    let answers = try TrainerFixture.answers([
      "network": ["policy": .list(layers + [["op": "linear", "params": "action_net"]])]
    ])
    let error = #expect(throws: PolicyError.self) { try source.loaded(answers) }
    #expect(error?.problem.contains("elu") == true)
    #expect(
      error?.problem.hasSuffix("the manifest is made from your answers: correct them") == true)
  }

  @Test func anotherArchitectureIsRefused() throws {
    let deep = #expect(throws: PolicyError.self) { try load("ppo_deep.zip") }
    #expect(deep?.problem.contains("'mlp_extractor.policy_net.4.weight'") == true)
    let policy = try load("ppo_tanh.zip")
    #expect(throws: PolicyError.self) {
      try policy.replacingWeights(from: TrainerFixture.path("ppo_deep.zip"))
    }
  }

  @Test func anotherDistributionIsRefused() throws {
    let unscaled = #expect(throws: PolicyError.self) {
      try load("ppo_box.zip", from: "ppo_box", isBox: true) { $0.action?.transform = .unscale }
    }
    #expect(unscaled?.problem.contains("'action.transform' is unscale_from_unit") == true)
    let wide = #expect(throws: PolicyError.self) {
      try load("ppo_box.zip", from: "ppo_box", isBox: true) { $0.action?.high = [2] }
    }
    #expect(wide?.problem.contains("'action.high' is [2.0]") == true)
    let soft = #expect(throws: PolicyError.self) {
      try load("sac_box.zip", from: "sac_box", isBox: true) { $0.action?.transform = .clip }
    }
    #expect(soft?.problem.contains("but unscale_from_unit in the archive") == true)
    let rows = #expect(throws: PolicyError.self) {
      try load("ppo_tanh.zip") {
        $0.observation.shape = [1, 5]; $0.observation.shape = [5, 1]
      }
    }
    #expect(rows != nil)
  }

  @Test func infinityInTheMetadataAndRewardsAloneNormalised() throws {
    let source = try PolicyImport(
      checkpoint: TrainerFixture.path("ppo_rewards_only.zip"),
      vecNormalize: TrainerFixture.path("ppo_rewards_only_vecnormalize.pkl"))
    let answers = try TrainerFixture.answers(normalise: false)
    #expect(try source.missingAnswers(answers).isEmpty)
    #expect(try !source.policy(named: "p", answers).hasNormaliser)
    try TrainerFixture("ppo_rewards_only").check(try source.loaded(answers))
  }
}
