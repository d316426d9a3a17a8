import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// What was held and how much was traded over time; empty where nothing was ever held.
  var exposureSections: [ReportSection] {
    guard let exposure else { return [] }
    var blocks: [any ReportBlock] = [exposureChart(exposure)]
    if let chart = weightChart { blocks.append(chart) }
    if let chart = turnoverChart { blocks.append(chart) }
    return [
      ReportSection(
        id: "exposure", title: "Exposure and turnover",
        summary: "Positions as shares of equity at each close; above 100% the account borrows.",
        blocks: blocks)
    ]
  }

  private func exposureChart(_ exposure: AccountExposure) -> LineChart {
    var lines = [line("Gross", exposure.gross)]
    let isShort = exposure.short?.contains { $0 > 1e-9 } ?? false
    let isLong = exposure.long?.contains { $0 > 1e-9 } ?? false
    if let net = exposure.net, isShort {
      lines.append(line("Net", net))
      if isLong, let long = exposure.long { lines.append(line("Long", long)) }
      if let short = exposure.short { lines.append(line("Short", short.map { -$0 })) }
    }
    var chart = timeChart(
      isShort ? "Gross, net, long and short exposure" : "Exposure",
      isShort ? "Short positions are drawn below zero" : "All positions are long", lines,
      unit: .percent)
    if exposure.net == nil { chart.subtitle = "Sum of the sizes of all positions, long and short" }
    chart.isFilled = !isShort
    chart.namesEnds = lines.count > 1
    chart.baseline = 0
    return chart
  }

  /// The weights of the instruments, of many only those that were largest on average.
  private var weightChart: LineChart? {
    guard run.universe.count > 1, times.count > 1 else { return nil }
    let step = max(1, times.count / 500)
    var points = Array(stride(from: 0, to: times.count, by: step))
    if points.last != times.count - 1 { points.append(times.count - 1) }
    guard let weights = run.weights(at: points) else { return nil }
    let means = weights.map { one in one.reduce(0) { $0 + abs($1) } / Double(points.count) }
    let order = weights.indices.sorted { (-means[$0], $0) < (-means[$1], $1) }
    let shown = order.prefix(6).filter { means[$0] > 0 }
    guard !shown.isEmpty else { return nil }
    var chart = timeChart(
      "Weights",
      shown.count < weights.count
        ? "The \(shown.count) instruments with the largest mean weight, of \(weights.count)" : nil,
      shown.map { place in
        ChartSeries(
          run.universe.series[place].instrument.symbol, x: points.map { axisValues[$0] },
          y: weights[place])
      }, unit: .percent)
    chart.baseline = 0
    chart.namesEnds = true
    chart.showsEnds = chart.series.allSatisfy { $0.name.count <= 8 }
    return chart
  }

  private var turnoverChart: BarChart? {
    guard let turnover = MonthlyTurnover(run), turnover.months.count > 1 else { return nil }
    // Many months are shown as years, whose turnovers are sums.
    let isByYear = turnover.months.count > 60
    var (names, values, labels) = ([String](), [Double](), [AxisTick]())
    for (month, value) in zip(turnover.months, turnover.values) {
      let name =
        isByYear
        ? "\(month.year)" : "\(TimeTicks.monthNames[month.month - 1]) \(month.year)"
      if names.last == name {
        values[values.count - 1] += value
      } else {
        names.append(name)
        values.append(value)
        let isFirst = month.month == 1 || labels.isEmpty
        labels.append(
          AxisTick(
            value: Double(names.count) - 0.5,
            label: isFirst ? name : TimeTicks.monthNames[month.month - 1], isMajor: isFirst))
      }
    }
    var chart = BarChart(
      title: isByYear ? "Turnover by year" : "Turnover by month",
      subtitle: "Half of what was traded in a month over the mean equity of that month"
        + (isByYear ? "; months added up" : ""),
      categories: names, groups: [.init("Turnover", values: values)], unit: .percent,
      height: .short)
    if !isByYear { chart.shortNames = labels }
    return chart
  }
}
