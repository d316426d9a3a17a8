import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// Equity and drawdown of the account and its benchmark.
  var equitySection: ReportSection {
    var blocks: [any ReportBlock] = [equityChart, drawdownChart]
    if let rolling = rollingChart { blocks.append(rolling) }
    if !metrics.drawdowns.isEmpty { blocks.append(drawdownTable) }
    let what = walkForward == nil ? "Growth of the account" : "Out-of-sample growth of the account"
    let beside =
      benchmark.map { " compared with \($0.nameInSentence), starting from the same capital" } ?? ""
    return ReportSection(
      id: "equity", title: walkForward == nil ? "Equity" : "Out-of-sample equity",
      summary: "\(what)\(beside), and drawdowns from the highest value so far.", blocks: blocks)
  }

  private func series(_ own: [Double], _ other: [Double?]?) -> [ChartSeries] {
    var lines = [ChartSeries(run.strategy, times: times, values: own)]
    if let benchmark, let other {
      lines.append(ChartSeries(benchmark.name, times: times, values: other))
    }
    return lines
  }

  private var equityChart: LineChart {
    var chart = LineChart(
      title: "Equity", subtitle: walkForward.map { _ in "Every second test window is shaded" },
      series: series(sample.wealth, benchmark?.values))
    chart.isLogarithmic = true
    chart.yTitle = currency
    chart.baseline = sample.wealth.first
    chart.bands = foldBands
    return chart
  }

  private var drawdownChart: LineChart {
    let other = benchmark.map { benchmark in
      var peak = 0.0
      return benchmark.values.map { value -> Double? in
        guard let value else { return nil }
        peak = max(peak, value)
        return value / peak - 1
      }
    }
    var chart = LineChart.underwater(
      title: "Drawdown", series: series(Drawdown.underwater(sample.wealth), other),
      height: .medium)
    chart.subtitle = "Percentage below the highest value so far"
    return chart
  }

  /// The ratio over a rolling year, where the run lasts two years or more.
  private var rollingChart: LineChart? {
    guard let barsPerYear = sample.barsPerYear, barsPerYear >= 12 else { return nil }
    let window = Int(barsPerYear)
    guard sample.count >= 2 * window else { return nil }
    let values = RollingMetrics(window: window).sharpe(sample)
    let points = Array(times.dropFirst(window))
    var chart = LineChart(
      title: "Rolling one-year Sharpe ratio",
      subtitle:
        "Over the last \(NumberText.count(window, "bar")), annualised with \(annualization)",
      series: [
        ChartSeries(run.strategy, times: points, values: Array(values.dropFirst(window - 1)))
      ], height: .medium)
    chart.baseline = 0
    return chart
  }

  /// Every second test window.
  private var foldBands: [ChartBand] {
    guard let walkForward else { return [] }
    return walkForward.folds.filter { $0.index % 2 == 0 }.map { fold in
      let curve = fold.result?.curve.times
      return ChartBand(
        from: curve?.first ?? fold.testDates.lowerBound.midnight,
        to: curve?.last ?? fold.testDates.upperBound.adding(days: 1).midnight,
        name: "Every second test window", label: "\(fold.index + 1)")
    }
  }

  private var drawdownTable: ReportTable {
    let deepest = Drawdown.deepest(5, of: metrics.drawdowns)
    return ReportTable(
      caption: "Deepest drawdowns",
      columns: [
        .number("Depth", as: .percent(decimals: 1)), .text("Peak"), .text("Valley"),
        .text("Recovery"), .number("Length, bars", as: .integer),
        .number(
          "Length, days", as: .integer,
          definition: "calendar days from the peak to the recovery or the end"),
      ],
      rows: deepest.map { fall in
        func date(_ date: CivilDate?, else reason: String) -> ReportCell {
          date.map { .date($0) } ?? .text(reason)
        }
        return [
          .number(fall.depth), date(fall.dates?.peak, else: "no dates"),
          date(fall.dates?.valley, else: "no dates"),
          date(fall.dates?.recovery, else: "not yet"), .number(Double(fall.bars)),
          .number(fall.dates.map { Double($0.calendarDays) }, else: "no dates"),
        ]
      })
  }
}

extension ReportModel {
  /// Returns by month and year, and their distribution.
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
      blocks.append(ReportParagraph("There are no returns by month or year."))
    }
    return ReportSection(
      id: "returns", title: "Returns",
      summary: "By month and year of the session. The first and last periods may be incomplete.",
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
      title: "Distribution of returns",
      subtitle: "Returns per bar, with the normal curve of the same mean and standard deviation",
      values: sample.returns,
      marks: marks.compactMap { name, metric in values[metric].map { .init(name, at: $0) } },
      xTitle: "Return per bar")
  }
}
