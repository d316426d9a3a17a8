import BacktestCore
import BacktestEvidence

extension ReportFacts {
  /// Limits first, then the verdict in one sentence, then the main figures.
  var opening: [any ReportBlock] {
    var blocks: [any ReportBlock] = []
    let warnings = walkForward?.warnings.map(ReportText.sentence) ?? []
    let items =
      ResultLimit.gravestFirst(limits + run.limits).map(\.message) + openTradeWarning + warnings
    if !items.isEmpty {
      blocks.append(ReportNotice(.warning, title: "Before you believe the figures", items: items))
    }
    blocks.append(ReportNotice(.note, title: verdict, items: verdictRemarks))
    blocks.append(ReportTiles(walkForward.map { walkForwardTiles($0) } ?? runTiles))
    return blocks
  }

  /// A walk-forward cuts its longest trades, often its best, at the ends of folds.
  private var openTradeWarning: [String] {
    let open = run.trades.count(where: \.isOpen)
    guard walkForward != nil, open > 0 else { return [] }
    return [
      "\(open) of \(ReportText.count(run.trades.count, "round trip")) were still open at the end "
        + "of a fold and are valued at the mark; figures about closed trades leave them out."
    ]
  }

  /// What came out, in figures alone.
  var verdict: String {
    var text = walkForward == nil ? "Sharpe ratio " : "Out-of-sample Sharpe ratio "
    text += values["sharpe"].map { NumberFormat.ratio.text($0) } ?? "none"
    text += values["sharpe"] == nil ? " (\(absence(of: "sharpe")))" : " (\(annualization))"
    if let benchmark, let other = benchmark.own["sharpe"] {
      text += " against \(NumberFormat.ratio.text(other)) for \(benchmark.nameInSentence)"
    }
    guard let walkForward else {
      let closed = metrics.trades?.count ?? 0
      return text + "; \(ReportText.count(closed, "closed trade"))."
    }
    text += "; \(ReportText.count(walkForward.folds.count, "fold"))"
    return text + "; \(candidateText(walkForward)) per fold."
  }

  private func candidateText(_ walkForward: WalkForwardResult) -> String {
    let counts = walkForward.folds.map(\.candidateCount)
    guard let least = counts.min(), let most = counts.max() else { return "no candidates" }
    return least == most
      ? ReportText.count(most, "candidate") : "\(least) to \(most) candidates"
  }

  /// Whether the policies showed an edge; `nil` without policies.
  var policyVerdict: PolicyVerdict? {
    guard !policies.isEmpty else { return nil }
    return PolicyVerdict(values: values, benchmark: benchmark, limits: limits + run.limits)
  }

  private var verdictRemarks: [String] {
    var remarks = [policyVerdict?.text].compactMap(\.self)
    if let replicates {
      remarks.append(
        "This is the middle one of \(replicates.members.count) replicates, not the best.")
    }
    func figure(_ name: String, _ decimals: Int) -> String {
      values[name].map { NumberFormat.percent(decimals: decimals).text($0) }
        ?? "– (\(absence(of: name)))"
    }
    func against(_ name: String) -> String {
      guard let benchmark, let other = benchmark.own[name] else { return "" }
      return " against \(NumberFormat.percent(decimals: 1).text(other))"
    }
    remarks.append(
      "Return a year \(figure("cagr", 1))\(against("cagr")); deepest drawdown "
        + "\(figure("max-drawdown", 1))\(against("max-drawdown")); invested "
        + "\(figure("time-in-market", 0)) of the time.")
    if let walkForward {
      remarks.append(
        walkForward.choosesNothing
          ? "Nothing was chosen on the train windows." : efficiencyRemark(walkForward))
    }
    let error = values["sharpe-standard-error"].map {
      "The standard error of the Sharpe ratio is \(NumberFormat.ratio.text($0)). "
    }
    remarks.append("\(error ?? "")This is one history; nothing here is a claim of significance.")
    return remarks
  }

  private func efficiencyRemark(_ walkForward: WalkForwardResult) -> String {
    let title = walkForward.objective.title
    let format = walkForward.objective.unit.format
    let means =
      "Mean in-sample \(title) \(format.text(walkForward.meanInSample)), out of sample as one run "
      + "\(format.text(walkForward.stitchedObjective)): "
    guard let kept = walkForward.efficiency else {
      return means + "there is no efficiency, because one of them does not exist or the first is "
        + "not positive."
    }
    return means + "efficiency \(NumberFormat.ratio.text(kept))."
  }

  private var runTiles: [ReportTiles.Tile] {
    [
      tile("sharpe"), tile("cagr"), tile("max-drawdown"), tile("volatility"),
      tile("trade-win-rate", detail: tradeDetail), costTile,
    ]
  }

  private func walkForwardTiles(_ walkForward: WalkForwardResult) -> [ReportTiles.Tile] {
    let format = walkForward.objective.unit.format
    let mean = format.text(walkForward.meanInSample)
    let efficiency = ReportTiles.Tile(
      "Efficiency", value: NumberFormat.ratio.text(walkForward.efficiency),
      detail: "in sample \(mean), out \(format.text(walkForward.stitchedObjective))",
      definition: WalkForwardResult.efficiencyDefinition)
    return [
      tile("sharpe"), walkForward.choosesNothing ? tile("volatility") : efficiency, tile("cagr"),
      tile("max-drawdown"),
      tile("trade-win-rate", detail: tradeDetail), costTile,
    ]
  }

  private var tradeDetail: String {
    "of \(ReportText.count(metrics.trades?.count ?? 0, "closed trade"))"
  }

  private var costTile: ReportTiles.Tile {
    let share = costs.gross > 0 ? costs.total / costs.gross : nil
    return ReportTiles.Tile(
      "Costs of gross profit", value: NumberFormat.percent(decimals: 1).text(share),
      detail: share == nil ? "no profit before costs" : "commission and slippage",
      definition: "commission and slippage over the profit at reference prices")
  }

  private func tile(_ name: String, detail: String? = nil) -> ReportTiles.Tile {
    guard let metric = Metrics.find(name) else { return ReportTiles.Tile(name, value: "–") }
    let value = values[name]
    let format: NumberFormat =
      metric.unit == .fraction ? .percent(decimals: 1) : metric.unit.format
    let root = name == "sharpe" ? sample.barsPerYear : nil
    let caption = metric.title + (root.map { " × √\(ReportText.number($0))" } ?? "")
    guard let value else {
      return ReportTiles.Tile(
        caption, value: NumberFormat.missing, detail: absence(of: name),
        definition: metric.definition)
    }
    let other = benchmark?.own[name]
    let comparison = other.map { "\(benchmark?.name ?? ""): \(format.text($0))" }
    return ReportTiles.Tile(
      caption, value: format.text(value), detail: detail ?? comparison,
      definition: metric.definition, tone: tone(metric, value, other))
  }

  /// Only returns, falls and Sharpe's ratio speak for or against; a low volatility is no merit.
  private func tone(_ metric: MetricDefinition, _ value: Double, _ other: Double?) -> ReportTone {
    guard ["sharpe", "cagr", "max-drawdown"].contains(metric.name), let other else {
      return .neutral
    }
    if metric.isBetter(value, than: other) { return .favourable }
    return metric.isBetter(other, than: value) ? .adverse : .neutral
  }
}
