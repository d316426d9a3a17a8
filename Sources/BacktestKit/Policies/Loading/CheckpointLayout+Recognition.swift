import BacktestCheckpoints
import BacktestFiles

extension CheckpointLayout {
  /// The layout of a checkpoint, or `nil` where its names match no known one. The network may be
  /// below a separate key, as in `{"model": …, "optimizer": …}`.
  ///
  /// - Parameter metadata: what an archive of Stable-Baselines3 says about itself.
  init?(_ archive: TensorArchive, metadata: StableBaselinesMetadata?) {
    var prefixes = [""]
    for name in archive.names {
      guard let dot = name.firstIndex(of: ".") else { continue }
      let prefix = String(name[...dot])
      if prefixes.count < 9, !prefixes.contains(prefix), !CompanionTensors.contain(name) {
        prefixes.append(prefix)
      }
    }
    var found: [CheckpointLayout] = []
    for prefix in prefixes {
      let names = TensorNames(archive, below: prefix)
      guard var layout = Self.stableBaselines(names, metadata) ?? Self.others(names) else {
        continue
      }
      layout.move(below: prefix)
      layout.unexplained = CompanionTensors.unexplained(
        in: archive, used: Set(layout.used(of: archive).map(\.name)), named: layout.otherNames)
      if layout.isWhole || prefix.isEmpty {
        self = layout
        return
      }
      found.append(layout)
    }
    guard found.count == 1 else { return nil }
    self = found[0]
  }

  private static func stableBaselines(
    _ names: TensorNames, _ metadata: StableBaselinesMetadata?
  ) -> CheckpointLayout? {
    if names.has("lstm_actor.weight_ih_l0") { return CheckpointLayout(recurrent: names) }
    if names.has("action_net.weight") {
      return CheckpointLayout(
        .actorCritic, names,
        policy: names.chain("mlp_extractor.policy_net") + [.linear("action_net")],
        value: names.chain("mlp_extractor.value_net") + [.linear("value_net")])
    }
    if names.has("action_net.0.weight") { return randomSearch(names, metadata) }
    if names.has("actor.latent_pi.0.ra_mean") { return crossQ(names, metadata) }
    if names.has("actor.latent_pi.0.weight") {
      let mean: [Layer] =
        names.has("actor.mu.0.weight")
        ? [.linear("actor.mu.0"), .hardTanh(metadata?.clipMean ?? 2)] : [.linear("actor.mu")]
      return CheckpointLayout(
        .softActorCritic, names, policy: names.chain("actor.latent_pi") + mean + [.fixed("tanh")])
    }
    if names.has("actor.mu.0.weight") {
      return CheckpointLayout(
        .twinDelayed, names, policy: names.chain("actor.mu").dropLast() + [.fixed("tanh")])
    }
    if names.has("q_net.q_net.0.weight") {
      return CheckpointLayout(.deepQ, names, policy: names.chain("q_net.q_net").dropLast())
    }
    if names.has("quantile_net.quantile_net.0.weight") {
      return CheckpointLayout(
        .quantileQ, names, policy: names.chain("quantile_net.quantile_net").dropLast())
    }
    return nil
  }

  /// sb3-contrib: the actor of a box is squashed unless the class or an argument says otherwise.
  private static func randomSearch(
    _ names: TensorNames, _ metadata: StableBaselinesMetadata?
  ) -> CheckpointLayout? {
    guard let metadata else { return nil }
    return CheckpointLayout(
      .randomSearch, names,
      policy: names.chain("action_net").dropLast()
        + (squashes(metadata, .randomSearch) ? [.fixed("tanh")] : []))
  }

  /// sb3-contrib: a batch renormalisation before each linear layer and after the last activation.
  private static func crossQ(
    _ names: TensorNames, _ metadata: StableBaselinesMetadata?
  ) -> CheckpointLayout? {
    let eps = metadata?.normalisationEpsilon ?? 0.001
    var layers: [Layer] = []
    var place = 0
    while names.has("actor.latent_pi.\(place).ra_mean") {
      layers.append(.batchNorm("actor.latent_pi.\(place)", eps: eps))
      if names.shape("actor.latent_pi.\(place + 1)") != nil {
        layers += [.linear("actor.latent_pi.\(place + 1)"), .activation]
      }
      place += 3
    }
    return CheckpointLayout(
      .crossQ, names, policy: layers + [.linear("actor.mu"), .fixed("tanh")])
  }

  private static func others(_ names: TensorNames) -> CheckpointLayout? {
    if names.has("pi.net.mlp.0.weight") { return CheckpointLayout(rllib: names) }
    if names.has("actor_mean.0.weight") {
      return CheckpointLayout(
        .cleanBox, names, policy: names.chain("actor_mean").dropLast(),
        value: names.chain("critic").dropLast())
    }
    if names.has("actor.0.weight") {
      return CheckpointLayout(
        .cleanDiscrete, names, policy: names.chain("actor").dropLast(),
        value: names.chain("critic").dropLast())
    }
    if names.has("action_scale"), names.has("fc1.weight") {
      let (mean, isSoft) =
        names.has("fc_mean.weight") ? ("fc_mean", true) : ("fc_mu", false)
      return CheckpointLayout(
        isSoft ? .cleanSoft : .cleanTwin, names,
        policy: [.linear("fc1"), .activation, .linear("fc2"), .activation, .linear(mean)])
    }
    if let layout = offline(names) { return layout }
    if names.has("network.0.weight") {
      return CheckpointLayout(.cleanQ, names, policy: names.chain("network").dropLast())
    }
    return nil
  }

  /// d3rlpy: an encoder with an activation behind each layer, and a head.
  private static func offline(_ names: TensorNames) -> CheckpointLayout? {
    let kinds: [(Family, encoder: String, head: String)] = [
      (.offlineSoft, "policy", "policy._mu"), (.offlineTwin, "policy", "policy._fc"),
      (.offlineImitator, "imitator", "imitator._fc"), (.offlineQ, "q_funcs.0", "q_funcs.0._fc"),
    ]
    for (family, encoder, head) in kinds where names.shape(head) != nil {
      // The values of several discrete critics would have to be averaged.
      if family == .offlineQ, names.has("q_funcs.1._fc.weight") { return nil }
      return CheckpointLayout(
        family, names, policy: names.chain("\(encoder)._encoder._layers") + [.linear(head)])
    }
    return nil
  }

  private init?(
    _ family: Family, _ names: TensorNames, policy: [Layer], value: [Layer] = []
  ) {
    let linear = policy.compactMap { layer -> String? in
      guard case .linear(let name) = layer else { return nil }
      return name
    }
    guard let first = linear.first, let last = linear.last, let input = names.shape(first),
      let output = names.shape(last)
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
    withoutBias = Set(
      (policy + value).compactMap(\.bias).filter { !names.has($0.tensor) }.map(\.layer))
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

  /// RLlib's new API stack: an encoder for actor and critic, or one for each, and with `use_lstm` a
  /// recurrent network behind it.
  private init?(rllib names: TensorNames) {
    func encoder(_ name: String) -> [Layer] {
      let lstm = "encoder.\(name).lstm"
      guard let shape = names.tensorShape("\(lstm).weight_hh_l0"), shape.count == 2 else {
        return names.chain("encoder.\(name).net.mlp")
      }
      let count = (0..<64).prefix { names.has("\(lstm).weight_ih_l\($0)") }.count
      return names.chain("encoder.\(name).tokenizer.net.mlp")
        + [.lstm(lstm, hidden: shape[1], count: count)]
    }
    let isSoft = names.has("pi_encoder.net.mlp.0.weight")
    let shared = encoder("encoder")
    let actor =
      isSoft
      ? names.chain("pi_encoder.net.mlp") : shared.isEmpty ? encoder("actor_encoder") : shared
    // A shared recurrent network would be evaluated twice.
    let isRecurrent = actor.contains { if case .lstm = $0 { true } else { false } }
    let critic = isSoft || isRecurrent ? [] : shared.isEmpty ? encoder("critic_encoder") : shared
    guard !actor.isEmpty else { return nil }
    self.init(
      isSoft ? .rllibSoft : .rllib, names, policy: actor + names.chain("pi.net.mlp").dropLast(),
      value: critic.isEmpty ? [] : critic + names.chain("vf.net.mlp").dropLast())
  }
}
