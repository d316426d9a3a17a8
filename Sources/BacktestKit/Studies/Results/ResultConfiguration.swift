import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestPolicies

/// All rules in effect, defaults included, as `result.json` has them under `configuration`.
///
/// The keys are those of a study file where it has them. What is not limited or not given, such as
/// a participation, is left out.
struct ResultConfiguration {
  private let outcome: StudyOutcome

  init(_ outcome: StudyOutcome) { self.outcome = outcome }

  var json: JSONValue {
    let (study, run) = (outcome.study, outcome.study.configuration)
    var parts: [(String, JSONValue?)] = [("account", StudyTable.account.json(run))]
    if run.accounting.placesOrders {
      parts.append(("execution", StudyTable.execution.json(run)))
      parts.append(("costs", StudyKey.instrumentCosts.json(run)))
    }
    if let risk = run.riskJSON { parts.append(("risk", risk)) }
    if let exits = run.exitsJSON { parts.append(("exits", exits)) }
    if case .table(let members) = StudyTable.run.json(run) {
      parts += members.map { ($0.key, $0.value) }
    }
    parts += [
      ("stress", StudyKey<Study>.stress("stress", \.stress, "").json(study)),
      ("seed", .integer(Int(clamping: study.seed))),
      ("parameters", members(study.strategy.parameters.values)),
      ("policy", outcome.policyConfiguration),
      ("walk-forward", outcome.walkForward.map(walkForward)),
    ]
    return table(parts)
  }

  private func walkForward(_ walk: WalkForwardResult) -> JSONValue {
    var plan = walk.plan
    plan.skip = walk.skip
    var json = WalkForwardPlan.table.json(plan)
    json.set(
      "grid", table(walk.grid.dimensions.map { ($0.name, .list($0.values.map { JSONValue($0) })) }))
    if let training = outcome.study.walkForward?.training {
      let words = training.template.words
      if training.isCommand {
        json.set("retrain", .list(words.map { .text($0) }))
      } else {
        json.set("checkpoints", .text(words[0]))
      }
    }
    return json
  }

  private func members(_ parameters: [StrategyParameters.Named]) -> JSONValue {
    table(parameters.map { ($0.name, JSONValue($0.value)) })
  }

  private func table(_ parts: [(String, JSONValue?)]) -> JSONValue {
    .table(parts.compactMap { key, value in value.map { JSONMember(key: key, value: $0) } })
  }
}

extension ResultRecord.Setting {
  /// The single values of a JSON table or list, each with the way to it.
  static func all(in value: JSONValue, at path: String = "") -> [ResultRecord.Setting] {
    func single(_ value: ParameterValue) -> [ResultRecord.Setting] {
      [ResultRecord.Setting(key: path, value: value)]
    }
    switch value {
    case .null: return []
    case .bool(let value): return single(.boolean(value))
    case .integer(let value): return single(.integer(value))
    case .number(let value): return single(.number(value))
    case .text(let text): return single(.choice(text))
    case .list(let items):
      return items.enumerated().flatMap { all(in: $1, at: "\(path)[\($0)]") }
    case .table(let members):
      return members.flatMap { all(in: $0.value, at: path.isEmpty ? $0.key : "\(path).\($0.key)") }
    }
  }
}
