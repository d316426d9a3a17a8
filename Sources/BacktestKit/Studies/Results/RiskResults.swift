import BacktestCore
import BacktestEvidence
import BacktestFiles

extension ResultTables {
  /// Every time that a limit was met.
  func writeRisk(to file: FileOutput) throws(FileError) {
    let header = ["time", "limit", "symbol", "order", "value", "bound", "action"]
    var csv = try CSVWriter(header, to: file)
    for breach in result.riskBreaches {
      try csv.row { row in
        row.field(breach.time.description)
        row.field(breach.limit.rawValue)
        row.field(breach.instrument.map { result.universe[$0].instrument.symbol } ?? "")
        row.field(breach.order.map { Double($0.number) } ?? .nan)
        row.field(breach.value)
        row.field(breach.bound)
        row.field(breach.action.rawValue)
      }
    }
    try csv.finish()
  }
}

extension BacktestResult {
  /// How often each limit was met, as `result.json` has it under `risk`; `nil` in a run without
  /// limits.
  var riskJSON: JSONValue? {
    guard configuration.risk.isActive else { return nil }
    return [
      "breaches": .integer(riskBreaches.count),
      "limits": .list(
        RiskBreachCount.all(of: riskBreaches).map {
          [
            "limit": .text($0.limit.rawValue), "action": .text($0.action.rawValue),
            "count": .integer($0.count), "worst": JSONValue($0.worst), "bound": .number($0.bound),
          ] as JSONValue
        }),
    ]
  }
}

extension TestedValueAtRisk {
  /// As `result.json` has it under `value-at-risk`.
  var json: JSONValue {
    func members(_ test: HypothesisTest) -> JSONValue {
      ["statistic": .number(test.statistic), "p-value": .number(test.pValue)]
    }
    return [
      "method": .text(rule.method.rawValue), "confidence": .number(rule.confidence),
      "window": .integer(rule.window), "forecasts": .integer(test.count),
      "expected": .number(expected), "violations": .integer(test.violations),
      "coverage": members(test.coverage), "independence": members(test.independence),
      "conditional-coverage": members(test.conditionalCoverage),
      "shortfall-statistic": .number(test.shortfallStatistic),
      "quantile-loss": .number(test.quantileLoss),
    ]
  }
}

extension ProfitAttribution {
  /// As `result.json` has it under `attribution`.
  var json: JSONValue {
    func amounts(_ components: [Component]) -> JSONValue {
      .table(components.map { JSONMember(key: $0.name, value: .number($0.amount)) })
    }
    func groups(_ groups: [TradeGroup]) -> JSONValue {
      .list(
        groups.map {
          [
            "name": .text($0.name), "trades": .integer($0.count), "profit": .number($0.profit),
          ] as JSONValue
        })
    }
    return [
      "total": .number(total), "components": amounts(components),
      "instruments": .list(
        instruments.map {
          [
            "symbol": JSONValue($0.symbol), "total": .number($0.total),
            "components": amounts($0.components),
          ] as JSONValue
        }),
      "sides": groups(sides), "holding-periods": groups(holdingPeriods),
    ]
  }
}
