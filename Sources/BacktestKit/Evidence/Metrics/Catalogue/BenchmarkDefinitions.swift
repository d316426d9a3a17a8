extension Metrics {
  static let benchmarkDefinitions: [MetricDefinition] = [
    MetricDefinition(
      "beta", "Beta", .ratio, needs: .benchmark, "cov(r - rf, b - rf) / var(b - rf)"
    ) { $0.benchmark?.beta },
    MetricDefinition(
      "alpha", "Alpha", .fraction, higherIsBetter: true, needs: [.benchmark, .calendar],
      "B x (mean(r - rf) - beta mean(b - rf))"
    ) { $0.benchmark?.alpha },
    MetricDefinition(
      "alpha-compounded", "Alpha, compounded", .fraction, higherIsBetter: true,
      needs: [.benchmark, .calendar], "(1 + alpha of one bar)^B - 1"
    ) { $0.benchmark?.compoundedAlpha },
    MetricDefinition(
      "correlation", "Correlation", .ratio, needs: .benchmark, "Pearson's correlation of r and b"
    ) { $0.benchmark?.correlation },
    MetricDefinition(
      "r-squared", "R squared", .ratio, needs: .benchmark, "correlation squared"
    ) { $0.benchmark?.rSquared },
    MetricDefinition(
      "tracking-error", "Tracking error", .fraction, needs: [.benchmark, .calendar],
      "sqrt(B) x sd(r - b), n - 1 deviation"
    ) { $0.benchmark?.trackingError },
    MetricDefinition(
      "information-ratio", "Information ratio", .ratio, higherIsBetter: true,
      needs: [.benchmark, .calendar], "sqrt(B) x mean(r - b) / sd(r - b)"
    ) { $0.benchmark?.informationRatio },
    MetricDefinition(
      "information-ratio-per-bar", "Information ratio of a bar", .ratio, higherIsBetter: true,
      needs: .benchmark, "mean(r - b) / sd(r - b)"
    ) { $0.benchmark?.informationRatioPerBar },
    MetricDefinition(
      "treynor", "Treynor ratio", .ratio, higherIsBetter: true, needs: [.benchmark, .calendar],
      "B x mean(r - rf) / beta (Treynor, 1965)"
    ) { $0.benchmark?.treynor },
    MetricDefinition(
      "m-squared", "M squared", .fraction, higherIsBetter: true, needs: [.benchmark, .calendar],
      "B x (Sharpe ratio of one bar x sd(b) + rf) (Modigliani, Modigliani, 1997)"
    ) { $0.benchmark?.modigliani },
    MetricDefinition(
      "up-capture", "Up capture", .ratio, higherIsBetter: true, needs: .benchmark,
      "mean(r) / mean(b) on bars with b > 0"
    ) { $0.benchmark?.capture(up: true) },
    MetricDefinition(
      "down-capture", "Down capture", .ratio, higherIsBetter: false, needs: .benchmark,
      "mean(r) / mean(b) on bars with b < 0"
    ) { $0.benchmark?.capture(up: false) },
    MetricDefinition(
      "up-capture-compounded", "Up capture, compounded", .ratio, higherIsBetter: true,
      needs: [.benchmark, .calendar], "CAGR of r / CAGR of b over the bars with b > 0 alone"
    ) { $0.benchmark?.compoundedCapture(up: true) },
    MetricDefinition(
      "down-capture-compounded", "Down capture, compounded", .ratio, higherIsBetter: false,
      needs: [.benchmark, .calendar], "CAGR of r / CAGR of b over the bars with b < 0 alone"
    ) { $0.benchmark?.compoundedCapture(up: false) },
    MetricDefinition(
      "batting-average", "Batting average", .fraction, higherIsBetter: true, needs: .benchmark,
      "share of bars with r > b"
    ) { $0.benchmark?.battingAverage },
  ]
}
