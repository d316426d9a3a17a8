public import BacktestCore

/// How the closed trades did, those among them that a fold's end closed at the mark. A trade still
/// open at the end is counted apart and nowhere else.
///
///     let trades = TradeMetrics(result.roundTrips)
///     print(trades.count, trades.winRate, trades.profitFactor)
///
/// Profits are net of commission, slippage and taxes. A trade that ended at exactly zero is neither
/// a win nor a loss. What does not exist, such as a payoff without losses, is `nil`.
public struct TradeMetrics: Hashable, Sendable {
  /// Closed trades.
  public let count: Int
  /// Trades still open at the end.
  public let openCount: Int
  /// Trades with a profit.
  public let wins: Int
  /// Trades with a loss.
  public let losses: Int
  /// wins / (wins + losses).
  public let winRate: Double?
  /// The sum of profits over the size of the sum of losses, in money.
  public let profitFactor: Double?
  /// The same on profits as fractions of the entry notional.
  public let profitFactorOnReturns: Double?
  /// The mean profit of a trade, in money.
  public let expectancy: Double?
  /// The mean profit of a trade as a fraction of its entry notional.
  public let expectancyFraction: Double?
  /// The mean of the winning trades, as a fraction.
  public let averageWin: Double?
  /// The mean of the losing trades, as a negative fraction.
  public let averageLoss: Double?
  /// The mean of the winning trades, in money.
  public let averageWinMoney: Double?
  /// The mean of the losing trades, in money, negative.
  public let averageLossMoney: Double?
  /// The average win over the size of the average loss, as fractions.
  public let payoff: Double?
  /// W - (1 - W) / payoff (Kelly, 1956).
  public let kelly: Double?
  /// sqrt(n) x mean / sample deviation of the trades' fractions: the system quality number (Tharp).
  public let systemQuality: Double?
  /// The best trade, as a fraction.
  public let best: Double?
  /// The worst trade, as a fraction.
  public let worst: Double?
  /// The mean number of bars from entry to exit.
  public let averageBars: Double?
  /// The median number of bars from entry to exit.
  public let medianBars: Double?
  /// The longest row of winning trades, in order of exit.
  public let longestWinStreak: Int
  /// The longest row of losing trades, in order of exit.
  public let longestLossStreak: Int
  /// The mean worst move against the entry price while open, a fraction of it, not positive.
  public let averageAdverseExcursion: Double?
  /// The mean best move in favour while open, a fraction of the entry price, not negative.
  public let averageFavourableExcursion: Double?
  /// Net profit of all closed trades, in money.
  public let netProfit: Double

  /// The figures of some round trips, open ones among them or not, in order of exit.
  public init(_ roundTrips: [RoundTrip]) {
    let closed = roundTrips.filter { !$0.isOpen }
    let fractions = closed.map(\.profitFraction)
    let money = OutcomeTally(closed.lazy.map(\.profit))
    let tally = OutcomeTally(fractions)
    count = closed.count
    openCount = roundTrips.count - closed.count
    wins = money.wins
    losses = money.losses
    winRate = money.winRate
    profitFactor = money.profitFactor
    profitFactorOnReturns = tally.profitFactor
    expectancy = money.expectancy
    expectancyFraction = tally.expectancy
    averageWin = tally.averageWin
    averageLoss = tally.averageLoss
    averageWinMoney = money.averageWin
    averageLossMoney = money.averageLoss
    payoff = tally.payoff
    kelly = tally.kelly
    longestWinStreak = money.longestWinStreak
    longestLossStreak = money.longestLossStreak
    netProfit = money.gained - money.lost
    let dispersion = Dispersion(fractions)
    systemQuality = RatioFormulas.quotient(
      dispersion.mean * Double(closed.count).squareRoot(), dispersion.deviation())
    best = fractions.max()
    worst = fractions.min()
    let bars = closed.map { Double($0.barCount) }.sorted()
    averageBars = TradeMetrics.mean(bars)
    medianBars = bars.isEmpty ? nil : bars.sortedQuantile(0.5)
    averageAdverseExcursion = TradeMetrics.mean(closed.map(\.maximumAdverseExcursion))
    averageFavourableExcursion = TradeMetrics.mean(closed.map(\.maximumFavourableExcursion))
  }

  private static func mean(_ values: [Double]) -> Double? {
    RatioFormulas.quotient(values.compensatedSum { $0 }, Double(values.count))
  }
}

extension Metrics {
  static let tradeDefinitions: [MetricDefinition] = [
    trade(
      "trade-count", "Closed trades", .count, nil, "number of closed round trips, from flat to flat"
    ) {
      Double($0.count)
    },
    trade(
      "trade-open-count", "Open trades", .count, nil, "number of round trips still open at the end"
    ) {
      Double($0.openCount)
    },
    trade(
      "trade-win-rate", "Winning trades", .fraction, true,
      "wins / (wins + losses), net of costs; a profit of exactly 0 is neither"
    ) { $0.winRate },
    trade("trade-profit-factor", "Profit factor", .ratio, true, "profits / |losses|, in money") {
      $0.profitFactor
    },
    trade(
      "trade-profit-factor-on-returns", "Profit factor on returns", .ratio, true,
      "the same, with each profit divided by its entry notional"
    ) { $0.profitFactorOnReturns },
    trade("trade-net-profit", "Net profit of closed trades", .money, true, "sum of net profits") {
      $0.netProfit
    },
    trade("trade-expectancy", "Expectancy per trade", .money, true, "mean net profit of a trade") {
      $0.expectancy
    },
    trade(
      "trade-expectancy-fraction", "Expectancy per trade (%)", .fraction, true,
      "mean of net profit / largest entry notional"
    ) { $0.expectancyFraction },
    trade("trade-payoff", "Payoff ratio", .ratio, true, "average win / |average loss|, in percent")
    {
      $0.payoff
    },
    trade("trade-average-win", "Average win", .fraction, true, "mean return of winning trades") {
      $0.averageWin
    },
    trade("trade-average-loss", "Average loss", .fraction, true, "mean return of losing trades") {
      $0.averageLoss
    },
    trade(
      "trade-average-win-money", "Average win (money)", .money, true,
      "mean profit of winning trades"
    ) {
      $0.averageWinMoney
    },
    trade(
      "trade-average-loss-money", "Average loss (money)", .money, true, "mean loss of losing trades"
    ) {
      $0.averageLossMoney
    },
    trade("trade-best", "Best trade", .fraction, true, "largest return of a trade") { $0.best },
    trade("trade-worst", "Worst trade", .fraction, true, "smallest return of a trade") { $0.worst },
    trade(
      "trade-average-bars", "Average bars held", .bars, nil,
      "mean number of bars from entry to exit"
    ) {
      $0.averageBars
    },
    trade(
      "trade-median-bars", "Median bars held", .bars, nil,
      "median number of bars from entry to exit"
    ) {
      $0.medianBars
    },
    trade(
      "trade-longest-win-streak", "Longest winning streak (trades)", .count, true,
      "largest number of consecutive wins, by exit"
    ) { Double($0.longestWinStreak) },
    trade(
      "trade-longest-loss-streak", "Longest losing streak (trades)", .count, false,
      "largest number of consecutive losses, by exit"
    ) { Double($0.longestLossStreak) },
    trade(
      "trade-sqn", "System quality number", .ratio, true,
      "sqrt(n) x mean / sd of the returns of trades, n - 1 deviation (Tharp)"
    ) { $0.systemQuality },
    trade("trade-kelly", "Kelly fraction (trades)", .ratio, nil, "W - (1 - W) / payoff") {
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
      "share of points with an open position"
    ) { $0.inputs.activity?.timeInMarket },
    MetricDefinition(
      "turnover", "Turnover", .ratio, higherIsBetter: false, needs: .account, minimumCount: 1,
      "traded notional / 2 / mean equity"
    ) { $0.inputs.activity?.turnover },
    MetricDefinition(
      "turnover-annual", "Annual turnover", .ratio, higherIsBetter: false,
      needs: [.account, .calendar], "turnover x B / n"
    ) { $0.inputs.activity?.annualTurnover },
  ]
}
