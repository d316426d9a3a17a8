import BacktestCore
internal import Glibc

extension Metrics {
  static let returnDefinitions: [MetricDefinition] = [
    MetricDefinition(
      "return-count", "Number of returns", .count, minimumCount: 0,
      "n, the number of simple returns"
    ) { $0.count },
    MetricDefinition(
      "total-return", "Total return", .fraction, higherIsBetter: true, minimumCount: 1,
      "product of 1 + r, minus 1"
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
      "arithmetic mean of r"
    ) { $0.dispersion.mean },
    MetricDefinition(
      "geometric-mean-return", "Geometric mean return", .fraction, higherIsBetter: true,
      "(product of 1 + r)^(1/n) - 1"
    ) { $0.growth > 0 ? expm1(log($0.growth) / $0.count) : -1 },
    MetricDefinition(
      "median-return", "Median return", .fraction, higherIsBetter: true, "median of r"
    ) { $0.sorted.sortedQuantile(0.5) },
    MetricDefinition(
      "annual-mean-return", "Annual mean return", .fraction, higherIsBetter: true,
      needs: .calendar, "B x mean(r)"
    ) { $0.barsPerYear * $0.dispersion.mean },
    MetricDefinition(
      "stability", "Stability", .ratio, higherIsBetter: true,
      "R squared of the cumulative log return regressed on the bar number"
    ) { $0.trend?.rSquared },
    MetricDefinition(
      "k-ratio", "K-ratio (2013)", .ratio, higherIsBetter: true, needs: .calendar,
      "slope of the cumulative log return / its standard error x sqrt(B) / n (Kestner, 2013)"
    ) { space in space.kRatio.map { $0 * space.barsPerYear.squareRoot() / space.count } },
    MetricDefinition(
      "k-ratio-2003", "K-ratio (2003)", .ratio, higherIsBetter: true,
      "slope of the cumulative log return / its standard error / n (Kestner, 2003)"
    ) { space in space.kRatio.map { $0 / space.count } },
    MetricDefinition(
      "k-ratio-1996", "K-ratio (1996)", .ratio, higherIsBetter: true,
      "slope of the cumulative log return / its standard error (Kestner, 1996)"
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

/// The line through the logarithm of wealth over the bars 1 to n, by least squares.
struct LogWealthTrend {
  /// The rise of a bar.
  let slope: Double
  /// The standard error of the slope; `nil` with fewer than three bars.
  let slopeError: Double?
  /// The share of the variance that the line explains; `nil` for a flat path.
  let rSquared: Double?

  /// The trend of a path that never loses everything, of two bars or more.
  init?(_ wealth: [Double]) {
    let count = wealth.count - 1
    guard count > 1, let base = wealth.first, wealth.allSatisfy({ $0 > 0 }) else { return nil }
    let logs = wealth.dropFirst().map { log($0 / base) }
    let n = Double(count)
    let levels = Dispersion(logs)
    let middle = (n - 1) / 2
    let spread = n * (n * n - 1) / 12
    let comoment = logs.enumerated().compensatedSum {
      (Double($0.offset) - middle) * ($0.element - levels.mean)
    }
    slope = comoment / spread
    let slope = slope
    let residuals = logs.enumerated().compensatedSum {
      let error = $0.element - levels.mean - slope * (Double($0.offset) - middle)
      return error * error
    }
    let deviation = (residuals / n).squareRoot().withoutRounding(scale: abs(slope) * n)
    slopeError = count > 2 && deviation != 0 ? (residuals / (n - 2) / spread).squareRoot() : nil
    rSquared =
      levels.deviation() == 0
      ? nil : RatioFormulas.quotient(comoment * comoment, spread * levels.squares)
  }
}
