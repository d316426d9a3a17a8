import BacktestCore
import BacktestEvidence

extension ReportFacts {
  /// Returns by month, by year and by size.
  var returnsSection: ReportSection {
    var blocks: [any ReportBlock] = []
    if let calendar = metrics.calendarReturns, !calendar.months.isEmpty {
      blocks.append(
        MonthlyHeatMap(
          caption: "Returns by month",
          months: calendar.months.compactMap { period in
            period.month.map { .init(year: period.year, month: $0, value: period.value) }
          }))
      blocks.append(ReportColumns([yearChart(calendar), histogram]))
    } else {
      blocks.append(ReportParagraph("There are no returns to show by month or year."))
    }
    return ReportSection(
      id: "returns", title: "Returns",
      summary: "By month and year of the session; the first and last may be incomplete.",
      blocks: blocks)
  }

  private func yearChart(_ calendar: CalendarReturns) -> BarChart {
    let years = calendar.years
    var groups = [BarChart.Group(run.strategy, values: years.map(\.value))]
    if let benchmark, let other = benchmark.metrics?.calendarReturns {
      groups.append(.init(benchmark.name, values: years.map { other[$0.year] ?? .nan }))
    }
    return BarChart(
      title: "Returns by year", categories: years.map { "\($0.year)" }, groups: groups,
      unit: .percent)
  }

  private var histogram: HistogramChart {
    let marks = [("VaR 95%", "var-95"), ("Expected shortfall 95%", "expected-shortfall-95")]
    return HistogramChart(
      title: "Returns by size",
      subtitle: "One bar each, with the normal curve of the same mean and deviation",
      values: sample.returns,
      marks: marks.compactMap { name, metric in values[metric].map { .init(name, at: $0) } },
      xTitle: "Return of a bar")
  }
}
