@testable import BacktestCheckpoints
@testable import BacktestNetworks
import Testing

/// What a network is refused for, and the one line that says so.
struct NetworkRefusalTests {
  private static let weights = TensorArchive([
    NamedTensor(
      name: "action_net.weight", shape: [3, 4], floats: [Float](repeating: 1, count: 12)),
    NamedTensor(name: "action_net.bias", shape: [3], floats: [0, 0, 0]),
    NamedTensor(name: "bad.weight", shape: [1, 4], floats: [0, 0, .nan, 0]),
    NamedTensor(name: "bad.bias", shape: [1], floats: [0]),
    NamedTensor(name: "wide.weight", shape: [1, 4], doubles: [0, 1e300, 0, 0]),
    NamedTensor(name: "wide.bias", shape: [1], doubles: [0]),
    NamedTensor(name: "norm.weight", shape: [4], floats: [1, 1, 1, 1]),
    NamedTensor(name: "norm.bias", shape: [4], floats: [1, 1, 1, 1]),
    NamedTensor(name: "norm.running_mean", shape: [4], floats: [1, 1, 1, 1]),
    NamedTensor(name: "norm.running_var", shape: [4], floats: [1, 1, -1, 1]),
    NamedTensor(name: "scalar.weight", shape: [], floats: [1]),
  ])

  private func message<Element: NetworkElement>(
    _ layers: [NetworkLayer], shape: [Int] = [4], as _: Element.Type = Double.self
  ) -> String {
    message(
      NetworkDefinition(heads: [.init(name: "policy", layers: layers)]), shape: shape, Element.self)
  }

  private func message<Element: NetworkElement>(
    _ definition: NetworkDefinition, head: String = "policy", shape: [Int] = [4], _: Element.Type
  ) -> String {
    do {
      _ = try Network<Element>(definition, head: head, weights: Self.weights, inputShape: shape)
      return "nothing"
    } catch { return "\(error)" }
  }

  @Test func tensors() {
    #expect(message([.linear(params: "action_net")]) == "nothing")
    #expect(
      message([.tanh, .linear(params: "acton_net")])
        == "network.policy[1] (linear): the tensor 'acton_net.weight' of shape [any, 4] is "
        + "missing; "
        + "did you mean 'action_net.weight'?")
    #expect(
      message([.linear(params: "critic_of_many_layers")])
        == "network.policy[0] (linear): the tensor 'critic_of_many_layers.weight' of shape "
        + "[any, 4] is missing; the checkpoint has 'action_net.weight', 'action_net.bias', "
        + "'bad.weight', 'bad.bias' and 7 more; check 'params' or the checkpoint")
    #expect(
      message([.linear(params: "action_net")], shape: [5])
        == "network.policy[0] (linear): the tensor 'action_net.weight' must have the shape "
        + "[any, 5], not [3, 4]; check the layers before it, or the checkpoint")
    #expect(
      message([.linear(params: "scalar")])
        == "network.policy[0] (linear): the tensor 'scalar.weight' must have the shape [any, 4], "
        + "not []; check the layers before it, or the checkpoint")
    #expect(
      message([.linear(params: "bad")])
        == "network.policy[0] (linear): the tensor 'bad.weight' holds nan at element 2; only "
        + "finite numbers can be used, so save an earlier checkpoint of the training")
    #expect(message([.linear(params: "wide")]) == "nothing")
    #expect(
      message([.linear(params: "wide")], as: Float.self)
        == "network.policy[0] (linear): the tensor 'wide.weight' holds 1e+300 at element 1; only "
        + "finite numbers can be used, so save an earlier checkpoint of the training")
    #expect(
      message([.batchNorm(params: "norm")])
        == "network.policy[0] (batch_norm): the tensor 'norm.running_var' holds a negative variance"
    )
    #expect(
      message([.lstm(params: "lstm", hidden: 6)])
        == "network.policy[0] (lstm): the tensor 'lstm.weight_ih_l0' of shape [24, 4] is missing; "
        + "the checkpoint has 'action_net.weight', 'action_net.bias', 'bad.weight', 'bad.bias' "
        + "and 7 more; check 'params' or the checkpoint")
  }

  @Test func shapesThatDoNotFitTogether() {
    #expect(
      message([.conv1d(params: "c", kernel: 3)])
        == "network.policy[0] (conv1d): needs a table of channels x time, not a vector of 4")
    #expect(
      message([.transposeTimeChannel, .conv1d(params: "c", kernel: 9, padding: 1)], shape: [5, 4])
        == "network.policy[1] (conv1d): a kernel of 9 does not fit 5 times with 1 on each side")
    #expect(
      message([.lastStep])
        == "network.policy[0] (last_step): needs a table of time x features, not a vector of 4")
    #expect(
      message([.flatten, .transposeTimeChannel], shape: [2, 2])
        == "network.policy[1] (transpose_time_channel): needs a table, not a vector of 4")
    #expect(
      message([.selfAttention(params: "a", heads: 1)])
        == "network.policy[0] (self_attention): needs a table of time x features, not a vector of 4"
    )
    #expect(
      message([.selfAttention(params: "a", heads: 3)], shape: [2, 4])
        == "network.policy[0] (self_attention): 3 heads do not divide the width of 4")
    #expect(
      message([.tanh], shape: [2, 2, 1])
        == "network.policy[0] (tanh): works on a vector or a table; put a flatten layer before it")
    #expect(
      message([.tanh], shape: [2, 0])
        == "network: the input's shape [2, 0] must hold positive sizes")
    #expect(
      message([.tanh], shape: [1 << 20, 1 << 20])
        == "network: the input's shape [1048576, 1048576] is too large")
    let turns = (0..<5).flatMap { _ in [NetworkLayer.transposeTimeChannel, .softmax] }
    #expect(
      message(turns, shape: [1 << 20, 4])
        == "network.policy[5] (softmax): the values up to here take more than 16777216 numbers of "
        + "memory")
  }

  @Test func heads() {
    func reuse(_ of: String) -> String {
      let value = NetworkDefinition.Head(name: "value", layers: [.reuse(of: of)])
      let policy = NetworkDefinition.Head(name: "policy", layers: [.tanh])
      let other = NetworkDefinition.Head(name: "other", layers: [.reuse(of: "value.0")])
      return message(
        NetworkDefinition(heads: [policy, value, other]), head: "value", Double.self)
    }
    #expect(
      reuse("policy") == "network.value[0] (reuse): 'of' must name a head and a layer, such as "
        + "policy.0, not 'policy'")
    #expect(
      reuse("value.0") == "network.value[0] (reuse): 'of' must name another head, not 'value'")
    #expect(reuse("polcy.0") == "network: there is no head 'polcy'; did you mean 'policy'?")
    #expect(
      reuse("policy.0")
        == "network.value[0] (reuse): 'policy' has no recurrent layer from layer 0 on")
    #expect(
      message(NetworkDefinition(heads: []), Double.self)
        == "network: there is no head 'policy'; there are none")
  }
}
