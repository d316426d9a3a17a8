import BacktestCore
import BacktestEvidence
import BacktestFiles

extension ComparisonModel {
  /// The figures that are in the table of runs, beside the metric that ranks them.
  private static let metricNames = [
    "sharpe", "cagr", "volatility", "max-drawdown", "calmar", "turnover-annual", "trade-count",
  ]
  /// The most parameters that get a column.
  private static let parameterLimit = 8

  /// All runs with their main figures and the parameters in which they differ, the best first.
  var table: ReportTable {
    var columns: [ReportTable.Column] = [.number("Rank", as: .integer), .text("Run")]
    let parameters = parameters.prefix(Self.parameterLimit)
    for parameter in parameters {
      let isNumeric = parameter.values.allSatisfy { $0.map { Double($0) != nil } ?? true }
      let name = printable(parameter.name, limit: 24)
      columns.append(isNumeric ? .number(name, as: .integer) : .text(name))
    }
    let metrics = metrics
    for metric in metrics { columns += Self.columns(of: metric) }
    return ReportTable(
      caption: "\(NumberText.count(runs.count, "run")), the best by \(metric.title) first",
      columns: columns,
      rows: runs.indices.map { i in
        let run = runs[i]
        var cells: [ReportCell] = [.number(Double(i + 1)), nameCell(i)]
        cells += parameters.map { parameter in
          parameter.values[i].map { .text(printable($0, limit: 32)) } ?? .missing("not set")
        }
        for metric in metrics { cells += Self.cells(of: metric, in: run) }
        return cells
      })
  }

  /// The name of a run, with a link to its report where there is one.
  func nameCell(_ i: Int) -> ReportCell {
    let notes = [
      i == reference && runs.count > 2 ? "reference" : nil, runs[i].inSampleReason,
    ].compactMap(\.self)
    let name = runs[i].name + (notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))")
    return runs[i].link.map { .link(name, to: $0) } ?? .text(name)
  }

  /// The metrics of the table, that by which runs are ranked first.
  private var metrics: [MetricDefinition] {
    let names = [metric.name] + Self.metricNames.filter { $0 != metric.name }
    return names.filter { name in runs.contains { $0.metrics[name] != nil } }
      .compactMap { Metrics.find($0) }
  }

  /// What heads a column where the title of the metric would make it wide.
  private static let shortTitles = [
    "sharpe": "Sharpe", "calmar": "Calmar", "turnover-annual": "Turnover", "trade-count": "Trades",
  ]

  private static func columns(of metric: MetricDefinition) -> [ReportTable.Column] {
    let short = shortTitles[metric.name]
    let definition = (short == nil ? "" : "\(metric.title): ") + metric.definition
    let own = ReportTable.Column.number(
      short ?? metric.title, as: metric.unit.format(), definition: definition
    ).at("metrics.\(metric.name)")
    guard metric.name == "sharpe" else { return [own] }
    return [
      own,
      .number(
        "± error", as: .ratio,
        definition: "the standard error of the Sharpe ratio: two thirds of such histories would "
          + "give a ratio within it"),
    ]
  }

  private static func cells(of metric: MetricDefinition, in run: ComparedRun) -> [ReportCell] {
    let own = ReportCell.number(run.metrics[metric.name], else: "the run has no value for it")
    guard metric.name == "sharpe" else { return [own] }
    return [
      own, .number(run.metrics["sharpe-standard-error"], else: "the run has no value for it"),
    ]
  }
}
