extension Metrics {
  static let tradeDefinitions: [MetricDefinition] = [
    trade("trade-count", "Trades", .count, nil, "closed round trips, from flat to flat") {
      Double($0.count)
    },
    trade("trade-open-count", "Open trades", .count, nil, "round trips still open at the end") {
      Double($0.openCount)
    },
    trade(
      "trade-win-rate", "Winning trades", .fraction, true,
      "wins / (wins + losses), net of costs; zero is neither"
    ) { $0.winRate },
    trade("trade-profit-factor", "Profit factor", .ratio, true, "profits / |losses|, in money") {
      $0.profitFactor
    },
    trade(
      "trade-profit-factor-on-returns", "Profit factor on returns", .ratio, true,
      "the same on profit / entry notional"
    ) { $0.profitFactorOnReturns },
    trade("trade-net-profit", "Net profit of trades", .money, true, "sum of net profits") {
      $0.netProfit
    },
    trade("trade-expectancy", "Expectancy", .money, true, "mean net profit of a trade") {
      $0.expectancy
    },
    trade(
      "trade-expectancy-fraction", "Expectancy, fraction", .fraction, true,
      "mean of net profit / largest entry notional"
    ) { $0.expectancyFraction },
    trade("trade-payoff", "Payoff", .ratio, true, "average win / |average loss|, as fractions") {
      $0.payoff
    },
    trade("trade-average-win", "Average win", .fraction, true, "mean fraction of wins") {
      $0.averageWin
    },
    trade("trade-average-loss", "Average loss", .fraction, true, "mean fraction of losses") {
      $0.averageLoss
    },
    trade("trade-average-win-money", "Average win, money", .money, true, "mean of wins") {
      $0.averageWinMoney
    },
    trade("trade-average-loss-money", "Average loss, money", .money, true, "mean of losses") {
      $0.averageLossMoney
    },
    trade("trade-best", "Best trade", .fraction, true, "greatest fraction") { $0.best },
    trade("trade-worst", "Worst trade", .fraction, true, "least fraction") { $0.worst },
    trade("trade-average-bars", "Average bars held", .bars, nil, "mean of exit - entry row") {
      $0.averageBars
    },
    trade("trade-median-bars", "Median bars held", .bars, nil, "median of exit - entry row") {
      $0.medianBars
    },
    trade(
      "trade-longest-win-streak", "Longest winning streak of trades", .count, true,
      "most wins in a row, by exit"
    ) { Double($0.longestWinStreak) },
    trade(
      "trade-longest-loss-streak", "Longest losing streak of trades", .count, false,
      "most losses in a row, by exit"
    ) { Double($0.longestLossStreak) },
    trade(
      "trade-sqn", "System quality number", .ratio, true,
      "sqrt(n) x mean / sd of trade fractions, n - 1 deviation (Tharp)"
    ) { $0.systemQuality },
    trade("trade-kelly", "Kelly fraction of trades", .ratio, nil, "W - (1 - W) / payoff") {
      $0.kelly
    },
    trade(
      "trade-average-mae", "Average adverse excursion", .fraction, true,
      "mean worst move against the entry price while open"
    ) { $0.averageAdverseExcursion },
    trade(
      "trade-average-mfe", "Average favourable excursion", .fraction, true,
      "mean best move in favour while open"
    ) { $0.averageFavourableExcursion },
  ]

  private static func trade(
    _ name: String, _ title: String, _ unit: MetricUnit, _ higherIsBetter: Bool?,
    _ definition: String, _ compute: @escaping @Sendable (TradeMetrics) -> Double?
  ) -> MetricDefinition {
    MetricDefinition(
      name, title, unit, higherIsBetter: higherIsBetter, needs: .roundTrips, minimumCount: 0,
      definition
    ) { $0.trades.flatMap(compute) }
  }

  static let activityDefinitions: [MetricDefinition] = [
    MetricDefinition(
      "exposure", "Exposure", .fraction, needs: .account, minimumCount: 1,
      "mean of gross exposure / equity"
    ) { $0.inputs.activity?.exposure },
    MetricDefinition(
      "time-in-market", "Time in market", .fraction, needs: .account, minimumCount: 1,
      "share of points with a position"
    ) { $0.inputs.activity?.timeInMarket },
    MetricDefinition(
      "turnover", "Turnover", .ratio, higherIsBetter: false, needs: .account, minimumCount: 1,
      "traded notional / 2 / mean equity"
    ) { $0.inputs.activity?.turnover },
    MetricDefinition(
      "turnover-annual", "Turnover a year", .ratio, higherIsBetter: false,
      needs: [.account, .calendar], "turnover x B / n"
    ) { $0.inputs.activity?.annualTurnover },
  ]
}
