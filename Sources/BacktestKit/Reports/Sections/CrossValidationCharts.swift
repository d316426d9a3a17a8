import BacktestCore
import BacktestEvidence

extension CrossValidationReport {
  /// The most paths that are drawn one by one.
  private static let lineLimit = 6

  /// How the paths grew: lines of a few, or the range of many around their median.
  var growthChart: LineChart? {
    guard let growth = result.growth, growth.dates.count > 1 else { return nil }
    let x = growth.dates.map { $0.midnight.axisSeconds }
    var chart = LineChart(title: "Growth out of sample", series: [], height: .tall)
    switch growth.paths.count {
    case 1:
      chart.series = [ChartSeries(result.strategy, x: x, y: growth.paths[0])]
      chart.subtitle = "The test bars of all splits, joined in order of time"
    case ...Self.lineLimit:
      chart.series = growth.paths.enumerated().map {
        ChartSeries("Path \($0 + 1)", x: x, y: $1)
      }
      chart.subtitle = "One line for each path; all are equally valid"
    default:
      let outer = growth.paths.count >= 20 ? (0.05, 0.95) : (0, 1)
      chart.series = [ChartSeries("Median of paths", x: x, y: growth.quantile(0.5))]
      chart.ranges = [
        ChartRange(
          outer.0 == 0 ? "Lowest to highest path" : "5% to 95% of paths", x: x,
          lower: growth.quantile(outer.0), upper: growth.quantile(outer.1)),
        ChartRange(
          "Half of the paths", x: x, lower: growth.quantile(0.25), upper: growth.quantile(0.75)),
      ]
      chart.subtitle = "Median, quartiles and range of the paths' growth up to each date"
    }
    if growth.pathCount > growth.paths.count {
      chart.subtitle =
        "\(NumberText.grouped(growth.paths.count)) of "
        + "\(NumberText.grouped(growth.pathCount)) paths, evenly taken"
    }
    if let line = benchmarkSeries(growth, x: x) { chart.series.append(line) }
    chart.isLogarithmic = true
    chart.baseline = 1
    chart.yTitle = "Growth of 1"
    return chart
  }

  /// When splits train and test, and how each did in and out of sample.
  var splitCharts: [any ReportBlock] {
    var blocks: [any ReportBlock] = []
    if let timeline { blocks.append(timeline) }
    guard !result.choosesNothing else { return blocks }
    blocks.append(
      ValidationCharts.scatter(
        result.splits.map { ($0.inSample, $0.test.objective) }, unit: "split",
        objective: result.objective, format: format, line: result.degradation,
        remark: "Splits train on what they do not test, so a good test leaves a worse rest and the "
          + "slope is below zero even where nothing is chosen"))
    return blocks
  }

  private var timeline: LineChart? {
    let rows = result.splits.compactMap { split in
      split.rows.map { rows in
        ValidationCharts.Windows(
          name: "\(split.index + 1)", train: dateSpans(rows.train), test: dateSpans(rows.test))
      }
    }
    return ValidationCharts.timeline("Bars of the splits", rows, yTitle: "Split")
  }

  /// The objective of candidates in sample: by split, and over pairs of parameters.
  var parameterCharts: [any ReportBlock] {
    guard !result.trainScores.isEmpty else { return [] }
    let map = ValidationCharts.candidateMap(
      result.trainScores, candidates: result.candidates, grid: result.grid, unit: "split",
      objective: result.objective, format: format)
    let surfaces = result.trainSurfaces.prefix(6).map { map in
      ValidationCharts.surface(map, unit: "split", objective: result.objective, format: format)
    }
    return (map.map { [$0] } ?? []) + surfaces
  }

  /// How often the best of one half of the bars is in the lower half on the other; empty where
  /// nothing is chosen.
  var overfittingSections: [ReportSection] {
    guard let overfitting = result.overfitting else { return [] }
    let blocks: [any ReportBlock] =
      switch overfitting {
      case .success(let found):
        OverfittingBlocks.blocks(found, barsPerYear: result.markets[0].barsPerYear)
      case .failure(let reason): [ReportParagraph("It has no value: \(reason).")]
      }
    return [OverfittingBlocks.section(blocks)]
  }
}
