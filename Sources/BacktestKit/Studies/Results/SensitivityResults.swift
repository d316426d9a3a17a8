import BacktestCore
import BacktestEvidence
import BacktestFiles

/// The runs of a sensitivity analysis as CSV, table by table.
func writeSensitivity(_ result: SensitivityResult, to file: FileOutput) throws(FileError) {
  var csv = try CSVWriter(
    [
      "changed", "parameter", "value", "label", "as_given", "total_return", "cagr", "sharpe",
      "max_drawdown", "trades", "cost_basis_points", "traded_multiple", "initial_cash",
    ], to: file)
  for table in result.tables {
    for line in table.rows {
      try csv.row { row in
        row.field(table.part.rawValue)
        row.field(line.parameter ?? "")
        row.field(line.value)
        row.field(line.label)
        row.field(line.isBase ? 1 : 0)
        row.field(line.figures.totalReturn)
        row.field(line.figures.cagr)
        row.field(line.figures.sharpe)
        row.field(line.figures.maxDrawdown)
        row.field(line.figures.tradeCount)
        row.field(line.figures.costBasisPoints)
        row.field(line.figures.tradedMultiple)
        row.field(line.figures.initialCash)
      }
    }
  }
  try csv.finish()
}

extension SensitivityResult {
  /// The analysis as `result.json` has it.
  var json: JSONValue {
    var members = [JSONMember(key: "as-given", value: base.json)]
    if let breakEven {
      members.append(JSONMember(key: "break-even-bps", value: JSONValue(breakEven.basisPoints)))
      members.append(
        JSONMember(key: "break-even-is-lower-bound", value: .bool(breakEven.isLowerBound)))
      members.append(JSONMember(key: "break-even-reason", value: JSONValue(breakEven.absence)))
    }
    for table in tables {
      members.append(
        JSONMember(
          key: table.part.rawValue,
          value: table.absence.map { ["rows": .list([]), "reason": .text($0)] }
            ?? ["rows": .list(table.rows.map(\.json))]))
    }
    if self[.capacity] != nil {
      members.append(JSONMember(key: "half-return-cash", value: JSONValue(halfReturnCash)))
    }
    if !stress.isEmpty || !uncoveredStress.isEmpty {
      members.append(JSONMember(key: "stress", value: .list(stress.map(\.json))))
      members.append(
        JSONMember(key: "stress-not-covered", value: .list(uncoveredStress.map { .text($0.name) })))
    }
    return .table(members)
  }
}

extension SensitivityTable.Row {
  fileprivate var json: JSONValue {
    var json: JSONValue = ["label": .text(label)]
    if let parameter { json.set("parameter", .text(parameter)) }
    json.set("value", JSONValue(value))
    json.set("as-given", .bool(isBase))
    json.set("figures", figures.json)
    return json
  }
}

extension SensitivityFigures {
  fileprivate var json: JSONValue {
    [
      "total-return": JSONValue(totalReturn), "cagr": JSONValue(cagr),
      "sharpe": JSONValue(sharpe), "max-drawdown": JSONValue(maxDrawdown),
      "trades": .integer(tradeCount), "cost-basis-points": JSONValue(costBasisPoints),
      "traded-multiple": .number(tradedMultiple), "initial-cash": .number(initialCash),
    ]
  }
}

extension StressOutcome {
  fileprivate var json: JSONValue {
    [
      "name": .text(window.name), "from": .text(window.dates.lowerBound.description),
      "to": .text(window.dates.upperBound.description), "base": .text(baseDate.description),
      "returns": .integer(returnCount), "total-return": .number(totalReturn),
      "max-drawdown": .number(maxDrawdown), "worst-return": .number(worstReturn),
      "worst-date": .text(worstDate.description), "volatility": JSONValue(volatility),
    ]
  }
}
