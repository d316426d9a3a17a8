import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// How returns are spread, and how they follow each other.
  var distributionBlocks: [any ReportBlock] {
    var pair: [any ReportBlock] = [histogram]
    if let chart = monthHistogram { pair.append(chart) }
    var others: [any ReportBlock] = []
    if let chart = boxes { others.append(chart) }
    if let chart = quantileChart { others.append(chart) }
    var blocks: [any ReportBlock] = [ReportColumns(pair)]
    if !others.isEmpty { blocks.append(ReportColumns(others)) }
    if let chart = correlationChart { blocks.append(chart) }
    return blocks
  }

  private var histogram: HistogramChart {
    let marks = [("VaR 95%", "var-95"), ("Expected shortfall 95%", "expected-shortfall-95")]
    return HistogramChart(
      title: "Distribution of returns",
      subtitle: "Returns per bar, with the normal curve of the same mean and standard deviation",
      values: sortedReturns,
      marks: marks.compactMap { name, metric in values[metric].map { .init(name, at: $0) } },
      xTitle: "Return per bar")
  }

  private var monthHistogram: HistogramChart? {
    let months = sample.returns(by: .month)
    guard months.count >= 12 else { return nil }
    let mean = months.reduce(0, +) / Double(months.count)
    let gains = months.count { $0 > 0 }
    return HistogramChart(
      title: "Distribution of monthly returns",
      subtitle: "\(gains) of \(NumberText.count(months.count, "month")) with a gain",
      values: months, showsNormalCurve: false, marks: [.init("Mean", at: mean)],
      xTitle: "Return per month")
  }

  private var boxes: BoxChart? {
    let periods: [(String, ReturnPeriod)] = [
      ("Week", .week), ("Month", .month), ("Quarter", .quarter), ("Year", .year),
    ]
    let all = periods.map { ($0.0, sample.returns(by: $0.1)) }
    // Where a longer period has as many, single returns are longer than the period.
    let found = all.indices.filter { place in
      all[place].1.count >= 5
        && (place + 1 == all.count || all[place + 1].1.count < all[place].1.count)
    }.map { all[$0] }
    guard found.count > 1 else { return nil }
    return BoxChart(
      title: "Returns by length of period",
      subtitle: "Boxes from quartile to quartile with the median, whiskers to the extremes",
      boxes: found.map { .init($0.0, values: $0.1) })
  }

  private var quantileChart: ScatterChart? {
    let pairs = sample.normalQuantiles(of: sortedReturns)
    guard pairs.count >= 20 else { return nil }
    var chart = ScatterChart(
      title: "Returns compared with a normal distribution",
      subtitle: "Quantiles in standard deviations from the mean; dots below the line on the left "
        + "are losses that are larger than a normal distribution would give",
      clouds: [.init("Returns", x: pairs.map(\.normal), y: pairs.map(\.actual))],
      xTitle: "Normal quantile", yTitle: "Return in standard deviations",
      diagonalName: "Normal distribution", height: .medium)
    // Normal quantiles end at three or four deviations, losses need not.
    chart.hasEqualAxes = false
    let (shares, figure) = (
      [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999], NumberFormat.ratio
    )
    chart.readouts = shares.compactMap { share in
      let normal = NormalDistribution.quantile(share)
      guard let near = pairs.min(by: { abs($0.normal - normal) < abs($1.normal - normal) }),
        abs(near.normal - normal) < 0.1
      else { return nil }
      let percent = NumberFormat.percent(decimals: AxisTicks.decimals(for: share * 100))
      return (
        near.normal,
        "\(percent.text(share)) quantile\nReturn \(figure.text(near.actual))\n"
          + "Normal \(figure.text(near.normal))"
      )
    }
    chart.notes = [pairs[0], pairs[pairs.count - 1]].map {
      ($0.normal, $0.actual, figure.text($0.actual))
    }
    return chart
  }

  private var correlationChart: BarChart? {
    guard let (own, squared) = autocorrelations else { return nil }
    let bound = 1.96 / Double(sample.count).squareRoot()
    let shown = NumberFormat.number(decimals: 3).text(bound)
    var chart = BarChart(
      title: "Autocorrelation of returns",
      subtitle: "Values within ±\(shown), the dashed lines, are usual where there is none; squared "
        + "returns show whether calm and wild times come in clusters",
      categories: (1...own.count).map { "\($0)" },
      groups: [.init("Returns", values: own), .init("Squared returns", values: squared)],
      height: .short)
    chart.xTitle = "Lag, bars"
    chart.limits = [-bound, bound]
    return chart
  }
}
