import BacktestCore

extension PreparedWalkForward {
  /// Tells the observer of a run on the train or test window of a fold.
  func report(
    _ run: BacktestResult, _ score: Double?, candidate: Int, fold: Int, isTest: Bool
  ) {
    guard let observer = request.onTrial else { return }
    let bars = isTest ? folds[fold].test : folds[fold].train
    let equity = run.curve.equity
    // The base point comes before the first bar.
    guard equity.count == bars.count + 1 else { return }
    var returns: [Float] = []
    var days: [CivilDate] = []
    returns.reserveCapacity(bars.count)
    days.reserveCapacity(bars.count)
    var before = equity[0]
    for bar in bars where bar + 1 == bars.upperBound || dates[bar + 1] != dates[bar] {
      let now = equity[bar - bars.lowerBound + 1]
      returns.append(before > 0 ? Float(now / before - 1) : 0)
      days.append(dates[bar])
      before = now
    }
    var trial = Trial(
      .walkForward(fold: fold, isTest: isTest), parameters: candidates[candidate], dates: days,
      returns: returns, metricNames: objectiveNames, metricValues: [score ?? .nan])
    trial.sourceDigest = strategies[fold].source?.digest
    observer(trial)
  }
}
