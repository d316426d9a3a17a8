import BacktestCore
import BacktestEvidence
import BacktestFiles

extension TuningResult {
  /// What to know before trusting the figures of the best trial.
  var caveats: [ResultCaveat] {
    guard trials.count > 1 else { return [] }
    let bars =
      plan.walkForward == nil
      ? "on the bars by which they are judged"
      : "on the test windows, which are among the bars by which they are judged"
    return [
      ResultCaveat(
        .chosenFromSweep,
        "These parameters are the best of \(NumberText.count(trials.count, "trial")) by "
          + "\(objective.title), chosen \(bars).")
    ]
  }
}

/// Writes a line for each trial.
func writeTuning(_ tuning: TuningResult, to file: FileOutput) throws(FileError) {
  let foldCount = tuning.trials.map(\.folds.count).max() ?? 0
  let names = tuning.space.dimensions.map(\.name)
  let folds = foldCount > 1 ? (0..<foldCount).map { "fold_\($0)" } : []
  var csv = try CSVWriter(
    ["trial", "state"] + names + [tuning.objective.name.replacing("-", with: "_")] + folds,
    to: file)
  for trial in tuning.trials {
    try csv.row { row in
      row.field(trial.number)
      row.field(trial.state.rawValue)
      for value in trial.values { row.field(value.description) }
      row.field(trial.value)
      for fold in folds.indices {
        row.field(fold < trial.folds.count ? trial.folds[fold] : nil)
      }
    }
  }
  try csv.finish()
}
