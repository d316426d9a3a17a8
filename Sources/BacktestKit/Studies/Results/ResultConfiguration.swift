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
    let run = outcome.study.configuration
    var parts: [(String, JSONValue?)] = [
      ("account", account(run.account, run.accounting)),
      (
        "execution",
        run.accounting.holdsWeights ? nil : execution(run.execution, run.onSeriesEnd)
      ),
      ("decide", .text(run.decisions.rawValue)),
      ("warmup", run.warmup.map { .integer($0) }),
      ("risk-free", .number(run.riskFreeRate)),
      ("seed", .integer(Int(clamping: outcome.study.seed))),
      ("parameters", members(outcome.study.strategy.parameters.values)),
    ]
    parts.append(("policy", outcome.policyConfiguration))
    if let walk = outcome.walkForward { parts.append(("walk-forward", walkForward(walk))) }
    return table(parts)
  }

  private func account(_ rules: AccountRules, _ accounting: AccountingRule) -> JSONValue {
    var parts: [(String, JSONValue?)] = [
      ("cash", .number(rules.initialCash)), ("currency", .text(rules.currency)),
    ]
    switch (accounting, rules.funding) {
    case (.weights, _): break
    case (.orders, .cash): parts.append(("funding", "cash"))
    case (.orders, .margin(let leverage)):
      parts += [("funding", "margin"), ("leverage", .number(leverage))]
    }
    parts.append(("accounting", self.accounting(accounting)))
    return table(parts)
  }

  private func accounting(_ rule: AccountingRule) -> JSONValue {
    switch rule {
    case .orders: ["rule": "orders"]
    case .weights(let fee, let initial):
      ["rule": "weights", "fee": .number(fee), "initial-weights": weights(initial)]
    }
  }

  private func weights(_ initial: AccountingRule.InitialWeights) -> JSONValue {
    switch initial {
    case .zero: "zero"
    case .equal: "equal"
    case .each(let weights): .list(weights.map { .number($0) })
    }
  }

  private func execution(
    _ rules: ExecutionRules, _ onSeriesEnd: BacktestConfiguration.SeriesEndRule
  ) -> JSONValue {
    var parts: [(String, JSONValue?)] = [("fill", .text(rules.marketFill.rawValue))]
    switch rules.limitFill {
    case .touch: parts.append(("limit-fill", "touch"))
    case .through(let ticks):
      parts += [("limit-fill", "through"), ("through-ticks", .integer(ticks))]
    }
    parts += [
      ("gap-improvement", .bool(rules.improvesOnGaps)),
      ("intrabar-path", .text(rules.intrabarPath.rawValue)),
      ("participation", rules.participation.map { .number($0) }),
      ("latency-seconds", .number(Double(rules.latency.nanoseconds) / 1e9)),
      ("size-at", .text(rules.sizing.rawValue)), ("on-shortfall", .text(rules.shortfall.rawValue)),
      ("on-series-end", .text(onSeriesEnd.rawValue)),
      ("slippage", slippage(rules.slippage)), ("commission", commission(rules.commission)),
    ]
    return table(parts)
  }

  private func slippage(_ model: any SlippageModel) -> JSONValue {
    switch model {
    case is NoSlippage: ["model": "none"]
    case let model as BasisPointSlippage:
      ["model": "basis-points", "basis-points": .number(model.basisPoints)]
    case let model as HalfSpreadSlippage:
      ["model": "half-spread", "half-spread": .number(model.spread)]
    case let model as VolumeShareSlippage:
      ["model": "volume-share", "volume-share": .number(model.impact)]
    case let model as SquareRootSlippage:
      ["model": "square-root", "square-root": .number(model.impact)]
    default: ["model": .text("\(type(of: model))")]
    }
  }

  private func commission(_ model: any CommissionModel) -> JSONValue {
    switch model {
    case is NoCommission: ["model": "none"]
    case let model as BasisPointCommission:
      ["model": "basis-points", "basis-points": .number(model.basisPoints)]
    case let model as PerShareCommission:
      [
        "model": "per-share", "per-share": .number(model.perShare),
        "minimum-per-order": .number(model.minimumPerOrder),
      ]
    case let model as PerOrderCommission:
      ["model": "per-order", "per-order": .number(model.amount)]
    default: ["model": .text("\(type(of: model))")]
    }
  }

  private func walkForward(_ walk: WalkForwardResult) -> JSONValue {
    let (plan, windows) = (walk.plan, walk.plan.windows)
    let search: JSONValue =
      switch plan.search {
      case .grid: "grid"
      case .random(let count): .integer(count)
      }
    return table([
      ("train", length(windows.train)), ("test", length(windows.test)),
      ("anchored", .bool(windows.isAnchored)), ("gap", .integer(windows.gap)),
      ("gap-from", .text(windows.gapFrom.rawValue)), ("tail", .text(windows.tail.rawValue)),
      ("skip", .integer(walk.skip)), ("objective", .text(plan.objective)), ("search", search),
      ("carry", .text(plan.carry.rawValue)), ("boundary", .text(plan.boundary.rawValue)),
      (
        "grid",
        table(walk.grid.dimensions.map { ($0.name, .list($0.values.map { JSONValue($0) })) })
      ),
      (
        outcome.study.walkForward?.training?.isCommand == true ? "retrain" : "checkpoints",
        outcome.study.walkForward?.training.map { training in
          training.isCommand
            ? .list(training.template.words.map { .text($0) })
            : .text(training.template.words[0])
        }
      ),
    ])
  }

  /// A length as a study gives it.
  private func length(_ length: WalkForwardLength) -> JSONValue {
    switch length {
    case .bars(let count): .integer(count)
    case .days(let count): .text("\(count)d")
    case .months(let count): .text("\(count)mo")
    case .years(let count): .text("\(count)y")
    }
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
