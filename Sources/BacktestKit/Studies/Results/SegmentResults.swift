import BacktestCore
import BacktestEvidence
import BacktestFiles

extension StudyOutcome {
  /// Where the profit came from, as `result.json` has it under `attribution`.
  var attributionJSON: JSONValue {
    let profit = ProfitAttribution(result).json
    guard case .table(let members) = profit, let segmentAttribution else { return profit }
    return .table(members + [JSONMember(key: "segments", value: segmentAttribution.json)])
  }
}

extension SegmentAttribution {
  fileprivate var json: JSONValue {
    func effects(_ found: BrinsonAttribution.SegmentEffects) -> JSONValue {
      [
        "name": .text(found.name), "allocation": .number(found.allocation),
        "selection": .number(found.selection), "interaction": .number(found.interaction),
        "total": .number(found.total),
      ]
    }
    return [
      "portfolio-return": JSONValue(linked?.portfolioReturn),
      "benchmark-return": JSONValue(linked?.benchmarkReturn),
      "linked": .list((linked.map { $0.segments + [$0.total] } ?? []).map(effects)),
      "periods": .list(
        periods.map { period in
          [
            "from": .text(period.dates.lowerBound.description),
            "to": .text(period.dates.upperBound.description),
            "portfolio-return": .number(period.effects.portfolioReturn),
            "benchmark-return": .number(period.effects.benchmarkReturn),
            "effects": effects(period.effects.total),
          ] as JSONValue
        }),
    ]
  }
}

/// Writes a row for each segment of each period.
func writeSegments(
  _ attribution: SegmentAttribution, to file: FileOutput
) throws(FileError) {
  let header = [
    "from", "to", "segment", "weight", "benchmark_weight", "return", "benchmark_return",
    "contribution", "allocation", "selection", "interaction",
  ]
  var csv = try CSVWriter(header, to: file)
  for period in attribution.periods {
    for (index, segment) in period.segments.enumerated() {
      let effects = period.effects.segments[index]
      try csv.row { row in
        row.field(period.dates.lowerBound.description)
        row.field(period.dates.upperBound.description)
        row.field(segment.name)
        for value in [
          segment.weight, segment.benchmarkWeight, segment.return, segment.benchmarkReturn,
          period.contributions[index], effects.allocation, effects.selection,
          effects.interaction,
        ] {
          // Zero has no sign.
          row.field(value + 0)
        }
      }
    }
  }
  try csv.finish()
}
