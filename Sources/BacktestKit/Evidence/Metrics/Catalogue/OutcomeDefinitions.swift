extension Metrics {
  static let outcomeDefinitions: [MetricDefinition] = barDefinitions + periodDefinitions

  private static let barDefinitions: [MetricDefinition] = [
    MetricDefinition(
      "win-rate", "Winning bars", .fraction, higherIsBetter: true,
      "bars with r > 0 / bars with r not 0"
    ) { $0.outcomes.winRate },
    MetricDefinition(
      "win-rate-all", "Winning bars of all", .fraction, higherIsBetter: true,
      "bars with r > 0 / n"
    ) { Double($0.outcomes.wins) / $0.count },
    MetricDefinition("zero-count", "Flat bars", .count, "bars with r = 0") {
      Double($0.outcomes.zeros)
    },
    MetricDefinition(
      "average-win", "Average winning bar", .fraction, higherIsBetter: true, "mean of r > 0"
    ) { $0.outcomes.averageWin },
    MetricDefinition(
      "average-loss", "Average losing bar", .fraction, higherIsBetter: true, "mean of r < 0"
    ) { $0.outcomes.averageLoss },
    MetricDefinition(
      "payoff", "Payoff of bars", .ratio, higherIsBetter: true, "average win / |average loss|"
    ) { $0.outcomes.payoff },
    MetricDefinition(
      "profit-factor", "Profit factor of bars", .ratio, higherIsBetter: true,
      "sum of r > 0 / |sum of r < 0|"
    ) { $0.outcomes.profitFactor },
    MetricDefinition(
      "expectancy", "Expectancy of a bar", .fraction, higherIsBetter: true, "mean of r"
    ) { $0.dispersion.mean },
    MetricDefinition(
      "kelly", "Kelly fraction", .ratio,
      "W - (1 - W) / payoff, W the win rate of bars with r not 0 (Kelly, 1956)"
    ) { $0.outcomes.kelly },
    MetricDefinition(
      "longest-win-streak", "Longest winning streak", .bars, higherIsBetter: true,
      "most bars with r > 0 in a row"
    ) { Double($0.outcomes.longestWinStreak) },
    MetricDefinition(
      "longest-loss-streak", "Longest losing streak", .bars, higherIsBetter: false,
      "most bars with r < 0 in a row"
    ) { Double($0.outcomes.longestLossStreak) },
    MetricDefinition(
      "common-sense-ratio", "Common sense ratio", .ratio, higherIsBetter: true,
      "profit factor x |95th percentile| / |5th percentile|"
    ) { space in
      space.outcomes.profitFactor.flatMap { factor in
        RatioFormulas.quotient(
          factor * abs(space.sorted.sortedQuantile(0.95)),
          abs(space.sorted.sortedQuantile(0.05)).withoutRounding())
      }
    },
    MetricDefinition(
      "cpc-index", "CPC index", .ratio, higherIsBetter: true, "profit factor x win rate x payoff"
    ) { space in
      guard let factor = space.outcomes.profitFactor, let rate = space.outcomes.winRate,
        let payoff = space.outcomes.payoff
      else { return nil }
      return factor * rate * payoff
    },
  ]

  private static let periodDefinitions: [MetricDefinition] = [
    MetricDefinition(
      "best-return", "Best bar", .fraction, higherIsBetter: true, "greatest r"
    ) { $0.sample.returns.max() },
    MetricDefinition(
      "worst-return", "Worst bar", .fraction, higherIsBetter: true, "least r"
    ) { $0.sample.returns.min() },
    MetricDefinition(
      "best-month", "Best month", .fraction, higherIsBetter: true, needs: .dates,
      "greatest compounded return of a calendar month"
    ) { $0.calendarReturns?.months.map(\.value).max() },
    MetricDefinition(
      "worst-month", "Worst month", .fraction, higherIsBetter: true, needs: .dates,
      "least compounded return of a calendar month"
    ) { $0.calendarReturns?.months.map(\.value).min() },
    MetricDefinition(
      "best-year", "Best year", .fraction, higherIsBetter: true, needs: .dates,
      "greatest compounded return of a calendar year, incomplete ones included"
    ) { $0.calendarReturns?.years.map(\.value).max() },
    MetricDefinition(
      "worst-year", "Worst year", .fraction, higherIsBetter: true, needs: .dates,
      "least compounded return of a calendar year, incomplete ones included"
    ) { $0.calendarReturns?.years.map(\.value).min() },
    MetricDefinition(
      "positive-months", "Positive months", .fraction, higherIsBetter: true, needs: .dates,
      "share of calendar months with a return above 0"
    ) { space in
      let months = space.calendarReturns?.months ?? []
      return RatioFormulas.quotient(Double(months.count { $0.value > 0 }), Double(months.count))
    },
  ]
}
