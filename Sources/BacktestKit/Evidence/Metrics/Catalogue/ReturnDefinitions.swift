import BacktestCore
internal import Glibc

extension Metrics {
  static let returnDefinitions: [MetricDefinition] = [
    MetricDefinition(
      "return-count", "Returns", .count, minimumCount: 0, "n, the number of simple returns"
    ) { $0.count },
    MetricDefinition(
      "total-return", "Total return", .fraction, higherIsBetter: true, minimumCount: 1,
      "product of 1 + r, less 1"
    ) { $0.growth - 1 },
    MetricDefinition(
      "cagr", "CAGR", .fraction, higherIsBetter: true, needs: .calendar,
      "(product of 1 + r)^(B/n) - 1"
    ) { $0.cagr },
    MetricDefinition(
      "calendar-cagr", "CAGR by calendar days", .fraction, higherIsBetter: true, needs: .dates,
      "(product of 1 + r)^(365.25 / calendar days from the base point to the end) - 1"
    ) { $0.calendarCAGR },
    MetricDefinition(
      "mean-return", "Mean return", .fraction, higherIsBetter: true,
      "arithmetic mean of r, of one bar"
    ) { $0.dispersion.mean },
    MetricDefinition(
      "geometric-mean-return", "Geometric mean return", .fraction, higherIsBetter: true,
      "(product of 1 + r)^(1/n) - 1"
    ) { $0.growth > 0 ? expm1(log($0.growth) / $0.count) : -1 },
    MetricDefinition(
      "median-return", "Median return", .fraction, higherIsBetter: true, "median of r"
    ) { $0.sorted.sortedQuantile(0.5) },
    MetricDefinition(
      "annual-mean-return", "Mean return a year", .fraction, higherIsBetter: true,
      needs: .calendar, "B x mean(r)"
    ) { $0.barsPerYear * $0.dispersion.mean },
    MetricDefinition(
      "stability", "Stability", .ratio, higherIsBetter: true,
      "R squared of cumulative log return on the bar number"
    ) { $0.trend?.rSquared },
    MetricDefinition(
      "k-ratio", "K-ratio (2013)", .ratio, higherIsBetter: true, needs: .calendar,
      "slope of cumulative log return on the bar number over its standard error, "
        + "x sqrt(B) / n (Kestner, 2013)"
    ) { space in space.kRatio.map { $0 * space.barsPerYear.squareRoot() / space.count } },
    MetricDefinition(
      "k-ratio-2003", "K-ratio (2003)", .ratio, higherIsBetter: true,
      "slope of cumulative log return over its standard error, / n (Kestner, 2003)"
    ) { space in space.kRatio.map { $0 / space.count } },
    MetricDefinition(
      "k-ratio-1996", "K-ratio (1996)", .ratio, higherIsBetter: true,
      "slope of cumulative log return over its standard error (Kestner, 1996)"
    ) { $0.kRatio },
  ]
}

extension MetricWorkspace {
  fileprivate var kRatio: Double? {
    trend.flatMap { RatioFormulas.quotient($0.slope, $0.slopeError) }
  }

  fileprivate var calendarCAGR: Double? {
    guard let first = sample.pointDates?.first, let last = sample.pointDates?.last, first < last
    else { return nil }
    return RatioFormulas.annualized(
      growth: growth, count: last.daysSinceEpoch - first.daysSinceEpoch, barsPerYear: 365.25)
  }
}
