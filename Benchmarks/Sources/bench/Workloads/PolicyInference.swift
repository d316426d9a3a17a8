import BacktestKit

/// W5: one decision of a policy's network, one thread, one observation at a time.
///
/// A perceptron 30-64-64-3 with tanh; a window of 60 x 26 through two convolutions of kernel 3 (32
/// and 64 channels) and an LSTM of 64; a window of 20 x 26 through the same layers, and that window
/// moved on by a row, as is the long one; an LSTM of 24 on 17 features; a window of 30 x 26 through
/// two layers of a Transformer encoder (64 features, 4 heads, 256 in between); and 50 windows of
/// 60 x 26 through 50 networks.
struct PolicyInference: Workload {
  static let name = "W5"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    try measure(Double.self, "double", repeats) + measure(Float.self, "float", repeats)
      + PolicyLoop.measure(on: data, repeats: repeats)
  }

  private func measure<Element: NetworkElement>(
    _: Element.Type, _ precision: String, _ repeats: Int
  ) throws -> [Measurement] {
    let perceptron = try InferenceCase<Element>(.perceptron, shape: [30], seed: 1)
    let window = try InferenceCase<Element>(.window, shape: [60, 26], seed: 2)
    let short = try InferenceCase<Element>(.window, shape: [20, 26], seed: 2)
    let recurrent = try InferenceCase<Element>(.recurrent, shape: [17], seed: 3)
    let encoder = try InferenceCase<Element>(.encoder, shape: [30, 26], seed: 4)
    let many = try (0..<50).map { seed in
      try InferenceCase<Element>(.window, shape: [60, 26], seed: 10 + UInt64(seed))
    }
    let smallRoof = ProductRoof<Element>(SeededNetwork.perceptron.products)
    let windowRoof = ProductRoof<Element>(SeededNetwork.window.products)
    func time(
      _ name: String, roof: Measurement?, decisions: Double = 1, _ body: () -> Element
    ) -> Measurement {
      var (measurement, output) = Measurement.rate(
        "us/decision", units: decisions, repeats: repeats, shortest: 0.05, body: body)
      measurement.engine = "\(name)_\(precision)"
      measurement.value = measurement.time.wall * 1e6 / decisions
      measurement.cpuValue = measurement.time.cpu * 1e6 / decisions
      measurement.extras = [("output", Double(output))]
      if let roof {
        measurement.extras.append(("roof_ratio", roof.cpuValue / measurement.cpuValue))
      }
      return measurement
    }
    let encoderRoof = ProductRoof<Element>(SeededNetwork.encoder.products)
    let small = time("products_of_mlp", roof: nil) { smallRoof.run() }
    let large = time("products_of_cnnlstm", roof: nil) { windowRoof.run() }
    let wide = time("products_of_encoder", roof: nil) { encoderRoof.run() }
    return [
      small, time("mlp", roof: small, decisions: 100) { perceptron.run(100) },
      time("recurrent24", roof: nil, decisions: 100) { recurrent.run(100) },
      large, time("cnnlstm", roof: large) { window.run() },
      time("cnnlstm_sliding", roof: nil, decisions: 10) { window.slide(10) },
      wide, time("encoder", roof: wide) { encoder.run() },
      time("cnnlstm20", roof: nil, decisions: 10) { short.run(10) },
      time("cnnlstm20_sliding", roof: nil, decisions: 10) { short.slide(10) },
      time("50_cnnlstm", roof: nil) { many.reduce(0) { $0 + $1.run() } },
    ]
  }
}

/// A network with its state and an observation.
private final class InferenceCase<Element: NetworkElement> {
  let network: Network<Element>
  private var state: Network<Element>.State
  private let input: [Element]
  private var output: [Element]
  private var row = 0

  init(_ kind: SeededNetwork, shape: [Int], seed: UInt64) throws {
    network = try Network(
      kind.definition, head: "policy", weights: kind.weights(seed: seed), inputShape: shape)
    state = network.makeState()
    var normal = NormalStream(seed: 99)
    input = (0..<network.inputCount).map { _ in Element(normal.next()) }
    output = [Element](repeating: 0, count: network.outputCount)
  }

  /// So many decisions on one observation, one after the other; several where the harness itself
  /// would be a part of the figure.
  func run(_ decisions: Int = 1) -> Element {
    let network = network
    return input.withUnsafeBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        for _ in 0..<decisions { network.evaluate(input, state: &state, into: output) }
        return output[0]
      }
    }
  }

  /// Decisions on the window, moved on by one of its rows each time.
  func slide(_ decisions: Int) -> Element {
    let network = network
    let (rows, count) = (network.inputShape[0], network.inputShape[1])
    return input.withUnsafeBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        for _ in 0..<decisions {
          row = row + 1 == rows ? 0 : row + 1
          network.slide(
            UnsafeBufferPointer(rebasing: input[(row * count)..<((row + 1) * count)]),
            state: &state, into: output)
        }
        return output[0]
      }
    }
  }
}
