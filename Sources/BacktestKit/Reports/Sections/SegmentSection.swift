import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// Why the return differs from the benchmark's, by segments.
  func segmentSections(_ attribution: SegmentAttribution?) -> [ReportSection] {
    guard let attribution else { return [] }
    let title = "Attribution by segment"
    guard let first = attribution.periods.first, let last = attribution.periods.last,
      let linked = attribution.linked
    else {
      return [
        ReportSection(
          id: "segments", title: title, summary: attribution.absence ?? "", blocks: [])
      ]
    }
    let signed = NumberFormat.signedPercent(decimals: 2)
    var chart = RankedBars(
      caption: "Linked effect by segment, % of equity at the start",
      items: linked.segments.map { RankedBars.Item($0.name, $0.total) }, format: signed)
    chart.isSigned = true
    return [
      ReportSection(
        id: "segments", title: title,
        summary: "From \(first.dates.lowerBound) to \(last.dates.upperBound) the account returned "
          + "\(signed.text(linked.portfolioReturn)), the benchmark by segments "
          + "\(signed.text(linked.benchmarkReturn)). Effects by Brinson and Fachler, linked over "
          + "\(NumberText.count(attribution.periods.count, "period")) by Cariño; they sum to the "
          + "difference.\(uncovered(first.dates.lowerBound, last.dates.upperBound))",
        blocks: [
          chart,
          ReportTable(
            caption: "Effects by segment",
            columns: [
              .text("Segment"),
              .number(
                "Allocation", as: signed, isSigned: true,
                definition: "holding more or less of it than the benchmark"),
              .number(
                "Selection", as: signed, isSigned: true,
                definition: "choosing well within it"),
              .number("Interaction", as: signed, isSigned: true, definition: "both at once"),
              .number("Total", as: signed, isSigned: true),
            ],
            rows: (linked.segments.map { ($0.name, $0) } + [("Total", linked.total)]).map {
              [
                .text($0), .number($1.allocation), .number($1.selection),
                .number($1.interaction), .number($1.total),
              ]
            }),
        ])
    ]
  }
  /// Says which sessions of the run no period covers.
  private func uncovered(_ first: CivilDate, _ last: CivilDate) -> String {
    let dates = run.sessionDates.dropFirst()
    var spans: [String] = []
    if let date = dates.first, date < first { spans.append("from \(date) until then") }
    if let date = dates.last, date > last { spans.append("from then to \(date)") }
    return spans.isEmpty
      ? ""
      : " Left out are the sessions \(spans.joined(separator: " and ")): no period of the "
        + "benchmark covers them that lies in the run as a whole."
  }
}
