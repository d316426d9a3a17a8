import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// Equity and drawdown of the account and its benchmark.
  var equitySection: ReportSection {
    var blocks: [any ReportBlock] = [equityChart, drawdownChart]
    if !drawdowns.isEmpty { blocks.append(drawdownTable) }
    if let table = periodTable { blocks.append(table) }
    if let chart = matchedChart { blocks.append(chart) }
    let what = walkForward == nil ? "Growth of the account" : "Out-of-sample growth of the account"
    let beside =
      benchmark.map { " compared with \($0.nameInSentence), starting from the same capital" } ?? ""
    return ReportSection(
      id: "equity", title: walkForward == nil ? "Equity" : "Out-of-sample equity",
      summary: "\(what)\(beside), and drawdowns from the highest value so far.", blocks: blocks)
  }

  func series(_ own: [Double], _ other: [Double?]?) -> [ChartSeries] {
    var lines = [line(run.strategy, own)]
    if let benchmark, let other {
      lines.append(line(benchmark.name, other.map { $0 ?? .nan }, isBenchmark: true))
    }
    return lines
  }

  /// The title of an axis of money.
  var moneyTitle: String { isOfReturns ? "Value" : currency }

  private var equityChart: LineChart {
    var chart = timeChart(
      isOfReturns ? "Growth of 1" : "Equity", nil, series(sample.wealth, benchmark?.values),
      height: .tall)
    chart.isLogarithmic = true
    chart.yTitle = moneyTitle
    chart.baseline = sample.wealth.first
    chart.extremes = .highest
    chart.bands = walkForward == nil ? drawdownBands : foldBands
    if walkForward != nil {
      chart.subtitle = "Every second test window is shaded"
    } else if !chart.bands.isEmpty {
      chart.subtitle = "The deepest drawdowns are shaded and numbered as in the table below"
    }
    chart.markers = riskMarkers
    return chart
  }

  /// What limits and maintenance did to the account, at its value then; the commonest first, so
  /// that the others are drawn over it.
  private var riskMarkers: [ChartMarkers] {
    let kinds: [(action: RiskBreach.Action, name: String, shape: ChartMarkers.Shape)] = [
      (.cut, "Order reduced by a limit", .tick), (.rejected, "Order rejected by a limit", .tick),
      (.reduced, "Targets reduced by a drawdown", .tick),
      (.closed, "Positions closed by a limit", .dot),
    ]
    let breaches = kinds.map { kind in
      let times = run.riskBreaches.filter { $0.action == kind.action }.map(\.time)
      return (name: kind.name, shape: kind.shape, times: times)
    }
    let calls = (name: "Margin call", shape: ChartMarkers.Shape.ring, run.marginCalls.map(\.time))
    return (breaches + [calls]).filter { !$0.times.isEmpty }
      .sorted { $0.times.count > $1.times.count }
      .map { kind in
        ChartMarkers(
          "\(kind.name), \(NumberText.count(kind.times.count, "time"))", shape: kind.shape,
          times: kind.times, values: kind.times.map { wealth(at: $0) })
      }
  }

  /// The value of the account at its last point until an instant.
  private func wealth(at time: Timestamp) -> Double {
    var (low, high) = (0, times.count)
    while low < high {
      let middle = (low + high) / 2
      if times[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? sample.wealth[low - 1] : .nan
  }

  /// From peak to recovery, numbered from the deepest.
  private var drawdownBands: [ChartBand] {
    Drawdown.deepest(5, of: drawdowns).enumerated().map { place, fall in
      ChartBand(
        from: times[fall.peak], to: times[fall.end], name: "Deepest drawdowns",
        label: "\(place + 1)")
    }
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
    (chart.xAxis, chart.xTitle) = (axis, timeChart("", nil, []).xTitle)
    chart.readoutLimit = LineChart.monthlyReadouts
    chart.subtitle = "Percentage below the highest value so far"
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
    let deepest = Drawdown.deepest(5, of: drawdowns)
    return ReportTable(
      caption: "Deepest drawdowns",
      columns: [
        .number("No.", as: .integer), .number("Depth", as: .percent(decimals: 1)),
        .text(momentTitle("Peak")), .text(momentTitle("Valley")), .text(momentTitle("Recovery")),
        .number("Length, bars", as: .integer),
        .number(
          "Length, days", as: .integer,
          definition: "calendar days from the peak to the recovery or the end"),
      ],
      rows: deepest.enumerated().map { place, fall in
        func moment(_ row: Int?, _ date: CivilDate?, else reason: String) -> ReportCell {
          if !isDaily, let row { return .moment(clock.text(times[row])) }
          return date.map { .date($0) } ?? .text(reason)
        }
        return [
          .number(Double(place + 1)), .number(fall.depth),
          moment(fall.peak, fall.dates?.peak, else: "no dates"),
          moment(fall.valley, fall.dates?.valley, else: "no dates"),
          moment(fall.recovery, fall.dates?.recovery, else: "not yet"), .number(Double(fall.bars)),
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
      if calendar.years.count > 1 { blocks.append(yearChart(calendar)) }
    } else {
      blocks.append(ReportParagraph("There are no returns by month or year."))
    }
    blocks += distributionBlocks
    return ReportSection(
      id: "returns", title: "Returns",
      summary: "By month and year of the session. The first and last periods may be incomplete.",
      blocks: blocks)
  }

  private func yearChart(_ calendar: CalendarReturns) -> BarChart {
    let years = calendar.years
    var groups = [BarChart.Group(run.strategy, values: years.map(\.value))]
    if let benchmark, let other = benchmark.metrics?.calendarReturns {
      groups.append(
        .init(benchmark.name, values: years.map { other[$0.year] ?? .nan }, isBenchmark: true))
    }
    return BarChart(
      title: "Returns by year", categories: years.map { "\($0.year)" }, groups: groups,
      unit: .percent)
  }
}
