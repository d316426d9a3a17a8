@testable import BacktestCheckpoints
@testable import BacktestFiles
@testable import BacktestNetworks
import TestSupport
import Testing

/// Whatever registers the processor has, a network gives the same bits.
struct KernelLevelTests {
  private func compare<Element: KernelElement>(
    _ definition: NetworkDefinition, head: String, _ weights: TensorArchive, shape: [Int],
    _ name: String, _: Element.Type
  ) throws {
    var network = try Network<Element>(
      definition, head: head, weights: weights, inputShape: shape)
    var random = TestRandom(seed: 17)
    let inputs = (0..<3).map { _ in
      (0..<network.inputCount).map { _ in Element(Double(random.below(4_001)) / 700 - 2.5) }
    }
    var answers: [[Element]] = []
    for level in KernelLevel.allCases where Element.kernels(at: level) != nil {
      network.level = level
      var state = network.makeState()
      var found = inputs.flatMap { network.evaluate($0, state: &state) }
      if network.canSlide {
        // A row more: kept rows must have the bits of the whole window, too.
        let row = Array(inputs[0].suffix(shape[1]))
        var moved = Array(found[..<network.outputCount])
        row.withUnsafeBufferPointer { row in
          moved.withUnsafeMutableBufferPointer { network.slide(row, state: &state, into: $0) }
        }
        var whole = network.makeState()
        let window = Array(inputs[2].dropFirst(shape[1]) + row)
        let expected = network.evaluate(window, state: &whole)
        #expect(moved == expected, "\(name) at \(level)")
        found += moved
      }
      answers.append(found)
    }
    let isSame = answers.allSatisfy { $0 == answers[0] }
    #expect(isSame, "\(name) in \(Element.self)")
    let isFinite = answers[0].allSatisfy { $0.isFinite }
    #expect(isFinite)
  }

  @Test(arguments: ["cnn_lstm_19843", "cnn_gru_bn_ln", "ppo_discrete", "rppo_lstm2_box", "sac_box"])
  func fixtures(name: String) throws {
    let fixture = try NetworkFixture(name)
    let head = try #require(fixture.definition.heads.first?.name)
    try compare(
      fixture.definition, head: head, fixture.weights, shape: fixture.inputShape, name, Double.self)
    try compare(
      fixture.definition, head: head, fixture.weights, shape: fixture.inputShape, name, Float.self)
  }

  @Test func graphs() throws {
    let document = try NetworkFixture.json("policies/graphs/graphs.json")
    for item in try #require(document["cases"]).items {
      guard case .text(let name)? = item["name"]?.content else { continue }
      let definition = try #require(item["network"]).decode { NetworkDefinition(&$0) }
      let weights = try NetworkFixture.safetensors("policies/graphs/\(name).safetensors")
      let shape = try #require(item["shape"]).numbers.map { Int($0) }
      try compare(definition, head: "policy", weights, shape: shape, name, Double.self)
      try compare(definition, head: "policy", weights, shape: shape, name, Float.self)
    }
  }

  /// Large enough that products are fused.
  @Test func theWindowOfTheBenchmark() throws {
    let workload = try NetworkWorkload("w5_cnnlstm", outputs: "y")
    try compare(
      NetworkWorkload.convolutional, head: "predict", workload.weights, shape: [60, 26], "window",
      Double.self)
    try compare(
      NetworkWorkload.convolutional, head: "predict", workload.weights, shape: [60, 26], "window",
      Float.self)
  }
}
