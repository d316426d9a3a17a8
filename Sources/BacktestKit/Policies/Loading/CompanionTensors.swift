import BacktestCheckpoints
import BacktestFiles
import BacktestNetworks

/// The tensors that training libraries store beside the network that decides: critics, target
/// networks, exploration noise, optimisers.
///
/// The list is closed. A tensor that no layer uses and that is not on the list is an error, because
/// it may be a layer that the recognised layout leaves out.
enum CompanionTensors {
  /// Parts of names between dots, as the libraries write them.
  private static let parts: Set<String> = [
    // Critics.
    "critic", "critic1", "critic2", "critic_1", "critic_2", "critics", "qf", "qf0", "qf1", "qf2",
    "qf_1", "qf_2", "vf", "value_net", "value_head", "value_func", "v_func", "lstm_critic",
    "critic_encoder", "vf_features_extractor", "qf_encoder", "qf_twin", "qf_twin_encoder",
    // Target networks.
    "critic_target", "critics_target", "target_critic", "target_critics", "actor_target",
    "target_actor", "policy_target", "target_policy", "q_net_target", "quantile_net_target",
    "qf1_target", "qf2_target", "target_network", "target_net", "target_q_network",
    "_target_encoder", "_target_pi", "_target_qf", "_target_qf_encoder", "_target_qf_twin",
    "_target_qf_twin_encoder", "_old_encoder", "_old_pi", "targ_q_funcs", "targ_policy",
    // Exploration, which decisions here leave out.
    "log_std", "logstd", "_logstd", "actor_logstd", "fc_logstd", "log_alpha", "log_ent_coef",
    "log_temp", "log_std_clip_param_const",
    // Optimisers.
    "optimizer", "optimizers", "optimizer_state_dict", "optim", "actor_optim", "critic_optim",
    "temp_optim", "alpha_optim", "scheduler", "actor_optimizer", "critic_optimizer", "q_optimizer",
    "policy_optimizer",
    // How many batches a normalisation has seen.
    "num_batches_tracked", "steps",
  ]

  /// Whether a tensor is one of them.
  static func contain(_ name: String) -> Bool {
    name.split(separator: ".").contains { parts.contains(String($0)) }
  }

  /// Whether a tensor is another name for one that is used: Stable-Baselines3 stores the extractor
  /// of an actor's features as `features_extractor` and as `pi_features_extractor`.
  static func isAlias(_ tensor: NamedTensor, of archive: TensorArchive, used: Set<String>) -> Bool {
    let (short, long) = ("features_extractor.", "pi_features_extractor.")
    let other =
      tensor.name.hasPrefix(long)
      ? short + tensor.name.dropFirst(long.count)
      : tensor.name.hasPrefix(short) ? long + tensor.name.dropFirst(short.count) : nil
    guard let other, used.contains(other), let twin = archive[other] else { return false }
    return twin.shape == tensor.shape && twin.doubles() == tensor.doubles()
  }

  /// The tensors that neither the used names nor the list explain, in the order of the file.
  ///
  /// - Parameter named: names that someone said are not needed, complete or up to a dot.
  static func unexplained(
    in archive: TensorArchive, used: Set<String>, named: [String] = []
  ) -> [String] {
    archive.tensors.filter { tensor in
      !used.contains(tensor.name) && !contain(tensor.name)
        && !named.contains { tensor.name == $0 || tensor.name.hasPrefix($0 + ".") }
        && !isAlias(tensor, of: archive, used: used)
    }.map(\.name)
  }

  /// Some names for a message.
  static func shown(_ names: [String]) -> String {
    let rest = names.count - 8
    return listed(
      names.prefix(8).map { quotedForMessage($0) } + (rest > 0 ? ["\(rest) more"] : []), "and")
  }
}

extension PolicyManifest {
  /// What is wrong where weights hold tensors that the network does not use and that are no known
  /// companions of it; `nil` where nothing is.
  ///
  /// - Parameter reads: the tensors that the deciding head uses.
  func unusedTensorProblem(_ weights: TensorArchive, _ reads: TensorReads) -> String? {
    if let name = unusedTensors.first(where: { name in
      reads.names.contains { $0 == name || $0.hasPrefix(name + ".") }
    }) {
      return "'unused_tensors' names \(quotedForMessage(name)), which the network uses; take it out"
    }
    let others = CheckpointLayout(weights, metadata: nil)?.otherNames ?? []
    func left() -> [String] {
      CompanionTensors.unexplained(in: weights, used: reads.names, named: unusedTensors + others)
    }
    guard !left().isEmpty, let network else { return nil }
    // Other heads explain tensors too, as far as they can be built.
    for head in network.heads where head.name != decidingHead {
      _ = try? Network<Double>(
        network, heads: [head.name], weights: weights, inputShape: observation.shape, reads: reads)
    }
    let names = left()
    guard !names.isEmpty else { return nil }
    return "\(weights.source): no layer of the network uses \(CompanionTensors.shown(names)); "
      + "add the layers to 'network' or, if decisions do not need these tensors, list them in "
      + "'unused_tensors'"
  }
}
