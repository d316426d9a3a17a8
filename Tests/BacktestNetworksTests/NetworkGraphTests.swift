@testable import BacktestCheckpoints
@testable import BacktestFiles
@testable import BacktestNetworks
import TestSupport
import Testing

/// Graphs and layers against what PyTorch answers for the same weights, in 64 bits.
struct NetworkGraphTests {
  private struct Case: CustomTestStringConvertible {
    let name: String
    let node: DocumentNode
    var testDescription: String { name }
  }

  private static func cases() throws -> [Case] {
    let document = try NetworkFixture.json("policies/graphs/graphs.json")
    return try #require(document["cases"]).items.compactMap { node in
      guard case .text(let name)? = node["name"]?.content else { return nil }
      return Case(name: name, node: node)
    }
  }

  private static func network<Element: NetworkElement>(
    _ item: Case, _: Element.Type
  ) throws -> Network<Element> {
    try Network<Element>(
      try #require(item.node["network"]).decode { NetworkDefinition(&$0) }, head: "policy",
      weights: try NetworkFixture.safetensors("policies/graphs/\(item.name).safetensors"),
      inputShape: try #require(item.node["shape"]).numbers.map { Int($0) })
  }

  @Test func answersAreThoseOfPyTorch() throws {
    let cases = try Self.cases()
    #expect(cases.count >= 25)
    for item in cases {
      try compare(item, Double.self, isExact: true)
      try compare(item, Float.self, isExact: false)
    }
  }

  private func compare<Element: NetworkElement>(
    _ item: Case, _: Element.Type, isExact: Bool
  ) throws {
    let network = try Self.network(item, Element.self)
    var state = network.makeState()
    let inputs = try #require(item.node["inputs"]).items.map(\.numbers)
    let outputs = try #require(item.node["outputs"]).items.map(\.numbers)
    #expect(inputs.count == 4 && outputs.count == 4)
    // Twice, because an evaluation must not depend on the one before.
    for (input, expected) in zip(inputs + inputs, outputs + outputs) {
      let output = network.evaluate(input.map { Element($0) }, state: &state)
      let worst = zip(output, expected).map { abs(Double($0) - $1) }.max() ?? .nan
      #expect(
        NetworkTolerance.fits(output, expected, isExact: isExact),
        "\(item.name) in \(Element.self): \(worst)")
    }
  }

  /// Whatever a plan keeps from one window to the next, the answer is that of the whole window.
  @Test func windowsThatSlideGiveTheWholeWindowsAnswer() throws {
    var sliding = 0
    for item in try Self.cases() {
      let network = try Self.network(item, Double.self)
      guard network.canSlide else { continue }
      sliding += 1
      let (rows, count) = (network.inputShape[0], network.inputShape[1])
      var random = TestRandom(seed: 3)
      let series = (0..<(rows + 5)).map { _ in
        (0..<count).map { _ in Double(random.below(2_001)) / 500 - 2 }
      }
      var (moved, whole) = (network.makeState(), network.makeState())
      var found = network.evaluate(Array(series[..<rows].joined()), state: &moved)
      for end in rows..<series.count {
        series[end].withUnsafeBufferPointer { row in
          found.withUnsafeMutableBufferPointer { network.slide(row, state: &moved, into: $0) }
        }
        let window = Array(series[(end + 1 - rows)...end].joined())
        #expect(found == network.evaluate(window, state: &whole), "\(item.name), row \(end)")
      }
    }
    #expect(sliding >= 8)
  }

  private static let weights = TensorArchive([
    NamedTensor(name: "a.weight", shape: [4, 4], doubles: [Double](repeating: 0.5, count: 16)),
    NamedTensor(name: "zero.weight_v", shape: [1, 4], doubles: [0, 0, 0, 0]),
    NamedTensor(name: "zero.weight_g", shape: [1, 1], doubles: [1]),
    NamedTensor(name: "places", shape: [2, 4], doubles: [Double](repeating: 0, count: 8)),
  ])

  private func message(_ nodes: [NetworkNode], shape: [Int] = [4]) -> String {
    let definition = NetworkDefinition(heads: [.init(name: "policy", nodes: nodes)])
    do {
      _ = try Network<Double>(
        definition, head: "policy", weights: Self.weights, inputShape: shape)
      return "nothing"
    } catch { return "\(error)" }
  }

  @Test func brokenGraphsAreRefusedByTheNodesName() {
    #expect(
      message([
        NetworkNode(.tanh, name: "a"), NetworkNode(.relu, name: "b", inputs: ["c"]),
        NetworkNode(.relu, name: "c", inputs: ["b"]), NetworkNode(.add, inputs: ["a", "c"]),
      ])
        == "network.policy.b (relu): reads its own output through 'c'; remove the cycle")
    #expect(
      message([NetworkNode(.tanh, name: "a", inputs: ["a"])])
        == "network.policy.a (tanh): reads its own output through 'a'; remove the cycle")
    #expect(
      message([NetworkNode(.tanh, name: "encoder"), NetworkNode(.tanh, inputs: ["encodr"])])
        == "network.policy[1] (tanh): there is no node 'encodr' to read; did you mean 'encoder'?")
    #expect(
      message([NetworkNode(.tanh, name: "left"), NetworkNode(.tanh, inputs: ["observation"])])
        == "network.policy.left (tanh): no node reads it, and it is not the last, which is the "
        + "output; name it among the 'inputs' of another node, or remove it")
    #expect(
      message([NetworkNode(.tanh, name: "a"), NetworkNode(.tanh, name: "a")])
        == "network.policy.a (tanh): node 0 has the name 'a' already; rename one")
    #expect(
      message([NetworkNode(.tanh, name: "a\u{1b}[2J")])
        == "network.policy[0]: 'a\\u{1b}[2J' cannot name a node")
    #expect(
      message([NetworkNode(.add)])
        == "network.policy[0] (add): 'inputs' must name two nodes or more")
    #expect(
      message([NetworkNode(.tanh, inputs: ["observation", "observation"])])
        == "network.policy[0] (tanh): 'inputs' must name one node, not 2")
  }

  @Test func shapesThatDoNotMeetAreRefusedByTheNodesName() {
    let part = NetworkNode(.slice(dimension: 0, start: 1, count: 3), name: "part")
    #expect(
      message([part, NetworkNode(.add, name: "sum", inputs: ["part", "observation"])])
        == "network.policy.sum (add): needs inputs of one shape, or a vector for each row of a "
        + "table, not a vector of 3 and a vector of 4")
    #expect(
      message([part, NetworkNode(.mean, inputs: ["part", "observation"])])
        == "network.policy[1] (mean): needs inputs of one shape, not a vector of 3 and a vector "
        + "of 4")
    #expect(
      message([NetworkNode(.slice(dimension: 0, start: 2, count: 3), name: "part")])
        == "network.policy.part (slice): 3 from 2 on are not within the 4 of a vector of 4")
    #expect(
      message(
        [part, NetworkNode(.concat(dimension: 1), inputs: ["part", "observation"])], shape: [4, 3])
        == "network.policy[1] (concat): needs inputs that differ in dimension 1 only, not a table "
        + "of 3 x 3 and a table of 4 x 3")
    #expect(
      message([NetworkNode(.reshape([3, 2]))])
        == "network.policy[0] (reshape): 'shape' must be one or two sizes with 4 numbers in all, "
        + "not [3, 2]")
    #expect(
      message([NetworkNode(.linear(params: "a"), name: "first")])
        == "network.policy.first (linear): the tensor 'a.bias' of shape [4] is missing; write "
        + "bias: false where the layer was trained without one, else check 'params' or the "
        + "checkpoint")
    #expect(message([NetworkNode(.linear(params: "a", bias: false))]) == "nothing")
    #expect(
      message([NetworkNode(.linear(params: "zero", bias: false), name: "w")])
        == "network.policy.w (linear): the tensor 'zero.weight_v' has a part of length 0, which "
        + "has no direction")
    #expect(
      message([NetworkNode(.learnedPositions(tensor: "places"), name: "p")], shape: [3, 4])
        == "network.policy.p (learned_positions): the tensor 'places' has 2 positions for 3 times")
    #expect(
      message([NetworkNode(.maxPool1d(kernel: 3, padding: 2))], shape: [4, 4])
        == "network.policy[0] (max_pool1d): 'padding' must not be above half of the kernel of 3")
    #expect(
      message([NetworkNode(.groupNorm(params: "g", groups: 3), name: "g")])
        == "network.policy.g (group_norm): 3 groups do not divide 4 channels")
  }

  /// Two heads on one trunk: the value reads a named node of the policy.
  @Test func aNamedNodeServesAnotherHead() throws {
    let definition = NetworkDefinition(heads: [
      .init(
        name: "policy",
        nodes: [NetworkNode(.tanh, name: "trunk"), NetworkNode(.relu)]),
      .init(name: "value", nodes: [NetworkNode(.reuse(of: "policy.trunk")), NetworkNode(.relu)]),
    ])
    for heads in [["policy", "value"], ["value", "policy"]] {
      let network = try Network<Double>(
        definition, heads: heads, weights: Self.weights, inputShape: [2])
      var state = network.makeState()
      let output = network.evaluate([-1, 20], state: &state)
      #expect(output == [0, 1, 0, 1])
    }
  }
}
