import BacktestCheckpoints
import BacktestCore
import BacktestFiles

/// A check of a policy's files, network and golden decisions.
package struct PolicyCheck: Sendable {
  /// What was checked, in one line.
  package let summary: String

  /// Checks a policy completely.
  ///
  /// - Parameter path: a folder with a `manifest.json`, or a manifest.
  /// - Throws: the first thing that is wrong.
  package init(path: String) throws(PolicyError) {
    let manifest = try PolicyError.wrapping(try PolicyManifest(path: path))
    guard manifest.hasNetwork else {
      summary = "ok: an external policy with a valid manifest"
      return
    }
    let policy = try TrainedPolicy(manifest: manifest)
    try manifest.checkObservation()
    var digests = 0
    var files: [String] = []
    for file in manifest.weights where fileExists("\(manifest.folder)/\(file.file)") {
      try manifest.requireInFolder(file)
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
        : "\(golden) golden decision\(golden == 1 ? "" : "s") reproduced")
      + (manifest.namedInstrument.map {
        "; its features are of \(quotedForMessage($0)), so it runs on no other instrument"
      } ?? "")
  }
}

extension TrainedPolicy {
  /// A policy from a manifest and weights in memory, golden decisions checked.
  init(
    checking manifest: PolicyManifest, weights: [UInt8], file: String
  ) throws(PolicyError) {
    try self.init(
      manifest: manifest,
      network: try PolicyNetwork(manifest, bytes: weights, name: file), weightsPath: file,
      weightsDigest: "")
    if let problem = goldenProblem() { throw PolicyError(source: manifest.path, problem) }
  }
}

extension PolicyManifest {
  /// The assets that its features are about: those of its actions, the one that features name, or
  /// one without a name.
  var observedAssets: [String] {
    if let assets = action?.assets, !assets.isEmpty { return assets }
    return [namedInstrument ?? "the instrument"]
  }

  /// The one instrument that its features name, where its actions name none.
  fileprivate var namedInstrument: String? {
    guard action?.assets.isEmpty ?? true else { return nil }
    return observation.features.lazy.compactMap(\.asset).first {
      !observation.inputs.contains($0)
    }
  }

  /// Builds what it observes, other policies' predictions included, as a run would.
  fileprivate func checkObservation() throws(PolicyError) {
    let symbols = observedAssets
    let count = symbols.count + observation.inputs.count
    try PolicyError.located(at: path) { () throws(PolicyError) in
      _ = try ObservationBuilder(
        observation, instruments: (0..<count).map { InstrumentID($0) }, symbols: symbols
      ) { (feature) throws(PolicyError) in
        let other = try TrainedPolicy(path: "\(folder)/\(feature.policy)")
        return ObservedPredictor(policy: other, observation: other.manifest.observation)
      }
    }
  }
}

/// Folders that hold policies.
package enum PolicyFolder {
  /// Whether a path is a manifest, or a folder with one.
  package static func isPolicy(_ path: String) -> Bool {
    path.hasSuffix("manifest.json") || FolderTree.isFile("\(path)/manifest.json")
  }

  /// The manifests in a folder and below it, to a depth of eight, in the order of their paths.
  package static func manifests(below folder: String, depth: Int = 8) -> [String] {
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
