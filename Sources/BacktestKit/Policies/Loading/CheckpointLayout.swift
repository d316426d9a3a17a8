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
  /// What all names of the network begin with: nothing, or a key and a dot.
  private(set) var prefix = ""
  /// The layers without a bias.
  var withoutBias: Set<String> = []
  /// Tensors that neither these layers nor the list of known companions explain.
  package internal(set) var unexplained: [String] = []

  /// Whether the heads are the whole network. Otherwise layers of a custom class lie before or
  /// between them.
  package var isWhole: Bool { unexplained.isEmpty }

  /// Whose layout it is.
  package enum Family: String, Sendable {
    case actorCritic = "PPO or A2C of Stable-Baselines3"
    case recurrent = "RecurrentPPO of sb3-contrib"
    case softActorCritic = "SAC of Stable-Baselines3"
    case twinDelayed = "TD3 or DDPG of Stable-Baselines3"
    case deepQ = "DQN of Stable-Baselines3"
    case quantileQ = "QR-DQN of sb3-contrib"
    case crossQ = "CrossQ of sb3-contrib"
    case randomSearch = "ARS of sb3-contrib"
    case rllib = "PPO or APPO of RLlib"
    case rllibSoft = "SAC of RLlib"
    case cleanBox = "PPO of CleanRL, continuous"
    case cleanDiscrete = "PPO of CleanRL, discrete"
    case cleanSoft = "SAC of CleanRL"
    case cleanTwin = "TD3 or DDPG of CleanRL"
    case cleanQ = "DQN of CleanRL"
    case offlineQ = "DQN or CQL of d3rlpy, discrete"
    case offlineSoft = "SAC, CQL or IQL of d3rlpy"
    case offlineTwin = "TD3, DDPG or TD3+BC of d3rlpy"
    case offlineImitator = "BC of d3rlpy"

    /// The library's name of the algorithm, as far as the layout shows it.
    var algorithm: String {
      switch self {
      case .actorCritic: "PPO or A2C"
      case .recurrent: "RecurrentPPO"
      case .softActorCritic: "SAC"
      case .twinDelayed: "TD3"
      case .deepQ, .cleanQ, .offlineQ: "DQN"
      case .offlineImitator: "BC"
      case .quantileQ: "QR-DQN"
      case .crossQ: "CrossQ"
      case .randomSearch: "ARS"
      case .cleanSoft, .rllibSoft, .offlineSoft: "SAC"
      case .cleanTwin, .offlineTwin: "TD3"
      case .rllib, .cleanBox, .cleanDiscrete: "PPO"
      }
    }

    /// The library's default activation; `nil` where it has none that its files would leave out.
    var defaultActivation: String? {
      switch self {
      case .actorCritic, .recurrent: "tanh"
      case .softActorCritic, .twinDelayed, .deepQ, .quantileQ, .crossQ, .randomSearch: "relu"
      default: nil
      }
    }

    /// How the head's outputs become the action of a box.
    var boxTransform: String {
      switch self {
      case .softActorCritic, .twinDelayed, .crossQ: "unscale_from_unit"
      // Without exploration, RLlib takes the mean of its squashed distribution without the tanh.
      case .rllib, .rllibSoft: "unsquash"
      case .cleanSoft, .cleanTwin, .offlineSoft, .offlineTwin, .offlineImitator: "tanh"
      default: "clip"
      }
    }
  }

  /// A layer, or the place of an activation.
  enum Layer: Sendable, Equatable {
    case linear(String)
    case activation
    case fixed(String)
    case batchNorm(String, eps: Double)
    case hardTanh(Double)
    case lstm(String, hidden: Int, count: Int)
    case reuse(String)

    /// The layer's name and that of the first tensor of its bias, where it may have one.
    var bias: (layer: String, tensor: String)? {
      switch self {
      case .linear(let name): (name, "\(name).bias")
      case .lstm(let name, _, _): (name, "\(name).bias_ih_l0")
      default: nil
      }
    }

    /// As a manifest writes it.
    func json(activation: String) -> JSONValue {
      switch self {
      case .linear(let name): ["op": "linear", "params": .text(name)]
      case .activation: ["op": .text(activation)]
      case .fixed(let op): ["op": .text(op)]
      case .batchNorm(let name, let eps):
        ["op": "batch_norm", "params": .text(name), "eps": .number(eps)]
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

  /// Tensors, up to a dot, that are no layers of the deciding head in this layout: bounds, which an
  /// import reads in another way, and critics whose names mean a deciding network elsewhere.
  var otherNames: [String] {
    switch family {
    // The scripts of TD3 and DDPG store the actor first and its critics behind it.
    case .cleanTwin where prefix == "0.": ["0.action_scale", "0.action_bias", "1", "2"]
    case .cleanSoft, .cleanTwin: ["action_scale", "action_bias"].map { prefix + $0 }
    case .offlineSoft, .offlineTwin: [prefix + "q_funcs"]
    default: []
    }
  }

  /// Puts a prefix before all names.
  mutating func move(below prefix: String) {
    guard !prefix.isEmpty else { return }
    self.prefix = prefix
    withoutBias = Set(withoutBias.map { prefix + $0 })
    for head in heads.indices {
      heads[head].layers = heads[head].layers.map { layer in
        switch layer {
        case .linear(let name): .linear(prefix + name)
        case .batchNorm(let name, let eps): .batchNorm(prefix + name, eps: eps)
        case .lstm(let name, let hidden, let count):
          .lstm(prefix + name, hidden: hidden, count: count)
        case .activation, .fixed, .hardTanh, .reuse: layer
        }
      }
    }
  }

  /// Whether the network has an activation that the names do not show.
  var needsActivation: Bool { heads.contains { $0.layers.contains(.activation) } }

  /// The network as a manifest writes it, with a `flatten` first where observations have rows.
  func json(activation: String, flattens: Bool) -> JSONValue {
    .table(
      heads.map { head in
        let layers = head.layers.map { layer -> JSONValue in
          var json = layer.json(activation: activation)
          if let bias = layer.bias, withoutBias.contains(bias.layer) { json.set("bias", false) }
          return json
        }
        let flatten: [JSONValue] = flattens ? [["op": "flatten"]] : []
        return JSONMember(key: head.name, value: .list(flatten + layers))
      })
  }

  /// The tensors that the heads use.
  func used(of archive: TensorArchive) -> [NamedTensor] {
    let layers = Set(
      heads.flatMap(\.layers).compactMap { layer -> String? in
        switch layer {
        case .linear(let name), .lstm(let name, _, _), .batchNorm(let name, _): name
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
  /// How the head's outputs become the action of a box. An actor-critic that squashes its output
  /// has no tanh in its network: the library applies it to the mean.
  func boxTransform(_ metadata: StableBaselinesMetadata?) -> String {
    switch family {
    case .actorCritic, .recurrent:
      metadata?.squashesOutput == true ? "tanh" : family.boxTransform
    case .randomSearch:
      metadata.map { Self.squashes($0, family) } == true
        ? "unscale_from_unit" : family.boxTransform
    default: family.boxTransform
    }
  }

  /// What is taken for granted where a checkpoint is no archive that would say it.
  func assumptions(_ metadata: StableBaselinesMetadata?) -> [String] {
    guard metadata == nil else { return [] }
    let advice =
      "the library's default, because a state dictionary does not say; give the "
      + "'network' in the answers where it was another"
    return (heads.first { $0.name == "policy" }?.layers ?? []).compactMap { layer in
      switch layer {
      case .hardTanh(let bound): "clip_mean \(bound): \(advice)"
      case .batchNorm(_, let eps): "batch_norm_eps \(eps): \(advice)"
      default: nil
      }
    }.reduce(into: []) { texts, text in if !texts.contains(text) { texts.append(text) } }
  }

  /// Whether an actor found by random search ends in a tanh.
  static func squashes(_ metadata: StableBaselinesMetadata, _ family: Family) -> Bool {
    guard family == .randomSearch, case .box? = metadata.actionSpace else { return false }
    return metadata.squashesOutput ?? (metadata.policyClass != "ARSLinearPolicy")
  }
}
