/// A manifest while it is put together, with what is still missing.
struct ManifestDraft: Sendable {
  let checkpoint: String
  private(set) var json = JSONValue.table([])
  private(set) var missing: [MissingAnswer] = []
  private(set) var remarks: [String] = []
  private(set) var normaliser: Normaliser?

  init(checkpoint: String) { self.checkpoint = checkpoint }

  /// Sets a key, or asks for it where there is no value.
  mutating func set(_ key: String, _ value: JSONValue?) {
    guard let value else { return ask(key, "text") }
    json.set(key, value)
  }

  /// Adds answers of other keys as they are.
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

  private mutating func ask(_ key: String, _ expected: String) {
    missing.append(MissingAnswer(key: key, expected: expected))
  }

  /// The network: as the names spell it, or as it is answered.
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
        "the layers of the deciding head, because the tensors' names spell no layout that is "
          + "known: {policy: [{op: linear, params: fc1}, {op: relu}, …]}; the tensors are "
          + source.tensors.names.prefix(12).joined(separator: ", "))
    }
    var op = try source.activation()
    if case .text(let answered)? = activation { op = answered }
    if op == nil, layout.needsActivation {
      ask("activation", "the activation between the layers, such as tanh or relu")
    }
    let rank = source.observationShape?.count ?? 1
    json.set("network", layout.json(activation: op ?? "tanh", flattens: rank > 1))
    if source.facts?.activation == nil, activation == nil, let op, layout.needsActivation {
      remarks.append("activation \(op): the library's default, since the archive names no other")
    }
  }

  /// The observation: its shape from the checkpoint, its features from the answers.
  mutating func setObservation(_ source: PolicyImport, _ answer: JSONValue?) {
    var part = answer ?? .table([])
    if let shape = source.observationShape, part["shape"] == nil {
      part.set("shape", .list(shape.map { .integer($0) }), first: true)
    }
    if part["shape"] == nil {
      ask("observation.shape", "the shape of an observation, such as [17]")
    }
    if part["features"] == nil {
      let count = source.observationShape.map { "\($0.reduce(1, *)) numbers" } ?? "all numbers"
      ask(
        "observation.features",
        "the features that make up \(count), in the trainer's order: "
          + "[{name: log_return, lag: 1}, {state: position_weight}, …]")
    }
    if let found = source.normaliser {
      normaliser = found
      part.set("normalise", found == .none ? ["kind": "none"] : ["file": "norm.json"])
    } else if part["normalise"] == nil {
      ask(
        "observation.normalise",
        "how observations were normalised: --vecnormalize FILE, or {kind: none}, zscore, minmax "
          + "or scale")
    }
    json.set("observation", part)
  }

  /// The action: its space from the checkpoint, its meaning from the answers.
  mutating func setAction(_ source: PolicyImport, _ answer: JSONValue?, output: JSONValue?) {
    guard output == nil else { return }
    var part = answer ?? .table([])
    for member in source.actionSpace() where part[member.key] == nil {
      part.set(member.key, member.value)
    }
    if part["kind"] == nil {
      ask("action.kind", "discrete, multi_discrete or box (or give 'output' for a predictor)")
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
      ask("action.targets", "the share of equity of each action, such as [0, 1, -1]")
    }
    json.set("action", part)
  }

  /// What the archive says about the training, beside what is answered.
  mutating func setTraining(_ source: PolicyImport, _ answer: JSONValue?) {
    var part = answer ?? .table([])
    if let facts = source.facts {
      if let version = facts.version, part["library"] == nil {
        part.set("library", .text("stable-baselines3 \(version)"))
      }
      if let steps = facts.trainedSteps, part["timesteps"] == nil {
        part.set("timesteps", .integer(steps))
      }
      if let seed = facts.seed, part["seed"] == nil { part.set("seed", .integer(seed)) }
    }
    if part != .table([]) { json.set("trained", part) }
  }
}
