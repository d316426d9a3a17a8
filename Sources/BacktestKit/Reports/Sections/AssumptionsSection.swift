import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// Every rule under which the figures came about, in words.
  var assumptionsSection: ReportSection {
    var items = run.configuration.assumptions.map { Item($0.label, $0.text) }
    items += detailItems + measureItems
    items += policyRemarks.map { Item("Policy", $0) }
    if let walkForward { items += walkForwardItems(walkForward) }
    return ReportSection(
      id: "assumptions", title: "Assumptions",
      summary: "The rules of the market, the account and the measures.",
      blocks: [ReportDefinitions(items)])
  }

  private typealias Item = ReportDefinitions.Item

  private var detailItems: [Item] {
    let detailed = run.universe.series.filter { $0.detail != nil }
    guard !detailed.isEmpty else { return [] }
    let count = detailed.reduce(0) { $0 + $1.detailedCount }
    let all = run.universe.series.reduce(0) { $0 + $1.count }
    return [
      Item(
        "Finer bars",
        "Decide the path inside \(NumberText.grouped(count)) of \(NumberText.grouped(all)) bars.")
    ]
  }

  private var measureItems: [Item] {
    let base = dates.first.map { Item("Base point", "\($0).") }
    return [base].compactMap(\.self) + [
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
    var plan = walkForward.plan
    plan.skip = walkForward.skip
    return plan.assumptions.map { Item($0.label, $0.text) }
  }
}
