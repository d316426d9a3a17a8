import BacktestCore
import BacktestEvidence
import BacktestIngest

extension ReportModel {
  /// The contents of the data, and the findings of a check.
  func dataSection(_ reports: [DataQualityReport]) -> ReportSection {
    var blocks: [any ReportBlock] = []
    if reports.isEmpty {
      blocks.append(ReportParagraph("The data was not checked."))
    } else {
      blocks.append(seriesTable(reports))
      if reports.contains(where: { !$0.counts.isEmpty }) {
        blocks.append(findingTable(reports))
        blocks.append(issueTable(reports))
      } else {
        blocks.append(ReportParagraph("The check found nothing unusual in any series."))
      }
    }
    if let block = correlations { blocks.append(block) }
    return ReportSection(
      id: "data", title: "Data quality",
      summary: "The contents of each series, and what a check of its rows found.", blocks: blocks)
  }

  /// The correlations of the instruments, or why there are none; `nil` for one instrument or more
  /// than a page can show.
  private var correlations: (any ReportBlock)? {
    guard (2...12).contains(run.universe.count) else { return nil }
    do {
      return correlationTable(try InstrumentCorrelation(run.universe))
    } catch {
      return ReportParagraph("The correlations of the instruments are missing: \(error).")
    }
  }

  private func correlationTable(_ correlation: InstrumentCorrelation) -> ReportTable? {
    let symbols = run.universe.series.map(\.instrument.symbol)
    guard correlation.returnCount >= 20 else { return nil }
    return ReportTable(
      caption:
        "Correlation of returns (\(NumberText.count(correlation.returnCount, "common session")))",
      columns: [.text("Series")] + symbols.map { .number($0, as: .ratio) },
      rows: symbols.indices.map { row in
        [.text(symbols[row])]
          + symbols.indices.map { .number(correlation[row, $0], else: "the price never moved") }
      })
  }

  private func seriesTable(_ reports: [DataQualityReport]) -> ReportTable {
    ReportTable(
      caption: "Series",
      columns: [
        .text("Series"), .number("Bars", as: .integer), .text("From"), .text("To"),
        .text("Timeframe"), .text("Calendar"), .text("Prices"), .text("Volume"),
        .number(
          "Missing", as: .integer,
          definition: "sessions or bars of the calendar that the data lacks"),
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
            .text(ReportModel.meaning(of: count.code)), .number(Double(count.bars)),
            .number(Double(count.repaired)),
          ]
        }
      }, limit: .init(rowCount: 60, file: "the data check"))
  }

  private func issueTable(_ reports: [DataQualityReport]) -> ReportTable {
    let rows: [[ReportCell]] = reports.flatMap { report in
      report.issues.prefix(25).map { issue in
        [
          .text(report.symbol), .number(issue.line.map(Double.init), else: "no line"),
          .text(issue.message), .text(issue.repair?.rawValue ?? ""),
        ]
      }
    }
    return ReportTable(
      caption: "First findings of each series",
      columns: [
        .text("Series"), .number("Line", as: .number(decimals: 0)), .prose("Finding"),
        .text("Repair"),
      ], rows: rows, limit: .init(rowCount: 100, file: "the data check"), isFolded: true)
  }

  private static func meaning(of code: DataIssue.Code) -> String {
    switch code {
    case .notANumber: "a price is missing or not a number"
    case .highBelowLow: "the high is below the low"
    case .outsideRange: "the open or close is outside the range from low to high"
    case .nonPositivePrice: "a price is zero or negative"
    case .negativeVolume: "a volume is negative"
    case .duplicateTime: "two rows have the same time"
    case .outOfOrder: "a row is earlier than the row above it"
    case .unreadableFile: "the file cannot be read"
    case .badHeader: "the header does not match"
    case .malformedRow: "a row has too few or too many fields"
    case .badNumber: "a field is not a number"
    case .badTime: "a time cannot be read"
    case .badTimeframe: "the times do not fit a single timeframe"
    case .beyondCalendar: "a bar lies in a year that the calendar does not know"
    case .outsideCalendar: "a bar lies outside the trading hours of the calendar"
    case .gap: "sessions have no bar"
    case .zeroVolume: "a bar has a volume of zero"
    case .noVolume: "all volumes are zero and are treated as missing"
    case .jump: "a close is more than 40% away from the previous one"
    }
  }
}
