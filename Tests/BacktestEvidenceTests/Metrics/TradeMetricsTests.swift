@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

struct TradeMetricsTests {
  private func trade(
    profit: Double, notional: Double, bars: Int, isOpen: Bool = false, commission: Double = 0,
    adverse: Double = 0, favourable: Double = 0
  ) -> RoundTrip {
    RoundTrip(
      instrument: InstrumentID(0), isLong: true, entryTime: Timestamp(seconds: 0),
      exitTime: Timestamp(seconds: 1), entryRow: 10, exitRow: 10 + bars, quantity: 1,
      entryPrice: notional, exitPrice: notional + profit, grossProfit: profit + commission,
      commission: commission, slippage: 0, tax: 0, entryNotional: notional,
      maximumAdverseExcursion: adverse, maximumFavourableExcursion: favourable, isOpen: isOpen)
  }

  private func expectAgreement(_ found: TradeMetrics, _ stats: JSONObject) throws {
    let ours: [String: Double?] = [
      "n": Double(found.count), "win_rate": found.winRate, "avg_win": found.averageWin,
      "avg_loss": found.averageLoss, "payoff": found.payoff,
      "profit_factor_on_returns": found.profitFactorOnReturns,
      "expectancy": found.expectancyFraction, "sqn": found.systemQuality, "best": found.best,
      "worst": found.worst, "avg_bars": found.averageBars, "kelly_discrete": found.kelly,
    ]
    #expect(ours.count == stats.count)
    for (key, value) in stats {
      let expected = try #require(value as? Double)
      #expect(agrees(ours[key] ?? nil, expected, relative: 1e-10), "\(key)")
    }
  }

  @Test func aCrossoverWithoutCosts() throws {
    let oracle = try Fixture.json("oracles/24_sma_backtest.json")
    let run = try #require(oracle["sp500_50_200_cost0"] as? JSONObject)
    var equity = 100_000.0
    let trips = try #require(run["trades"] as? [JSONObject]).map { row in
      let profit = try #require(row["pnl"] as? Double)
      let bars = try #require(row["bars"] as? Int)
      defer { equity += profit }
      return trade(profit: profit, notional: equity, bars: bars)
    }
    try expectAgreement(TradeMetrics(trips), try #require(run["stats"] as? JSONObject))
    let final = try #require(run["final_equity"] as? Double)
    #expect(agrees(TradeMetrics(trips).netProfit, final - 100_000, relative: 1e-10))
  }

  @Test func aCrossoverWithCosts() throws {
    let oracle = try Fixture.json("oracles/24_sma_backtest.json")
    let free = try #require(oracle["sp500_50_200_cost0"] as? JSONObject)
    let bars = try #require(free["trades"] as? [JSONObject]).compactMap { $0["bars"] as? Int }
    let run = try #require(oracle["sp500_50_200_cost5bps"] as? JSONObject)
    var equity = 100_000.0
    let trips = zip(try #require(run["pnl"] as? [Double]), bars).map { profit, bars in
      defer { equity += profit }
      return trade(profit: profit, notional: equity, bars: bars, commission: 100)
    }
    try expectAgreement(TradeMetrics(trips), try #require(run["stats"] as? JSONObject))
  }

  @Test func fiftyEightTradesOfAFasterCrossover() throws {
    let oracle = try Fixture.json("oracles/24_sma_backtest.json")
    let run = try #require(oracle["sp500_20_50_cost2bps"] as? JSONObject)
    let trips = try crossover(fast: 20, slow: 50, cost: 0.0002)
    let found = TradeMetrics(trips)
    try expectAgreement(found, try #require(run["stats"] as? JSONObject))
    let final = try #require(run["final_equity"] as? Double)
    let open = trips.filter(\.isOpen).reduce(0) { $0 + $1.profit }
    #expect(agrees(100_000 + found.netProfit + open, final, relative: 1e-10))
  }

  /// The round trips of an all-in crossover, decided at the close and filled at the next open.
  private func crossover(fast: Int, slow: Int, cost: Double) throws -> [RoundTrip] {
    let closes = try PriceColumn("prices/sp500.csv", column: "close").prices
    let opens = try PriceColumn("prices/sp500.csv", column: "open").prices
    var trips: [RoundTrip] = []
    var cash = 100_000.0
    var shares = 0.0
    var entry = 0
    for row in (slow - 1)..<(closes.count - 1) {
      func mean(_ n: Int) -> Double { closes[(row - n + 1)...row].reduce(0, +) / Double(n) }
      let isUp = mean(fast) > mean(slow)
      let price = opens[row + 1]
      if isUp, shares == 0 {
        shares = cash / (price * (1 + cost))
        entry = row + 1
      } else if !isUp, shares > 0 {
        let proceeds = shares * price * (1 - cost)
        trips.append(trade(profit: proceeds - cash, notional: cash, bars: row + 1 - entry))
        cash = proceeds
        shares = 0
      }
    }
    if shares > 0 {
      let value = shares * closes[closes.count - 1]
      trips.append(
        trade(
          profit: value - cash, notional: cash, bars: closes.count - 1 - entry, isOpen: true))
    }
    return trips
  }

  @Test func openTradesAreCountedApartAndZeroIsNeither() throws {
    let found = TradeMetrics([
      trade(profit: 10, notional: 100, bars: 2, adverse: -0.02, favourable: 0.12),
      trade(profit: 0, notional: 100, bars: 4, adverse: -0.04),
      trade(profit: 20, notional: 100, bars: 9, favourable: 0.3),
      trade(profit: 30, notional: 300, bars: 1, favourable: 0.1),
      trade(profit: -15, notional: 150, bars: 3, adverse: -0.14),
      trade(profit: 1e6, notional: 1, bars: 1, isOpen: true),
    ])
    #expect(found.count == 5 && found.openCount == 1 && found.wins == 3 && found.losses == 1)
    #expect(found.winRate == 0.75 && found.profitFactor == 4 && found.expectancy == 9)
    #expect(found.longestWinStreak == 2 && found.longestLossStreak == 1)
    #expect(found.medianBars == 3 && agrees(found.averageBars, 3.8, relative: 1e-12))
    #expect(found.averageWinMoney == 20 && found.averageLossMoney == -15)
    #expect(agrees(found.averageAdverseExcursion, -0.04, relative: 1e-12))
    #expect(agrees(found.averageFavourableExcursion, 0.104, relative: 1e-12))
  }

  @Test func withoutTradesOrLossesThereAreNoRatios() throws {
    let none = TradeMetrics([])
    #expect(none.count == 0 && none.winRate == nil && none.expectancy == nil)
    #expect(none.systemQuality == nil && none.best == nil && none.medianBars == nil)
    let wins = TradeMetrics((1...3).map { _ in trade(profit: 10, notional: 100, bars: 1) })
    #expect(wins.winRate == 1 && wins.profitFactor == nil && wins.payoff == nil)
    #expect(wins.systemQuality == nil && wins.kelly == nil)
  }

  @Test func theCatalogueKnowsTradesAndActivity() throws {
    let sample = try ReturnsSample(equity: [100, 110, 90], barsPerYear: 252)
    let curve = EquityCurve(
      times: (0..<3).map { Timestamp(seconds: $0) }, equity: [100, 110, 90],
      grossExposure: [0, 55, 0])
    let activity = AccountActivity(curve, tradedNotional: 200, barsPerYear: 252)
    #expect(activity.exposure == 0.25 && activity.timeInMarket == 0.5 && activity.turnover == 1)
    #expect(activity.annualTurnover == 126)
    let metrics = PerformanceMetrics(
      sample, roundTrips: [trade(profit: -10, notional: 55, bars: 1)], activity: activity)
    #expect(try metrics.value(of: "trade-expectancy") == -10)
    #expect(try metrics.value(of: "turnover-annual") == 126)
    #expect(try PerformanceMetrics(sample).absence(of: "trade-count") == .noTrades)
    #expect(try PerformanceMetrics(sample).absence(of: "exposure") == .noAccount)
  }

  @Test func sessionsKeepTheBasePointAndTheirLastPoint() throws {
    let days = [1, 1, 1, 2, 2, 3].compactMap { CivilDate(year: 2020, month: 6, day: $0) }
    let curve = EquityCurve(
      times: (0..<6).map { Timestamp(seconds: $0) }, equity: [100, 101, 102, 90, 103, 104],
      grossExposure: [0, 1, 2, 3, 4, 5])
    let (daily, dates) = curve.lastPointOfEachSession(dates: days)
    #expect(Array(daily.equity) == [100, 102, 103, 104])
    #expect(Array(daily.grossExposure) == [0, 2, 4, 5])
    #expect(dates.map(\.day) == [1, 1, 2, 3])
    let sample = try ReturnsSample(
      equity: Array(daily.equity), pointDates: dates, barsPerYear: 252)
    #expect(PerformanceMetrics(sample).maxDrawdown == 0 && sample.count == 3)
  }
}
