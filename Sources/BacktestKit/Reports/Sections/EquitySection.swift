import BacktestCore
import BacktestEvidence

extension ReportFacts {
  /// The account beside its benchmark, and how far below their peaks both were.
  var equitySection: ReportSection {
    var blocks: [any ReportBlock] = [equityChart, drawdownChart]
    if let rolling = rollingChart { blocks.append(rolling) }
    if !metrics.drawdowns.isEmpty { blocks.append(drawdownTable) }
    let what = walkForward == nil ? "How the account grew" : "How the out-of-sample account grew"
    let beside = benchmark.map { " beside \($0.nameInSentence), both from the same capital" } ?? ""
    return ReportSection(
      id: "equity", title: walkForward == nil ? "Equity" : "Out-of-sample equity",
      summary: "\(what)\(beside), and how far below its peak it was.", blocks: blocks)
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
      title: "Equity", subtitle: walkForward.map { _ in "Every second fold is shaded" },
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
    chart.subtitle = "Distance below the highest close so far"
    return chart
  }

  /// The ratio over a moving year, where two of them fit.
  private var rollingChart: LineChart? {
    guard let barsPerYear = sample.barsPerYear, barsPerYear >= 12 else { return nil }
    let window = Int(barsPerYear)
    guard sample.count >= 2 * window else { return nil }
    let values = RollingMetrics(window: window).sharpe(sample)
    let points = Array(times.dropFirst(window))
    var chart = LineChart(
      title: "Sharpe ratio over one year",
      subtitle: "The last \(ReportText.count(window, "bar")), annualised with \(annualization)",
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
      caption: "The deepest drawdowns",
      columns: [
        .number("Depth", as: .percent(decimals: 1)), .text("Peak"), .text("Valley"),
        .text("Recovered"), .number("Bars", as: .integer), .number("Days", as: .integer),
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
