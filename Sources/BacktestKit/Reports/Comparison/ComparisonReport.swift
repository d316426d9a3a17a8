import BacktestCore
package import BacktestEvidence
import BacktestFiles

/// The page on which runs are compared: figures with their errors, curves, what differs between
/// the runs, and how alike their returns are.
///
///     let report = try ComparisonReport(runs)
///     try report.write(to: "comparison.html")
///
/// The run that is given first is the reference with which the others are compared. The same runs
/// always give the same bytes.
package struct ComparisonReport: ReportPage {
  /// The heading.
  package var title: String
  /// Whether the page holds the script of the reports.
  package var isInteractive = true

  let model: ComparisonModel

  /// The most runs of a comparison.
  package static let runLimit = 1_000

  /// A comparison of some runs, the reference first.
  ///
  /// - Parameters:
  ///   - runs: two or more runs, each with a unique name.
  ///   - metric: the name of the metric that ranks them.
  /// - Throws: `EvidenceError` where there is no such metric.
  package init(
    _ runs: [ComparedRun], rankedBy metric: String = "sharpe"
  ) throws(EvidenceError) {
    precondition((2...Self.runLimit).contains(runs.count), "two runs or more, up to the limit")
    model = ComparisonModel(runs, rankedBy: try Metrics.named(metric))
    title =
      runs.count == 2
      ? "\(runs[0].name) compared with \(runs[1].name)"
      : "Comparison of \(NumberText.grouped(runs.count)) runs"
  }

  /// The file, as UTF-8.
  package func bytes() -> [UInt8] { document.bytes() }

  /// The page as Markdown.
  package func markdown() -> [UInt8] { document.markdown() }

  /// Every chart as a separate SVG file, with the name of its file.
  package func charts() -> [(name: String, svg: [UInt8])] { document.charts }

  /// All runs with their main figures, the best first.
  package var table: ReportTable { model.table }

  /// The runs, the best first.
  package var runs: [ComparedRun] { model.runs }

  /// What a reader has to know before comparing figures.
  package var caveats: [String] { model.caveats }

  /// The result in words.
  package var verdict: String { model.verdict }

  /// The rules in which the runs differ.
  package var differences: ReportTable? { model.settingsTable }

  private var document: ReportDocument {
    var document = ReportDocument(
      title: title, subtitle: model.subtitle, verdict: model.verdict, summary: model.summary,
      sections: [model.runsSection] + model.curveSections + model.differenceSections
        + model.settingsSections + model.parameterSections + model.correlationSections
        + [model.limitsSection, model.originSection],
      footer: "BacktestKit \(BacktestKitVersion.current)")
    document.isInteractive = isInteractive
    document.kind = .comparison
    return document
  }
}
