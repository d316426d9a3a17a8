package import BacktestCheckpoints
import BacktestFiles
import BacktestNetworks

extension TrainedPolicy {
  /// Reads a policy, and checks its weights and its golden decisions.
  ///
  /// - Parameter path: a folder with a `manifest.json`, or a manifest.
  /// - Throws: `PolicyError` with everything that is wrong, one line for each problem.
  public init(path: String) throws(PolicyError) {
    try self.init(manifest: try PolicyError.wrapping(try PolicyManifest(path: path)))
  }

  /// Reads the weights of a manifest, and checks them and its golden decisions.
  ///
  /// - Throws: `PolicyError` with what is wrong.
  public init(manifest: PolicyManifest) throws(PolicyError) {
    guard manifest.hasNetwork else { throw PolicyNetwork.missing(manifest) }
    let file = try manifest.firstWeightsFile()
    let path = "\(manifest.folder)/\(file.file)"
    let digest = try file.checkedDigest(in: manifest)
    try self.init(
      manifest: manifest,
      network: try PolicyNetwork(manifest, path: path, format: file.format), weightsPath: path,
      weightsDigest: digest)
    if let problem = goldenProblem() {
      throw PolicyError(source: manifest.path, problem)
    }
  }

  /// This policy with the weights of another checkpoint of the same network, such as that of a
  /// fold. Golden decisions are not checked, because they belong to the first checkpoint.
  ///
  /// - Throws: `PolicyError` where the checkpoint does not fit the network.
  package func replacingWeights(
    from path: String, format: CheckpointFormat? = nil
  ) throws(PolicyError) -> TrainedPolicy {
    try PolicyError.located(at: path) { () throws(PolicyError) in
      try TrainedPolicy(
        manifest: manifest, network: try PolicyNetwork(manifest, path: path, format: format),
        weightsPath: path, weightsDigest: try fileDigest(path))
    }
  }

  /// How the first golden decision that is not reproduced differs; `nil` where all are reproduced.
  ///
  /// Actions must be equal where they are discrete, and equal to 1e-5 otherwise, as outputs.
  func goldenProblem() -> String? {
    var policy = self
    var decision = makeDecision()
    for (index, golden) in manifest.golden.enumerated() {
      if golden.startsEpisode { policy.reset() }
      do throws(PolicyRefusal) {
        try golden.observation.withUnsafeBufferPointer { (observation) throws(PolicyRefusal) in
          try policy.decide(observation, into: &decision)
        }
      } catch {
        return "golden decision \(index): \(error.reason)"
      }
      let isDiscrete = manifest.action.map { $0.kind != .box } ?? false
      let problem =
        difference("action", golden.action, decision.action, tolerance: isDiscrete ? 0 : 1e-5)
        ?? difference("outputs", golden.outputs, decision.outputs, tolerance: 1e-5)
      if let problem {
        return "golden decision \(index): \(problem); activation, normaliser, bounds or the order "
          + "of features are not the trainer's"
      }
    }
    return nil
  }
}

private func difference(
  _ name: String, _ expected: [Double], _ found: ContiguousArray<Double>, tolerance: Double
) -> String? {
  guard !expected.isEmpty else { return nil }
  guard expected.count == found.count else {
    return "'\(name)' has \(expected.count) numbers, the policy gives \(found.count)"
  }
  for index in expected.indices
  where !(abs(expected[index] - found[index]) <= tolerance * max(1, abs(expected[index]))) {
    return "\(name)[\(index)] is \(expected[index]) in the manifest, but \(found[index]) here"
  }
  return nil
}

extension PolicyManifest {
  /// The first file of weights that exists.
  func firstWeightsFile() throws(PolicyError) -> WeightsFile {
    for file in weights where fileExists("\(folder)/\(file.file)") {
      try requireInFolder(file)
      return file
    }
    throw PolicyError(
      source: path,
      "none of its weights files exists: "
        + weights.map { quotedForMessage($0.file) }.joined(separator: ", "))
  }
}

extension PolicyManifest {
  /// Throws where a link leads out of the manifest's folder.
  func requireInFolder(_ file: WeightsFile) throws(PolicyError) {
    guard FolderTree.holds("\(folder)/\(file.file)", in: folder) else {
      throw PolicyError(
        source: path,
        "a link on the way to \(quotedForMessage(file.file)) leads out of the manifest's folder; "
          + "copy the file into it")
    }
  }
}

extension PolicyManifest.WeightsFile {
  /// The digest of the file, which must equal the manifest's where that gives one.
  func checkedDigest(in manifest: PolicyManifest) throws(PolicyError) -> String {
    let found = try fileDigest("\(manifest.folder)/\(file)")
    guard let digest, digest != found else { return found }
    throw PolicyError(
      source: manifest.path,
      "\(file) is not the file of the manifest: its SHA-256 is \(found), expected \(digest); "
        + "restore it, or import it again")
  }
}

/// The SHA-256 of a file; a folder of files has that of its `policy.pth` or network state.
private func fileDigest(_ path: String) throws(PolicyError) -> String {
  // A file that is too large to be read takes long to digest.
  try PolicyError.wrapping(try CheckpointFile.checkSize(path))
  return try PolicyError.wrapping(try SHA256.hexadecimal(ofFile: path))
}

extension TrainedPolicy {
  /// The deciding head in a few words: `17 -> 64 tanh -> 64 tanh -> 3`.
  ///
  /// The widths come from the weights. Layers that only reshape are left out.
  package var networkSummary: String {
    if manifest.onnx != nil {
      let shape = manifest.observation.shape.map(String.init).joined(separator: " x ")
      return "\(shape) -> ONNX graph -> \(network.outputCount)"
    }
    let layers = manifest.network?[head: manifest.decidingHead]?.layers ?? []
    var widths = network.matrixWidths[...]
    // Where the matrices cannot be matched with layers, the widths are left out.
    let counts = layers.map(\.matrixCount)
    if counts.contains(nil) || counts.reduce(0, { $0 + ($1 ?? 0) }) != widths.count { widths = [] }
    var parts = [manifest.observation.shape.map(String.init).joined(separator: " x ")]
    for layer in layers {
      switch layer {
      case .linear: parts.append(widths.popFirst().map(String.init) ?? "linear")
      case .conv1d(_, let kernel, _, _, _, _, _):
        let width = widths.popFirst().map { " \($0)" } ?? ""
        parts.append("conv1d\(width) of \(kernel)")
      case .lstm(_, let hidden, let count, _, _, _), .gru(_, let hidden, let count, _, _, _),
        .rnn(_, let hidden, let count, _, _, _, _):
        widths = widths.dropFirst(layer.matrixCount ?? 0)
        parts.append("\(layer.operation.rawValue) \(hidden)" + (count > 1 ? " x \(count)" : ""))
      case .lstmCell(_, let hidden, _, _):
        widths = widths.dropFirst()
        parts.append("lstm_cell \(hidden)")
      case .selfAttention, .transformerEncoderLayer, .batchNorm, .layerNorm, .groupNorm, .reuse,
        .meanOverTime, .maxOverTime, .averagePool1d, .maxPool1d, .adaptiveAveragePool1d,
        .adaptiveMaxPool1d, .add, .multiply, .mean, .concat:
        parts.append(layer.operation.rawValue)
      case .flatten, .reshape, .dropout, .transposeTimeChannel, .lastStep, .slice,
        .sinusoidalPositions, .learnedPositions:
        break
      default: parts[parts.count - 1] += " \(layer.operation.rawValue)"
      }
    }
    if parts.last == "linear" { parts[parts.count - 1] = "\(network.outputCount)" }
    return parts.joined(separator: " -> ")
  }
}

extension NetworkLayer {
  /// The number of matrices it multiplies by; `nil` where one layer has several or another's.
  fileprivate var matrixCount: Int? {
    switch self {
    case .linear, .conv1d, .lstmCell: 1
    case .lstm(_, _, let levels, _, let isBidirectional, _),
      .gru(_, _, let levels, _, let isBidirectional, _),
      .rnn(_, _, let levels, _, _, let isBidirectional, _):
      isBidirectional ? 2 * levels : levels
    case .selfAttention, .transformerEncoderLayer, .reuse: nil
    default: 0
    }
  }
}
