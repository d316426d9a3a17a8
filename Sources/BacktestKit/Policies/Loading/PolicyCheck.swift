/// A policy's files, network and golden decisions, all found to be right.
struct PolicyCheck: Sendable {
  /// What was checked, in one line.
  let summary: String

  /// Checks a policy.
  ///
  /// - Parameter path: a folder with a `manifest.json`, or a manifest.
  /// - Throws: the first thing that is wrong.
  init(path: String) throws(PolicyError) {
    let manifest: PolicyManifest
    do throws(DocumentError) {
      manifest = try PolicyManifest(path: path)
    } catch {
      throw PolicyError("\(error)")
    }
    guard manifest.network != nil else {
      summary = "a policy of another process; its manifest is in order"
      return
    }
    let policy = try TrainedPolicy(manifest: manifest)
    try manifest.checkObservation()
    var digests = 0
    var files: [String] = []
    for file in manifest.weights where fileExists("\(manifest.folder)/\(file.file)") {
      _ = try file.checkedDigest(in: manifest)
      digests += file.digest == nil ? 0 : 1
      files.append(file.file)
      let path = "\(manifest.folder)/\(file.file)"
      let other = try policy.replacingWeights(from: path, format: file.format)
      if let problem = other.goldenProblem() {
        throw PolicyError(source: manifest.path, "with \(file.file): \(problem)")
      }
    }
    let golden = manifest.golden.count
    summary =
      "ok: \(listed(files, "and")) (\(digests) digest\(digests == 1 ? "" : "s") checked), "
      + (golden == 0
        ? "no golden decisions in the manifest"
        : "\(golden) golden decision\(golden == 1 ? "" : "s") come out")
  }
}

extension TrainedPolicy {
  /// A policy from a manifest and weights in memory, golden decisions checked.
  init(checking manifest: PolicyManifest, weights: TensorArchive) throws(PolicyError) {
    guard let definition = manifest.network else {
      throw PolicyError(source: manifest.path, "the manifest has no network")
    }
    try self.init(
      manifest: manifest, definition: definition, weights: weights, weightsPath: weights.source,
      weightsDigest: "")
    if let problem = goldenProblem() { throw PolicyError(source: manifest.path, problem) }
  }
}

extension PolicyManifest {
  /// The assets that its features are about: those of its actions, the one that features name, or
  /// one without a name.
  var observedAssets: [String] {
    if let assets = action?.assets, !assets.isEmpty { return assets }
    return observation.features.lazy.compactMap(\.asset).first.map { [$0] } ?? ["the instrument"]
  }

  /// Builds what it observes, other policies' predictions included, as a run would.
  fileprivate func checkObservation() throws(PolicyError) {
    let symbols = observedAssets
    do throws(PolicyError) {
      _ = try ObservationBuilder(
        observation, instruments: symbols.indices.map { InstrumentID($0) }, symbols: symbols
      ) { (feature) throws(PolicyError) in
        let other = try TrainedPolicy(path: "\(folder)/\(feature.policy)")
        return ObservedPredictor(policy: other, observation: other.manifest.observation)
      }
    } catch {
      throw error.source.isEmpty ? PolicyError(source: path, error.problem) : error
    }
  }
}

/// Folders that hold policies.
enum PolicyFolder {
  /// Whether a path is a manifest, or a folder with one.
  static func isPolicy(_ path: String) -> Bool {
    path.hasSuffix("manifest.json") || FolderTree.isFile("\(path)/manifest.json")
  }

  /// The manifests in a folder and below it, to a depth of eight, in the order of their paths.
  static func manifests(below folder: String, depth: Int = 8) -> [String] {
    var found: [String] = []
    if FolderTree.isFile("\(folder)/manifest.json") {
      found.append("\(folder)/manifest.json")
    }
    guard depth > 0 else { return found }
    for name in CheckpointFile.folders(in: folder) {
      found += manifests(below: folder == "." ? name : "\(folder)/\(name)", depth: depth - 1)
    }
    return found
  }
}

extension TrainedPolicy {
  /// The deciding head in a few words: `17 -> 64 tanh -> 64 tanh -> 3`.
  ///
  /// Widths are those of the weights that were read. Layers that only reshape are left out.
  var networkSummary: String {
    let layers = manifest.network?[head: manifest.decidingHead]?.layers ?? []
    var widths = network.affineWidths[...]
    // Attention multiplies by several matrices of one layer, so widths could not be told apart.
    let levels = layers.reduce(0) { $0 + $1.matrixCount }
    if levels != widths.count { widths = [] }
    var parts = [manifest.observation.shape.map(String.init).joined(separator: " x ")]
    for layer in layers {
      switch layer {
      case .linear: parts.append(widths.popFirst().map(String.init) ?? "linear")
      case .conv1d(_, let kernel, _, _):
        let width = widths.popFirst().map { " \($0)" } ?? ""
        parts.append("conv1d\(width) of \(kernel)")
      case .lstm(_, let hidden, let count, _), .gru(_, let hidden, let count, _):
        widths = widths.dropFirst(count)
        parts.append("\(layer.operation.rawValue) \(hidden)" + (count > 1 ? " x \(count)" : ""))
      case .lstmCell(_, let hidden, _):
        widths = widths.dropFirst()
        parts.append("lstm_cell \(hidden)")
      case .selfAttention, .batchNorm, .layerNorm, .reuse: parts.append(layer.operation.rawValue)
      case .flatten, .dropout, .transposeTimeChannel, .lastStep: break
      default: parts[parts.count - 1] += " \(layer.operation.rawValue)"
      }
    }
    if parts.last == "linear" { parts[parts.count - 1] = "\(network.outputCount)" }
    return parts.joined(separator: " -> ")
  }
}

extension NetworkLayer {
  /// How many matrices it multiplies by; -1 000 of a layer of which that is not told.
  fileprivate var matrixCount: Int {
    switch self {
    case .linear, .conv1d, .lstmCell: 1
    case .lstm(_, _, let levels, _), .gru(_, _, let levels, _): levels
    case .selfAttention, .reuse: -1_000
    default: 0
    }
  }
}

extension Network {
  /// The outputs of each matrix, in order.
  fileprivate var affineWidths: [Int] {
    program.steps.compactMap { step in
      if case .affine(let affine) = step { affine.output.count } else { nil }
    }
  }
}
