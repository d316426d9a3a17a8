import BacktestCore
import BacktestEvidence
package import BacktestFiles

/// The page that lists all results below a folder, with links to their reports.
///
///     try IndexReport("Reports", results, program: "bt-run").write(to: "Reports/index.html")
///
/// Folders whose result is incomplete or damaged come first, so that nobody takes the rest for all.
package struct IndexReport: Sendable {
  /// The results, in the order of their paths.
  package let results: [IndexedResult]
  private let folder: String
  private let program: String

  /// What marks a page as an index, so that no other page is replaced by one.
  package static let mark = "Index of results · BacktestKit"

  /// An index of a folder.
  ///
  /// - Parameter program: how the program is called that writes the pages of results.
  package init(_ folder: String, _ results: [IndexedResult], program: String) {
    self.folder = folder
    self.program = program
    self.results = results
  }

  /// The file, as UTF-8.
  package func bytes() -> [UInt8] { document.bytes() }

  /// Writes the file; whoever reads it meanwhile finds the old file or the new one.
  ///
  /// - Throws: `FileError` when it cannot be written.
  package func write(to path: String) throws(FileError) {
    try FileBytes.write(bytes(), to: path)
  }

  /// The complete results.
  package var complete: [IndexedResult] {
    results.filter { $0.problem == nil && $0.category == .result }
  }

  /// The gates and look-ahead analyses that have their own folder.
  package var checks: [IndexedResult] { results.filter { $0.category == .check } }

  /// The pages that are not of one result: comparisons, and reports of returns.
  package var pages: [IndexedResult] { results.filter { $0.category == .page } }

  /// The complete results without a report, each with the command that writes it from the listed
  /// folder.
  package var withoutPage: [(result: IndexedResult, command: String)] {
    complete.filter { $0.link == nil }.map { result in
      let page = result.path == "." ? "report.html" : "\(result.path)/report.html"
      return (result, "\(program) report \(shellWord(result.path)) --out \(shellWord(page))")
    }
  }

  /// The folders whose result cannot be used.
  package var incomplete: [IndexedResult] { results.filter { $0.problem != nil } }

  private var document: ReportDocument {
    var sections: [ReportSection] = []
    if !incomplete.isEmpty {
      sections.append(
        ReportSection(
          id: "incomplete", title: "Failed or incomplete",
          summary: "What is missing here is also missing below.", blocks: [problemTable]))
    }
    if !complete.isEmpty || checks.isEmpty && pages.isEmpty {
      sections.append(
        ReportSection(
          id: "results", title: "Results",
          summary: complete.isEmpty ? "There is no complete result." : nil,
          blocks: complete.isEmpty ? [] : [table]))
    }
    sections += otherSections
    if let limitTable {
      sections.append(
        ReportSection(
          id: "limits", title: "Caveats",
          summary: "What they say is at the top of each report.", blocks: [limitTable]))
    }
    var document = ReportDocument(
      title: "Results in \(folderName)", subtitle: subtitle, summary: summary, sections: sections,
      footer: "\(Self.mark) \(BacktestKitVersion.current)")
    document.isInteractive = true
    document.hasContents = false
    return document
  }

  /// The folder as it was given, and its own name where that says nothing.
  private var folderName: String {
    let parts = folder.split(separator: "/")
    let isUnnamed = parts.last.map { $0 == "." || $0 == ".." } ?? true
    guard isUnnamed else { return folder }
    let name = lastPathComponent(of: relativePath(from: "/", to: folder))
    return name == "." ? "/" : name
  }

  private var subtitle: String {
    var parts = [NumberText.count(complete.count, "result")]
    if !checks.isEmpty { parts.append(NumberText.count(checks.count, "check")) }
    if !pages.isEmpty { parts.append(NumberText.count(pages.count, "page")) }
    if !incomplete.isEmpty { parts.append("\(incomplete.count) failed or incomplete") }
    let dates = complete.compactMap(\.lastDate)
    if let first = dates.min(), let last = dates.max() {
      parts.append(first == last ? "data to \(last)" : "data to \(first) … \(last)")
    }
    return parts.joined(separator: " · ")
  }

  private var summary: [any ReportBlock] {
    var items: [String] = []
    if !incomplete.isEmpty {
      items.append(
        incomplete.count == 1
          ? "1 folder has no complete result."
          : "\(incomplete.count) folders have no complete result.")
    }
    let inSample = complete.count(where: \.isInSample)
    if inSample > 0 {
      items.append(
        "\(NumberText.count(inSample, "result")) \(inSample == 1 ? "is" : "are") in-sample, of "
          + "policies that were trained on data on which they are judged.")
    }
    if complete.count > 2 {
      items.append(
        "The best of \(NumberText.count(complete.count, "result")) looks better than it is, "
          + "because it is the best. "
          + "'compare' says by how much.")
    }
    return items.isEmpty
      ? [] : [ReportNotice(.warning, title: "Before reading the figures", items: items)]
  }

  private var problemTable: ReportTable {
    ReportTable(
      caption: "Folders without a complete result",
      columns: [.text("Folder"), .prose("What is wrong")],
      rows: incomplete.map { [Self.name($0), .text($0.problem ?? "")] })
  }

  /// What is not the result of one strategy, and results whose page is missing.
  private var otherSections: [ReportSection] {
    var sections: [ReportSection] = []
    if !checks.isEmpty {
      sections.append(
        ReportSection(
          id: "checks", title: "Gates and other checks", blocks: [checkTable]))
    }
    if !pages.isEmpty {
      sections.append(
        ReportSection(
          id: "pages", title: "Comparisons and other pages", blocks: [pageTable]))
    }
    if !withoutPage.isEmpty {
      sections.append(
        ReportSection(
          id: "without-page", title: "Results without a page",
          summary: "Each command writes the page when it is run in the folder that is listed here.",
          blocks: [
            ReportTable(
              caption: NumberText.count(withoutPage.count, "result") + " without a page",
              columns: [.text("Result"), .prose("How to make its page")],
              rows: withoutPage.map { [.text($0.result.path), .text($0.command)] })
          ]))
    }
    return sections
  }

  private var checkTable: ReportTable {
    ReportTable(
      caption: NumberText.count(checks.count, "check"),
      columns: [
        .text("Folder"), .text("Study"), .text("Kind"), .text("Verdict"), .text("Data from"),
        .text("Data to"),
      ],
      rows: checks.map { check in
        [
          Self.name(check), .text(check.title), .text(check.kind), .text(check.verdict ?? ""),
          Self.date(check.firstDate), Self.date(check.lastDate),
        ]
      })
  }

  private var pageTable: ReportTable {
    ReportTable(
      caption: NumberText.count(pages.count, "page"),
      columns: [.text("Page"), .text("Title"), .text("Kind"), .prose("What it says")],
      rows: pages.map {
        [Self.name($0), .text($0.title), .text($0.kind), .text($0.verdict ?? "")]
      })
  }

  private static func date(_ date: CivilDate?) -> ReportCell {
    date.map { .date($0) } ?? .missing("the result does not say")
  }

  private static func name(_ result: IndexedResult) -> ReportCell {
    result.link.map { .link(result.path, to: $0) } ?? .text(result.path)
  }

  /// The complete results with their main figures.
  private var table: ReportTable {
    let columns = Self.columns.filter { column in
      column.isShown(complete) && complete.contains { column.cell($0).isKnown }
    }
    return ReportTable(
      caption: NumberText.count(complete.count, "result"), columns: columns.map(\.heading),
      rows: complete.map { result in columns.map { $0.cell(result) } })
  }

  /// A column of the table.
  private struct Column: Sendable {
    var heading: ReportTable.Column
    /// Whether the results are worth a column.
    var isShown: @Sendable ([IndexedResult]) -> Bool = { _ in true }
    var cell: @Sendable (IndexedResult) -> ReportCell
  }

  private static let columns: [Column] = [
    Column(heading: .text("Result")) { name($0) },
    // Variants of one study all have its title.
    Column(
      heading: .text("Study"), isShown: { Set($0.map(\.title)).count > 1 || $0.count == 1 }
    ) { .text($0.title) },
    Column(heading: .text("Kind")) {
      .text($0.kind == "cross-validation" ? "cross-validation (medians)" : $0.kind)
    },
    Column(
      heading: .text(
        "Against benchmark",
        definition: "whether the mean return differs from the benchmark's by more than chance "
          + "often gives, at 95%")
    ) { result in
      result.verdict.map { .text(result.isInSample ? "\($0), in-sample" : $0) }
        ?? .missing("the study has no benchmark")
    },
    Column(heading: .text("Gate"), isShown: { $0.contains { $0.passesGate != nil } }) { result in
      guard let passes = result.passesGate else { return .missing("no gate was run") }
      let text = passes ? "passed" : "failed"
      return result.gateLink.map { .link(text, to: $0) } ?? .text(text)
    },
    metric("sharpe", "Sharpe", .ratio),
    Column(heading: .text("95% interval")) { result in
      result.sharpeInterval.map {
        let format = NumberFormat.ratio
        return .text(
          "\(format.text($0.lowerBound))\u{A0}to\u{A0}\(format.text($0.upperBound))")
      } ?? .missing("the result has no interval")
    },
    metric("cagr", "CAGR", .percent(decimals: 1)),
    metric("max-drawdown", "Max drawdown", .percent(decimals: 1)),
    Column(heading: .text("Data from")) { date($0.firstDate) },
    Column(heading: .text("Data to")) { date($0.lastDate) },
    Column(heading: .number("Caveats", as: .integer)) { .number(Double($0.limits.count)) },
  ]

  private static func metric(
    _ name: String, _ title: String, _ format: NumberFormat
  ) -> Column {
    Column(
      heading: .number(title, as: format, definition: Metrics.find(name)?.definition)
        .at("metrics.\(name)")
    ) {
      .number($0.metrics[name], else: "the result has no value for it")
    }
  }

  /// The kinds of caveats, and how many results have each.
  private var limitTable: ReportTable? {
    let kinds = Dictionary(
      grouping: complete.flatMap { result in result.limits.map { ($0, result.path) } }, by: \.0
    ).sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
    guard !kinds.isEmpty else { return nil }
    return ReportTable(
      caption: "Caveats, the most frequent first",
      columns: [.number("Results", as: .integer), .text("Caveat"), .text("Such as")],
      rows: kinds.map { code, all in
        [
          .number(Double(all.count)), .text(code.replacing("-", with: " ")),
          .text(NumberText.list(all.map(\.1), limit: 3)),
        ]
      })
  }
}

extension ReportCell {
  /// Whether it has a value.
  fileprivate var isKnown: Bool { if case .missing = self { false } else { true } }
}
