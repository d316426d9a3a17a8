/// Turns a checkpoint into a policy: a manifest, its weights and its normaliser, from what the
/// checkpoint says and from answers to what it cannot say.
///
///     let source = PolicyImport(checkpoint: "model.zip", vecNormalize: "vecnormalize.pkl")
///     let policy = try source.policy(answers: answers)
///
/// Nothing is filled in by guess: a thing that neither the checkpoint nor the answers say is asked
/// for by its name.
struct PolicyImport: Sendable {
  /// The checkpoint: a file, or a folder of an unpacked archive.
  var checkpoint: String
  /// The `vecnormalize.pkl` of the training; `nil` where there is none.
  var vecNormalize: String?
  /// What the checkpoint holds.
  let tensors: TensorArchive
  /// What it says about itself; `nil` where it says nothing.
  let facts: StableBaselinesFacts?
  /// The network that its names spell; `nil` where they spell none that is known.
  let layout: CheckpointLayout?
  /// The normaliser of `vecNormalize`.
  let normaliser: Normaliser?

  /// Reads a checkpoint.
  ///
  /// - Throws: `PolicyError` where a file cannot be used.
  init(checkpoint: String, vecNormalize: String? = nil) throws(PolicyError) {
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
  func activation() throws(PolicyError) -> String? {
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

extension PolicyImport {
  /// The shape of an observation: as the archive says, or what the first layer takes.
  var observationShape: [Int]? {
    switch facts?.observationSpace {
    case .box(let shape, _, _, _)?: shape
    default: facts == nil ? layout.map { [$0.inputCount] } : nil
    }
  }

  /// How the action of a box comes from the head. An actor-critic that squashes its output has no
  /// tanh in its network: the library applies it to the mean.
  private var boxTransform: String? {
    guard let family = layout?.family else { return nil }
    let squashes = facts?.squashesOutput == true
    return squashes && [.actorCritic, .recurrent].contains(family) ? "tanh" : family.boxTransform
  }

  /// What the checkpoint says of actions.
  func actionSpace() -> [JSONMember] {
    func member(_ key: String, _ value: JSONValue) -> JSONMember {
      JSONMember(key: key, value: value)
    }
    switch facts?.actionSpace {
    case .discrete(let count, _)?:
      return [
        member("kind", "discrete"), member("size", .integer(count)), member("rule", "argmax"),
      ]
    case .multiDiscrete(let sizes)?:
      return [
        member("kind", "multi_discrete"), member("sizes", .list(sizes.map { .integer($0) })),
        member("rule", "argmax"),
      ]
    case .box(let shape, _, let low, let high)?:
      var members = [member("kind", "box"), member("size", .integer(shape.reduce(1, *)))]
      if let low { members.append(member("low", .list(low.map { .number($0) }))) }
      if let high { members.append(member("high", .list(high.map { .number($0) }))) }
      if let transform = boxTransform {
        members.append(member("transform", .text(transform)))
      }
      return members
    default: return layout.map(actionSpace(of:)) ?? []
    }
  }

  /// What a layout without an archive's facts says of actions.
  private func actionSpace(of layout: CheckpointLayout) -> [JSONMember] {
    let size = JSONMember(key: "size", value: .integer(layout.outputCount))
    let kind: JSONValue
    switch layout.family {
    case .deepQ, .cleanDiscrete: kind = "discrete"
    case .softActorCritic, .twinDelayed, .cleanBox: kind = "box"
    case .actorCritic, .recurrent:
      kind = tensors["log_std"] == nil ? "discrete" : "box"
    case .rllib: return []
    }
    let rule =
      kind == "box"
      ? JSONMember(key: "transform", value: .text(layout.family.boxTransform))
      : JSONMember(key: "rule", value: "argmax")
    return [JSONMember(key: "kind", value: kind), size, rule]
  }
}

extension StableBaselinesSpace {
  /// The space in a few words, as Gymnasium writes it.
  var summary: String {
    switch self {
    case .discrete(let count, let start):
      return "Discrete(\(count))" + (start == 0 ? "" : " from \(start)")
    case .box(let shape, let type, let low, let high):
      func bound(_ values: [Double]?) -> String {
        guard let values, let first = values.first else { return "?" }
        return values.allSatisfy { $0 == first } ? "\(first)" : "\(values)"
      }
      return "Box(\(bound(low)), \(bound(high)), \(shape), \(type))"
    case .multiDiscrete(let sizes): return "MultiDiscrete(\(sizes))"
    case .multiBinary(let count): return "MultiBinary(\(count))"
    case .other(let name): return name
    }
  }
}

/// A policy ready to be written into a folder.
struct ImportedPolicy: Sendable {
  /// The manifest.
  var manifest: JSONValue
  /// The tensors that the network uses.
  var weights: [UInt8]
  /// The normaliser; `nil` where observations are taken as they are.
  var normaliser: JSONValue?
  /// What a reader should know, one line each.
  var remarks: [String]
}

/// A key of a manifest that neither the checkpoint nor the answers give.
struct MissingAnswer: Hashable, Sendable {
  /// The key, such as `observation.features`.
  var key: String
  /// What it must hold, with an example.
  var expected: String
}

/// What an import lacks.
struct IncompleteImport: Error, Sendable {
  /// The checkpoint.
  var checkpoint: String
  /// Everything that has to be answered.
  var missing: [MissingAnswer]
}

extension PolicyImport {
  /// The policy, from the checkpoint and a partial manifest.
  ///
  /// - Parameters:
  ///   - name: the name for reports unless the answers give one.
  ///   - answers: a manifest's keys that the checkpoint cannot say, and `activation`; `nil` for
  ///     none.
  /// - Throws: `IncompleteImport` with everything that is missing; `PolicyError` where answers and
  ///   checkpoint do not agree.
  func policy(name: String, answers: DocumentNode?) throws -> ImportedPolicy {
    try requireKnownSpaces()
    var given = answers.map { JSONValue($0) } ?? .table([])
    guard case .table = given else {
      throw PolicyError(source: answers?.place.source ?? "", "the answers must be a table")
    }
    let answeredActivation = given.remove("activation")
    var draft = ManifestDraft(checkpoint: checkpoint)
    draft.set("format", .text(PolicyManifest.format))
    draft.set("name", given.remove("name") ?? .text(name))
    draft.set("algorithm", given.remove("algorithm") ?? layout.map { .text($0.family.algorithm) })
    let weights = layout?.used(of: tensors) ?? tensors.tensors
    let archive = TensorArchive(weights, source: checkpoint)
    try archive.requireFinite()
    let bytes = archive.safetensorsBytes()
    draft.set(
      "weights",
      [
        [
          "file": "model.safetensors", "format": "safetensors",
          "sha256": .text(SHA256.hexadecimal(of: bytes)),
        ]
      ])
    try draft.setNetwork(self, given.remove("network"), activation: answeredActivation)
    try draft.setObservation(self, given.remove("observation"))
    try draft.setAction(self, given.remove("action"), output: given["output"])
    draft.setTraining(self, given.remove("trained"))
    try draft.merge(given)
    guard draft.missing.isEmpty else {
      throw IncompleteImport(checkpoint: checkpoint, missing: draft.missing)
    }
    let json = draft.normaliser.flatMap { $0 == .none ? nil : $0.json }
    return ImportedPolicy(
      manifest: draft.json, weights: bytes, normaliser: json, remarks: draft.remarks)
  }
}
