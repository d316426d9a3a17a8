@testable import BacktestCheckpoints
@testable import BacktestFiles
import TestSupport
import Testing

/// Numbers of NumPy and plain containers beside the weights.
@Suite struct PlainContainerTests {
  @Test func theyAreReadAndTheWeightsStayTheSame() throws {
    let mixed = try TensorArchive(path: Fixture.path("policies/trainers/torch_containers.pt"))
    let plain = try TensorArchive(path: Fixture.path("policies/trainers/torch_shared.pt"))
    for tensor in plain.tensors {
      let other = try #require(mixed["model.\(tensor.name)"])
      #expect(other.shape == tensor.shape && other.doubles() == tensor.doubles())
    }
    // An array may hold weights, so it counts as a tensor; single numbers do not.
    #expect(mixed["curve"]?.doubles() == [0, 1, 2, 3])
    #expect(mixed.tensors.count == plain.tensors.count + 1)
  }

  @Test func anEntryThatExpandsTooFarIsNotInflated() throws {
    // 24 MB of zeros in 24 kB: the directory alone shows that these are no weights.
    let bomb = try PolicyFixture.inflated(try Fixture.bytes("policies/trainers/expanding.zip.gz"))
    let error = #expect(throws: CheckpointError.self) {
      try TensorArchive(bytes: bomb, name: "bomb.pt")
    }
    #expect(error?.problem.contains("expands too far") == true)
  }
}
