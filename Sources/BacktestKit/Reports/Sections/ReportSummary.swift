import BacktestCore
package import BacktestEvidence
import BacktestFiles

extension ReportModel {
  /// Caveats first, then the main figures.
  var summary: [any ReportBlock] {
    var blocks: [any ReportBlock] = []
    if !caveats.isEmpty {
      blocks.append(
        ReportNotice(
          .warning, title: "Caveats: read these first", items: caveats.map(\.message)))
    }
    blocks.append(
      ReportTiles(
        walkForward.map { walkForwardTiles($0) } ?? runTiles,
        comparison: benchmark?.nameInSentence))
    return blocks
  }

  /// How sure the result is: the figures of the verdict with their errors, and what was tried.
  var certaintySection: ReportSection {
    ReportSection(
      id: "certainty", title: "How sure this is",
      blocks: [ReportNotice(.note, title: verdict, items: verdictRemarks)])
  }

  /// The result in words: whether it beat its benchmark, and how well its ratio is known.
  var headline: String {
    if let ruin = caveats.first(where: { $0.code == .ruined || $0.code == .overflowed }) {
      // The rest of the caveat is in the list of caveats.
      return ruin.message.prefix { $0 != "." } + "."
    }
    if let idle { return idle }
    if let policyVerdict { return policyVerdict.text }
    guard let sharpe = values["sharpe"] else {
      return "There is no Sharpe ratio: \(absence(of: "sharpe"))."
    }
    let place = walkForward == nil ? "" : " out of sample"
    var text = "The Sharpe ratio\(place) is \(NumberFormat.ratio.text(sharpe))"
    if let interval = intervals?["sharpe"] {
      text += "; its \(interval.levelText) interval is \(interval.text(.ratio))"
    } else if let error = values["sharpe-standard-error"] {
      let (low, high) = (sharpe - 1.96 * error, sharpe + 1.96 * error)
      text +=
        "; with 95% confidence it is between \(NumberFormat.ratio.text(low)) and "
        + NumberFormat.ratio.text(high)
    }
    let other = benchmark.flatMap { benchmark in
      benchmark.own["sharpe"].map {
        "That of \(benchmark.nameInSentence) is \(NumberFormat.ratio.text($0))."
      }
    }
    return [comparison, text + ".", other].compactMap(\.self).joined(separator: " ")
  }

  /// Whether the mean return was above the benchmark's by more than chance often gives.
  private var comparison: String? {
    guard let benchmark, let difference = benchmark.difference else { return nil }
    let name = benchmark.nameInSentence
    let statistic =
      difference.statistic.map { ", t\u{A0}=\u{A0}\(NumberFormat.ratio.text($0))" } ?? ""
    if difference.isNone { return "The returns are those of \(name)." }
    if difference.isAboveZero {
      return "Higher mean return than \(name), by more than chance often gives\(statistic)."
    }
    if difference.isBelowZero {
      return "Lower mean return than \(name), by more than chance often gives\(statistic)."
    }
    return "Not shown to have a higher mean return than \(name)\(statistic)."
  }

  /// That nothing was traded, where that is known.
  private var idle: String? { isOfReturns ? nil : run.idleSentence }

  /// The result in figures.
  var verdict: String {
    var text = idle.map { $0 + " " } ?? ""
    text += walkForward == nil ? "Sharpe ratio " : "Out-of-sample Sharpe ratio "
    text += values["sharpe"].map { NumberFormat.ratio.text($0) } ?? "not available"
    text += values["sharpe"] == nil ? " (\(absence(of: "sharpe")))" : " (\(annualization))"
    if let benchmark, let other = benchmark.own["sharpe"] {
      text += ", compared with \(NumberFormat.ratio.text(other)) for \(benchmark.nameInSentence)"
    }
    guard let walkForward else {
      guard placesOrders, !isOfReturns else { return text + "." }
      let closed = metrics.trades?.count ?? 0
      return text + "; \(NumberText.count(closed, "closed trade"))."
    }
    text += "; \(NumberText.count(walkForward.folds.count, "fold"))"
    return text + "; \(candidateText(walkForward)) per fold."
  }

  private func candidateText(_ walkForward: WalkForwardResult) -> String {
    let counts = walkForward.folds.map(\.candidateCount)
    guard let least = counts.min(), let most = counts.max() else { return "no candidates" }
    return least == most
      ? NumberText.count(most, "candidate")
      : "\(NumberText.grouped(least)) to \(NumberText.count(most, "candidate"))"
  }

  /// Whether the policies showed an edge; `nil` without policies.
  var policyVerdict: PolicyVerdict? {
    guard !policies.isEmpty else { return nil }
    return PolicyVerdict(values: values, benchmark: benchmark, caveats: caveats)
  }

  private var verdictRemarks: [String] {
    var remarks: [String] = []
    if let replicates {
      remarks.append(
        "This is the median of \(NumberText.count(replicates.members.count, "replicate")), not the "
          + "best.")
    }
    if let share = values["time-in-market"], !isOfReturns {
      remarks.append(
        "In the market \(NumberFormat.percent(decimals: 0).text(share)) of the time.")
    }
    if let walkForward {
      remarks.append(
        walkForward.choosesNothing
          ? "Nothing was chosen on the train windows." : efficiencyRemark(walkForward))
    }
    if let intervals { remarks.append(intervals.remark) }
    if let trials { remarks.append("\(NumberText.sentence(trials.text))") }
    let error = values["sharpe-standard-error"].map {
      "The standard error of the Sharpe ratio is \(NumberFormat.ratio.text($0)). "
    }
    remarks.append(
      "\(error ?? "")This is a single history: the figures say nothing about markets unlike it."
    )
    return remarks
  }

  private func efficiencyRemark(_ walkForward: WalkForwardResult) -> String {
    let title = walkForward.objective.title
    let format = walkForward.objective.unit.format(currency: currency)
    let means =
      "Mean in-sample \(title) \(format.text(walkForward.meanInSample)), out-of-sample "
      + "\(format.text(walkForward.stitchedObjective)) over all test windows: "
    guard let kept = walkForward.efficiency else {
      return means + "no efficiency, because \(walkForward.efficiencyAbsence ?? "")."
    }
    return means + "efficiency \(NumberFormat.ratio.text(kept))."
  }

  private var runTiles: [ReportTiles.Tile] {
    if isOfReturns {
      let names = ["sharpe", "cagr", "max-drawdown", "volatility", "sortino", "calmar"]
      return names.map { tile($0) }
    }
    return [
      tile("sharpe"), tile("cagr"), tile("max-drawdown"), tile("volatility"), tradeTile, costTile,
    ]
  }

  private func walkForwardTiles(_ walkForward: WalkForwardResult) -> [ReportTiles.Tile] {
    let format = walkForward.objective.unit.format(currency: currency)
    let mean = format.text(walkForward.meanInSample)
    let efficiency = ReportTiles.Tile(
      "Efficiency", value: NumberFormat.ratio.text(walkForward.efficiency),
      detail: walkForward.efficiencyAbsence
        ?? "in sample \(mean), out of sample \(format.text(walkForward.stitchedObjective))",
      definition: WalkForwardResult.efficiencyDefinition)
    return [
      tile("sharpe"), walkForward.choosesNothing ? tile("volatility") : efficiency, tile("cagr"),
      tile("max-drawdown"), tradeTile, costTile,
    ]
  }

  /// How trades ended; under weights accounting, which has none, how much was traded.
  private var tradeTile: ReportTiles.Tile {
    run.configuration.accounting.placesOrders
      ? tile("trade-win-rate", detail: tradeDetail) : tile("turnover-annual")
  }

  private var tradeDetail: String {
    "of \(NumberText.count(metrics.trades?.count ?? 0, "closed trade"))"
  }

  private var costTile: ReportTiles.Tile {
    let share = costs.gross > 0 ? costs.total / costs.gross : nil
    let isTaxed = costs.stampDuty + costs.sellTax > 0
    let name =
      !run.configuration.accounting.placesOrders
      ? "fees for changes of weights"
      : listed(
        ["commission", "slippage"] + (isTaxed ? ["taxes"] : [])
          + costs.holding.map { $0.name.lowercased() }, "and")
    return ReportTiles.Tile(
      "Costs / gross profit", value: NumberFormat.percent(decimals: 1).text(share),
      detail: share == nil ? "no profit before costs" : name,
      definition: "\(name) / profit before costs")
  }

  private func tile(_ name: String, detail: String? = nil) -> ReportTiles.Tile {
    guard let metric = Metrics.find(name) else { return ReportTiles.Tile(name, value: "–") }
    let value = values[name]
    let format: NumberFormat =
      metric.unit == .fraction ? .percent(decimals: 1) : metric.unit.format(currency: currency)
    let caption = metric.title
    guard let value else {
      return ReportTiles.Tile(
        caption, value: NumberFormat.missing, detail: absence(of: name),
        definition: metric.definition)
    }
    let other = benchmark?.own[name]
    let comparison = other.map { "\(benchmark?.name ?? ""): \(format.text($0))" }
    let interval = intervals?[name].map { "\($0.levelText): \($0.text(format))" }
    let details = [detail ?? comparison, interval].compactMap(\.self)
    return ReportTiles.Tile(
      caption, value: format.text(value),
      detail: details.isEmpty ? nil : details.joined(separator: " · "),
      definition: metric.definition, tone: tone(metric, value, other))
  }

  /// Only returns, drawdowns and ratios of them count for or against; low volatility is no merit.
  private func tone(_ metric: MetricDefinition, _ value: Double, _ other: Double?) -> ReportTone {
    let judged = ["sharpe", "sortino", "calmar", "cagr", "max-drawdown"]
    guard judged.contains(metric.name), let other else {
      return .neutral
    }
    if metric.isBetter(value, than: other) { return .favourable }
    return metric.isBetter(other, than: value) ? .adverse : .neutral
  }
}

/// Whether a policy showed an edge over its benchmark, in plain words.
///
/// An edge counts as shown when the Sharpe ratio is above the benchmark's, the mean difference of
/// returns lies above zero with 95 % confidence (`ReturnDifference`), and no part of the figures is
/// known or suspected to come from the data of its training.
package struct PolicyVerdict: Sendable {
  /// Whether an edge was shown.
  package let isEdgeShown: Bool
  /// The difference of returns, where there is a benchmark.
  package let difference: ReturnDifference?
  /// The verdict as one or two sentences.
  package let text: String

  /// A verdict on some figures.
  ///
  /// - Parameters:
  ///   - values: the account's metrics by name.
  ///   - benchmark: the benchmark.
  ///   - caveats: the caveats of the result.
  init(values: [String: Double], benchmark: ReportBenchmark?, caveats: [ResultCaveat]) {
    guard let benchmark else {
      isEdgeShown = false
      difference = nil
      text = "No edge shown: there is no benchmark to compare with."
      return
    }
    func figure(_ name: String, _ format: NumberFormat) -> String {
      "\(format.text(values[name])) compared with \(format.text(benchmark.own[name]))"
    }
    difference = benchmark.difference
    let gap = values["sharpe"].flatMap { own in benchmark.own["sharpe"].map { own - $0 } }
    let knowsFuture = caveats.contains { [.inSample, .unknownTraining].contains($0.code) }
    let isAhead = (gap ?? 0) > 0 && difference?.isAboveZero == true
    isEdgeShown = isAhead && !knowsFuture
    var words =
      "annual return \(figure("cagr", .percent(decimals: 1))) for \(benchmark.nameInSentence), "
      + "Sharpe ratio \(figure("sharpe", .ratio))"
    if let difference {
      words += "; the mean difference of returns is "
      words +=
        NumberFormat.number(decimals: 2).text(difference.mean * 1e4)
        + " basis points per \(benchmark.isBySession ? "session" : "bar")"
      words += difference.statistic.map { " (t = \(NumberFormat.ratio.text($0)))" } ?? ""
    }
    if isEdgeShown {
      text =
        "Ahead of \(benchmark.nameInSentence): \(words). t is above 1.96, but one policy on one "
        + "history proves no more than that."
    } else if isAhead {
      text = "No edge shown, because the policy may have been trained on the test data: \(words)."
    } else if (gap ?? 0) > 0 {
      text = "No edge shown: \(words). Chance alone often gives this; |t| above 1.96 would be rare."
    } else {
      text = "No edge shown: \(words)."
    }
  }
}
