import BacktestCore
import BacktestEvidence
import BacktestReports
import BacktestStudies

/// The few lines by which a run is summed up on a terminal.
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
      let year = sample.barsPerYear.map { ", \(Figure.plain($0)) bars a year" } ?? ""
      lines.append("\(first) to \(last), \(sample.count) returns\(year)")
    }
    if let walk = outcome.walkForward { lines += walkForward(walk) }
    if let verdict = outcome.report().policyVerdict { lines.append(verdict.text) }
    if let replicates = outcome.replicates?.summary { lines.append(middle(replicates)) }
    lines.append("")
    return lines.joined(separator: "\n") + "\n" + table + limits
      + "\nFingerprint: \(result.fingerprint)\n"
  }

  private func walkForward(_ walk: WalkForwardResult) -> [String] {
    let name = walk.objective.name
    let outOfSample = "out of sample \(Figure.ratio(walk.stitchedObjective)) (stitched)"
    return [
      "\(walk.folds.count) folds, train \(walk.plan.windows.train), test \(walk.plan.windows.test)"
        + "\(walk.plan.windows.isAnchored ? ", anchored" : ""), "
        + "\(walk.candidates.count) candidate\(walk.candidates.count == 1 ? "" : "s")",
      walk.choosesNothing
        ? "\(name) \(outOfSample); nothing was chosen on the train windows"
        : "\(name) in sample \(Figure.ratio(walk.meanInSample)) (mean), \(outOfSample), "
          + "efficiency \(Figure.ratio(walk.efficiency))",
    ]
  }

  /// How the objective is spread over replicates, and which of them the table shows.
  private func middle(_ replicates: Replicates) -> String {
    let spread = replicates.distribution(of: replicates.objective).map { found in
      "\(replicates.objective) median \(Figure.ratio(found.median)), quartiles "
        + "\(Figure.ratio(found.lowerQuartile)) to \(Figure.ratio(found.upperQuartile)), range "
        + "\(Figure.ratio(found.minimum)) to \(Figure.ratio(found.maximum))"
    }
    return "\(replicates.members.count) replicates, \(spread ?? "no \(replicates.objective)"); "
      + "shown is the middle one, \(replicates.members[replicates.shown].name)"
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
      let value = (try? metrics.value(of: name)) ?? nil
      var cells = [metric.title, Figure.text(value, metric.unit)]
      if outcome.benchmark != nil {
        let other = benchmark.flatMap { (try? $0.value(of: name)) ?? nil }
        cells.append(other.map { Figure.text($0, metric.unit) } ?? "")
      }
      table.add(cells)
    }
    return table.text
  }

  private var limits: String {
    let limits = outcome.limits
    guard !limits.isEmpty else { return "" }
    return "\nLimits:\n" + limits.map { "- \($0.message)\n" }.joined()
  }
}

/// Figures on a terminal.
enum Figure {
  /// A value in its unit; `–` where there is none.
  static func text(_ value: Double?, _ unit: MetricUnit) -> String {
    guard let value, value.isFinite else { return "–" }
    switch unit {
    case .fraction: return decimals(value * 100, 2) + " %"
    case .count, .bars, .days: return value == value.rounded() ? plain(value) : decimals(value, 1)
    case .money: return decimals(value, 2)
    default: return decimals(value, 2)
    }
  }

  /// A ratio with two decimals.
  static func ratio(_ value: Double?) -> String { value.map { decimals($0, 2) } ?? "–" }

  /// A whole number without decimals, another as it is.
  static func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }

  static func decimals(_ value: Double, _ count: Int) -> String {
    NumberFormat.number(decimals: count).text(value)
  }
}
