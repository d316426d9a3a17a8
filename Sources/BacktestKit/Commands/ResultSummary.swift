/// The summary of a run on a terminal.
struct ResultSummary {
  let outcome: StudyOutcome

  init(_ outcome: StudyOutcome) { self.outcome = outcome }

  var text: String {
    let result = outcome.result
    let sample = outcome.metrics.sample
    let dates = sample.pointDates ?? result.sessionDates
    var lines = ["\(outcome.study.name)"]
    let symbols = result.universe.series.map(\.instrument.symbol).joined(separator: ", ")
    lines.append("\(result.strategy) on \(symbols)")
    if let first = dates.first, let last = dates.last {
      let year = sample.barsPerYear.map { ", \(NumberText.number($0)) bars per year" } ?? ""
      lines.append("\(first) to \(last), \(NumberText.count(sample.count, "return"))\(year)")
    }
    if let walk = outcome.walkForward { lines += walkForward(walk) }
    if let verdict = outcome.report().policyVerdict { lines.append(verdict.text) }
    if let replicates = outcome.replicates?.summary { lines.append(middle(replicates)) }
    lines.append("")
    return lines.joined(separator: "\n") + "\n" + table + caveats
      + "\nFingerprint: \(result.fingerprint)\n"
  }

  private func walkForward(_ walk: WalkForwardResult) -> [String] {
    let name = walk.objective.name
    let format = walk.objective.unit.format()
    let outOfSample = "out of sample \(format.text(walk.stitchedObjective)) (stitched)"
    return [
      "\(walk.folds.count) folds, train \(walk.plan.windows.train), test \(walk.plan.windows.test)"
        + "\(walk.plan.windows.isAnchored ? ", anchored" : ""), "
        + NumberText.count(walk.candidates.count, "candidate"),
      walk.choosesNothing
        ? "\(name) \(outOfSample); nothing was chosen on the train windows"
        : "\(name) in sample \(format.text(walk.meanInSample)) (mean), \(outOfSample), "
          + "efficiency \(NumberFormat.ratio.text(walk.efficiency))",
    ]
  }

  /// The spread of the objective over replicates, and which of them the table shows.
  private func middle(_ replicates: Replicates) -> String {
    let spread = replicates.distribution(of: replicates.objective).map { found in
      let text = NumberFormat.ratio.text
      return "\(replicates.objective) median \(text(found.median)), quartiles "
        + "\(text(found.lowerQuartile)) to \(text(found.upperQuartile)), range "
        + "\(text(found.minimum)) to \(text(found.maximum))"
    }
    return "\(replicates.members.count) replicates, \(spread ?? "no \(replicates.objective)"); "
      + "shown is the median run, \(replicates.members[replicates.shown].name)"
  }

  private var table: String {
    let metrics = outcome.metrics
    let benchmark = outcome.benchmark.flatMap { $0.sample(over: metrics.sample) }
      .map { PerformanceMetrics($0) }
    var columns = [TextTable.Column.left(""), .right("strategy")]
    if let benchmark = outcome.benchmark { columns.append(.right(benchmark.name)) }
    var table = TextTable(columns)
    for name in Metrics.headlineNames {
      guard let metric = Metrics.find(name) else { continue }
      let format = metric.unit.format(currency: outcome.study.configuration.account.currency)
      let value = (try? metrics.value(of: name)) ?? nil
      var cells = [metric.title, format.text(value)]
      if outcome.benchmark != nil {
        let other = benchmark.flatMap { (try? $0.value(of: name)) ?? nil }
        cells.append(other.map { format.text($0) } ?? "")
      }
      table.add(cells)
    }
    return table.text
  }

  private var caveats: String {
    let caveats = outcome.caveats
    guard !caveats.isEmpty else { return "" }
    return "\nCaveats:\n" + caveats.map { "- \($0.message)\n" }.joined()
  }
}
