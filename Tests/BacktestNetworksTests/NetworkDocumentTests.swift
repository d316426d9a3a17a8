@testable import BacktestFiles
@testable import BacktestNetworks
import TestSupport
import Testing

/// The table `network` of a manifest, read and written.
struct NetworkDocumentTests {
  private func decode(_ text: String) throws -> NetworkDefinition {
    try DocumentReader.read(Array(text.utf8), name: "manifest.json", format: .json).decode {
      NetworkDefinition(&$0)
    }
  }

  private func problems(_ layer: String) -> [String] {
    do {
      _ = try decode("{\"policy\": [\(layer)]}")
      return []
    } catch let error as DocumentError {
      return error.problems.map(\.message)
    } catch { return ["\(error)"] }
  }

  @Test(
    arguments: NetworkOracleTests.feedForward + NetworkOracleTests.recurrent
      + NetworkOracleTests.windows)
  func whatIsWrittenIsReadBack(name: String) throws {
    let definition = try NetworkFixture(name).definition
    #expect(try decode(definition.json.text) == definition)
  }

  @Test func everyLayerIsReadBack() throws {
    let definition = NetworkDefinition(heads: [
      .init(
        name: "policy",
        layers: [
          .flatten, .reshape([2, 3]), .linear(params: "a"), .linear(params: "a", bias: false),
          .conv1d(params: "b", kernel: 3, stride: 2, padding: 1),
          .conv1d(params: "b", kernel: 3, dilation: 4, causal: true, bias: false),
          .lstm(params: "c", hidden: 8, layers: 2, stateful: true),
          .lstm(params: "c", hidden: 8, bidirectional: true, bias: false),
          .lstmCell(params: "d", hidden: 4), .gru(params: "e", hidden: 3),
          .rnn(params: "e", hidden: 3, layers: 2, activation: .relu, bidirectional: true),
          .batchNorm(params: "f", eps: 0.5), .layerNorm(params: "g"),
          .layerNorm(params: "g", bias: false), .groupNorm(params: "g", groups: 2),
          .selfAttention(params: "h", heads: 2),
          .selfAttention(params: "h", heads: 2, causal: true, bias: false),
          .transformerEncoderLayer(params: "t", heads: 2),
          .transformerEncoderLayer(
            params: "t", heads: 2, activation: .gelu, normFirst: true, causal: true, eps: 0.5,
            bias: false), .sinusoidalPositions, .learnedPositions(tensor: "p"), .tanh, .relu, .elu,
          .selu, .leakyReLU(slope: 0.2), .sigmoid, .silu, .gelu, .mish, .softplus,
          .hardtanh(min: -2, max: 2.5), .softmax, .dropout(p: 0.1), .transposeTimeChannel,
          .lastStep, .meanOverTime, .maxOverTime, .averagePool1d(kernel: 3, stride: 2, padding: 1),
          .maxPool1d(kernel: 3), .adaptiveAveragePool1d, .adaptiveMaxPool1d,
          .slice(dimension: 1, start: 2, count: 3), .reuse(of: "value.1"),
        ])
    ])
    let operations = Set(definition.heads[0].layers.map(\.operation))
    let joining: Set<NetworkLayer.Operation> = [.add, .multiply, .mean, .concat]
    #expect(operations.union(joining) == Set(NetworkLayer.Operation.allCases))
    #expect(try decode(definition.json.text) == definition)
  }

  @Test func graphsAreReadBack() throws {
    let definition = NetworkDefinition(heads: [
      .init(
        name: "policy",
        nodes: [
          NetworkNode(.linear(params: "a"), name: "first"), NetworkNode(.tanh),
          NetworkNode(.concat(dimension: 0), name: "side.by-side/1", inputs: ["first", "obs2"]),
          NetworkNode(.add, inputs: ["observation", "side.by-side/1"]), NetworkNode(.multiply),
          NetworkNode(.mean, inputs: []),
        ])
    ])
    #expect(try decode(definition.json.text) == definition)
    #expect(
      problems("{\"op\": \"tanh\", \"name\": \"a b\"}") == [
        "'policy[0].name' must be a name of letters, digits, '_', '-', '.' and '/' that is not "
          + "'observation', not the text 'a b'"
      ])
    #expect(problems("{\"op\": \"tanh\", \"name\": \"observation\"}").count == 1)
    #expect(problems("{\"op\": \"tanh\", \"inputs\": \"first\"}").count == 1)
  }

  @Test func fieldsWithUsualValuesMayBeMissing() throws {
    let definition = try decode(
      """
      {"policy": [{"op": "leaky_relu"}, {"op": "layer_norm", "params": "n"},
        {"op": "conv1d", "params": "c", "kernel": 2}, {"op": "lstm", "params": "l", "hidden": 4}]}
      """)
    #expect(
      definition.heads[0].layers == [
        .leakyReLU(slope: 0.01), .layerNorm(params: "n", eps: 1e-5),
        .conv1d(params: "c", kernel: 2, stride: 1, padding: 0),
        .lstm(params: "l", hidden: 4, layers: 1, stateful: false),
      ])
  }

  @Test func whatIsUnknownOrWrongIsNamed() {
    #expect(
      problems("{\"op\": \"lineer\", \"params\": \"a\"}") == [
        "'policy[0].op' must be flatten, linear, conv1d, lstm, slice or one of 37 others, not the "
          + "text 'lineer'; did you mean 'linear'?"
      ])
    #expect(
      problems("{\"op\": \"linear\", \"params\": \"a\", \"heads\": 1}") == [
        "unknown key 'heads' in 'policy[0]'; known are op, params, bias, name and inputs"
      ])
    #expect(
      problems("{\"op\": \"linear\", \"parms\": \"a\"}") == [
        "unknown key 'parms' in 'policy[0]'; did you mean 'params'?"
      ])
    #expect(
      problems("{\"op\": \"conv1d\", \"params\": \"a\"}") == [
        "key 'kernel' is missing in 'policy[0]'; add it with a whole number from 1 to 1048576"
      ])
    #expect(
      problems("{\"op\": \"conv1d\", \"params\": \"a\", \"kernel\": 0}") == [
        "'policy[0].kernel' must be a whole number from 1 to 1048576, not the number 0"
      ])
    #expect(
      problems("{\"op\": \"hardtanh\", \"min\": 1, \"max\": -1}") == [
        "'min' must not be above 'max'"
      ])
    #expect(
      problems("{\"op\": \"dropout\", \"p\": 1}") == [
        "'p' must be below 1: nothing would be left"
      ])
    #expect(
      problems("{\"params\": \"a\"}").contains {
        $0.hasPrefix("key 'op' is missing in 'policy[0]'; add it with flatten, reshape")
      })
    #expect(problems("") == ["'policy' has no layers"])
  }
}
