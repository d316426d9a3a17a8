@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestIngest
import Strategies
import TestSupport
import Testing

struct AccountExposureTests {
  private func prices(_ start: Double, _ step: Int) -> [MarketBuilder.Prices] {
    (0..<80).map { row in
      let price = start + Double(row * step % 17)
      return (price, price + 1, price - 1, price + 0.5)
    }
  }

  /// One long, one short, with changes on different days.
  private func run() throws -> BacktestResult {
    let first = try MarketBuilder.series(prices(100, 5), symbol: "A")
    let second = try MarketBuilder.series(prices(50, 3), symbol: "B")
    let strategy = ScriptedStrategy([
      2: { _, trading in trading.target(InstrumentID(0), weight: 0.6) },
      5: { _, trading in trading.target(InstrumentID(1), weight: -0.3) },
      30: { _, trading in trading.target(InstrumentID(0), weight: 0.1) },
      50: { _, trading in
        trading.target(InstrumentID(0), weight: 0)
        trading.target(InstrumentID(1), weight: 0.5)
      },
    ])
    return try runScript([first, second], strategy) { configuration in
      configuration.account.funding = .margin(leverage: 2)
      configuration.execution.commission = BasisPointCommission(basisPoints: 5)
    }
  }

  @Test func longAndShortMakeGrossAndNet() throws {
    let result = try run()
    let exposure = AccountExposure(result)
    let (net, long, short) = (
      try #require(exposure.net), try #require(exposure.long), try #require(exposure.short)
    )
    #expect(short.contains { $0 > 0.2 } && long.contains { $0 > 0.5 })
    for row in net.indices {
      #expect(abs(long[row] - short[row] - net[row]) < 1e-12)
      #expect(abs(long[row] + short[row] - exposure.gross[row]) < 1e-12)
    }
  }

  /// Where folds end at their marks, no cash shows that positions ended, and sides are unknown.
  @Test func positionsThatEndAtMarksHaveNoSides() throws {
    var options = CSVReadOptions()
    options.from = CivilDate("2013-01-01")
    let series = try BarSeries(
      csv: Fixture.path("prices/sp500.csv"), symbol: "SPX", calendar: .xnys, options: options)
    var plan = WalkForwardPlan(train: .years(2), test: .months(6))
    plan.boundary = .mark
    let result = try WalkForward(
      SMACrossover.definition, grid: ParameterGrid(["fast": [5, 10], "slow": [20]]),
      on: Feed(try Universe([series])), plan: plan
    ).run().stitched
    #expect(result.trades.contains { $0.isMarked })
    let exposure = AccountExposure(result)
    #expect(exposure.net == nil && exposure.long == nil && exposure.short == nil)
    #expect(exposure.gross.contains { $0 > 0 } && result.weights(at: [0]) == nil)
  }

  /// Weights from fills and closes agree with net and gross exposure, which come from the cash.
  @Test func weightsAddUpToExposure() throws {
    for result in [try run(), try fourStocks()] {
      let points = Array(result.curve.times.indices)
      let weights = try #require(result.weights(at: points))
      let exposure = AccountExposure(result)
      let net = try #require(exposure.net)
      #expect(weights.count == result.universe.count)
      for point in points {
        let sum = weights.reduce(0) { $0 + $1[point] }
        let size = weights.reduce(0) { $0 + abs($1[point]) }
        #expect(abs(sum - net[point]) < 1e-9, "\(point)")
        #expect(abs(size - exposure.gross[point]) < 1e-9, "\(point)")
      }
    }
  }

  private func fourStocks() throws -> BacktestResult {
    let series = try ["AAPL", "GOOG", "IBM", "MSFT"].map { name in
      var options = CSVReadOptions()
      options.priceBasis = .adjusted
      return try BarSeries(
        csv: Fixture.path("prices/\(name).csv"), calendar: .xnys, options: options)
    }
    return Backtest(SMACrossover(fast: 20, slow: 100), on: try Universe(series)).run()
  }

  /// The months' turnovers, each times its mean equity, are half of what was traded.
  @Test func turnoverOfMonthsIsWhatWasTraded() throws {
    let result = try fourStocks()
    let turnover = try #require(MonthlyTurnover(result))
    var worth: [Int: (sum: Double, count: Double)] = [:]
    for (time, equity) in zip(result.curve.times, result.curve.equity).dropFirst() {
      let date = time.utcDate
      let key = Int(date.year) * 100 + Int(date.month)
      worth[key, default: (0, 0)].sum += equity
      worth[key, default: (0, 0)].count += 1
    }
    var traded = 0.0
    for (month, value) in zip(turnover.months, turnover.values) {
      let mean = try #require(worth[month.year * 100 + month.month])
      traded += 2 * value * mean.sum / mean.count
    }
    #expect(abs(traded / result.account.tradedNotional - 1) < 1e-9)
    #expect(turnover.months.count == worth.count)
  }

  @Test func streaksAreCutBySignAndZero() throws {
    let result = try fourStocks()
    let streaks = TradeStreaks(result.trades)
    let closed = result.trades.filter { !$0.isOpen }
    #expect(streaks.wins.reduce(0, +) == closed.count { $0.profit > 0 })
    #expect(streaks.losses.reduce(0, +) == closed.count { $0.profit < 0 })
    // Wins and losses alternate where no trade ended at zero.
    #expect(abs(streaks.wins.count - streaks.losses.count) <= 1)
    #expect(TradeStreaks([]).wins.isEmpty)
  }
}
