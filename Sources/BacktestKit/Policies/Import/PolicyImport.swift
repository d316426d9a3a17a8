package import BacktestCheckpoints
import BacktestFiles

/// Makes a policy from a checkpoint that a training library wrote: a manifest, the weights and the
/// normaliser, from what the checkpoint says and from answers to what it cannot say.
///
///     let source = try PolicyImport(checkpoint: "model.zip", vecNormalize: "vecnormalize.pkl")
///     let answers = try PolicyImport.Answers(path: "answers.yaml")
///     for missing in try source.missingAnswers(answers) { print(missing) }
///     let policy = try source.policy(named: "ppo", answers)
///     try policy.write(to: "policies/ppo")
///
/// Nothing is guessed: what neither the checkpoint nor the answers say is asked for by its key.
/// Nothing in the checkpoint is executed.
public struct PolicyImport: Sendable {
  /// The checkpoint: a file, or the folder of an unpacked archive.
  public let checkpoint: String
  /// What the checkpoint holds.
  package let tensors: TensorArchive
  /// What it says about itself; `nil` where it says nothing.
  package let metadata: StableBaselinesMetadata?
  /// The network that its tensors' names show; `nil` where the layout is not known.
  package let layout: CheckpointLayout?
  /// The graph of an ONNX file with the bytes of the file; `nil` for other checkpoints.
  package let graph: (model: ONNXModel, bytes: [UInt8])?
  /// The normaliser of the training; `nil` where no statistics were given.
  let normaliser: Normaliser?

  /// Reads a checkpoint.
  ///
  /// - Parameters:
  ///   - checkpoint: a file that ``TensorArchive`` reads, or the folder of an unpacked archive.
  ///   - vecNormalize: the `vecnormalize.pkl` of the training; `nil` where there is none.
  /// - Throws: `PolicyError` where a file cannot be read.
  public init(checkpoint: String, vecNormalize: String? = nil) throws(PolicyError) {
    self.checkpoint = checkpoint
    graph = try PolicyError.wrapping(try Self.readGraph(checkpoint))
    if let graph {
      (tensors, metadata) = (graph.model.initialisers, nil)
    } else {
      (tensors, metadata) = try PolicyError.wrapping(try Self.read(checkpoint))
    }
    if let vecNormalize {
      normaliser = Normaliser(
        try PolicyError.wrapping(try RunningStatistics(vecNormalize: vecNormalize)))
    } else {
      normaliser = nil
    }
    layout =
      graph == nil ? CheckpointLayout(tensors, clipMean: metadata?.clipMean ?? 2) : nil
  }

  /// The keys of a manifest that a checkpoint cannot say, such as the features it observes and what
  /// its actions mean; and `activation`, where the checkpoint does not name it.
  public struct Answers: Sendable {
    let document: DocumentNode

    /// Reads a YAML file or, by its ending, a JSON file.
    ///
    /// - Throws: `PolicyError` where the file cannot be read.
    public init(path: String) throws(PolicyError) {
      document = try PolicyError.wrapping(try DocumentReader.read(path: path))
    }

    /// Reads YAML, of which JSON is a part; `name` is what messages call it.
    ///
    /// - Throws: `PolicyError` where it cannot be read.
    public init(yaml: String, name: String = "answers") throws(PolicyError) {
      document = try PolicyError.wrapping(
        try DocumentReader.read(Array(yaml.utf8), name: name, format: .yaml))
    }

    init(document: DocumentNode) { self.document = document }
  }

  /// A key of a manifest that neither the checkpoint nor the answers give.
  public struct MissingAnswer: Hashable, Sendable, CustomStringConvertible {
    /// The key, such as `observation.features`.
    public let key: String
    /// What it must hold, with an example.
    public let expected: String

    /// `observation.features: the features that make up 17 numbers, …`
    public var description: String { "\(key): \(expected)" }
  }

  /// The answers that are still missing for a policy; empty where nothing is.
  ///
  /// - Throws: `PolicyError` where answers and checkpoint contradict each other, or the checkpoint
  ///   holds something that cannot be a policy here.
  public func missingAnswers(_ answers: Answers? = nil) throws(PolicyError) -> [MissingAnswer] {
    try draft(name: "", answers).missing
  }

  /// The policy, from the checkpoint and the answers.
  ///
  /// - Parameters:
  ///   - name: the name for reports unless the answers give one.
  ///   - answers: what the checkpoint cannot say.
  /// - Throws: `PolicyError` with every answer that is missing, or where answers and checkpoint
  ///   contradict each other.
  public func policy(
    named name: String, _ answers: Answers? = nil
  ) throws(PolicyError) -> ImportedPolicy {
    let draft = try draft(name: name, answers)
    guard draft.missing.isEmpty else {
      throw PolicyError(
        source: checkpoint,
        "it does not say all that a policy needs; answer\n"
          + draft.missing.map { "  \($0)" }.joined(separator: "\n"))
    }
    let normaliser = draft.normaliser.flatMap { $0 == .none ? nil : $0.json }
    return ImportedPolicy(
      manifest: draft.json, weights: draft.weights,
      weightsFile: graph == nil ? "model.safetensors" : "model.onnx", normaliser: normaliser,
      remarks: draft.remarks)
  }

  private static func read(
    _ path: String
  ) throws(CheckpointError) -> (TensorArchive, StableBaselinesMetadata?) {
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
    return (archive.tensors, archive.metadata)
  }

  private func draft(name: String, _ answers: Answers?) throws(PolicyError) -> ManifestDraft {
    try requireKnownSpaces()
    var given = answers.map { JSONValue($0.document) } ?? .table([])
    guard case .table = given else {
      throw PolicyError(source: answers?.document.place.source, "the answers must be a table")
    }
    if let graph { return try draft(name: name, graph, given) }
    let answeredActivation = given.remove("activation")
    let used = layout?.used(of: tensors) ?? tensors.tensors
    let archive = TensorArchive(used, source: checkpoint)
    try PolicyError.wrapping(try archive.requireFinite())
    var draft = ManifestDraft(checkpoint: checkpoint, weights: archive.safetensorsBytes())
    draft.set("format", .text(PolicyManifest.format))
    draft.set("name", given.remove("name") ?? .text(name))
    draft.set("algorithm", given.remove("algorithm") ?? layout.map { .text($0.family.algorithm) })
    draft.set(
      "weights",
      [
        [
          "file": "model.safetensors", "format": "safetensors",
          "sha256": .text(SHA256.hexadecimal(of: draft.weights)),
        ]
      ])
    try draft.setNetwork(self, given.remove("network"), activation: answeredActivation)
    try draft.setObservation(self, given.remove("observation"))
    try draft.setAction(self, given.remove("action"), output: given["output"])
    draft.setTraining(self, given.remove("trained"))
    try draft.merge(given)
    return draft
  }
}

// What a checkpoint says
extension PolicyImport {
  /// The activation as a manifest names it: from the archive, or the library's default where the
  /// archive shows that no other was given; `nil` where it must be answered.
  package func activation() throws(PolicyError) -> String? {
    guard let metadata else { return nil }
    guard let name = metadata.activation else {
      return isOfTheLibrary ? layout?.family.defaultActivation : nil
    }
    let ops = [
      "Tanh": "tanh", "ReLU": "relu", "ELU": "elu", "SiLU": "silu", "GELU": "gelu",
      "Sigmoid": "sigmoid", "LeakyReLU": "leaky_relu",
    ]
    guard let op = ops[name] else {
      throw PolicyError(
        source: checkpoint,
        "the archive's activation is \(quotedForMessage(name)), but only "
          + listed(ops.keys.sorted(), "and") + " are known: give the 'network' in the answers")
    }
    return op
  }

  /// Whether the policy and its features extractor are classes of the library, so that the names of
  /// its tensors show what its network is.
  var isOfTheLibrary: Bool {
    guard let metadata else { return false }
    let module = metadata.policyModule ?? ""
    let isKnown = ["stable_baselines3.", "sb3_contrib."].contains { module.hasPrefix($0) }
    let extractor = metadata.featuresExtractor ?? "FlattenExtractor"
    return isKnown && extractor.hasSuffix("FlattenExtractor")
  }

  /// Refuses spaces that are not supported.
  private func requireKnownSpaces() throws(PolicyError) {
    switch metadata?.observationSpace {
    case .box?, nil: break
    case .discrete?:
      throw PolicyError(
        source: checkpoint, "its observation is a discrete number, which is not supported")
    case let space?:
      throw PolicyError(
        source: checkpoint,
        "its observation space is \(space.summary); only Box observations are supported")
    }
    switch metadata?.actionSpace {
    case .multiBinary?, .other?:
      throw PolicyError(
        source: checkpoint,
        "its action space is \(metadata?.actionSpace?.summary ?? ""); only Discrete, MultiDiscrete "
          + "and Box actions are supported")
    default: break
    }
  }

  /// The shape of an observation: from the archive, or the input size of the first layer.
  var observationShape: [Int]? {
    switch metadata?.observationSpace {
    case .box(let shape, _, _, _)?: shape
    default:
      metadata == nil ? layout.map { [$0.inputCount] } ?? graph?.model.observationShape : nil
    }
  }

  /// How the head's outputs become the action of a box. An actor-critic that squashes its output
  /// has no tanh in its network: the library applies it to the mean.
  private var boxTransform: String? {
    guard let family = layout?.family else { return nil }
    let squashes = metadata?.squashesOutput == true
    return squashes && [.actorCritic, .recurrent].contains(family) ? "tanh" : family.boxTransform
  }

  /// What the checkpoint says about actions.
  func actionSpace() -> [JSONMember] {
    func member(_ key: String, _ value: JSONValue) -> JSONMember {
      JSONMember(key: key, value: value)
    }
    switch metadata?.actionSpace {
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

  /// What the layout alone says about actions.
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
  package var summary: String {
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
