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
          .flatten, .linear(params: "a"), .conv1d(params: "b", kernel: 3, stride: 2, padding: 1),
          .lstm(params: "c", hidden: 8, layers: 2, stateful: true),
          .lstmCell(params: "d", hidden: 4), .gru(params: "e", hidden: 3),
          .batchNorm(params: "f", eps: 0.5), .layerNorm(params: "g"),
          .selfAttention(params: "h", heads: 2), .tanh, .relu, .elu, .leakyReLU(slope: 0.2),
          .sigmoid, .silu, .gelu, .hardtanh(min: -2, max: 2.5), .softmax, .dropout(p: 0.1),
          .transposeTimeChannel, .lastStep, .reuse(of: "value.1"),
        ])
    ])
    #expect(Set(definition.heads[0].layers.map(\.operation)).count == 22)
    #expect(NetworkLayer.Operation.allCases.count == 22)
    #expect(try decode(definition.json.text) == definition)
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
        "'policy[0].op' must be flatten, linear, conv1d, lstm, tanh or one of 17 others, not the "
          + "text 'lineer'; did you mean 'linear'?"
      ])
    #expect(
      problems("{\"op\": \"linear\", \"params\": \"a\", \"heads\": 1}") == [
        "unknown key 'heads' in 'policy[0]'; known are op and params"
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
        $0.hasPrefix("key 'op' is missing in 'policy[0]'; add it with flatten, linear")
      })
    #expect(problems("") == ["'policy' has no layers"])
  }
}
