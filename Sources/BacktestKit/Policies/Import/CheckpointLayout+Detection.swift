import BacktestCheckpoints

extension CheckpointLayout {
  /// The layout of a checkpoint, or `nil` where its names spell none that is known.
  ///
  /// - Parameter clipMean: where a SAC that explores by its state clips its mean; 2 by default.
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
    // A head of which a tensor is missing would make the whole manifest unusable.
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

  /// Whether the observation passes through layers of its own before the ones that are known.
  var hasExtractor: Bool {
    archive.names.contains { name in
      ["features_extractor.", "pi_features_extractor.", "mlp_extractor.shared_net."]
        .contains { name.hasPrefix($0) }
    }
  }

  /// Linear layers at the even places of a sequence, each with an activation behind it.
  func chain(_ prefix: String) -> [CheckpointLayout.Layer] {
    var layers: [CheckpointLayout.Layer] = []
    var place = 0
    while shape("\(prefix).\(place)") != nil {
      layers += [.linear("\(prefix).\(place)"), .activation]
      place += 2
    }
    // A layer at another place means that something stands between that the names do not tell.
    let known = Set(
      layers.compactMap { layer -> String? in
        guard case .linear(let name) = layer else { return nil }
        return "\(name).weight"
      })
    let all = archive.names.filter { $0.hasPrefix("\(prefix).") && $0.hasSuffix(".weight") }
    return Set(all) == known ? layers : []
  }
}
