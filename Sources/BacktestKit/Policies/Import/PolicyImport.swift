package import BacktestCheckpoints
import BacktestFiles
package import BacktestNetworks

/// Turns a checkpoint into a policy: a manifest, its weights and its normaliser, from what the
/// checkpoint says and from answers to what it cannot say.
///
///     let source = PolicyImport(checkpoint: "model.zip", vecNormalize: "vecnormalize.pkl")
///     let policy = try source.policy(answers: answers)
///
/// Nothing is filled in by guess: a thing that neither the checkpoint nor the answers say is asked
/// for by its name.
package struct PolicyImport: Sendable {
  /// The checkpoint: a file, or a folder of an unpacked archive.
  var checkpoint: String
  /// The `vecnormalize.pkl` of the training; `nil` where there is none.
  var vecNormalize: String?
  /// What the checkpoint holds.
  package let tensors: TensorArchive
  /// What it says about itself; `nil` where it says nothing.
  package let facts: StableBaselinesFacts?
  /// The network that its names spell; `nil` where they spell none that is known.
  package let layout: CheckpointLayout?
  /// The normaliser of `vecNormalize`.
  let normaliser: Normaliser?

  /// Reads a checkpoint.
  ///
  /// - Throws: `PolicyError` where a file cannot be used.
  package init(checkpoint: String, vecNormalize: String? = nil) throws(PolicyError) {
    self.checkpoint = checkpoint
    self.vecNormalize = vecNormalize
    do throws(CheckpointError) {
      (tensors, facts) = try Self.read(checkpoint)
      normaliser = try vecNormalize.map { (path) throws(CheckpointError) in
        Normaliser(try RunningStatistics(vecNormalize: path))
      }
    } catch {
      throw PolicyError("\(error)")
    }
    layout = CheckpointLayout(tensors, clipMean: facts?.clipMean ?? 2)
  }

  private static func read(
    _ path: String
  ) throws(CheckpointError) -> (TensorArchive, StableBaselinesFacts?) {
    if FolderTree.isFolder(path) {
      guard FolderTree.isFile("\(path)/policy.pth") else {
        return (try TensorArchive(path: path), nil)
      }
    } else {
      let bytes = try CheckpointFile.bytes(path)
      guard try CheckpointFormat.detected(in: bytes, name: path) == .stableBaselines else {
        return (try TensorArchive(bytes: bytes, name: path), nil)
      }
    }
    let archive = try StableBaselinesArchive(path: path)
    return (archive.tensors, archive.facts)
  }

  /// The activation's op: as the archive says, or the library's default where the archive says
  /// that nothing else was given; `nil` where it has to be answered.
  package func activation() throws(PolicyError) -> String? {
    guard let facts else { return nil }
    guard let name = facts.activation else {
      return isOfTheLibrary ? layout?.family.defaultActivation : nil
    }
    let ops = [
      "Tanh": "tanh", "ReLU": "relu", "ELU": "elu", "SiLU": "silu", "GELU": "gelu",
      "Sigmoid": "sigmoid", "LeakyReLU": "leaky_relu",
    ]
    guard let op = ops[name] else {
      throw PolicyError(
        source: checkpoint,
        "the archive's activation is \(quotedForMessage(name)), which is none of "
          + listed(ops.keys.sorted(), "and") + ": give the 'network' in the answers")
    }
    return op
  }

  /// Whether the archive's policy is a class of the library, with its own features extractor: then
  /// the names of its tensors say what its network is.
  var isOfTheLibrary: Bool {
    guard let facts else { return false }
    let module = facts.policyModule ?? ""
    let isKnown = ["stable_baselines3.", "sb3_contrib."].contains { module.hasPrefix($0) }
    let extractor = facts.featuresExtractor ?? "FlattenExtractor"
    return isKnown && extractor.hasSuffix("FlattenExtractor")
  }

  /// Refuses what the archive says and cannot be a policy here.
  func requireKnownSpaces() throws(PolicyError) {
    switch facts?.observationSpace {
    case .box?, nil: break
    case .discrete?:
      throw PolicyError(
        source: checkpoint, "its observation is a discrete number, which is not supported")
    case let space?:
      throw PolicyError(
        source: checkpoint,
        "its observation space is \(space.summary); only Box observations are supported")
    }
    switch facts?.actionSpace {
    case .multiBinary?, .other?:
      throw PolicyError(
        source: checkpoint,
        "its action space is \(facts?.actionSpace?.summary ?? ""); only Discrete, MultiDiscrete "
          + "and Box actions are supported")
    default: break
    }
  }
}

extension Normaliser {
  /// The rule of a `vecnormalize.pkl`.
  init(_ statistics: RunningStatistics) {
    self =
      statistics.normalisesObservations
      ? .runningStatistics(
        mean: statistics.mean, variance: statistics.variance, epsilon: statistics.epsilon,
        limit: statistics.clip)
      : .none
  }
}
