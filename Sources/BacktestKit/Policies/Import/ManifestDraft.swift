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
          source: checkpoint, "'\(member.key)' comes from the checkpoint; take it out of the answers")
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
    if part["shape"] == nil { ask("observation.shape", "the shape of an observation, such as [17]") }
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

extension PolicyImport {
  /// The shape of an observation: as the archive says, or what the first layer takes.
  var observationShape: [Int]? {
    switch facts?.observationSpace {
    case .box(let shape, _, _, _)?: shape
    case .discrete(let count, _)?: [count]
    default: facts == nil ? layout.map { [$0.inputCount] } : nil
    }
  }

  /// What the checkpoint says of actions.
  func actionSpace() -> [JSONMember] {
    func member(_ key: String, _ value: JSONValue) -> JSONMember { JSONMember(key: key, value: value) }
    func list(_ values: [Double]) -> JSONValue { .list(values.map { .number($0) }) }
    let transform: String? =
      facts?.squashesOutput == true ? "unscale_from_unit" : layout?.family.boxTransform
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
      let bounds = [low.map { member("low", list($0)) }, high.map { member("high", list($0)) }]
      return [member("kind", "box"), member("size", .integer(shape.reduce(1, *)))]
        + bounds.compactMap(\.self) + [transform.map { member("transform", .text($0)) }]
        .compactMap(\.self)
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
    let isBox = kind == "box"
    return [
      JSONMember(key: "kind", value: kind), size,
      JSONMember(
        key: isBox ? "transform" : "rule", value: .text(isBox ? layout.family.boxTransform : "argmax")),
    ]
  }
}

extension JSONValue {
  /// The value of a key of a table.
  subscript(key: String) -> JSONValue? {
    guard case .table(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// Sets a key of a table, at its end unless told or there already.
  mutating func set(_ key: String, _ value: JSONValue, first: Bool = false) {
    guard case .table(var members) = self else { return }
    if let place = members.firstIndex(where: { $0.key == key }) {
      members[place].value = value
    } else {
      members.insert(JSONMember(key: key, value: value), at: first ? 0 : members.count)
    }
    self = .table(members)
  }

  /// Takes a key out of a table.
  mutating func remove(_ key: String) -> JSONValue? {
    guard case .table(var members) = self,
      let place = members.firstIndex(where: { $0.key == key })
    else { return nil }
    let value = members.remove(at: place).value
    self = .table(members)
    return value
  }
}
