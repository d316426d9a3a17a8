extension Metrics {
  static let drawdownDefinitions: [MetricDefinition] = [
    MetricDefinition(
      "max-drawdown", "Max drawdown", .fraction, higherIsBetter: true, minimumCount: 1,
      "least of V / highest V so far, less 1, the base point included"
    ) { $0.maxDrawdown },
    MetricDefinition(
      "max-drawdown-without-base", "Max drawdown without base", .fraction, higherIsBetter: true,
      "the same from the first return on; a variant that misses a fall from the start"
    ) { MetricWorkspace.maxDrawdown($0.sample.wealth.dropFirst()) },
    MetricDefinition(
      "average-drawdown", "Average drawdown", .fraction, higherIsBetter: true,
      "mean depth of all drawdowns"
    ) { space in
      let depths = space.episodes.compensatedSum(\.depth)
      return space.episodes.isEmpty ? 0 : depths / Double(space.episodes.count)
    },
    MetricDefinition(
      "average-underwater", "Average distance below peak", .fraction, higherIsBetter: true,
      "mean of d over all n bars; the pain index with its sign"
    ) { $0.meanUnderwater },
    MetricDefinition(
      "drawdown-count", "Drawdowns", .count, "maximal runs of bars below the running peak"
    ) { Double($0.episodes.count) },
    MetricDefinition(
      "max-drawdown-bars", "Longest drawdown", .bars, higherIsBetter: false,
      "most bars from a peak to its recovery, or to the end"
    ) { Double($0.episodes.map(\.bars).max() ?? 0) },
    MetricDefinition(
      "max-drawdown-days", "Longest drawdown in days", .days, higherIsBetter: false,
      needs: .dates, "most calendar days from a peak to its recovery, or to the end"
    ) { Double($0.episodes.compactMap(\.dates?.calendarDays).max() ?? 0) },
    MetricDefinition(
      "time-underwater", "Time under water", .fraction, higherIsBetter: false,
      "share of the n bars with d < 0"
    ) { space in Double(space.underwater.count { $0 < 0 }) / space.count },
    MetricDefinition(
      "ulcer-index", "Ulcer index", .fraction, higherIsBetter: false,
      "sqrt(mean(d^2)) over n, as a fraction (Martin, McCann, 1989)"
    ) { $0.ulcerIndex },
    MetricDefinition(
      "ulcer-index-sample", "Ulcer index, n - 1", .fraction, higherIsBetter: false,
      "the same with the divisor n - 1; a variant"
    ) { ($0.underwater.compensatedSum { $0 * $0 } / ($0.count - 1)).squareRoot() },
  ]
}

extension MetricWorkspace {
  var meanUnderwater: Double { underwater.compensatedSum { $0 } / count }
  var ulcerIndex: Double { (underwater.compensatedSum { $0 * $0 } / count).squareRoot() }
}
