import BacktestCore
import BacktestEvidence

/// The charts that a walk-forward and a cross-validation have in common.
enum ValidationCharts {
  /// What a fold or a split trained on and what it tested.
  struct Windows {
    var name: String
    var train: [ClosedRange<CivilDate>]
    var test: [ClosedRange<CivilDate>]
  }

  /// When each fold or split was trained and when it was tested, one row each, the first one at the
  /// bottom; `nil` where the rows would run into each other.
  static func timeline(_ title: String, _ rows: [Windows], yTitle: String) -> LineChart? {
    let spanCount = rows.reduce(0) { $0 + $1.train.count + $1.test.count }
    guard (2...60).contains(rows.count), spanCount <= 2_000 else { return nil }
    func spans(_ name: String, _ dates: (Windows) -> [ClosedRange<CivilDate>]) -> ChartSeries {
      var line = ChartSeries(name, x: [], y: [])
      for (row, windows) in rows.enumerated() {
        for span in dates(windows) {
          let end = span.upperBound.adding(days: 1).midnight.axisSeconds
          line.x += [span.lowerBound.midnight.axisSeconds, end, .nan]
          line.y += [Double(row), Double(row), .nan]
        }
      }
      line.isThick = true
      return line
    }
    var chart = LineChart(
      title: title, series: [spans("Test", \.test), spans("Train", \.train)],
      height: rows.count > 24 ? .tall : rows.count > 12 ? .medium : .short)
    chart.series[1].style = "s0"
    chart.yPlaces = rows.map(\.name)
    chart.yTitle = yTitle
    chart.showsReadouts = false
    chart.showsEnds = false
    let tested = rows.flatMap(\.test)
    if let first = tested.map(\.lowerBound).min(), let last = tested.map(\.upperBound).max() {
      chart.summary =
        "\(rows.count) rows, tested from \(first) to \(last), each beside its train bars."
    }
    return chart
  }

  /// One dot for each fold or split: its objective in sample and out of sample.
  static func scatter(
    _ pairs: [(inSample: Double?, outOfSample: Double?)], unit name: String,
    objective: MetricDefinition, format: NumberFormat,
    line: OverfittingProbability.Degradation?, remark: String? = nil
  ) -> ScatterChart {
    let noun = NumberText.capitalized(name)
    var cloud = ScatterChart.Cloud(
      "\(noun)s", x: pairs.map { $0.inSample ?? .nan }, y: pairs.map { $0.outOfSample ?? .nan })
    cloud.labels = pairs.indices.map { "\($0 + 1)" }
    cloud.titles = pairs.enumerated().map { i, pair in
      "\(noun) \(i + 1): \(format.text(pair.inSample)) in sample, "
        + "\(format.text(pair.outOfSample)) out of sample"
    }
    var chart = ScatterChart(
      title: "In-sample and out-of-sample results",
      subtitle: "One dot per \(name), numbered where there is room; below the dashed line, the "
        + "test bars did worse than the train bars" + (remark.map { ". \($0)" } ?? ""),
      clouds: [cloud], xTitle: "\(objective.title), train bars",
      yTitle: "\(objective.title), test bars",
      unit: objective.unit == .fraction ? .percent : .plain, diagonalName: "Equal in both")
    chart.trend = line.map { .init(slope: $0.slope, intercept: $0.intercept) }
    return chart
  }

  /// The in-sample objective of every candidate in every fold or split, where a page can show them.
  static func candidateMap(
    _ scores: [[Double?]], candidates: [StrategyParameters], grid: ParameterGrid, unit: String,
    objective: MetricDefinition, format: NumberFormat
  ) -> HeatMapChart? {
    guard (2...40).contains(candidates.count), (2...60).contains(scores.count) else { return nil }
    let names = grid.dimensions.map(\.name)
    return HeatMapChart(
      title: "In-sample \(objective.title) of each candidate by \(unit)",
      subtitle: "A row of high values from end to end was good in every \(unit)",
      columns: scores.indices.map { "\($0 + 1)" },
      rows: candidates.map { candidate in
        names.compactMap { candidate[$0].map(\.description) }.joined(separator: ", ")
      },
      values: candidates.indices.map { candidate in scores.map { $0[candidate] } },
      xTitle: NumberText.capitalized(unit), yTitle: NumberText.list(names, limit: 6),
      format: format)
  }

  /// The mean in-sample objective over two parameters.
  static func surface(
    _ map: ParameterHeatMap, unit: String, objective: MetricDefinition, format: NumberFormat
  ) -> HeatMapChart {
    let others =
      map.largestCellCount > 1 ? "; the \(map.reduction.rawValue) over the other parameters" : ""
    return HeatMapChart(
      title: "In-sample \(objective.title) by \(map.across) and \(map.down)",
      subtitle: "Mean over \(unit)s\(others)",
      columns: map.columns.map(\.description), rows: map.rows.map(\.description),
      values: map.values, xTitle: map.across, yTitle: map.down, format: format)
  }
}
