import BacktestCheckpoints
import BacktestFiles
import Testing

@testable import BacktestPolicies

/// What the names and shapes of tensors say about a network.
@Suite struct CheckpointLayoutTests {
  /// A recurrent actor of sb3-contrib, with tensors beside its weights.
  private static func recurrent(_ others: [(String, [Int])]) throws -> JSONValue {
    let weights = [
      ("lstm_actor.weight_ih_l0", [8, 3]), ("lstm_actor.weight_hh_l0", [8, 2]),
      ("action_net.weight", [3, 2]),
    ]
    let tensors = (weights + others).map { name, shape in
      NamedTensor(
        name: name, shape: shape, floats: [Float](repeating: 0, count: shape.reduce(1, *)))
    }
    let layout = try #require(CheckpointLayout(TensorArchive(tensors), metadata: nil))
    return layout.json(activation: "tanh", flattens: false)
  }

  @Test func layersWithoutABiasAreKnownByTheirTensors() throws {
    let memory: JSONValue = [
      "op": "lstm", "params": "lstm_actor", "layers": 1, "hidden": 2, "stateful": true,
    ]
    let head: JSONValue = ["op": "linear", "params": "action_net"]
    let biases = [
      ("lstm_actor.bias_ih_l0", [8]), ("lstm_actor.bias_hh_l0", [8]), ("action_net.bias", [3]),
    ]
    #expect(try Self.recurrent(biases) == ["policy": [memory, head]])

    var (bareMemory, bareHead) = (memory, head)
    bareMemory.set("bias", false)
    bareHead.set("bias", false)
    #expect(try Self.recurrent([biases[2]]) == ["policy": [bareMemory, head]])
    #expect(try Self.recurrent(Array(biases[..<2])) == ["policy": [memory, bareHead]])
  }
}
