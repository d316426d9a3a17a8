extension Metrics {
  static let riskDefinitions: [MetricDefinition] = [
    MetricDefinition(
      "volatility", "Volatility", .fraction, higherIsBetter: false, needs: .calendar,
      "sqrt(B) x sd(r), n - 1 deviation"
    ) { $0.volatility },
    MetricDefinition(
      "standard-deviation", "Deviation of a bar", .fraction, higherIsBetter: false,
      "sd(r), n - 1 deviation"
    ) { $0.deviation },
    MetricDefinition(
      "population-deviation", "Population deviation of a bar", .fraction, higherIsBetter: false,
      "sd(r) with the divisor n"
    ) { $0.dispersion.deviation(reduction: 0) },
    MetricDefinition(
      "downside-deviation", "Downside deviation", .fraction, higherIsBetter: false,
      needs: .calendar, "sqrt(B) x sqrt(mean(min(r - MAR, 0)^2)) over all n"
    ) { space in space.downsideDeviation.map { $0 * space.barsPerYear.squareRoot() } },
    MetricDefinition(
      "downside-deviation-per-bar", "Downside deviation of a bar", .fraction,
      higherIsBetter: false, "sqrt(mean(min(r - MAR, 0)^2)) over all n"
    ) { $0.downsideDeviation },
    MetricDefinition(
      "downside-deviation-negatives-only", "Downside deviation of losing bars", .fraction,
      higherIsBetter: false,
      "the same divided by the number of returns below MAR; a variant that flatters less"
    ) { $0.lossDeviation },
    MetricDefinition(
      "semideviation", "Semideviation of a bar", .fraction, higherIsBetter: false,
      "sqrt(mean(min(r - mean, 0)^2)) over all n"
    ) { $0.semideviation(reduction: 0) },
    MetricDefinition(
      "sample-semideviation", "Sample semideviation of a bar", .fraction, higherIsBetter: false,
      "the same with the divisor n - 1"
    ) { $0.semideviation(reduction: 1) },
  ]
}

extension MetricWorkspace {
  /// The downside deviation over the losing bars alone.
  var lossDeviation: Double? {
    guard let target = sample.minimumPerBar, let deviation = downsideDeviation else { return nil }
    let below = sample.returns.count { $0 < target }
    return RatioFormulas.quotient(deviation * count.squareRoot(), Double(below).squareRoot())
  }

  fileprivate func semideviation(reduction: Double) -> Double? {
    let squares = sample.returns.withUnsafeBufferPointer {
      VectorSums.squaredShortfalls($0, below: dispersion.mean)
    }
    return (squares / (count - reduction)).squareRoot().withoutRounding()
  }
}
