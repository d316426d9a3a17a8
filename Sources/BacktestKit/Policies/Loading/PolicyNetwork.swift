import BacktestCheckpoints
import BacktestNetworks

/// What the network of a policy is made of: layers and their tensors, or an ONNX graph.
enum PolicyNetwork: Sendable {
  case layers(NetworkDefinition, CheckpointContents)
  case graph(GraphBinding, ONNXModel)

  /// Reads the weights of a manifest.
  ///
  /// - Throws: `PolicyError` where the manifest has no network or the file cannot be read.
  init(
    _ manifest: PolicyManifest, path: String, format: CheckpointFormat?
  ) throws(PolicyError) {
    if let binding = manifest.onnx {
      self = .graph(binding, try PolicyError.wrapping(try ONNXModel(path: path)))
    } else if let definition = manifest.network {
      self = .layers(
        definition, try PolicyError.wrapping(try CheckpointContents(path: path, format: format)))
    } else {
      throw Self.missing(manifest)
    }
  }

  /// Reads weights from memory; `name` is their name in messages.
  init(_ manifest: PolicyManifest, bytes: [UInt8], name: String) throws(PolicyError) {
    if let binding = manifest.onnx {
      self = .graph(binding, try PolicyError.wrapping(try ONNXModel(bytes: bytes, name: name)))
    } else if let definition = manifest.network {
      self = .layers(
        definition,
        CheckpointContents(
          try PolicyError.wrapping(try TensorArchive(bytes: bytes, name: name))))
    } else {
      throw Self.missing(manifest)
    }
  }

  /// The error of a manifest without a network.
  static func missing(_ manifest: PolicyManifest) -> PolicyError {
    PolicyError(
      source: manifest.path, "the manifest has no network; give a 'command' that decides instead")
  }

  /// The network of one head; `reads` collects the tensors that it takes.
  func network(
    _ head: String, inputShape: [Int], reads: TensorReads
  ) throws(NetworkError) -> Network<Double> {
    switch self {
    case .layers(let definition, let weights):
      try Network(
        definition, heads: [head], weights: weights.tensors, inputShape: inputShape, reads: reads)
    case .graph(let binding, let model):
      try Network(model, binding, heads: [head], inputShape: inputShape)
    }
  }

  /// How the weights contradict the manifest; `nil` where they do not. A graph names what it uses
  /// itself.
  func problem(with manifest: PolicyManifest, _ reads: TensorReads) -> String? {
    guard case .layers(_, let weights) = self else { return nil }
    return manifest.unusedTensorProblem(weights.tensors, reads)
      ?? manifest.difference(from: weights).map {
        "\(weights.tensors.source): \($0); use the weights that this manifest was made for, or "
          + "import these"
      }
  }
}
