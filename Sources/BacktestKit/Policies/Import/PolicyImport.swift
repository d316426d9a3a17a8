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
      let contents = try PolicyError.wrapping(try CheckpointContents(path: checkpoint))
      (tensors, metadata) = (contents.tensors, contents.metadata)
    }
    if let vecNormalize {
      var statistics = try PolicyError.wrapping(
        try RunningStatistics(vecNormalize: vecNormalize))
      if case .parts(let parts)? = metadata?.observationSpace {
        statistics = try PolicyError.wrapping(try statistics.ordered(parts))
      }
      normaliser = Normaliser(statistics)
    } else {
      normaliser = nil
    }
    layout = graph == nil ? CheckpointLayout(tensors, metadata: metadata) : nil
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
  ///   holds something that is no policy here.
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
    var remarks = draft.remarks
    if [nil, .list([])].contains(draft.json["golden"]) {
      remarks.append(
        "there are no golden decisions, so nothing shows that these answers are the trainer's; "
          + "python/backtestkit_policy.py writes some from the live model")
    }
    // A literal nil would be the JSON value null.
    let normaliser: JSONValue? =
      draft.normaliser == nil || draft.normaliser == Normaliser.none
      ? Optional.none : draft.normaliser?.json
    return ImportedPolicy(
      manifest: draft.json, weights: draft.weights,
      weightsFile: graph == nil ? "model.safetensors" : "model.onnx", normaliser: normaliser,
      remarks: remarks,
      source: graph == nil
        ? CheckpointContents(tensors, metadata: metadata) : CheckpointContents(TensorArchive([])))
  }

  private func draft(name: String, _ answers: Answers?) throws(PolicyError) -> ManifestDraft {
    try requireKnownSpaces()
    var given = answers.map { JSONValue($0.document).withoutNothing } ?? .table([])
    guard case .table = given else {
      throw PolicyError(source: answers?.document.place.source, "the answers must be a table")
    }
    if let graph { return try draft(name: name, graph, given) }
    let answeredActivation = given.remove("activation")
    let unused = try unusedTensors(given["unused_tensors"])
    let archive = TensorArchive(
      neededTensors(given["network"], unused: unused), source: checkpoint)
    try PolicyError.wrapping(try archive.requireFinite())
    var draft = ManifestDraft(checkpoint: checkpoint, weights: archive.safetensorsBytes())
    draft.set("format", .text(PolicyManifest.format))
    draft.set("name", given.remove("name") ?? .text(name))
    draft.setAlgorithm(given.remove("algorithm") ?? algorithm)
    draft.set(
      "weights",
      [
        [
          "file": "model.safetensors", "format": "safetensors",
          "sha256": .text(SHA256.hexadecimal(of: draft.weights)),
        ]
      ])
    try draft.setNetwork(self, given.remove("network"), activation: answeredActivation)
    try draft.setObservation(self, try observation(given.remove("observation")))
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
    try PolicyError.located(at: checkpoint) { () throws(PolicyError) in
      try metadata?.activationOperation(of: layout?.family)
    }
  }

  /// The algorithm, as far as the archive's classes or the layout show it.
  private var algorithm: JSONValue? {
    let modules = ["tqc": "TQC", "maskable": "MaskablePPO"]
    let module = metadata?.policyModule ?? ""
    let named = module.split(separator: ".").lazy.compactMap { modules[String($0)] }.first
    return (named ?? layout?.family.algorithm).map { .text($0) }
  }

  /// Whether the names of its tensors show what the whole network is.
  var showsNetwork: Bool {
    layout?.isWhole == true && metadata.map(\.isOfTheLibrary) ?? true
  }

  /// The answered names of tensors that decisions do not need.
  private func unusedTensors(_ answer: JSONValue?) throws(PolicyError) -> [String] {
    guard let answer else { return [] }
    guard case .list(let items) = answer else {
      throw PolicyError(source: checkpoint, "'unused_tensors' must be a list of names")
    }
    var names: [String] = []
    for case .text(let name) in items {
      guard tensors.names.contains(where: { $0 == name || $0.hasPrefix(name + ".") }) else {
        throw PolicyError(
          source: checkpoint,
          "'unused_tensors' names \(quotedForMessage(name)), but no tensor is called so; the "
            + "tensors are \(CompanionTensors.shown(tensors.names))")
      }
      names.append(name)
    }
    return names
  }

  /// The tensors that the policy is written with: those of the recognised network or, where the
  /// network is answered, all but those that are known to be something else.
  private func neededTensors(_ network: JSONValue?, unused: [String]) -> [NamedTensor] {
    if network == nil, let layout, showsNetwork { return layout.used(of: tensors) }
    let layers = network?.texts(of: "params") ?? []
    let used = Set(
      tensors.names.filter { name in layers.contains { name.hasPrefix($0 + ".") } })
    let others = Set(CompanionTensors.unexplained(in: tensors, used: used, named: unused))
    return tensors.tensors.filter { used.contains($0.name) || others.contains($0.name) }
  }

  /// Refuses spaces that are not supported.
  private func requireKnownSpaces() throws(PolicyError) {
    switch metadata?.observationSpace {
    case .box?, .parts?, nil: break
    case .discrete?:
      throw PolicyError(
        source: checkpoint, "its observation is a discrete number, which is not supported")
    case let space?:
      throw PolicyError(
        source: checkpoint,
        "its observation space is \(space.summary); only Box observations and dictionaries of "
          + "them are supported")
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
    case .box(let shape, _, _, _)?: return shape
    case .parts(let parts)?: return [parts.reduce(0) { $0 + $1.count }]
    default:
      if let graph { return graph.model.observationShape }
      return metadata == nil && showsNetwork ? layout.map { [$0.inputCount] } : nil
    }
  }

  /// What the checkpoint says about actions.
  ///
  /// - Parameter answer: what the answers say about them.
  func actionSpace(_ answer: JSONValue?) -> [JSONMember] {
    func member(_ key: String, _ value: JSONValue) -> JSONMember {
      JSONMember(key: key, value: value)
    }
    switch metadata?.actionSpace {
    case .discrete(let count, _)?:
      let space = [
        member("kind", "discrete"), member("size", .integer(count)), member("rule", "argmax"),
      ]
      guard let layout, layout.family == .quantileQ, layout.outputCount.isMultiple(of: count)
      else { return space }
      return space + [
        member("head", "quantiles"), member("quantiles", .integer(layout.outputCount / count)),
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
      if let transform = layout?.boxTransform(metadata) {
        members.append(member("transform", .text(transform)))
      }
      return members
    default: return layout.map { actionSpace(of: $0, answer) } ?? []
    }
  }

  /// What the layout alone says about actions.
  private func actionSpace(of layout: CheckpointLayout, _ answer: JSONValue?) -> [JSONMember] {
    var count = layout.outputCount
    let kind: JSONValue
    switch layout.family {
    case .deepQ, .cleanDiscrete, .cleanQ, .offlineQ: kind = "discrete"
    case .softActorCritic, .twinDelayed, .cleanBox, .crossQ, .cleanSoft, .cleanTwin, .offlineSoft,
      .offlineTwin:
      kind = "box"
    case .actorCritic, .recurrent:
      kind = tensors[layout.prefix + "log_std"] == nil ? "discrete" : "box"
    case .rllib, .rllibSoft, .offlineImitator:
      // The head of a box has means and deviations, unless these are stored.
      guard let given = answer?["kind"], given == "box" || given == "discrete" else { return [] }
      kind = given
    case .quantileQ, .randomSearch: return []
    }
    var members = [JSONMember(key: "kind", value: kind)]
    let isRLlib = [.rllib, .rllibSoft].contains(layout.family)
    if isRLlib, kind == "box", tensors[layout.prefix + "pi.log_std"] == nil {
      count /= 2
      members.append(JSONMember(key: "head", value: "mean_and_log_std"))
    }
    members.append(JSONMember(key: "size", value: .integer(count)))
    if let bounds = layout.bounds(tensors) {
      members += [("low", bounds.low), ("high", bounds.high)].map { key, values in
        JSONMember(key: key, value: .list(values.map { .number($0) }))
      }
    }
    if kind == "discrete" { return members + [JSONMember(key: "rule", value: "argmax")] }
    // Under gSDE the archive alone says whether outputs are squashed, so that has to be answered.
    let explores = tensors[layout.prefix + "log_std"].map { $0.shape.count > 1 } ?? false
    if explores { return members }
    return members + [JSONMember(key: "transform", value: .text(layout.family.boxTransform))]
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
    case .parts(let parts):
      return "Dict(" + parts.map { "\($0.name): \($0.shape)" }.joined(separator: ", ") + ")"
    case .other(let name): return name
    }
  }
}

extension JSONValue {
  /// The texts of a key, in this value and all values in it.
  fileprivate func texts(of key: String) -> [String] {
    switch self {
    case .table(let members):
      members.flatMap { member -> [String] in
        if member.key == key, case .text(let text) = member.value { return [text] }
        return member.value.texts(of: key)
      }
    case .list(let items): items.flatMap { $0.texts(of: key) }
    default: []
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
