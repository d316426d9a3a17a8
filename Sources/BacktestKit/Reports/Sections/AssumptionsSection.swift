import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// Every rule under which the figures came about, in words.
  var assumptionsSection: ReportSection {
    var items = run.configuration.assumptions.map { Item($0.label, $0.text) } + measureItems
    items += policyRemarks.map { Item("Policy", $0) }
    if let walkForward { items += walkForwardItems(walkForward) }
    return ReportSection(
      id: "assumptions", title: "Assumptions",
      summary: "The rules of the market, the account and the measures.",
      blocks: [ReportDefinitions(items)])
  }

  private typealias Item = ReportDefinitions.Item

  private var measureItems: [Item] {
    let warmup =
      run.configuration.warmup.map { "\(NumberText.count($0, "bar"))" }
      ?? "The strategy's own"
    let base = dates.first.map { " The base point is \($0)." } ?? ""
    return [
      Item("Warm-up", "\(warmup); its bars are not measured.\(base)"),
      Item("Annualisation", annualization),
      Item(
        "Benchmark",
        benchmark.map {
          "\($0.name), without costs, on its own calendar; days are "
            + "matched by session date."
        } ?? "None."),
    ]
  }

  private func walkForwardItems(_ walkForward: WalkForwardResult) -> [Item] {
    let plan = walkForward.plan
    let windows = plan.windows
    let search =
      switch plan.search {
      case .grid: "Every combination of the grid."
      case .random(let count):
        "\(NumberText.count(count, "combination")) drawn a fold without replacement, seed "
          + "\(plan.seed)."
      }
    let gap =
      windows.gap == 0
      ? ""
      : "; a gap of \(NumberText.count(windows.gap, "bar")), taken from the "
        + "\(windows.gapFrom.rawValue) window"
    let boundary =
      switch plan.boundary {
      case .mark: "Open positions are valued at the mark; the next fold starts flat."
      case .liquidate: "Positions are closed at the fold's last close, with costs."
      case .carry: "Positions go over into the next fold."
      }
    let tail =
      walkForward.droppedTailBars > 0
      ? " The last \(NumberText.count(walkForward.droppedTailBars, "bar")) belong to no fold." : ""
    return [
      Item(
        "Windows",
        "Train \(windows.train)\(windows.isAnchored ? ", anchored at the first bar" : ""), test "
          + "\(windows.test)\(gap).\(tail)"),
      Item("Objective", "\(walkForward.objective.title): \(walkForward.objective.definition)"),
      Item("Search", search + " Ties go to the first in grid order."),
      Item(
        "Joining folds",
        (plan.carry == .equity
          ? "Each fold starts with the final equity of the one before. "
          : "Each fold starts with the initial capital, and returns are chained. ") + boundary),
    ]
  }
}
