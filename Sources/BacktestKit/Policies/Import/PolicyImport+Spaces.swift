package import BacktestCheckpoints
import BacktestFiles

extension PolicyImport {
  /// The shape of an observation: as the archive says, or what the first layer takes.
  var observationShape: [Int]? {
    switch facts?.observationSpace {
    case .box(let shape, _, _, _)?: shape
    default: facts == nil ? layout.map { [$0.inputCount] } : nil
    }
  }

  /// How the action of a box comes from the head. An actor-critic that squashes its output has no
  /// tanh in its network: the library applies it to the mean.
  private var boxTransform: String? {
    guard let family = layout?.family else { return nil }
    let squashes = facts?.squashesOutput == true
    return squashes && [.actorCritic, .recurrent].contains(family) ? "tanh" : family.boxTransform
  }

  /// What the checkpoint says of actions.
  func actionSpace() -> [JSONMember] {
    func member(_ key: String, _ value: JSONValue) -> JSONMember {
      JSONMember(key: key, value: value)
    }
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
      var members = [member("kind", "box"), member("size", .integer(shape.reduce(1, *)))]
      if let low { members.append(member("low", .list(low.map { .number($0) }))) }
      if let high { members.append(member("high", .list(high.map { .number($0) }))) }
      if let transform = boxTransform {
        members.append(member("transform", .text(transform)))
      }
      return members
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
    let rule =
      kind == "box"
      ? JSONMember(key: "transform", value: .text(layout.family.boxTransform))
      : JSONMember(key: "rule", value: "argmax")
    return [JSONMember(key: "kind", value: kind), size, rule]
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
    case .other(let name): return name
    }
  }
}
