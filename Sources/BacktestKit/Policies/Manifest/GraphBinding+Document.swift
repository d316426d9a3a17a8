import BacktestFiles
import BacktestNetworks

extension GraphBinding {
  /// Decodes the table `onnx` of a manifest.
  ///
  ///     {"heads": {"policy": "action", "value": "value"}, "observation": "obs",
  ///      "states": [{"input": "h", "output": "h_next"}], "episode_start": "start"}
  init(_ table: inout DocumentTable) {
    self.init(heads: [])
    heads = table.section("heads") { heads in
      heads.keys.map { Head(name: $0, output: heads.value($0, .text)) }
    }
    observation = table.optional("observation", .text)
    states = table.sections("states") { state in
      State(input: state.value("input", .text), output: state.value("output", .text))
    }
    episodeStart = table.optional("episode_start", .text)
    if heads.isEmpty {
      table.report(
        "name the output of the graph that decides: {\"policy\": \"action\"}", at: "heads")
    }
  }
}
