public import BacktestCheckpoints
import BacktestFiles
public import BacktestNetworks

extension TrainedPolicy {
  /// Reads a policy, and checks its weights and its golden decisions.
  ///
  /// - Parameter path: a folder with a `manifest.json`, or a manifest.
  /// - Throws: `PolicyError` with what is wrong, in one line for each.
  public init(path: String) throws(PolicyError) {
    let manifest: PolicyManifest
    do throws(DocumentError) {
      manifest = try PolicyManifest(path: path)
    } catch {
      throw PolicyError("\(error)")
    }
    try self.init(manifest: manifest)
  }

  /// Reads the weights of a manifest, and checks them and its golden decisions.
  ///
  /// - Throws: `PolicyError` with what is wrong.
  public init(manifest: PolicyManifest) throws(PolicyError) {
    guard let definition = manifest.network else {
      throw PolicyError(
        source: manifest.path, "the manifest has no network; give a 'command' that decides instead")
    }
    let file = try manifest.firstWeightsFile()
    let path = "\(manifest.folder)/\(file.file)"
    let digest = try file.checkedDigest(in: manifest)
    try self.init(
      manifest: manifest, definition: definition, weights: try readWeights(path, file.format),
      weightsPath: path, weightsDigest: digest)
    if let problem = goldenProblem() {
      throw PolicyError(source: manifest.path, problem)
    }
  }

  /// This policy with the weights of another checkpoint of the same network, such as that of a
  /// fold; golden decisions are not checked, because they are those of the first checkpoint.
  ///
  /// - Throws: `PolicyError` where the checkpoint does not fit the network.
  public func replacingWeights(
    from path: String, format: CheckpointFormat? = nil
  ) throws(PolicyError) -> TrainedPolicy {
    guard let definition = manifest.network else {
      preconditionFailure("a loaded policy has a network")
    }
    return try TrainedPolicy(
      manifest: manifest, definition: definition, weights: try readWeights(path, format),
      weightsPath: path, weightsDigest: try fileDigest(path))
  }

  /// What the first golden decision that does not come out says; `nil` when all do.
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
  /// The first file of weights that is there.
  func firstWeightsFile() throws(PolicyError) -> WeightsFile {
    for file in weights where fileExists("\(folder)/\(file.file)") { return file }
    throw PolicyError(
      source: path,
      "none of its weights files is there: "
        + weights.map { quotedForMessage($0.file) }.joined(separator: ", "))
  }
}

extension PolicyManifest.WeightsFile {
  /// The digest of the file, which must be the manifest's where that gives one.
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
  guard !FolderTree.isSpecial(path) else {
    throw PolicyError(source: path, "cannot read the file: it is a pipe or a device")
  }
  do throws(FileError) {
    return try SHA256.hexadecimal(ofFile: path)
  } catch {
    throw PolicyError("\(error)")
  }
}

private func readWeights(
  _ path: String, _ format: CheckpointFormat?
) throws(PolicyError) -> TensorArchive {
  do throws(CheckpointError) {
    return try TensorArchive(path: path, format: format)
  } catch {
    throw PolicyError("\(error)")
  }
}
