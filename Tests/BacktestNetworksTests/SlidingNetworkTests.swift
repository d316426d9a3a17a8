@testable import BacktestCheckpoints
@testable import BacktestNetworks
import TestSupport
import Testing

/// Windows that move on by one row give what the whole window gives.
struct SlidingNetworkTests {
  /// Without optimisation a window takes a second; with it, the ring goes round twice.
  #if DEBUG
    private static let rowsOfALargeWindow = 61
  #else
    private static let rowsOfALargeWindow = 180
  #endif

  private func series(rows: Int, count: Int) -> [[Double]] {
    var random = TestRandom(seed: 5)
    return (0..<rows).map { _ in
      (0..<count).map { _ in Double(random.below(2_001)) / 500 - 2 }
    }
  }

  /// The largest difference between a sliding network and whole windows, over many rows.
  private func difference<Element: NetworkElement>(
    _ network: Network<Element>, keptSteps: Int, rows: Int
  ) throws -> Double {
    var sliding = try SlidingNetwork(network)
    #expect(sliding.keptSteps == keptSteps)
    let (times, count) = (network.inputShape[0], network.inputShape[1])
    let series = series(rows: rows, count: count).map { $0.map { Element($0) } }
    var worst = 0.0
    for episode in 0..<2 {
      var state = network.makeState()
      sliding.reset()
      for row in series.indices {
        let output = sliding.push(series[row])
        #expect((output != nil) == (row + 1 >= times), "row \(row) of episode \(episode)")
        guard let output else { continue }
        let whole = network.evaluate(
          Array(series[(row + 1 - times)...row].joined()), state: &state)
        for (a, b) in zip(output, whole) { worst = max(worst, abs(Double(a) - Double(b))) }
      }
    }
    return worst
  }

  @Test func aSmallWindowIsTheSameToTheLastBit() throws {
    for name in NetworkOracleTests.windows {
      let fixture = try NetworkFixture(name)
      // Attention, and a padded convolution: the first is kept up to the gates, the second not.
      let kept = name == "cnn_lstm_19843" ? 5 : 0
      let double = try Network<Double>(
        fixture.definition, head: "predict", weights: fixture.weights,
        inputShape: fixture.inputShape)
      #expect(try difference(double, keptSteps: kept, rows: 25) == 0)
      let float = try Network<Float>(
        fixture.definition, head: "predict", weights: fixture.weights,
        inputShape: fixture.inputShape)
      #expect(try difference(float, keptSteps: kept, rows: 25) == 0)
    }
  }

  /// Here OpenBLAS multiplies the whole window, in another order.
  @Test func aLargeWindowDiffersInItsLastDigitsOnly() throws {
    let workload = try NetworkWorkload("w5_cnnlstm", outputs: "y")
    let double = try Network<Double>(
      NetworkWorkload.convolutional, head: "predict", weights: workload.weights,
      inputShape: [60, 26])
    #expect(try difference(double, keptSteps: 5, rows: Self.rowsOfALargeWindow) <= 1e-14)
    let float = try Network<Float>(
      NetworkWorkload.convolutional, head: "predict", weights: workload.weights,
      inputShape: [60, 26])
    #expect(try difference(float, keptSteps: 5, rows: Self.rowsOfALargeWindow) <= 1e-5)
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
    let one = try Network<Double>(
      definition, head: "policy", weights: weights, inputShape: [6, 2])
    #expect(try difference(one, keptSteps: 2, rows: 30) == 0)
    let both = try Network<Double>(
      definition, heads: ["policy", "value"], weights: weights, inputShape: [6, 2])
    #expect(try difference(both, keptSteps: 0, rows: 30) == 0)
  }

  @Test func aVectorDoesNotSlide() throws {
    let workload = try NetworkWorkload("w5_mlp", outputs: "logits")
    let network = try Network<Double>(
      NetworkWorkload.perceptron, head: "policy", weights: workload.weights, inputShape: [30])
    #expect {
      _ = try SlidingNetwork(network)
    } throws: {
      "\($0)" == "a sliding window needs observations of time x features, not [30]"
    }
  }
}
