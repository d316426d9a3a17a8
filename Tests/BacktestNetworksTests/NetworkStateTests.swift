@testable import BacktestCore
@testable import BacktestNetworks
import TestSupport
import AllocationCounter
import Testing

struct NetworkStateTests {
  private func recurrent() throws -> (NetworkFixture, Network<Double>) {
    let fixture = try NetworkFixture("rppo_lstm2_box")
    let network = try Network<Double>(
      fixture.definition, heads: ["policy", "value"], weights: fixture.weights,
      inputShape: fixture.inputShape)
    return (fixture, network)
  }

  @Test func copiesGoOnIndependently() throws {
    let (_, network) = try recurrent()
    let input = (0..<17).map { Double($0) / 10 - 0.8 }
    var first = network.makeState()
    _ = network.evaluate(input, state: &first)
    var second = first
    let remembered = first.recurrent
    let one = network.evaluate(input, state: &second)
    #expect(first.recurrent == remembered && second.recurrent != remembered)
    #expect(network.evaluate(input, state: &first) == one)
    first.reset()
    #expect(first.recurrent == network.makeState().recurrent)
  }

  @Test func aStateHoldsItsLayers() throws {
    let (_, network) = try recurrent()
    let input = (0..<17).map { Double($0) / 10 - 0.8 }
    var state = network.makeState()
    _ = network.evaluate(input, state: &state)
    let remembered = state.recurrent
    #expect(remembered.map(\.layer) == ["policy.1"])
    #expect(remembered[0].hidden.count == 48 && remembered[0].cell.count == 48)
  }

  /// A value that reuses another head's memory keeps a copy of its own where it stands alone.
  @Test func aReusedLayerIsEvaluatedWhereItsHeadIsNot() throws {
    let (fixture, both) = try recurrent()
    let alone = try Network<Double>(
      fixture.definition, head: "value", weights: fixture.weights, inputShape: [17])
    #expect(alone.isRecurrent && both.outputRange(of: "value") == 1..<2)
    #expect(both.outputRange(of: "other") == nil && both.outputShape == [2])
    var (state, own) = (both.makeState(), alone.makeState())
    for index in 0..<5 {
      let input = (0..<17).map { Double(($0 * 7 + index) % 11) / 5 - 1 }
      #expect(both.evaluate(input, state: &state)[1] == alone.evaluate(input, state: &own)[0])
    }
  }

  @Test func seededMasksRepeatAndKeepTheirShare() throws {
    let fixture = try NetworkFixture("cnn_lstm_19843")
    let network = try Network<Double>(
      fixture.definition, head: "predict", weights: fixture.weights, inputShape: [10, 26])
    let input = try #require(fixture.oracle["series_real"]).items[0..<10].flatMap(\.numbers)
    func samples(seed: UInt64) -> [[Double]] {
      var random = Randomness(seed: seed, stream: "dropout")
      var state = network.makeState()
      return (0..<64).map { _ in
        network.evaluate(input, state: &state, dropout: network.makeDropoutMasks(&random))
      }
    }
    let (one, two) = (samples(seed: 1), samples(seed: 2))
    #expect(one == samples(seed: 1) && one != two)
    for index in one[0].indices {
      let mean = one.reduce(0) { $0 + $1[index] } / 64
      let squares = one.reduce(0) { $0 + ($1[index] - mean) * ($1[index] - mean) }
      let deviation = (squares / 64).squareRoot()
      #expect(0.01 < deviation && deviation < 0.1)
    }
    var random = Randomness(seed: 3)
    let factors = (0..<500).flatMap { _ in network.makeDropoutMasks(&random).factors[0] }
    #expect(Set(factors) == [0, 1.25])
    let dropped = Double(factors.count { $0 == 0 }) / Double(factors.count)
    #expect(abs(dropped - 0.2) < 0.01, "\(dropped)")
  }

  /// A decision asks for no memory.
  @Test(.enabled(if: TestBuild.isOptimised, "without optimisation generic code asks for frames"))
  func evaluatingAllocatesNothing() throws {
    try countAllocations(Double.self)
    try countAllocations(Float.self)
  }

  private func countAllocations<Element: NetworkElement>(_: Element.Type) throws {
    for name in ["ppo_discrete", "rppo_lstm2_box", "cnn_lstm_19843", "cnn_gru_bn_ln"] {
      let fixture = try NetworkFixture(name)
      let network = try Network<Element>(
        fixture.definition, head: fixture.definition.heads[0].name, weights: fixture.weights,
        inputShape: fixture.inputShape)
      var state = network.makeState()
      let input = [Element](repeating: 0.25, count: network.inputCount)
      var output = [Element](repeating: 0, count: network.outputCount)
      func run(_ times: Int) -> Int {
        let before = allocation_count()
        input.withUnsafeBufferPointer { input in
          output.withUnsafeMutableBufferPointer { output in
            for _ in 0..<times {
              network.evaluate(input, state: &state, into: output)
              if network.canSlide {
                let row = UnsafeBufferPointer(rebasing: input[0..<network.inputShape[1]])
                network.slide(row, state: &state, into: output)
              }
            }
          }
        }
        return allocation_count() - before
      }
      _ = run(20)
      let many = run(200)
      #expect(many == 0, "\(name) \(Element.self): \(many) allocations for 200 decisions")
    }
  }
}
