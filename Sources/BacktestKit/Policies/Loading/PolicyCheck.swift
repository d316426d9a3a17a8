package import BacktestCheckpoints
import BacktestCore
import BacktestFiles
package import BacktestNetworks

/// A policy's files, network and golden decisions, all found to be right.
package struct PolicyCheck: Sendable {
  /// What was checked, in one line.
  package let summary: String

  /// Checks a policy.
  ///
  /// - Parameter path: a folder with a `manifest.json`, or a manifest.
  /// - Throws: the first thing that is wrong.
  package init(path: String) throws(PolicyError) {
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
  package init(checking manifest: PolicyManifest, weights: TensorArchive) throws(PolicyError) {
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
