@testable import BacktestCheckpoints
@testable import BacktestFiles
@testable import BacktestNetworks
import TestSupport
import Testing

/// The two networks of the benchmark, with inputs and what PyTorch computed from them.
struct NetworkWorkload {
  let weights: TensorArchive
  let inputs: [[Float]]
  let outputs: [[Float]]

  init(_ name: String, outputs key: String) throws {
    let bytes = try Fixture.bytes("policies/w5/\(name).f32")
    let floats = bytes.withUnsafeBytes { raw in
      (0..<(raw.count / 4)).map {
        Float(bitPattern: raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self))
      }
    }
    let index = try NetworkFixture.json("policies/w5/\(name)_index.json")
    guard case .table(let entries) = index.content else { throw NetworkFixture.Unexpected() }
    var tensors: [String: NamedTensor] = [:]
    for entry in entries {
      let start = Int(try #require(entry.value["offset_floats"]).numbers[0])
      let shape = try #require(entry.value["shape"]).numbers.map { Int($0) }
      tensors[entry.key] = NamedTensor(
        name: Self.tensorName(entry.key), shape: shape,
        floats: Array(floats[start..<(start + shape.reduce(1, *))]))
    }
    weights = TensorArchive(entries.compactMap { tensors[$0.key] })
    func rows(_ key: String) throws -> [[Float]] {
      let tensor = try #require(tensors[key])
      let size = tensor.count / tensor.shape[0]
      let values = tensor.floats()
      return (0..<tensor.shape[0]).map { Array(values[($0 * size)..<(($0 + 1) * size)]) }
    }
    inputs = try rows("x")
    outputs = try rows(key)
  }

  /// `c1_weight` is the tensor `c1.weight`.
  private static func tensorName(_ key: String) -> String {
    guard let place = key.firstIndex(of: "_") else { return key }
    return key[..<place] + "." + key[key.index(after: place)...]
  }

  static let perceptron = NetworkDefinition(heads: [
    .init(
      name: "policy",
      layers: [
        .linear(params: "0"), .tanh, .linear(params: "2"), .tanh, .linear(params: "4"),
      ])
  ])

  static let convolutional = NetworkDefinition(heads: [
    .init(
      name: "predict",
      layers: [
        .transposeTimeChannel, .conv1d(params: "c1", kernel: 3), .relu,
        .conv1d(params: "c2", kernel: 3), .relu, .transposeTimeChannel,
        .lstm(params: "l", hidden: 64), .lastStep, .linear(params: "o"),
      ])
  ])
}

struct NetworkWorkloadTests {
  #if DEBUG
    private static let count = 4
  #else
    private static let count = 64
  #endif

  @Test func theNetworksOfTheBenchmarkAreRight() throws {
    try compare(Double.self)
    try compare(Float.self)
  }

  private func compare<Element: NetworkElement>(_: Element.Type) throws {
    let small = try NetworkWorkload("w5_mlp", outputs: "logits")
    let large = try NetworkWorkload("w5_cnnlstm", outputs: "y")
    for (workload, definition, head, shape) in [
      (small, NetworkWorkload.perceptron, "policy", [30]),
      (large, NetworkWorkload.convolutional, "predict", [60, 26]),
    ] {
      let network = try Network<Element>(
        definition, head: head, weights: workload.weights, inputShape: shape)
      var state = network.makeState()
      #expect(workload.inputs.count >= Self.count)
      #expect(workload.outputs.count == workload.inputs.count)
      for (input, expected) in zip(workload.inputs, workload.outputs).prefix(Self.count) {
        let output = network.evaluate(input.map { Element($0) }, state: &state)
        #expect(NetworkTolerance.fits(output, expected.map { Double($0) }, isExact: false))
        if head == "policy" { #expect(largestPlace(output) == largestPlace(expected)) }
      }
    }
  }
}
