import BacktestCore

extension PreparedWalkForward {
  /// What to know of windows, choices and folds before trusting the stitched run.
  func caveats(_ choices: [FoldChoice], _ scores: [FoldObjective.Score?]) -> [ResultCaveat] {
    choiceCaveats(choices) + scoreCaveats(choices.map(\.score), scores.compactMap { $0 })
      + windowCaveats
  }

  private func choiceCaveats(_ choices: [FoldChoice]) -> [ResultCaveat] {
    var found: [ResultCaveat] = []
    let total = NumberText.count(folds.count, "fold")
    let blind = zip(choices, draws).count { $0.nullCount == $1.count && $1.count > 1 }
    if blind > 0 {
      found.append(
        ResultCaveat(
          .arbitraryChoice,
          "In \(NumberText.grouped(blind)) of \(total) no candidate had a value of "
            + "\(objective.metric.name) on the train window, so the first candidate was used."))
    }
    if objective.metric.higherIsBetter == nil {
      found.append(
        ResultCaveat(
          .objectiveWithoutDirection,
          "\(objective.metric.title) has no better direction; larger values were taken as better."
        ))
    }
    return found
  }

  private func scoreCaveats(
    _ inSample: [FoldObjective.Score], _ outOfSample: [FoldObjective.Score]
  ) -> [ResultCaveat] {
    var found: [ResultCaveat] = []
    let total = NumberText.count(folds.count, "fold")
    for (scores, place) in [(inSample, "in sample"), (outOfSample, "out of sample")] {
      let missing = scores.filter { $0.value == nil }
      let flat = missing.count { $0.contribution != nil }
      let absent = missing.count - flat
      if flat > 0 {
        found.append(
          ResultCaveat(
            .flatFolds,
            "\(NumberText.grouped(flat)) of \(total) \(flat == 1 ? "is" : "are") flat \(place) and "
              + "\(flat == 1 ? "counts" : "count") as 0 in the mean."))
      }
      if absent > 0 {
        found.append(
          ResultCaveat(
            .missingObjectives,
            "\(NumberText.grouped(absent)) of \(total) "
              + "\(absent == 1 ? "has" : "have") no objective \(place) and "
              + "\(absent == 1 ? "is" : "are") left out of its mean."))
      }
    }
    return found
  }

  private var windowCaveats: [ResultCaveat] {
    var found: [ResultCaveat] = []
    if skip <= warmup {
      found.append(
        ResultCaveat(
          .unfinishedWarmup,
          "The evaluation begins at bar \(NumberText.grouped(skip)), before the end of the "
            + "longest warm-up (\(NumberText.count(warmup, "bar")))."))
    }
    let left = schedule.droppedTailBars
    if left > 0 {
      found.append(
        ResultCaveat(
          .untestedBars,
          "\(NumberText.count(left, "bar")) after the last test window \(left == 1 ? "is" : "are") "
            + "not tested."))
    }
    return found
  }
}
