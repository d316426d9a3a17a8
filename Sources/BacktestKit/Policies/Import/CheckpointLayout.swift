import BacktestCheckpoints
import BacktestFiles

/// The network that the names of a checkpoint's tensors show, in the layouts that training
/// libraries write.
package struct CheckpointLayout: Sendable {
  /// The library and family, for messages and labels.
  package var family: Family
  /// The layers of each head as a manifest writes them; activations are placeholders.
  var heads: [(name: String, layers: [Layer])]
  /// The number of inputs and of outputs of the deciding head.
  package var inputCount: Int
  package var outputCount: Int

  /// Whose layout it is.
  package enum Family: String, Sendable {
    case actorCritic = "PPO or A2C of Stable-Baselines3"
    case recurrent = "RecurrentPPO of sb3-contrib"
    case softActorCritic = "SAC of Stable-Baselines3"
    case twinDelayed = "TD3 or DDPG of Stable-Baselines3"
    case deepQ = "DQN of Stable-Baselines3"
    case rllib = "PPO of RLlib"
    case cleanBox = "PPO of CleanRL, continuous"
    case cleanDiscrete = "PPO of CleanRL, discrete"

    /// The library's name of the algorithm, as far as the layout shows it.
    var algorithm: String {
      switch self {
      case .actorCritic: "PPO or A2C"
      case .recurrent: "RecurrentPPO"
      case .softActorCritic: "SAC"
      case .twinDelayed: "TD3"
      case .deepQ: "DQN"
      case .rllib, .cleanBox, .cleanDiscrete: "PPO"
      }
    }

    /// The library's default activation; `nil` where it has none that its files would leave out.
    var defaultActivation: String? {
      switch self {
      case .actorCritic, .recurrent: "tanh"
      case .softActorCritic, .twinDelayed, .deepQ: "relu"
      case .rllib, .cleanBox, .cleanDiscrete: nil
      }
    }

    /// How the head's outputs become the action of a box.
    var boxTransform: String {
      switch self {
      case .softActorCritic, .twinDelayed, .rllib: "unscale_from_unit"
      default: "clip"
      }
    }
  }

  /// A layer, or the place of an activation.
  enum Layer: Sendable, Equatable {
    case linear(String)
    case activation
    case fixed(String)
    case hardTanh(Double)
    case lstm(String, hidden: Int, count: Int)
    case reuse(String)

    /// As a manifest writes it.
    func json(activation: String) -> JSONValue {
      switch self {
      case .linear(let name): ["op": "linear", "params": .text(name)]
      case .activation: ["op": .text(activation)]
      case .fixed(let op): ["op": .text(op)]
      case .hardTanh(let limit):
        ["op": "hardtanh", "min": .number(-limit), "max": .number(limit)]
      case .lstm(let name, let hidden, let count):
        [
          "op": "lstm", "params": .text(name), "layers": .integer(count),
          "hidden": .integer(hidden), "stateful": true,
        ]
      case .reuse(let place): ["op": "reuse", "of": .text(place)]
      }
    }
  }

  /// Whether the network has an activation that the names do not show.
  var needsActivation: Bool { heads.contains { $0.layers.contains(.activation) } }

  /// The network as a manifest writes it, with a `flatten` first where observations have rows.
  func json(activation: String, flattens: Bool) -> JSONValue {
    .table(
      heads.map { head in
        let layers = head.layers.map { $0.json(activation: activation) }
        let flatten: [JSONValue] = flattens ? [["op": "flatten"]] : []
        return JSONMember(key: head.name, value: .list(flatten + layers))
      })
  }

  /// The tensors that the heads use.
  func used(of archive: TensorArchive) -> [NamedTensor] {
    let layers = Set(
      heads.flatMap(\.layers).compactMap { layer -> String? in
        switch layer {
        case .linear(let name), .lstm(let name, _, _): name
        default: nil
        }
      })
    return archive.tensors.filter { tensor in
      // The part behind the last dot is the tensor's name within its layer.
      tensor.name.lastIndex(of: ".").map { layers.contains(String(tensor.name[..<$0])) } ?? false
    }
  }
}

extension CheckpointLayout {
  /// The layout of a checkpoint, or `nil` where its names match no known one.
  ///
  /// - Parameter clipMean: the bound of the mean of a SAC with state-dependent exploration.
  init?(_ archive: TensorArchive, clipMean: Double = 2) {
    let names = TensorNames(archive)
    if names.has("lstm_actor.weight_ih_l0") {
      self.init(recurrent: names)
    } else if names.has("mlp_extractor.policy_net.0.weight") || names.has("action_net.weight") {
      self.init(
        .actorCritic, names,
        policy: names.chain("mlp_extractor.policy_net") + [.linear("action_net")],
        value: names.chain("mlp_extractor.value_net") + [.linear("value_net")])
    } else if names.has("actor.latent_pi.0.weight") {
      let isStateDependent = names.has("actor.mu.0.weight")
      let mean: [Layer] =
        isStateDependent ? [.linear("actor.mu.0"), .hardTanh(clipMean)] : [.linear("actor.mu")]
      self.init(
        .softActorCritic, names, policy: names.chain("actor.latent_pi") + mean + [.fixed("tanh")])
    } else if names.has("actor.mu.0.weight") {
      self.init(
        .twinDelayed, names, policy: names.chain("actor.mu").dropLast() + [.fixed("tanh")])
    } else if names.has("q_net.q_net.0.weight") {
      self.init(.deepQ, names, policy: names.chain("q_net.q_net").dropLast())
    } else if names.has("pi.net.mlp.0.weight") {
      self.init(rllib: names)
    } else if names.has("actor_mean.0.weight") {
      self.init(
        .cleanBox, names, policy: names.chain("actor_mean").dropLast(),
        value: names.chain("critic").dropLast())
    } else if names.has("actor.0.weight") {
      self.init(
        .cleanDiscrete, names, policy: names.chain("actor").dropLast(),
        value: names.chain("critic").dropLast())
    } else {
      return nil
    }
  }

  private init?(
    _ family: Family, _ names: TensorNames, policy: [Layer], value: [Layer] = []
  ) {
    let linear = policy.compactMap { layer -> String? in
      guard case .linear(let name) = layer else { return nil }
      return name
    }
    guard let first = linear.first, let last = linear.last, let input = names.shape(first),
      let output = names.shape(last), !names.hasExtractor
    else { return nil }
    self.family = family
    heads = [("policy", policy)]
    // A head with a missing tensor would make the whole manifest unusable.
    let isWhole = value.allSatisfy { layer in
      guard case .linear(let name) = layer else { return true }
      return names.shape(name) != nil
    }
    if !value.isEmpty, isWhole { heads.append(("value", value)) }
    inputCount = input[1]
    outputCount = output[0]
  }

  /// sb3-contrib: a recurrent network before the layers of actor and critic each, one for both, or
  /// one for the actor alone.
  private init?(recurrent names: TensorNames) {
    func lstm(_ name: String) -> Layer? {
      guard let shape = names.tensorShape("\(name).weight_ih_l0"), shape.count == 2 else {
        return nil
      }
      let count = (0..<64).prefix { names.has("\(name).weight_ih_l\($0)") }.count
      return .lstm(name, hidden: shape[0] / 4, count: count)
    }
    guard let actor = lstm("lstm_actor"),
      let input = names.tensorShape("lstm_actor.weight_ih_l0"), input.count == 2
    else { return nil }
    let critic: Layer =
      lstm("lstm_critic") ?? (names.has("critic.weight") ? .linear("critic") : .reuse("policy.0"))
    self.init(
      .recurrent, names,
      policy: [actor] + names.chain("mlp_extractor.policy_net") + [.linear("action_net")],
      value: [critic] + names.chain("mlp_extractor.value_net") + [.linear("value_net")])
    inputCount = input[1]
  }

  private init?(rllib names: TensorNames) {
    let shared = names.chain("encoder.encoder.net.mlp")
    let actor = shared.isEmpty ? names.chain("encoder.actor_encoder.net.mlp") : shared
    let critic = shared.isEmpty ? names.chain("encoder.critic_encoder.net.mlp") : shared
    guard !actor.isEmpty else { return nil }
    self.init(
      .rllib, names, policy: actor + names.chain("pi.net.mlp").dropLast(),
      value: critic.isEmpty ? [] : critic + names.chain("vf.net.mlp").dropLast())
  }
}

/// The names of a checkpoint's tensors.
private struct TensorNames {
  let archive: TensorArchive

  init(_ archive: TensorArchive) { self.archive = archive }

  func has(_ name: String) -> Bool { archive[name] != nil }

  func tensorShape(_ name: String) -> [Int]? { archive[name]?.shape }

  /// The shape of a linear layer's weight, outputs first.
  func shape(_ layer: String) -> [Int]? {
    guard let shape = tensorShape("\(layer).weight"), shape.count == 2 else { return nil }
    return shape
  }

  /// Whether the observation passes through other layers before the known ones.
  var hasExtractor: Bool {
    archive.names.contains { name in
      ["features_extractor.", "pi_features_extractor.", "mlp_extractor.shared_net."]
        .contains { name.hasPrefix($0) }
    }
  }

  /// Linear layers at the even positions of a sequence, each followed by an activation.
  func chain(_ prefix: String) -> [CheckpointLayout.Layer] {
    var layers: [CheckpointLayout.Layer] = []
    var place = 0
    while shape("\(prefix).\(place)") != nil {
      layers += [.linear("\(prefix).\(place)"), .activation]
      place += 2
    }
    // A layer at another position means that there are layers between that the names do not show.
    let known = Set(
      layers.compactMap { layer -> String? in
        guard case .linear(let name) = layer else { return nil }
        return "\(name).weight"
      })
    let all = archive.names.filter { $0.hasPrefix("\(prefix).") && $0.hasSuffix(".weight") }
    return Set(all) == known ? layers : []
  }
}
