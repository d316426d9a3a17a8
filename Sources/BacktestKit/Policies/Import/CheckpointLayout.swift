import BacktestCheckpoints
import BacktestFiles

/// The network that the names of a checkpoint's tensors spell, in the layouts that training
/// libraries write.
package struct CheckpointLayout: Sendable {
  /// The library and family, for messages and labels.
  package var family: Family
  /// The layers of each head as a manifest writes them; activations are placeholders.
  var heads: [(name: String, layers: [Layer])]
  /// The numbers that the deciding head takes and gives.
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

    /// What the library calls the algorithm, where the layout says so.
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

    /// The activation that the library takes unless told; `nil` where it has no default that its
    /// files would leave out.
    var defaultActivation: String? {
      switch self {
      case .actorCritic, .recurrent: "tanh"
      case .softActorCritic, .twinDelayed, .deepQ: "relu"
      case .rllib, .cleanBox, .cleanDiscrete: nil
      }
    }

    /// How the action of a box comes from the head.
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

  /// Whether the network has an activation that the names do not tell.
  var needsActivation: Bool { heads.contains { $0.layers.contains(.activation) } }

  /// The network as a manifest writes it; a `flatten` stands first where observations have rows.
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
      // What stands behind the last dot is the tensor's own part of the name.
      tensor.name.lastIndex(of: ".").map { layers.contains(String(tensor.name[..<$0])) } ?? false
    }
  }
}
