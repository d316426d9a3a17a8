import BacktestKit

/// The networks of W5, with weights from a seed.
enum SeededNetwork {
  case perceptron, window, recurrent, encoder

  var definition: NetworkDefinition {
    NetworkDefinition(heads: [.init(name: "policy", layers: layers)])
  }

  private var layers: [NetworkLayer] {
    switch self {
    case .perceptron:
      [.linear(params: "0"), .tanh, .linear(params: "2"), .tanh, .linear(params: "4")]
    case .window:
      [
        .transposeTimeChannel, .conv1d(params: "c1", kernel: 3), .relu,
        .conv1d(params: "c2", kernel: 3), .relu, .transposeTimeChannel,
        .lstm(params: "l", hidden: 64), .lastStep, .linear(params: "o"),
      ]
    case .recurrent:
      [
        .lstm(params: "l", hidden: 24, stateful: true), .linear(params: "p"), .tanh,
        .linear(params: "o"),
      ]
    case .encoder:
      [
        .linear(params: "i"), .sinusoidalPositions,
        .transformerEncoderLayer(params: "e.0", heads: 4),
        .transformerEncoderLayer(params: "e.1", heads: 4), .meanOverTime, .linear(params: "o"),
      ]
    }
  }

  /// Rows, inputs and outputs of its matrices.
  var products: [(rows: Int, inputs: Int, outputs: Int)] {
    switch self {
    case .perceptron: [(1, 30, 64), (1, 64, 64), (1, 64, 3)]
    case .window: [(58, 78, 32), (56, 96, 64), (56, 64, 256), (56, 64, 256), (1, 64, 1)]
    case .recurrent: [(1, 17, 96), (1, 24, 96), (1, 24, 32), (1, 32, 3)]
    case .encoder:
      [(30, 26, 64), (1, 64, 3)]
        + [
          [(30, 64, 192), (120, 16, 30), (120, 30, 16), (30, 64, 64), (30, 64, 256), (30, 256, 64)]
        ]
        .flatMap { $0 + $0 }
    }
  }

  private var shapes: [(name: String, shape: [Int])] {
    func linear(_ name: String, _ inputs: Int, _ outputs: Int) -> [(String, [Int])] {
      [("\(name).weight", [outputs, inputs]), ("\(name).bias", [outputs])]
    }
    func convolution(_ name: String, _ inputs: Int, _ outputs: Int) -> [(String, [Int])] {
      [("\(name).weight", [outputs, inputs, 3]), ("\(name).bias", [outputs])]
    }
    func memory(_ inputs: Int, _ hidden: Int) -> [(String, [Int])] {
      [
        ("l.weight_ih_l0", [4 * hidden, inputs]), ("l.weight_hh_l0", [4 * hidden, hidden]),
        ("l.bias_ih_l0", [4 * hidden]), ("l.bias_hh_l0", [4 * hidden]),
      ]
    }
    func encoderLayer(_ name: String) -> [(String, [Int])] {
      [
        ("\(name).self_attn.in_proj_weight", [192, 64]), ("\(name).self_attn.in_proj_bias", [192]),
        ("\(name).norm1.weight", [64]), ("\(name).norm1.bias", [64]),
        ("\(name).norm2.weight", [64]), ("\(name).norm2.bias", [64]),
      ] + linear("\(name).self_attn.out_proj", 64, 64) + linear("\(name).linear1", 64, 256)
        + linear("\(name).linear2", 256, 64)
    }
    switch self {
    case .perceptron: return linear("0", 30, 64) + linear("2", 64, 64) + linear("4", 64, 3)
    case .window:
      return convolution("c1", 26, 32) + convolution("c2", 32, 64) + memory(64, 64)
        + linear("o", 64, 1)
    case .recurrent: return memory(17, 24) + linear("p", 24, 32) + linear("o", 32, 3)
    case .encoder:
      return linear("i", 26, 64) + encoderLayer("e.0") + encoderLayer("e.1") + linear("o", 64, 3)
    }
  }

  /// Normal numbers, so small that sums neither grow nor vanish from layer to layer.
  func weights(seed: UInt64) -> TensorArchive {
    var normal = NormalStream(seed: seed)
    return TensorArchive(
      shapes.map { name, shape in
        let inputs = Double(shape.dropFirst().reduce(1, *))
        return NamedTensor(
          name: name, shape: shape,
          floats: (0..<shape.reduce(1, *)).map { _ in
            Float(normal.next() / (3 * inputs).squareRoot())
          })
      })
  }
}

/// The bare products of a network's matrices in plain loops, without any function between them.
final class ProductRoof<Element: NetworkElement> {
  private let products: [(rows: Int, inputs: Int, outputs: Int)]
  private let matrix: [Element]
  private let inputs: [Element]
  private var outputs: [Element]

  init(_ products: [(rows: Int, inputs: Int, outputs: Int)]) {
    self.products = products
    let weights = products.reduce(0) { max($0, $1.inputs * $1.outputs) }
    matrix = (0..<weights).map { Element($0 % 17) / 100 }
    inputs = (0..<(products.reduce(0) { max($0, $1.rows + $1.inputs) })).map {
      Element($0 % 7) / 10
    }
    outputs = [Element](repeating: 0, count: products.reduce(0) { max($0, $1.outputs) })
  }

  /// The sum of the last outputs.
  func run() -> Element {
    if let roof = self as? ProductRoof<Double> { return roof.multiply() as? Element ?? 0 }
    if let roof = self as? ProductRoof<Float> { return roof.multiply() as? Element ?? 0 }
    return 0
  }
}

extension ProductRoof where Element == Double {
  fileprivate func multiply() -> Double { plainProducts(products, inputs, matrix, &outputs) }
}

extension ProductRoof where Element == Float {
  fileprivate func multiply() -> Float { plainProducts(products, inputs, matrix, &outputs) }
}

/// Inner loops over outputs, so that no sum is a chain.
@inline(__always)
private func plainProducts<Element: NetworkElement>(
  _ products: [(rows: Int, inputs: Int, outputs: Int)], _ inputs: [Element], _ matrix: [Element],
  _ outputs: inout [Element]
) -> Element {
  matrix.withUnsafeBufferPointer { matrix in
    inputs.withUnsafeBufferPointer { inputs in
      outputs.withUnsafeMutableBufferPointer { outputs in
        for product in products {
          for row in 0..<product.rows {
            for index in 0..<product.outputs { outputs[index] = 0 }
            for input in 0..<product.inputs {
              let x = inputs[row &+ input]
              let start = input &* product.outputs
              for index in 0..<product.outputs { outputs[index] += x * matrix[start &+ index] }
            }
          }
        }
        return outputs.reduce(0, +)
      }
    }
  }
}
