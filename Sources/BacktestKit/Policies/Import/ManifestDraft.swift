import BacktestCheckpoints
import BacktestFiles

/// A manifest under construction, with the answers that are still missing.
struct ManifestDraft: Sendable {
  let checkpoint: String
  /// The tensors that the network uses, as a safetensors file.
  let weights: [UInt8]
  private(set) var json = JSONValue.table([])
  private(set) var missing: [PolicyImport.MissingAnswer] = []
  private(set) var remarks: [String] = []
  private(set) var normaliser: Normaliser?

  init(checkpoint: String, weights: [UInt8]) {
    self.checkpoint = checkpoint
    self.weights = weights
  }

  /// Sets a key.
  mutating func set(_ key: String, _ value: JSONValue) { json.set(key, value) }

  /// Sets the algorithm, or asks for it.
  mutating func setAlgorithm(_ value: JSONValue?) {
    guard let value else { return ask("algorithm", "what trained it, such as PPO") }
    json.set("algorithm", value)
  }

  /// Adds the answers of all other keys unchanged.
  mutating func merge(_ given: JSONValue) throws(PolicyError) {
    guard case .table(let members) = given else { return }
    for member in members {
      if json[member.key] != nil {
        throw PolicyError(
          source: checkpoint,
          "'\(member.key)' comes from the checkpoint; take it out of the answers")
      }
      json.set(member.key, member.value)
    }
  }

  mutating func ask(_ key: String, _ expected: String) {
    missing.append(PolicyImport.MissingAnswer(key: key, expected: expected))
  }

  /// The network: from the answers, or from the layout of the checkpoint.
  mutating func setNetwork(
    _ source: PolicyImport, _ answer: JSONValue?, activation: JSONValue?
  ) throws(PolicyError) {
    if let answer {
      json.set("network", answer)
      return
    }
    guard let layout = source.layout else {
      return ask(
        "network",
        "the layers of the deciding head, because the tensors' names match no known layout: "
          + "{policy: [{op: linear, params: fc1}, {op: relu}, …]}, or {predict: […]} for a "
          + "predictor; 'params' is a tensor's name without '.weight', prefixes included;\n    the "
          + "tensors are " + someNames(source.tensors))
    }
    guard source.showsNetwork else {
      let reason =
        layout.isWhole || source.metadata?.isOfTheLibrary == false
        ? "its policy or features extractor is a custom class"
        : "the layout of \(layout.family.rawValue) has no layers for "
          + CompanionTensors.shown(layout.unexplained)
      return ask(
        "network",
        "the layers of the deciding head, because \(reason): {policy: [{op: linear, params: fc1}, "
          + "{op: relu}, …]};\n    the tensors are " + someNames(source.tensors))
    }
    var op = try source.activation()
    if case .text(let answered)? = activation {
      try requireAgreement("activation", archive: op.map { .text($0) }, answer: .text(answered))
      op = answered
    }
    if op == nil, layout.needsActivation {
      ask("activation", "the activation between the layers, such as tanh or relu")
    }
    remarks += layout.assumptions(source.metadata)
    let rank = source.observationShape?.count ?? 1
    json.set("network", layout.json(activation: op ?? "tanh", flattens: rank > 1))
    if source.metadata?.activation == nil, activation == nil, let op, layout.needsActivation {
      remarks.append("activation \(op): the library's default, because the archive names no other")
    }
  }

  /// The observation: its shape from the checkpoint, its features from the answers.
  mutating func setObservation(
    _ source: PolicyImport, _ answer: JSONValue?
  ) throws(PolicyError) {
    var part = answer ?? .table([])
    if let shape = source.observationShape {
      let found = JSONValue.list(shape.map { .integer($0) })
      try requireAgreement("observation.shape", archive: found, answer: part["shape"])
      part.set("shape", found, first: true)
    }
    if part["shape"] == nil {
      ask("observation.shape", "the shape of an observation, such as [17]")
    }
    if part["features"] == nil {
      let count = source.observationShape.map { "\($0.reduce(1, *)) numbers" } ?? "all numbers"
      if case .parts(let parts)? = source.metadata?.observationSpace {
        ask(
          "observation.parts",
          "the features of each part: "
            + parts.map { "\($0.name) with \($0.count) numbers" }.joined(separator: ", ")
            + "; {\(parts[0].name): {window: 1, features: [{name: log_return}, …]}, …}")
      } else {
        ask(
          "observation.features",
          "the features that make up \(count), in the trainer's order: "
            + "[{name: log_return, lag: 1}, {state: position_weight}, …]")
      }
    }
    if let found = source.normaliser {
      guard part["normalise"] == nil else {
        throw PolicyError(
          source: checkpoint,
          "'observation.normalise' is in the answers, and a VecNormalize file was given too; give "
            + "one of them")
      }
      normaliser = found
      let digest = SHA256.hexadecimal(of: JSONWriter.bytes(of: found.json))
      part.set(
        "normalise",
        found == Normaliser.none
          ? ["kind": "none"] : ["file": "norm.json", "sha256": .text(digest)])
    } else if part["normalise"] == nil {
      ask(
        "observation.normalise",
        "how observations were normalised: a VecNormalize file (--vecnormalize FILE), or "
          + "{kind: none}, zscore, minmax or scale")
    }
    json.set("observation", part)
  }

  /// The action: its space from the checkpoint, its meaning from the answers.
  mutating func setAction(
    _ source: PolicyImport, _ answer: JSONValue?, output: JSONValue?
  ) throws(PolicyError) {
    guard output == nil else { return }
    if source.layout?.family == .rllibSoft {
      remarks.append(
        "decisions are those of RLlib without exploration: the mean, without the tanh of its "
          + "samples")
    }
    var part = answer ?? .table([])
    for member in source.actionSpace(answer) {
      try requireAgreement("action.\(member.key)", archive: member.value, answer: part[member.key])
      part.set(member.key, member.value)
    }
    if part["kind"] == nil {
      return ask(
        "action or output",
        "for a policy that acts 'action' with kind (discrete, multi_discrete or box), size, "
          + "meaning and, for a box, low, high and transform; for a predictor 'output' with kind "
          + "(class_probabilities with classes and transform; regression with unit; gaussian with "
          + "fields and unit)")
    }
    let isBox = part["kind"] == .text("box")
    if part["size"] == nil, part["sizes"] == nil { ask("action.size", "the number of actions") }
    if isBox, part["low"] == nil || part["high"] == nil {
      ask("action.low, action.high", "the bounds of each component, such as [-1] and [1]")
    }
    if isBox, part["transform"] == nil {
      ask("action.transform", "clip (PPO, A2C), unscale_from_unit (SAC, TD3) or tanh")
    }
    if part["meaning"] == nil {
      ask(
        "action.meaning",
        isBox
          ? "target_weights, softmax_weights or share_deltas (with hmax); 'assets' where several"
          : "target_weights (with targets: [0, 1, -1]), on_change_targets, position_commands or "
            + "orders")
    } else if !isBox, part["meaning"] == .text("target_weights"), part["targets"] == nil {
      ask(
        "action.targets",
        part["sizes"] == nil
          ? "the share of equity of each action, such as [0, 1, -1]"
          : "for each choice a list with a share of equity for each asset, such as [[0, 0], [1, 1]]"
      )
    }
    if source.metadata?.policyModule?.contains("maskable") == true, part["masks"] == nil {
      part.set("masks", "ignored")
      remarks.append(
        "action masks are not applied, and results will say so unless the answers give "
          + "action: {masks: {short: […], flat: […], long: […]}}, the actions allowed in each")
    }
    json.set("action", part)
  }

  /// What the archive says about the training, added to the answers.
  mutating func setTraining(_ source: PolicyImport, _ answer: JSONValue?) {
    var part = answer ?? .table([])
    if let metadata = source.metadata {
      if let version = metadata.version, part["library"] == nil {
        part.set("library", .text("stable-baselines3 \(version)"))
      }
      if let steps = metadata.trainedSteps, part["timesteps"] == nil {
        part.set("timesteps", .integer(steps))
      }
      if let seed = metadata.seed, part["seed"] == nil { part.set("seed", .integer(seed)) }
    }
    if part["data_end"] == nil {
      remarks.append(
        "the last day of its training data is not known; results will say so as a caveat unless "
          + "the answers give trained: {data_end: YYYY-MM-DD}")
    }
    if part != .table([]) { json.set("trained", part) }
  }

  /// Refuses an answer that contradicts the checkpoint, where bounds are printed with eight digits.
  private func requireAgreement(
    _ key: String, archive: JSONValue?, answer: JSONValue?
  ) throws(PolicyError) {
    guard let archive, let answer, !answer.agrees(with: archive) else { return }
    throw PolicyError(
      source: checkpoint,
      "'\(key)' is \(archive.line) in the checkpoint, but \(answer.line) in the answers; take it "
        + "out of the answers")
  }

  private func someNames(_ archive: TensorArchive) -> String {
    let names = archive.names.filter { !CompanionTensors.contain($0) }
    let ordered = names + archive.names.filter { CompanionTensors.contain($0) }
    // Whole names on a line that messages do not shorten.
    var (shown, length) = ([String](), 0)
    for name in ordered.map({ quotedForMessage($0, limit: 120) }) {
      length += name.count + 2
      if length > 220, !shown.isEmpty { break }
      shown.append(name)
    }
    return shown.joined(separator: ", ")
      + (ordered.count > shown.count ? ", … (\(ordered.count) in all)" : "")
  }
}
