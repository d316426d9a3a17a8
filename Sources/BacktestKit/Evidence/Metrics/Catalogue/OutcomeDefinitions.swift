import BacktestCore

extension Metrics {
  static let outcomeDefinitions: [MetricDefinition] = barDefinitions + periodDefinitions

  private static let barDefinitions: [MetricDefinition] = [
    MetricDefinition(
      "win-rate", "Winning bars", .fraction, higherIsBetter: true,
      "bars with r > 0 / bars with r ≠ 0"
    ) { $0.outcomes.winRate },
    MetricDefinition(
      "win-rate-all", "Winning bars (of all bars)", .fraction, higherIsBetter: true,
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
      "payoff", "Payoff ratio (bars)", .ratio, higherIsBetter: true, "average win / |average loss|"
    ) { $0.outcomes.payoff },
    MetricDefinition(
      "profit-factor", "Profit factor (bars)", .ratio, higherIsBetter: true,
      "sum of r > 0 / |sum of r < 0|"
    ) { $0.outcomes.profitFactor },
    MetricDefinition(
      "expectancy", "Expectancy per bar", .fraction, higherIsBetter: true, "mean of r"
    ) { $0.dispersion.mean },
    MetricDefinition(
      "kelly", "Kelly fraction", .ratio,
      "W - (1 - W) / payoff, W the share of winning bars (Kelly, 1956)"
    ) { $0.outcomes.kelly },
    MetricDefinition(
      "longest-win-streak", "Longest winning streak", .bars, higherIsBetter: true,
      "largest number of consecutive bars with r > 0"
    ) { Double($0.outcomes.longestWinStreak) },
    MetricDefinition(
      "longest-loss-streak", "Longest losing streak", .bars, higherIsBetter: false,
      "largest number of consecutive bars with r < 0"
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
      "best-return", "Best bar", .fraction, higherIsBetter: true, "largest r"
    ) { $0.sample.returns.max() },
    MetricDefinition(
      "worst-return", "Worst bar", .fraction, higherIsBetter: true, "smallest r"
    ) { $0.sample.returns.min() },
    MetricDefinition(
      "best-month", "Best month", .fraction, higherIsBetter: true, needs: .dates,
      "largest compounded return of a calendar month"
    ) { $0.calendarReturns?.months.map(\.value).max() },
    MetricDefinition(
      "worst-month", "Worst month", .fraction, higherIsBetter: true, needs: .dates,
      "smallest compounded return of a calendar month"
    ) { $0.calendarReturns?.months.map(\.value).min() },
    MetricDefinition(
      "best-year", "Best year", .fraction, higherIsBetter: true, needs: .dates,
      "largest compounded return of a calendar year, including incomplete years"
    ) { $0.calendarReturns?.years.map(\.value).max() },
    MetricDefinition(
      "worst-year", "Worst year", .fraction, higherIsBetter: true, needs: .dates,
      "smallest compounded return of a calendar year, including incomplete years"
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

/// How often and how much a series of gains and losses won and lost; zero is neither.
struct OutcomeTally {
  private(set) var count = 0
  private(set) var wins = 0
  private(set) var losses = 0
  private(set) var longestWinStreak = 0
  private(set) var longestLossStreak = 0
  private var winSum = CompensatedSum()
  private var lossSum = CompensatedSum()

  /// The tally of some outcomes in order of time.
  init(_ outcomes: some Sequence<Double>) {
    var winStreak = 0
    var lossStreak = 0
    for outcome in outcomes {
      count += 1
      winStreak = outcome > 0 ? winStreak + 1 : 0
      lossStreak = outcome < 0 ? lossStreak + 1 : 0
      longestWinStreak = max(longestWinStreak, winStreak)
      longestLossStreak = max(longestLossStreak, lossStreak)
      if outcome > 0 {
        wins += 1
        winSum.add(outcome)
      } else if outcome < 0 {
        losses += 1
        lossSum.add(outcome)
      }
    }
  }

  /// Outcomes that were exactly zero.
  var zeros: Int { count - wins - losses }
  /// The sum of all gains.
  var gained: Double { winSum.value }
  /// The sum of all losses, positive.
  var lost: Double { -lossSum.value }
  /// The sum of everything over the number of outcomes.
  var expectancy: Double? { RatioFormulas.quotient(gained - lost, Double(count)) }
  /// wins / (wins + losses).
  var winRate: Double? { RatioFormulas.quotient(Double(wins), Double(wins + losses)) }
  /// The mean gain of a win.
  var averageWin: Double? { RatioFormulas.quotient(gained, Double(wins)) }
  /// The mean of the losses, negative.
  var averageLoss: Double? { RatioFormulas.quotient(-lost, Double(losses)) }
  /// The mean gain over the mean loss.
  var payoff: Double? {
    averageWin.flatMap { RatioFormulas.quotient($0, averageLoss?.magnitude.withoutRounding()) }
  }
  /// All gains over all losses.
  var profitFactor: Double? {
    guard count > 0, (lost / Double(count)).withoutRounding() != 0 else { return nil }
    return RatioFormulas.quotient(gained, lost)
  }
  /// W - (1 - W) / payoff: the share of capital that Kelly's rule stakes (Kelly, 1956).
  var kelly: Double? {
    guard let winRate, let loss = payoff.flatMap({ RatioFormulas.quotient(1 - winRate, $0) })
    else { return nil }
    return winRate - loss
  }
}
