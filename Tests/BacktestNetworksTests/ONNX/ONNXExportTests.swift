import AllocationCounter
import BacktestCheckpoints
@testable import BacktestFiles
@testable import BacktestNetworks
import TestSupport
import Testing

/// Graphs that PyTorch exported, held to PyTorch in 64 bits and to onnxruntime in 32.
@Suite struct ONNXExportTests {
  /// A graph with observations and what was computed from them, one after the other.
  struct Case: Sendable, CustomStringConvertible {
    var name: String
    var file: String
    var shape: [Int]
    var binding: GraphBinding
    var isExact: Bool
    var inputs: [[Double]]
    var outputs: [[Double]]

    var description: String { name }

    init(_ node: DocumentNode) throws {
      func text(_ key: String) throws -> String { try #require(node[key]).text }
      name = try text("name")
      file = "policies/onnx/" + (try text("file"))
      shape = try #require(node["shape"]).numbers.map { Int($0) }
      isExact = node["exact"]?.numbers == [1]
      inputs = try #require(node["inputs"]).items.map(\.numbers)
      outputs = try #require(node["outputs"]).items.map(\.numbers)
      binding = GraphBinding(
        heads: try #require(node["heads"]).items.map {
          GraphBinding.Head(name: $0.text, output: $0.text)
        },
        observation: try text("observation"),
        states: try #require(node["states"]).items.map {
          GraphBinding.State(input: $0.items[0].text, output: $0.items[1].text)
        })
    }
  }

  static let cases: [Case] = {
    do {
      let root = try NetworkFixture.json("policies/onnx/cases.json")
      return try root["cases"]?.items.map { try Case($0) } ?? []
    } catch {
      Issue.record("cases.json: \(error)")
      return []
    }
  }()

  /// The outputs of all observations in order.
  private func outputs<Element: NetworkElement>(
    of one: Case, _: Element.Type
  ) throws -> [[Element]] {
    let model = try ONNXModel(path: Fixture.path(one.file))
    let network = try Network<Element>(
      model, one.binding, heads: one.binding.heads.map(\.name), inputShape: one.shape)
    var state = network.makeState()
    return one.inputs.map { network.evaluate($0.map { Element($0) }, state: &state) }
  }

  @Test(arguments: cases)
  func graphsComputeWhatTheirLibraryComputes(_ one: Case) throws {
    let doubles = try outputs(of: one, Double.self)
    let floats = try outputs(of: one, Float.self)
    for (index, expected) in one.outputs.enumerated() {
      #expect(doubles[index].count == expected.count && floats[index].count == expected.count)
      for (found, wanted) in zip(doubles[index], expected) {
        let limit = one.isExact ? 1e-12 : 1e-5
        #expect(abs(found - wanted) <= limit * max(1, abs(wanted)), "\(found) \(wanted)")
      }
      for (found, wanted) in zip(floats[index], expected) {
        #expect(abs(Double(found) - wanted) <= 1e-5 * max(1, abs(wanted)), "\(found) \(wanted)")
      }
    }
  }

  /// A window that moves on by a row gives what the whole window gives, to the last bit.
  @Test(arguments: cases.filter { $0.shape.count == 2 && $0.binding.states.isEmpty })
  func slidingIsExact(_ one: Case) throws {
    let model = try ONNXModel(path: Fixture.path(one.file))
    let network = try Network<Double>(
      model, one.binding, heads: one.binding.heads.map(\.name), inputShape: one.shape)
    guard network.canSlide else { return }
    let rows = one.inputs.flatMap(\.self)
    let (width, count) = (one.shape[1], network.inputCount)
    var state = network.makeState()
    for step in 0..<((rows.count - count) / width) {
      let window = Array(rows[(step * width)..<(step * width + count)])
      var fresh = network.makeState()
      let expected = network.evaluate(window, state: &fresh)
      var found = [Double](repeating: 0, count: network.outputCount)
      found.withUnsafeMutableBufferPointer { output in
        window.withUnsafeBufferPointer { window in
          if step == 0 {
            network.evaluate(window, state: &state, into: output)
          } else {
            let row = UnsafeBufferPointer(rebasing: window[(count - width)...])
            network.slide(row, state: &state, into: output)
          }
        }
      }
      #expect(found.map(\.bitPattern) == expected.map(\.bitPattern), "step \(step)")
    }
  }

  /// A decision asks for no memory.
  @Test(
    .enabled(if: TestBuild.isOptimised, "without optimisation generic code asks for frames"),
    arguments: cases)
  func evaluatingAGraphAllocatesNothing(_ one: Case) throws {
    try countAllocations(one, Double.self)
    try countAllocations(one, Float.self)
  }

  private func countAllocations<Element: NetworkElement>(_ one: Case, _: Element.Type) throws {
    let model = try ONNXModel(path: Fixture.path(one.file))
    let network = try Network<Element>(
      model, one.binding, heads: one.binding.heads.map(\.name), inputShape: one.shape)
    var state = network.makeState()
    let input = [Element](repeating: 0.25, count: network.inputCount)
    var output = [Element](repeating: 0, count: network.outputCount)
    func run(_ times: Int) -> Int {
      let before = allocation_count()
      input.withUnsafeBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
          for _ in 0..<times { network.evaluate(input, state: &state, into: output) }
        }
      }
      return allocation_count() - before
    }
    _ = run(20)
    let many = run(100)
    #expect(many == 0, "\(one) \(Element.self): \(many) allocations for 100 decisions")
  }

  @Test func thereAreManyCases() {
    #expect(Self.cases.count >= 25)
    let sliding = Self.cases.count { one in
      guard one.shape.count == 2, let model = try? ONNXModel(path: Fixture.path(one.file)),
        let network = try? Network<Double>(
          model, one.binding, heads: one.binding.heads.map(\.name), inputShape: one.shape)
      else { return false }
      return network.canSlide
    }
    #expect(sliding >= 5, "\(sliding)")
  }
}
