import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// Volatility, Sharpe ratio and beta over a rolling window; empty for runs of less than two
  /// windows.
  var rollingSections: [ReportSection] {
    guard let window = rollingWindow else { return [] }
    let rolling = RollingMetrics(window: window.bars)
    let other = benchmark?.alignedSample
    var blocks: [any ReportBlock] = []
    func add(_ title: String, _ subtitle: String?, _ own: [Double?], _ theirs: [Double?]?) {
      var lines = [rollingLine(run.strategy, own, window.bars)]
      if let other, let theirs {
        var line = ChartSeries(
          other.name, x: other.x.dropFirst(window.bars - 1).map { $0 },
          y: theirs.dropFirst(window.bars - 1).map { $0 ?? .nan })
        line.isBenchmark = true
        lines.append(line)
      }
      guard lines[0].y.contains(where: \.isFinite) else { return }
      var chart = timeChart(
        title, subtitle, lines, unit: title.contains("olatility") ? .percent : .plain)
      chart.extremes = .both
      if !title.contains("olatility") { chart.baseline = title.contains("beta") ? 1 : 0 }
      blocks.append(chart)
    }
    add(
      "Rolling Sharpe ratio", "Over \(window.text), annualised with \(annualization)",
      rolling.sharpe(sample), other.map { rolling.sharpe($0.sample) })
    add(
      "Rolling volatility", "Standard deviation of returns over \(window.text), annualised",
      rolling.volatility(sample), other.map { rolling.volatility($0.sample) })
    if let other, let chart = betaChart(rolling, other, window) { blocks.append(chart) }
    guard !blocks.isEmpty else { return [] }
    return [
      ReportSection(
        id: "rolling", title: "Rolling figures",
        summary: "Whether the figures of the whole run also hold for its parts.", blocks: blocks)
    ]
  }

  private func rollingLine(_ name: String, _ values: [Double?], _ window: Int) -> ChartSeries {
    line(name, values.dropFirst(window - 1).map { $0 ?? .nan }, from: window)
  }

  private func betaChart(
    _ rolling: RollingMetrics, _ other: AlignedBenchmark, _ window: (bars: Int, text: String)
  ) -> LineChart? {
    let values = rolling.beta(other.aligned).dropFirst(window.bars - 1).map { $0 ?? .nan }
    guard values.contains(where: \.isFinite) else { return nil }
    var chart = timeChart(
      "Rolling beta",
      "Slope of the returns on those of \(other.name) over \(window.text); at 1 they move alike",
      [ChartSeries("Beta", x: Array(other.x.dropFirst(window.bars - 1)), y: values)])
    chart.baseline = 0
    chart.extremes = .both
    return chart
  }

  /// One year of bars, or a tenth of the run for shorter bars.
  private var rollingWindow: (bars: Int, text: String)? {
    guard let barsPerYear = sample.barsPerYear, barsPerYear >= 12 else { return nil }
    let year = Int(barsPerYear)
    if sample.count >= 2 * year {
      return (year, "the last year (\(NumberText.count(year, "bar")))")
    }
    let tenth = sample.count / 10
    guard !isDaily, tenth >= 60 else { return nil }
    return (tenth, "the last \(NumberText.count(tenth, "bar")), a tenth of the run")
  }
}
