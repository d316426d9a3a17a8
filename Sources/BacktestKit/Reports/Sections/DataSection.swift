import BacktestCore
import BacktestEvidence
import BacktestIngest

extension ReportFacts {
  /// What the data holds and what was odd about it.
  func dataSection(_ reports: [DataQualityReport]) -> ReportSection {
    var blocks: [any ReportBlock] = []
    if reports.isEmpty {
      blocks.append(ReportParagraph("The data was not examined."))
    } else {
      blocks.append(seriesTable(reports))
      if reports.contains(where: { !$0.counts.isEmpty }) {
        blocks.append(findingTable(reports))
        blocks.append(issueTable(reports))
      } else {
        blocks.append(ReportParagraph("Nothing odd was found in any series."))
      }
    }
    if let table = correlationTable() { blocks.append(table) }
    return ReportSection(
      id: "data", title: "Data quality",
      summary: "What each series holds, and what a check of its rows found.", blocks: blocks)
  }

  /// How the instruments moved together; `nil` for one instrument or more than a page can show.
  private func correlationTable() -> ReportTable? {
    let symbols = run.universe.series.map(\.instrument.symbol)
    guard (2...12).contains(symbols.count),
      let correlation = try? InstrumentCorrelation(run.universe), correlation.returnCount >= 20
    else { return nil }
    return ReportTable(
      caption: "Correlation of returns over \(correlation.returnCount) common sessions",
      columns: [.text("Series")] + symbols.map { .number($0, as: .ratio) },
      rows: symbols.indices.map { row in
        [.text(symbols[row])]
          + symbols.indices.map { .number(correlation[row, $0], else: "never moved") }
      })
  }

  private func seriesTable(_ reports: [DataQualityReport]) -> ReportTable {
    ReportTable(
      caption: "Series",
      columns: [
        .text("Series"), .number("Bars", as: .integer), .text("From"), .text("To"),
        .text("Timeframe"), .text("Calendar"), .text("Prices"), .text("Volume"),
        .number("Missing", as: .integer, definition: "sessions or bars that the calendar has"),
        .number("Findings", as: .integer),
      ],
      rows: reports.map { report in
        [
          .text(report.symbol), .number(Double(report.barCount)),
          report.firstOpen.map { .date($0.utcDate) } ?? .missing("no bars"),
          report.lastClose.map { .date($0.utcDate) } ?? .missing("no bars"),
          .text(report.timeframe.description), .text(report.calendar ?? "none"),
          .text(report.priceBasis.rawValue), .text(report.hasVolume ? "yes" : "none"),
          .number(
            report.calendar == nil ? nil : Double(report.missingCount),
            else: "no calendar to compare with"),
          .number(Double(report.counts.reduce(0) { $0 + $1.bars })),
        ]
      }, limit: .init(rowCount: 60, file: "the data check"))
  }

  private func findingTable(_ reports: [DataQualityReport]) -> ReportTable {
    ReportTable(
      caption: "Findings by kind",
      columns: [
        .text("Series"), .text("Code"), .prose("What was found"),
        .number("Bars", as: .integer), .number("Repaired", as: .integer),
      ],
      rows: reports.flatMap { report in
        report.counts.map { count in
          [
            .text(report.symbol), .text(count.code.rawValue),
            .text(ReportFacts.meaning(of: count.code)), .number(Double(count.bars)),
            .number(Double(count.repaired)),
          ]
        }
      }, limit: .init(rowCount: 60, file: "the data check"))
  }

  private func issueTable(_ reports: [DataQualityReport]) -> ReportTable {
    let rows: [[ReportCell]] = reports.flatMap { report in
      report.issues.prefix(25).map { issue in
        [
          .text(report.symbol), .number(issue.line > 0 ? Double(issue.line) : nil, else: "no line"),
          .text(issue.message), .text(issue.repair?.rawValue ?? ""),
        ]
      }
    }
    return ReportTable(
      caption: "The first findings of each series",
      columns: [
        .text("Series"), .number("Line", as: .number(decimals: 0)), .prose("Finding"),
        .text("Repair"),
      ], rows: rows, limit: .init(rowCount: 100, file: "the data check"), isFolded: true)
  }

  private static func meaning(of code: DataIssue.Code) -> String {
    switch code {
    case .notANumber: "a price that is missing or no number"
    case .highBelowLow: "a high below the low"
    case .outsideRange: "an open or close outside low and high"
    case .nonPositivePrice: "a price at or below zero"
    case .negativeVolume: "a negative volume"
    case .duplicateTime: "a time that stands twice"
    case .outOfOrder: "a time before the one above it"
    case .unreadableFile: "a file that cannot be read"
    case .badHeader: "a header that does not fit"
    case .malformedRow: "a row with too few or too many fields"
    case .badNumber: "a field that is no number"
    case .badTime: "a time that cannot be read"
    case .badTimeframe: "times that do not fit one length of bars"
    case .outsideCalendar: "a bar when the calendar has no trading"
    case .gap: "sessions without a bar"
    case .zeroVolume: "a bar on which nothing traded"
    case .noVolume: "volumes that are all zero and count as not given"
    case .jump: "a close more than 40% away from the one before"
    }
  }
}
