import BacktestCore
import BacktestEvidence

extension CrossValidationReport {
  /// The benchmark's growth of 1 at the dates of the histories; `nil` without one.
  func benchmarkSeries(_ growth: PathGrowth, x: [Double]) -> ChartSeries? {
    guard let benchmark else { return nil }
    var line = ChartSeries(
      benchmark.name, x: x, y: benchmark.scaled(to: 1, on: growth.dates).map { $0 ?? .nan })
    line.isBenchmark = true
    return line
  }

  /// The objective of the benchmark over the dates of the histories, and its return and fall.
  var benchmarkTiles: [ReportTiles.Tile] {
    guard let benchmark, let metrics = benchmarkMetrics else { return [] }
    let objective = metrics.all.first { $0.0.name == result.objective.name }?.1
    let percent = NumberFormat.percent(decimals: 1)
    return [
      ReportTiles.Tile(
        "\(result.objective.title) of \(benchmark.nameInSentence)",
        value: format.text(objective),
        detail: "CAGR \(percent.text(metrics.cagr)), max drawdown "
          + "\(percent.text(metrics.maxDrawdown))",
        definition: "over all bars of the histories, without costs")
    ]
  }

  private var benchmarkMetrics: PerformanceMetrics? {
    guard let benchmark, let growth = result.growth, let first = growth.dates.first,
      let last = growth.dates.last
    else { return nil }
    let dates = benchmark.dates.filter { (first...last).contains($0) }
    let rate = result.configuration.riskFreeRate
    let sample = try? ReturnsSample(
      equity: benchmark.scaled(to: 1, on: dates).map { $0 ?? 1 }, pointDates: dates,
      barsPerYear: benchmark.pricesPerYear, riskFree: rate == 0 ? .zero : .annual(rate))
    return sample.map { PerformanceMetrics($0) }
  }
}

// When splits train and test
extension CrossValidationReport {
  /// The most spans of a split that are written.
  private static let spanLimit = 4

  func testSpans(_ split: CrossValidationSplitResult) -> String {
    spans(split.rows?.test) ?? "\(split.testDates.lowerBound) to \(split.testDates.upperBound)"
  }

  /// Where whole markets are left out, the others train on all of their bars.
  func trainSpans(_ split: CrossValidationSplitResult) -> String {
    spans(split.rows?.train) ?? "all of the other \(result.plan.method.unit)s"
  }

  private func spans(_ ranges: [Range<Int>]?) -> String? {
    ranges.map { ranges in
      NumberText.list(
        dateSpans(ranges).map { "\($0.lowerBound) to \($0.upperBound)" }, limit: Self.spanLimit)
    }
  }

  /// The dates of the first and the last bar of each range; those that touch are one.
  func dateSpans(_ ranges: [Range<Int>]) -> [ClosedRange<CivilDate>] {
    let dates = result.markets[0].barDates
    var joined: [Range<Int>] = []
    for range in ranges where !range.isEmpty {
      if let last = joined.last, last.upperBound == range.lowerBound {
        joined[joined.count - 1] = last.lowerBound..<range.upperBound
      } else {
        joined.append(range)
      }
    }
    return joined.map { dates[$0.lowerBound]...dates[$0.upperBound - 1] }
  }
}
