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
      let reason =
        attribution.periods.isEmpty
        ? "No period of the benchmark lies in the run as a whole."
        : "A return is a total loss, so that periods cannot be linked."
      return [ReportSection(id: "segments", title: title, summary: reason, blocks: [])]
    }
    let signed = NumberFormat.signedPercent(decimals: 2)
    let effects = linked.segments + [linked.total]
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
          + "difference.",
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
            rows: effects.map {
              [
                .text($0.name), .number($0.allocation), .number($0.selection),
                .number($0.interaction), .number($0.total),
              ]
            }),
        ])
    ]
  }
}
