@testable import BacktestFiles
@testable import BacktestNetworks
import TestSupport
import Testing

/// Networks against the outputs that PyTorch computed from the same weights.
struct NetworkOracleTests {
  static let feedForward = [
    "a2c_window_d5", "cleanrl_ppo_box1", "dqn_d3", "ppo_box1", "ppo_box1_sde", "ppo_discrete",
    "ppo_portfolio4", "rllib_ppo_d3", "sac_box", "sac_sde", "td3_box",
  ]
  static let recurrent = ["a3c_lstmcell_d3", "rppo_lstm2_box", "rppo_lstm_d3"]
  static let windows = ["cnn_gru_bn_ln", "cnn_lstm_19843"]

  @Test(arguments: feedForward)
  func policiesAnswerLikeTheirTrainer(name: String) throws {
    let fixture = try NetworkFixture(name)
    try compare(fixture, Double.self, with: fixture.oracle)
    try compare(fixture, Float.self, with: fixture.oracle)
  }

  @Test(arguments: recurrent)
  func recurrentPoliciesRememberLikeTheirTrainer(name: String) throws {
    let fixture = try NetworkFixture(name)
    let random = try #require(fixture.oracle["random_sequence"])
    for oracle in [fixture.oracle, random] {
      try compare(fixture, Double.self, with: oracle)
      try compare(fixture, Float.self, with: oracle)
    }
  }

  /// Every observation of an oracle through all heads; memory is cleared where episodes begin.
  private func compare<Element: NetworkElement>(
    _ fixture: NetworkFixture, _: Element.Type, with oracle: DocumentNode
  ) throws {
    let network = try Network<Element>(
      fixture.definition, heads: fixture.definition.heads.map(\.name), weights: fixture.weights,
      inputShape: fixture.inputShape)
    let policy = try #require(network.outputRange(of: "policy"))
    let outputs = try #require(oracle["outputs"])
    let key = try #require(["squashed", "logits", "mean", "q"].first { outputs[$0] != nil })
    let expected = Expected(oracle, key, Element.self)
    let values = Expected(oracle, "value", Element.self)
    let starts = oracle["episode_start"]?.numbers
    let states = oracle["actor_state_every_20"] ?? oracle["state_every_20"]
    let actions = oracle["action"]?.items ?? []
    var state = network.makeState()
    let observations = try #require(oracle["obs"]).items
    #expect(!observations.isEmpty)
    for (index, item) in observations.enumerated() {
      if starts?[index] == 1 { state.reset() }
      let output = network.evaluate(item.numbers.map { Element($0) }, state: &state)
      let head = Array(output[policy])
      let place = "\(fixture.name) \(Element.self) \(index)"
      #expect(expected.fits(head, at: index), "\(place): \(head)")
      if index < actions.count, case .integer(let action) = actions[index].content {
        #expect(largestPlace(head) == action, "\(place): \(head)")
      }
      if let range = network.outputRange(of: "value"), !values.rows.isEmpty {
        #expect(values.fits(Array(output[range]), at: index), "\(place): value \(output[range])")
      }
      if let remembered = states?["\(index)"] {
        let found = try #require(state.recurrent.first)
        for (name, values) in [("h", found.hidden), ("c", found.cell)] {
          let expected = try #require(remembered[name]).numbers
          #expect(NetworkTolerance.fits(values, expected, isExact: false), "\(place): \(name)")
        }
      }
    }
  }

  /// The outputs of one head, in double precision where there are such and they are asked for.
  private struct Expected {
    let rows: [[Double]]
    let isExact: Bool

    init<Element: NetworkElement>(_ oracle: DocumentNode, _ key: String, _: Element.Type) {
      let exact = oracle["outputs_f64"]?[key]
      isExact = exact != nil && Element.self == Double.self
      let node = isExact ? exact : oracle["outputs"]?[key]
      rows = node?.items.map(\.numbers) ?? []
    }

    func fits<Element: NetworkElement>(_ output: [Element], at index: Int) -> Bool {
      NetworkTolerance.fits(output, rows[index], isExact: isExact)
    }
  }
}

/// Networks over windows against the outputs that PyTorch computed.
struct WindowOracleTests {
  @Test(arguments: NetworkOracleTests.windows)
  func windowsAreReadLikeByTheirTrainer(name: String) throws {
    let fixture = try NetworkFixture(name)
    try compare(fixture, Double.self)
    try compare(fixture, Float.self)
  }

  private func compare<Element: NetworkElement>(
    _ fixture: NetworkFixture, _: Element.Type
  ) throws {
    let network = try Network<Element>(
      fixture.definition, head: "predict", weights: fixture.weights,
      inputShape: fixture.inputShape)
    let single = try #require(
      fixture.oracle["outputs"]?["logits"] ?? fixture.oracle["outputs"]?["mean_logvar"])
    let isExact = Element.self == Double.self
    let expected = isExact ? try #require(fixture.oracle["outputs_f64"]) : single
    var state = network.makeState()
    let windows = try windows(of: fixture)
    for (index, window) in windows.enumerated() {
      let output = network.evaluate(window.map { Element($0) }, state: &state)
      let row = expected.items[index].numbers
      #expect(
        NetworkTolerance.fits(output, row, isExact: isExact), "\(Element.self) \(index): \(output)")
      if fixture.name == "cnn_lstm_19843" { #expect(largestPlace(output) == largestPlace(row)) }
    }
    try compareDropout(fixture, network, windows)
  }

  /// The masks that the oracle used, and what came of them.
  private func compareDropout<Element: NetworkElement>(
    _ fixture: NetworkFixture, _ network: Network<Element>, _ windows: [[Double]]
  ) throws {
    let oracle = try #require(fixture.oracle["mc_dropout"])
    let input = windows[Int(try #require(oracle["case"]).numbers[0])].map { Element($0) }
    let masks = try #require(oracle["masks"]).items.map {
      DropoutMasks([$0.numbers.map { Element($0) }])
    }
    #expect(network.dropoutCounts == [masks[0].factors[0].count])
    var state = network.makeState()
    var samples: [[Double]] = []
    let outputs = try #require(oracle["outputs"]).items
    #expect(outputs.count == masks.count)
    for (mask, expected) in zip(masks, outputs) {
      let output = network.evaluate(input, state: &state, dropout: mask)
      #expect(NetworkTolerance.fits(output, expected.numbers, isExact: false))
      samples.append(output.map { Double($0) })
    }
    let count = Double(samples.count)
    let means = samples[0].indices.map { index in
      samples.reduce(0) { $0 + $1[index] } / count
    }
    let deviations = means.indices.map { index in
      (samples.reduce(0) { $0 + ($1[index] - means[index]) * ($1[index] - means[index]) } / count)
        .squareRoot()
    }
    #expect(
      NetworkTolerance.fits(
        means.map { Element($0) }, try #require(oracle["mean"]).numbers, isExact: false))
    #expect(
      NetworkTolerance.fits(
        deviations.map { Element($0) }, try #require(oracle["std_ddof0"]).numbers, isExact: false))
  }

  private func windows(of fixture: NetworkFixture) throws -> [[Double]] {
    try ["series_random", "series_real"].flatMap { key in
      let rows = try #require(fixture.oracle[key]).items.map(\.numbers)
      return (0..<64).map { Array(rows[$0..<($0 + fixture.inputShape[0])].joined()) }
    }
  }
}
