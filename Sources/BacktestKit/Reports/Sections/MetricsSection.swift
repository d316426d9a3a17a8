import BacktestCore
import BacktestEvidence

extension ReportFacts {
  /// Every metric of the catalogue, chapter by chapter, with its definition.
  var metricsSection: ReportSection {
    var blocks: [any ReportBlock] = [
      table("Main metrics", Metrics.headlineNames.compactMap { Metrics.find($0) })
    ]
    for group in MetricGroup.allCases {
      let metrics = Metrics.all.filter { $0.group == group }
      guard !metrics.isEmpty, group != .benchmark || benchmark != nil else { continue }
      var folded = table(groupTitle(group), metrics)
      folded.isFolded = true
      blocks.append(folded)
    }
    return ReportSection(
      id: "metrics", title: "Metrics",
      summary: "Annual figures use \(annualization); risk-free rate "
        + "\(ReportText.percent(run.configuration.riskFreeRate)) a year. A dash has its reason "
        + "beside it.",
      blocks: blocks)
  }

  private func table(_ caption: String, _ definitions: [MetricDefinition]) -> ReportTable {
    var columns: [ReportTable.Column] = [.text("Metric"), .number(run.strategy, as: .ratio)]
    if let benchmark { columns.append(.number(benchmark.name, as: .ratio)) }
    columns.append(.prose("Definition"))
    return ReportTable(
      caption: caption, columns: columns,
      rows: definitions.map { metric in
        let isComparison = metric.group == .benchmark
        let value =
          isComparison
          ? benchmark?.comparison.flatMap { (try? $0.value(of: metric.name)) ?? nil }
          : values[metric.name]
        var row: [ReportCell] = [.text(metric.title), cell(metric, value)]
        if let benchmark {
          let other = isComparison ? nil : benchmark.own[metric.name]
          row.append(other.map { .text(metric.unit.format.text($0)) } ?? .text(""))
        }
        row.append(.text(definition(metric, isMissing: value == nil)))
        return row
      })
  }

  private func cell(_ metric: MetricDefinition, _ value: Double?) -> ReportCell {
    value.map { .text(metric.unit.format.text($0)) } ?? .missing(reason(metric))
  }

  private func definition(_ metric: MetricDefinition, isMissing: Bool) -> String {
    var text = metric.definition
    if metric.needs.contains(.calendar), let barsPerYear = sample.barsPerYear {
      text += "; B = \(ReportText.number(barsPerYear))"
    }
    return isMissing ? "None: \(reason(metric)). \(text)" : text
  }

  private func reason(_ metric: MetricDefinition) -> String {
    guard metric.group == .benchmark else { return absence(of: metric.name) }
    guard let comparison = benchmark?.comparison else { return "no common days" }
    return ((try? comparison.absence(of: metric.name)) ?? nil)?.description ?? "it does not exist"
  }

  private func groupTitle(_ group: MetricGroup) -> String {
    switch group {
    case .returns: "Returns"
    case .risk: "Risk"
    case .ratios: "Return for risk"
    case .drawdowns: "Drawdowns"
    case .tails: "Tails"
    case .distribution: "Distribution"
    case .outcomes: "Winning and losing bars"
    case .benchmark: "Against \(benchmark?.name ?? "the benchmark")"
    case .trades: "Closed trades"
    case .activity: "Exposure and turnover"
    }
  }
}
