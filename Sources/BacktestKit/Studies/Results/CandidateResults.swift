import BacktestCore
import BacktestEvidence
import BacktestFiles

/// Every candidate of a walk-forward as CSV: its parameters, and its objective on the train window
/// of each fold, empty where it was not tried or has none.
func writeCandidates(_ walk: WalkForwardResult, to file: FileOutput) throws(FileError) {
  let names = walk.candidates.first?.values.map(\.name) ?? []
  let scores = walk.candidateScores
  var csv = try CSVWriter(
    ["candidate"] + names + walk.folds.map { "fold_\($0.index)" }, to: file)
  for (number, candidate) in walk.candidates.enumerated() {
    try csv.row { row in
      row.field(number)
      for parameter in candidate.values { row.field(parameter.value.description) }
      for fold in scores { row.field(fold[number]) }
    }
  }
  try csv.finish()
}

extension WalkForwardResult {
  /// The most objectives that `result.json` lists; `candidates.csv` has all.
  private static let listedCount = 20_000

  /// The candidates and their objectives in sample, fold by fold.
  var candidatesJSON: JSONValue {
    let names = candidates.first?.values.map(\.name) ?? []
    var json: JSONValue = [
      "count": .integer(candidates.count), "not-accepted": .integer(infeasibleCount),
    ]
    guard candidates.count * folds.count <= Self.listedCount else {
      json.set("in-sample", .null)
      return json
    }
    json.set("parameters", .list(names.map { .text($0) }))
    json.set(
      "sets", .list(candidates.map { .list($0.values.map { JSONValue($0.value) }) }))
    json.set("in-sample", .list(candidateScores.map { .list($0.map { JSONValue($0) }) }))
    return json
  }
}
