import BacktestCore
package import BacktestEvidence

extension ReportModel {
  /// Caveats first, then the verdict in one sentence, then the main figures.
  var summary: [any ReportBlock] {
    var blocks: [any ReportBlock] = []
    if !caveats.isEmpty {
      blocks.append(
        ReportNotice(
          .warning, title: "Caveats: read these first", items: caveats.map(\.message)))
    }
    blocks.append(ReportNotice(.note, title: verdict, items: verdictRemarks))
    blocks.append(ReportTiles(walkForward.map { walkForwardTiles($0) } ?? runTiles))
    return blocks
  }

  /// The result in figures.
  var verdict: String {
    var text = walkForward == nil ? "Sharpe ratio " : "Out-of-sample Sharpe ratio "
    text += values["sharpe"].map { NumberFormat.ratio.text($0) } ?? "not available"
    text += values["sharpe"] == nil ? " (\(absence(of: "sharpe")))" : " (\(annualization))"
    if let benchmark, let other = benchmark.own["sharpe"] {
      text += ", compared with \(NumberFormat.ratio.text(other)) for \(benchmark.nameInSentence)"
    }
    guard let walkForward else {
      guard run.configuration.accounting.placesOrders else { return text + "." }
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
      ? NumberText.count(most, "candidate") : "\(least) to \(most) candidates"
  }

  /// Whether the policies showed an edge; `nil` without policies.
  var policyVerdict: PolicyVerdict? {
    guard !policies.isEmpty else { return nil }
    return PolicyVerdict(values: values, benchmark: benchmark, caveats: caveats)
  }

  private var verdictRemarks: [String] {
    var remarks = [policyVerdict?.text].compactMap(\.self)
    if let replicates {
      remarks.append(
        "This is the median of \(replicates.members.count) replicates, not the best.")
    }
    func figure(_ name: String, _ decimals: Int) -> String {
      values[name].map { NumberFormat.percent(decimals: decimals).text($0) }
        ?? "– (\(absence(of: name)))"
    }
    func against(_ name: String) -> String {
      guard let benchmark, let other = benchmark.own[name] else { return "" }
      return " (benchmark \(NumberFormat.percent(decimals: 1).text(other)))"
    }
    remarks.append(
      "Annual return \(figure("cagr", 1))\(against("cagr")); max drawdown "
        + "\(figure("max-drawdown", 1))\(against("max-drawdown")); in the market "
        + "\(figure("time-in-market", 0)) of the time.")
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
      "\(error ?? "")This is a single history, so the figures do not show statistical significance."
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
    [
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
      : isTaxed ? "commission, slippage and taxes" : "commission and slippage"
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
    let root = name == "sharpe" ? sample.barsPerYear : nil
    let caption = metric.title + (root.map { " × √\(NumberText.perYear($0))" } ?? "")
    guard let value else {
      return ReportTiles.Tile(
        caption, value: NumberFormat.missing, detail: absence(of: name),
        definition: metric.definition)
    }
    let other = benchmark?.own[name]
    let comparison = other.map { "\(benchmark?.name ?? ""): \(format.text($0))" }
    let interval = intervals?[name].map { "\($0.levelText): \($0.text(format))" }
    let details = [interval, detail ?? comparison].compactMap(\.self)
    return ReportTiles.Tile(
      caption, value: format.text(value),
      detail: details.isEmpty ? nil : details.joined(separator: "; "),
      definition: metric.definition, tone: tone(metric, value, other))
  }

  /// Only returns, drawdowns and the Sharpe ratio count for or against; low volatility is no merit.
  private func tone(_ metric: MetricDefinition, _ value: Double, _ other: Double?) -> ReportTone {
    guard ["sharpe", "cagr", "max-drawdown"].contains(metric.name), let other else {
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
