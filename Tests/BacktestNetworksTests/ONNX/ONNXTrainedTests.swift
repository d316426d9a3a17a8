import BacktestCheckpoints
@testable import BacktestFiles
@testable import BacktestNetworks
import TestSupport
import Testing

/// ONNX files of trained policies, held to what their libraries computed in 64 bits.
@Suite struct ONNXTrainedTests {
  /// A file beside an oracle: heads of the graph with the names that the oracle has for them.
  struct Trained: Sendable, CustomStringConvertible {
    var policy: String
    var file: String
    var heads: [(output: String, oracle: String)]
    var states: [(input: String, output: String)] = []
    var start: String?

    var description: String { "\(policy)/\(file)" }
  }

  static let recurrent = [("ha", "ha1"), ("ca", "ca1"), ("hv", "hv1"), ("cv", "cv1")]

  static let all: [Trained] = {
    var all: [Trained] = []
    func add(_ policy: String, raw: [(String, String)], docs: [(String, String)] = []) {
      all.append(Trained(policy: policy, file: "model_raw.onnx", heads: raw))
      if !docs.isEmpty {
        all.append(Trained(policy: policy, file: "model_docs.onnx", heads: docs))
      }
    }
    let value = ("value", "value")
    add(
      "a2c_window_d5", raw: [("action_head", "logits"), value],
      docs: [("52", "action"), ("20", "value")])
    add("dqn_d3", raw: [("q", "q")], docs: [("view", "action")])
    add(
      "ppo_box1", raw: [("action_head", "mean"), value], docs: [("53", "mean"), ("24", "value")])
    add(
      "ppo_box1_sde", raw: [("action_head", "mean"), value],
      docs: [("59", "mean"), ("24", "value")])
    add(
      "ppo_discrete", raw: [("action_head", "logits"), value],
      docs: [("56", "action"), ("24", "value")])
    add(
      "ppo_portfolio4", raw: [("action_head", "mean"), value],
      docs: [("53", "mean"), ("24", "value")])
    let actor = [("mean", "mean"), ("squashed", "squashed")]
    add("sac_box", raw: actor + [("log_std", "log_std")], docs: [("31", "squashed")])
    add("sac_sde", raw: actor, docs: [("33", "squashed")])
    add("td3_box", raw: [("squashed", "squashed")], docs: [("tanh", "squashed")])
    add("cnn_lstm_19843", raw: [("out", "outputs_f64")])
    add("cnn_gru_bn_ln", raw: [("out", "outputs_f64")])
    add("rppo_lstm_d3", raw: [("action_head", "logits"), value])
    add("rppo_lstm2_box", raw: [("action_head", "mean"), value])
    for index in all.indices where all[index].policy.hasPrefix("rppo") {
      all[index].states = recurrent
      all[index].start = "start"
    }
    return all
  }()

  /// The observations of an oracle as the network sees them, and where episodes begin.
  private func inputs(_ oracle: DocumentNode) throws -> (rows: [[Double]], starts: [Bool]) {
    if let rows = oracle["obs"]?.items.map(\.numbers) {
      return (rows, oracle["episode_start"]?.numbers.map { $0 == 1 } ?? rows.map { _ in true })
    }
    let series = try ["series_random", "series_real"].map {
      try #require(oracle[$0]).items.map(\.numbers)
    }
    let rows = (0..<128).map { (index: Int) -> [Double] in
      let start = index % 64
      return Array(series[index / 64][start..<(start + 10)].joined())
    }
    return (rows, rows.map { _ in true })
  }

  @Test(arguments: all)
  func graphsOfTrainedPoliciesComputeTheirOutputs(_ trained: Trained) throws {
    let oracle = try NetworkFixture.json("policies/\(trained.policy)/oracle.json")
    let manifest = try NetworkFixture.json("policies/\(trained.policy)/manifest.json")
    let shape = try #require(manifest["observation"]?["shape"]).numbers.map { Int($0) }
    let model = try ONNXModel(path: Fixture.path("policies/\(trained.policy)/\(trained.file)"))
    let binding = GraphBinding(
      heads: trained.heads.map { GraphBinding.Head(name: $0.output, output: $0.output) },
      observation: model.inputs[0].name,
      states: trained.states.map { GraphBinding.State(input: $0.input, output: $0.output) },
      episodeStart: trained.start)
    let network = try Network<Double>(
      model, binding, heads: trained.heads.map(\.output), inputShape: shape)
    var state = network.makeState()
    let (rows, starts) = try inputs(oracle)
    #expect(rows.count >= 128)
    // Folded batch normalisation, and the scale of attention, are constants of 32 bits.
    let isExact = !trained.policy.hasPrefix("cnn_")
    for (index, row) in rows.enumerated() {
      if starts[index] { state.reset() }
      let found = network.evaluate(row, state: &state)
      for head in trained.heads {
        let expected =
          oracle["outputs_f64"]?[head.oracle] ?? oracle[head.oracle]
        let wanted = try #require(expected?.items[index].numbers)
        let range = try #require(network.outputRange(of: head.output))
        #expect(
          NetworkTolerance.fits(Array(found[range]), wanted, isExact: isExact),
          "\(head) \(index): \(found[range]) \(wanted)")
      }
    }
  }

  @Test func thereAreAllFiles() { #expect(Self.all.count == 22) }
}
