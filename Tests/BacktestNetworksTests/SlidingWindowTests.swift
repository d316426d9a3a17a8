@testable import BacktestCheckpoints
@testable import BacktestNetworks
@testable import BacktestPolicies
import TestSupport
import Testing

/// Windows that move on by one row give exactly what the whole window gives.
struct SlidingWindowTests {
  private func series(rows: Int, count: Int) -> [[Double]] {
    var random = TestRandom(seed: 5)
    return (0..<rows).map { _ in
      (0..<count).map { _ in Double(random.below(2_001)) / 500 - 2 }
    }
  }

  /// Compares sliding with whole windows over many rows, in two episodes.
  private func compare<Element: NetworkElement>(
    _ network: Network<Element>, keptSteps: Int, rows: Int
  ) throws {
    #expect(network.program.sliding?.keptSteps ?? 0 == keptSteps)
    guard network.canSlide else { return }
    let times = network.inputShape[0]
    let series = series(rows: rows, count: network.inputShape[1]).map { $0.map { Element($0) } }
    var (sliding, whole) = (network.makeState(), network.makeState())
    for episode in 0..<2 {
      var found = network.evaluate(Array(series[..<times].joined()), state: &sliding)
      for end in times..<rows {
        let window = Array(series[(end - times)..<end].joined())
        let expected = network.evaluate(window, state: &whole)
        #expect(found == expected, "row \(end) of episode \(episode)")
        series[end].withUnsafeBufferPointer { row in
          found.withUnsafeMutableBufferPointer { network.slide(row, state: &sliding, into: $0) }
        }
      }
      sliding.reset()
      whole.reset()
    }
  }

  private func compareBoth(
    _ definition: NetworkDefinition, heads: [String], weights: TensorArchive, inputShape: [Int],
    keptSteps: Int, rows: Int
  ) throws {
    try compare(
      try Network<Double>(definition, heads: heads, weights: weights, inputShape: inputShape),
      keptSteps: keptSteps, rows: rows)
    try compare(
      try Network<Float>(definition, heads: heads, weights: weights, inputShape: inputShape),
      keptSteps: keptSteps, rows: rows)
  }

  @Test func theWindowsOfTheFixturesSlide() throws {
    for name in NetworkOracleTests.windows {
      let fixture = try NetworkFixture(name)
      // Convolutions are kept up to the gates of the recurrent layer; a padded one is not.
      try compareBoth(
        fixture.definition, heads: ["predict"], weights: fixture.weights,
        inputShape: fixture.inputShape, keptSteps: name == "cnn_lstm_19843" ? 5 : 0, rows: 40)
    }
  }

  /// Products of a large window are fused, and so are those of its newest row.
  @Test(arguments: [20, 60])
  func aLargeWindowSlides(rows: Int) throws {
    let workload = try NetworkWorkload("w5_cnnlstm", outputs: "y")
    try compareBoth(
      NetworkWorkload.convolutional, heads: ["predict"], weights: workload.weights,
      inputShape: [rows, 26], keptSteps: 5, rows: rows + 10)
  }

  /// Without a recurrent layer the rows that are kept have to move.
  @Test func rowsThatAreFlattenedKeepTheirOrder() throws {
    var random = TestRandom(seed: 9)
    func tensor(_ name: String, _ shape: [Int]) -> NamedTensor {
      NamedTensor(
        name: name, shape: shape,
        doubles: (0..<shape.reduce(1, *)).map { _ in Double(random.below(200)) / 100 - 1 })
    }
    let weights = TensorArchive([
      tensor("c.weight", [3, 2, 2]), tensor("c.bias", [3]), tensor("d.weight", [2, 15]),
      tensor("d.bias", [2]), tensor("v.weight", [1, 12]), tensor("v.bias", [1]),
    ])
    let definition = NetworkDefinition(heads: [
      .init(
        name: "policy",
        layers: [
          .transposeTimeChannel, .conv1d(params: "c", kernel: 2), .sigmoid, .flatten,
          .linear(params: "d"),
        ]), .init(name: "value", layers: [.flatten, .linear(params: "v")]),
    ])
    try compareBoth(
      definition, heads: ["policy"], weights: weights, inputShape: [6, 2], keptSteps: 2, rows: 30)
    // Two heads both need the whole window.
    try compareBoth(
      definition, heads: ["policy", "value"], weights: weights, inputShape: [6, 2], keptSteps: 0,
      rows: 30)
  }

  @Test func aVectorDoesNotSlide() throws {
    let workload = try NetworkWorkload("w5_mlp", outputs: "logits")
    let network = try Network<Double>(
      NetworkWorkload.perceptron, head: "policy", weights: workload.weights, inputShape: [30])
    #expect(!network.canSlide)
  }

  /// A policy slides where its window moves on by one row, and evaluates every other window whole.
  @Test func aPolicyDecidesAsWithWholeWindows() throws {
    let fixture = try NetworkFixture("cnn_lstm_19843")
    var policy = try TrainedPolicy(path: Fixture.path("policies/cnn_lstm_19843"))
    #expect(policy.network.canSlide)
    let rows = try #require(fixture.oracle["series_real"]).items.map(\.numbers)
    var decision = policy.makeDecision()
    // Steps of one row, jumps, and the same window twice.
    for start in [0, 1, 2, 3, 10, 11, 11, 12, 5, 6, 7, 30, 31] {
      let window = Array(rows[start..<(start + 10)].joined())
      try window.withUnsafeBufferPointer { try policy.decide($0, into: &decision) }
      var fresh = try TrainedPolicy(manifest: policy.manifest)
      var expected = fresh.makeDecision()
      try window.withUnsafeBufferPointer { try fresh.decide($0, into: &expected) }
      #expect(decision == expected, "window \(start)")
    }
  }
}
