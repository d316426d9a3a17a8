import BacktestCore
import BacktestFiles
import BacktestPolicies
import BacktestStudies

extension EnvironmentBatch {
  /// What a caller has to know of the environments.
  var description: JSONValue {
    let plan = market.plan
    let instants = plan.feed.instants
    return [
      "interface": .integer(EnvironmentInterface.version),
      "library": .text(BacktestKitVersion.current),
      "name": .text(plan.manifest.name),
      "count": .integer(count),
      "observation": [
        "shape": .list(plan.manifest.observation.shape.map { .integer($0) }), "dtype": "float32",
      ],
      "action": plan.action.description,
      "symbols": .list(plan.symbols.map { .text($0) }),
      "currency": .text(plan.configuration.account.currency),
      "autoreset": .text(options.autoreset.rawValue),
      "reward": .text(options.reward.kind.rawValue),
      "record": .bool(options.keepsHistory),
      "instants": .integer(instants.count),
      "first": .integer(sampler.first),
      "last": .integer(sampler.last),
      "from": .text("\(instants[sampler.first])"),
      "to": .text("\(instants[sampler.last])"),
    ]
  }
}

extension ActionDefinition {
  fileprivate var description: JSONValue {
    var members: [JSONMember] = [JSONMember(key: "kind", value: .text(kind.rawValue))]
    members.append(JSONMember(key: "sizes", value: .list(sizes.map { .integer($0) })))
    if kind == .box {
      members.append(JSONMember(key: "low", value: .list(low.map { .number($0) })))
      members.append(JSONMember(key: "high", value: .list(high.map { .number($0) })))
    }
    members.append(JSONMember(key: "masks", value: .bool(masks != nil)))
    return .table(members)
  }
}

extension BacktestResult {
  /// What a run did, in short.
  var summary: JSONValue {
    [
      "fingerprint": .text(fingerprint.description),
      "final_equity": JSONValue(curve.equity.last),
      "fills": .integer(fills.count),
      "orders": .integer(orders.count),
      "points": .integer(curve.equity.count),
      "ruined": .bool(ruinedAt != nil),
    ]
  }
}
