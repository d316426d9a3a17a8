public import BacktestCore

/// How the closed trades did. A trade still open at the end is counted apart and nowhere else.
///
///     let trades = TradeMetrics(result.roundTrips)
///     print(trades.count, trades.winRate, trades.profitFactor)
///
/// Profits are net of commission and slippage. A trade that ended at exactly zero is neither a win
/// nor a loss. What does not exist, such as a payoff without losses, is `nil`.
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
