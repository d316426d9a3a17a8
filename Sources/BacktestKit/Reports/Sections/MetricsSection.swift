import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// Every metric of the catalogue by group, with its definition.
  var metricsSection: ReportSection {
    let isKnown = { (metric: MetricDefinition) in
      !isOfReturns || metric.group != .trades && metric.group != .activity
    }
    var blocks: [any ReportBlock] = [
      table("Main metrics", Metrics.headlineNames.compactMap { Metrics.find($0) }.filter(isKnown))
    ]
    for group in MetricGroup.allCases {
      let metrics = Metrics.all.filter { $0.group == group && isKnown($0) }
      guard !metrics.isEmpty, group != .benchmark || benchmark != nil else { continue }
      var folded = table(groupTitle(group), metrics)
      folded.isFolded = true
      blocks.append(folded)
    }
    return ReportSection(
      id: "metrics", title: "Metrics",
      summary: "Annual figures use \(annualization) and a risk-free rate of "
        + "\(NumberText.percent(run.configuration.riskFreeRate)) per year. "
        + measuringText
        + "Where a value is missing, the definition gives the reason.",
      blocks: blocks)
  }

  /// By which bars account and benchmark are measured, where they differ from those compared.
  private var measuringText: String {
    guard let benchmark, benchmark.isBySession else { return "" }
    return benchmark.isMeasuredBySession
      ? "The account is measured bar by bar, the benchmark from session to session. "
      : "Account and benchmark are measured bar by bar, and compared from session to session. "
  }

  private func table(_ caption: String, _ definitions: [MetricDefinition]) -> ReportTable {
    var columns: [ReportTable.Column] = [.text("Metric"), .number(run.strategy, as: .ratio)]
    let isBounded = definitions.contains { intervals?[$0.name] != nil }
    let bounds = isBounded ? intervals : nil
    if let level = bounds?.all.first?.levelText {
      columns.append(.number("\(level) interval", as: .ratio))
    }
    if let benchmark { columns.append(.number(benchmark.name, as: .ratio)) }
    columns.append(.prose("Definition"))
    var result = ReportTable(
      caption: caption, columns: columns,
      rows: definitions.map { metric in
        let isComparison = metric.group == .benchmark
        let value =
          isComparison
          ? benchmark?.comparison.flatMap { (try? $0.value(of: metric.name)) ?? nil }
          : values[metric.name]
        var row: [ReportCell] = [.text(metric.title), cell(metric, value)]
        if let bounds {
          let format = metric.unit.format(currency: currency)
          row.append(.text(bounds[metric.name]?.text(format) ?? ""))
        }
        if let benchmark {
          let other = isComparison ? nil : benchmark.own[metric.name]
          row.append(other.map { .text(format(ofBenchmark: metric).text($0)) } ?? .text(""))
        }
        row.append(.text(definition(metric, isMissing: value == nil)))
        return row
      })
    result.rowKeys = definitions.map { "metrics.\($0.name)" }
    return result
  }

  /// Where the account is measured bar by bar, the benchmark's bars are sessions.
  private func format(ofBenchmark metric: MetricDefinition) -> NumberFormat {
    metric.unit == .bars && benchmark?.isMeasuredBySession == true
      ? .count(of: "session") : metric.unit.format(currency: currency)
  }

  private func cell(_ metric: MetricDefinition, _ value: Double?) -> ReportCell {
    value.map { .text(metric.unit.format(currency: currency).text($0)) } ?? .missing(reason(metric))
  }

  private func definition(_ metric: MetricDefinition, isMissing: Bool) -> String {
    var text = metric.definition
    // Compared with a benchmark, bars are those of the comparison.
    let isComparison = metric.group == .benchmark
    let measured = isComparison ? benchmark?.comparison?.sample ?? sample : sample
    if metric.needs.contains(.calendar), let barsPerYear = measured.barsPerYear {
      text += "; B = \(NumberText.perYear(barsPerYear))"
    }
    if isComparison, benchmark?.isBySession == true { text += "; a bar is a session here" }
    return isMissing ? "No value: \(reason(metric)). \(text)" : text
  }

  private func reason(_ metric: MetricDefinition) -> String {
    guard metric.group == .benchmark else { return absence(of: metric.name) }
    guard let comparison = benchmark?.comparison else {
      return "no days in common with the benchmark"
    }
    return ((try? comparison.absence(of: metric.name)) ?? nil)?.description ?? "undefined"
  }

  private func groupTitle(_ group: MetricGroup) -> String {
    switch group {
    case .returns: "Returns"
    case .risk: "Risk"
    case .ratios: "Risk-adjusted return"
    case .drawdowns: "Drawdowns"
    case .tails: "Tail risk"
    case .distribution: "Distribution of returns"
    case .outcomes: "Winning and losing bars"
    case .benchmark: "Compared with \(benchmark?.name ?? "the benchmark")"
    case .trades: "Closed trades"
    case .activity: "Exposure and turnover"
    }
  }
}
