@testable import BacktestCheckpoints
import TestSupport
import Testing

/// Files that are unusual and good are read to the bit; files of other kinds are named.
struct CheckpointVariantTests {
  @Test func theIndexIsWhole() {
    let variants = PolicyFixture.variants
    #expect(variants.count { $0.expect == "load" } == 14)
    #expect(variants.count { $0.expect == "refuse" } == 6)
    #expect(PolicyFixture.hostile.count == 78)
  }

  @Test(arguments: PolicyFixture.variants.filter { $0.expect == "load" })
  func goodVariantIsReadToTheBit(variant: PolicyFixture.Case) throws {
    let archive = try variant.read()
    #expect(try TensorArchive(bytes: variant.bytes(), name: "x").names == archive.names)
    guard !variant.tensors.isEmpty else {
      // These were made of one policy, whose tensors have a file of their own.
      let original = try TensorArchive(path: Fixture.path("policies/ppo_box1/model.safetensors"))
      #expect(sorted(archive) == sorted(original))
      return
    }
    #expect(Set(archive.names) == Set(variant.tensors.map(\.name)))
    for expected in variant.tensors {
      let tensor = try #require(archive[expected.name])
      #expect(tensor.shape == expected.shape)
      #expect(tensor.doubles().map(\.bitPattern) == expected.values.map(\.bitPattern))
    }
  }

  @Test(arguments: [
    ("legacy_pickle.pt", "a legacy torch stream", "torch >= 1.6"),
    ("whole_module.pt", "global '__main__.Net' is not allowed", "model.state_dict()"),
    ("torchscript.pt", "TorchScript", "model.state_dict()"),
    ("sparse.pt", "sparse tensors are not read", "to_dense()"),
    ("quantized.pt", "quantized tensors are not read", "dequantize()"),
    ("complex.pt", "complex tensors are not read", "view_as_real"),
  ])
  func otherKindIsNamed(file: String, problem: String, advice: String) throws {
    let variant = try #require(PolicyFixture.variants.first { $0.file == file })
    for format in [nil, CheckpointFormat.torchZip] {
      let error = #expect(throws: CheckpointError.self) {
        try TensorArchive(bytes: try variant.bytes(), name: file, format: format)
      }
      let text = try #require(error).description
      #expect(text.hasPrefix(file + ": ") && text.contains(problem) && text.contains(advice))
    }
  }

  @Test(arguments: [
    ([0x08, 0x0A, 0x12, 0x07] as [UInt8], "reaches past the end"),
    ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 0], "HDF5"),
    ([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0], "NumPy"),
    ([], "empty"), ([1, 2, 3], "not a known format"),
    (Array("cposix\nsystem\n.".utf8), "protocol 0 or 1"),
  ])
  func foreignFileIsNamed(bytes: [UInt8], problem: String) throws {
    let error = #expect(throws: CheckpointError.self) {
      try TensorArchive(bytes: bytes, name: "model")
    }
    #expect(try #require(error).description.contains(problem))
  }

  @Test(arguments: PolicyFixture.trained.map { "\($0.folder)/\($0.file)" })
  func trainedCheckpointEqualsItsSafetensors(path: String) throws {
    let folder = String(path.prefix { $0 != "/" })
    let archive = try TensorArchive(path: Fixture.path("policies/\(path)"))
    try archive.requireFinite()
    let other = try TensorArchive(path: Fixture.path("policies/\(folder)/model.safetensors"))
    #expect(sorted(archive) == sorted(other) && !archive.tensors.isEmpty)
  }

  @Test func checkpointFolderOfRLlibIsRead() throws {
    let folder = "policies/rllib_ppo_d3/"
    let file = try TensorArchive(path: Fixture.path(folder + "module_state.pkl"))
    let inner = "checkpoint/learner_group/learner/rl_module"
    for path in [
      "checkpoint", "checkpoint/learner_group/learner", inner, inner + "/default_policy",
    ] {
      #expect(try TensorArchive(path: Fixture.path(folder + path)).tensors == file.tensors)
    }
    let error = #expect(throws: CheckpointError.self) {
      try TensorArchive(path: Fixture.path("policies"))
    }
    #expect(try #require(error).description.contains("neither policy.pth"))
  }

  @Test func missingFileIsAnError() throws {
    let error = #expect(throws: CheckpointError.self) { try TensorArchive(path: "no/such.zip") }
    #expect(
      try #require(error).description == "no/such.zip: cannot open: No such file or directory")
  }

  private func sorted(_ archive: TensorArchive) -> [NamedTensor] {
    archive.tensors.sorted { $0.name < $1.name }
  }
}
