import BacktestCore
import BacktestEvidence
import BacktestFiles

/// The sets of a sweep as CSV, in grid order: their parameters and all metrics.
func writeSweep(_ sweep: ParameterSweepResult, to file: FileOutput) throws(FileError) {
  let names = sweep.sets.first?.values.map(\.name) ?? []
  let metrics = ParameterSweepResult.metrics
  var rank = [Int](repeating: 0, count: sweep.sets.count)
  for (place, set) in sweep.ranking.enumerated() { rank[set] = place + 1 }
  var csv = try CSVWriter(
    ["rank"] + names + metrics.map { $0.name.replacing("-", with: "_") }, to: file)
  for set in sweep.sets.indices {
    try csv.row { row in
      row.field(rank[set])
      for parameter in sweep.sets[set].values { row.field(parameter.value.description) }
      for value in sweep.values(of: set) { row.field(value) }
    }
  }
  try csv.finish()
}

extension ParameterSweepResult {
  /// The number of sets that `result.json` lists, the best first; `sweep.csv` has all.
  private static let listedCount = 20

  /// The sweep as `result.json` has it.
  func json(heatMaps reduction: ParameterHeatMap.Reduction) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("objective", .text(objective.name)),
      ("grid", table(grid.dimensions.map { ($0.name, .list($0.values.map { JSONValue($0) })) })),
      ("combinations", .integer(combinationCount)), ("not-accepted", .integer(infeasibleCount)),
      ("sets", .integer(sets.count)), ("returns", .integer(returnCount)),
      ("from", .text(dates.lowerBound.description)), ("to", .text(dates.upperBound.description)),
      ("tolerance", .number(plan.tolerance)),
      ("best", best.map(setJSON) ?? .null), ("plateau", plateau.map(setJSON) ?? .null),
    ]
    if let evidence { members.append(("evidence", evidence.sweepJSON)) }
    members.append(("ranking", .list(ranking.prefix(Self.listedCount).map(setJSON))))
    members.append(("heat-maps", .list(heatMaps(reducing: reduction).map(\.json))))
    return table(members)
  }

  private func setJSON(_ set: Int) -> JSONValue {
    let around = neighbourhood(of: set)
    return table([
      ("parameters", table(sets[set].values.map { ($0.name, JSONValue($0.value)) })),
      ("objective", JSONValue(objectiveValue(of: set))),
      (
        "neighbours",
        around.map { around in
          [
            "count": .integer(around.count), "with-objective": .integer(around.valueCount),
            "mean": .number(around.mean), "median": .number(around.median),
            "worst": .number(around.worst), "near-share": .number(around.nearShare),
            "median-with-set": .number(around.medianWithSet), "at-edge": .bool(around.isAtEdge),
          ]
        } ?? .null
      ),
    ])
  }

  private func table(_ members: [(String, JSONValue)]) -> JSONValue {
    .table(members.map { JSONMember(key: $0.0, value: $0.1) })
  }
}

extension ParameterHeatMap {
  fileprivate var json: JSONValue {
    [
      "across": .text(across), "down": .text(down), "reduction": .text(reduction.rawValue),
      "columns": .list(columns.map { JSONValue($0) }), "rows": .list(rows.map { JSONValue($0) }),
      "values": .list(values.map { .list($0.map { JSONValue($0) }) }),
    ]
  }
}

extension SearchEvidence {
  /// How much of the best set's result is luck; what does not exist is null, with the reason.
  fileprivate var sweepJSON: JSONValue {
    var reasons: [JSONMember] = []
    func figure<Value>(
      _ name: String, _ result: Result<Value, StatisticAbsence>, _ value: (Value) -> Double
    ) -> JSONMember {
      switch result {
      case .success(let found): return JSONMember(key: name, value: .number(value(found)))
      case .failure(let reason):
        reasons.append(JSONMember(key: name, value: .text(reason.description)))
        return JSONMember(key: name, value: .null)
      }
    }
    var members = [JSONMember(key: "trials", value: .integer(trials))]
    members.append(figure("effective-trials", effectiveTrials, \.value))
    members.append(figure("sharpe-variance", ratioVariance) { $0 })
    members.append(figure("deflated-sharpe", deflatedSharpe, \.probability))
    members.append(figure("sharpe-threshold", deflatedSharpe, \.threshold))
    members.append(figure("overfitting-probability", overfitting, \.probability))
    members.append(figure("overfitting-blocks", overfitting) { Double($0.blocks) })
    members.append(figure("loss-probability", overfitting, \.lossProbability))
    members.append(JSONMember(key: "reasons", value: .table(reasons)))
    return .table(members)
  }
}
