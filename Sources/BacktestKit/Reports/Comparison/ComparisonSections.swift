import BacktestCore
import BacktestEvidence

// The runs and their curves
extension ComparisonModel {
  /// The most lines with a colour.
  private static let colouredLines = 6
  /// How many of the best have a colour where there are more runs.
  private static let colouredBest = 3

  var runsSection: ReportSection {
    ReportSection(
      id: "runs", title: "Runs",
      summary: runs.count > 2
        ? "Main figures, and the parameters in which the runs differ."
        : "Main figures of both.",
      blocks: runs.count == 2 ? [pairTable] : [table])
  }

  /// The main figures of two runs side by side.
  private var pairTable: ReportTable {
    let other = 1 - reference
    let names = Metrics.headlineNames.filter { name in
      runs.contains { $0.metrics[name] != nil }
    }
    return ReportTable(
      caption: "Main figures",
      columns: [
        .text("Metric"), .number(runs[reference].label, as: .ratio),
        .number(runs[other].label, as: .ratio), .number("Difference", as: .ratio),
        .text("95% intervals"),
      ],
      rows: names.compactMap { Metrics.find($0) }.map { metric in
        let format = metric.unit.format()
        let (a, b) = (runs[reference].metrics[metric.name], runs[other].metrics[metric.name])
        let intervals = [reference, other].map { i in
          runs[i].intervals[metric.name].map {
            "\(format.text($0.lowerBound)) to \(format.text($0.upperBound))"
          } ?? NumberFormat.missing
        }
        let difference = a.flatMap { a in b.map { $0 - a } }
        return [
          .text(metric.title), Self.cell(a, format), Self.cell(b, format),
          Self.cell(difference, format),
          intervals.allSatisfy { $0 == NumberFormat.missing }
            ? .missing("the results have no interval for it")
            : .text(intervals.joined(separator: "; ")),
        ]
      })
  }

  private static func cell(_ value: Double?, _ format: NumberFormat) -> ReportCell {
    value.map { .text(format.text($0)) } ?? .missing("the run has no value for it")
  }

  /// The runs that are drawn in colour: the best and the reference.
  private var coloured: [Int] {
    guard charted.count > Self.colouredLines else { return charted }
    let best = Array(charted.prefix(Self.colouredBest))
    return charted.contains(reference) && !best.contains(reference) ? best + [reference] : best
  }

  var curveSections: [ReportSection] {
    guard !charted.isEmpty else { return [] }
    let starts = Set(charted.compactMap { runs[$0].curve?.dates.first })
    var growth = LineChart(
      title: "Growth of 1",
      subtitle: starts.count > 1
        ? "After all costs, each run from its own first day" : "After all costs",
      series: coloured.map(growthLine))
    let others = charted.filter { !coloured.contains($0) }
    growth.background = others.map(growthLine)
    growth.backgroundName =
      others.isEmpty ? nil : "\(NumberText.count(others.count, "other run"))"
    growth.isLogarithmic = true
    growth.baseline = 1
    growth.yTitle = "Multiple of initial capital"
    var blocks: [any ReportBlock] = [growth]
    if coloured.count > 1, runs.count <= Self.colouredLines {
      blocks.append(
        LineChart.underwater(title: "Drawdown", series: coloured.map(drawdownLine)))
    }
    if coloured.count == charted.count, coloured.count <= 4, let years = annualReturns {
      blocks.append(years)
    }
    return [
      ReportSection(
        id: "growth", title: "Growth",
        summary: others.isEmpty
          ? "What each run made of its capital."
          : "The best runs and the reference in colour, the others thin and grey behind them.",
        blocks: blocks)
    ]
  }

  private func growthLine(_ i: Int) -> ChartSeries {
    let curve = runs[i].curve
    return ChartSeries(
      runs[i].name, x: curve?.dates.map(\.axisSeconds) ?? [], y: curve?.growth ?? [])
  }

  private func drawdownLine(_ i: Int) -> ChartSeries {
    let curve = runs[i].curve
    return ChartSeries(
      runs[i].name, x: curve?.dates.map(\.axisSeconds) ?? [],
      y: Drawdown.underwater(curve?.wealth ?? []))
  }

  /// The return of each calendar year, side by side.
  private var annualReturns: BarChart? {
    let years = charted.map { runs[$0].curve?.annualReturns ?? [:] }
    let all = Set(years.flatMap(\.keys)).sorted()
    guard all.count > 1, all.count <= 60 else { return nil }
    return BarChart(
      title: "Returns by year", subtitle: "The first and the last year may be incomplete",
      categories: all.map { "\($0)" },
      groups: zip(charted, years).map { i, own in
        BarChart.Group(runs[i].name, values: all.map { own[$0] ?? .nan })
      }, unit: .percent)
  }
}

extension DailyCurve {
  /// The return of each calendar year.
  var annualReturns: [Int32: Double] {
    var found: [Int32: Double] = [:]
    var start = wealth.first ?? 0
    for row in dates.indices.dropFirst() {
      let year = Int32(dates[row].year)
      if row > 1, Int32(dates[row - 1].year) != year { start = wealth[row - 1] }
      if start > 0 { found[year] = wealth[row] / start - 1 }
    }
    return found
  }
}

extension CivilDate {
  /// The end of the day as an axis of time counts it.
  var axisSeconds: Double { Double(daysSinceEpoch) * 86_400 }
}

// How they differ
extension ComparisonModel {
  var differenceSections: [ReportSection] {
    guard place(of: reference) != nil else { return [] }
    let rows = runs.indices.compactMap { i in difference(of: i).map { (i, $0) } }
    guard !rows.isEmpty else { return [] }
    var blocks: [any ReportBlock] = []
    if runs.count == 2, let chart = relativeChart { blocks.append(chart) }
    blocks.append(differenceTable(rows))
    return [
      ReportSection(
        id: "differences", title: "Differences from \(runs[reference].name)",
        summary: "Returns less those of the reference, from one day that both have to the next, so "
          + "that weeks are compared with weeks. A t below 2 "
          + "is what chance often gives, and of many differences some are larger by chance alone.",
        blocks: blocks)
    ]
  }

  /// The growth of one run over that of the other.
  private var relativeChart: LineChart? {
    let other = 1 - reference
    guard let own = runs[other].curve, let base = runs[reference].curve else { return nil }
    let values = Dictionary(uniqueKeysWithValues: zip(base.dates, base.wealth))
    let common = zip(own.dates, own.wealth).compactMap { date, value in
      values[date].flatMap { $0 > 0 ? (date, value / $0) : nil }
    }
    guard common.count > 1, let first = common.first?.1, first > 0 else { return nil }
    var chart = LineChart(
      title: "\(runs[other].name) over \(runs[reference].name)",
      subtitle: "Above 1 it has made more of the same capital since the first common day",
      series: [
        ChartSeries(
          "Relative growth", x: common.map(\.0.axisSeconds), y: common.map { $0.1 / first })
      ], height: .medium)
    chart.baseline = 1
    chart.extremes = .both
    chart.yTitle = "Ratio of the two"
    return chart
  }

  private func differenceTable(_ rows: [(run: Int, difference: ReturnDifference)]) -> ReportTable {
    ReportTable(
      caption: "Returns less those of \(runs[reference].name)",
      columns: [
        .text("Run"),
        .number("A year", as: .signedPercent(decimals: 1), isSigned: true),
        .number("± error", as: .percent(decimals: 1), definition: "the standard error"),
        .number("t", as: .ratio, definition: "the mean difference over its standard error"),
        .number("Correlation", as: .ratio), .number("Common returns", as: .integer),
      ],
      rows: rows.map { i, difference in
        let days = daysPerYear(i)
        let pair = place(of: i).flatMap { own in
          place(of: reference).flatMap { correlations[own][$0] }
        }
        return [
          nameCell(i), .number(difference.mean * days), .number(difference.standardError * days),
          .number(difference.statistic, else: "every difference is the same"),
          .number(pair, else: "fewer than twenty common days"),
          .number(Double(difference.count)),
        ]
      })
  }
}
