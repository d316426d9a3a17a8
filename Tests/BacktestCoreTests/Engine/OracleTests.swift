@testable import BacktestCore
import TestSupport
import Foundation
import Testing

/// Crossovers of two moving averages on the S&P 500, against results computed elsewhere.
struct OracleTests {
  /// All in above, flat below, sized at the fill: the definition beside the reference values.
  private func allIn(fast: Int, slow: Int, basisPoints: Double) throws -> BacktestResult {
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = 100_000
    configuration.warmup = slow - 1
    configuration.execution.sizing = .atFill
    configuration.execution.commission = BasisPointCommission(basisPoints: basisPoints)
    let strategy = WindowCrossover(fast: fast, slow: slow) { isAbove, _, trading in
      trading.target(.first, weight: isAbove ? 1 : 0)
    }
    let market = try MarketBuilder.standardAndPoors500(lot: .fractional)
    return Backtest(strategy, on: try Universe([market]), configuration: configuration).run()
  }

  @Test(arguments: [(1, 50, 200, 0.0), (2, 50, 200, 5), (3, 20, 50, 2)])
  func everyPointOfTheEquityCurve(column: Int, fast: Int, slow: Int, basisPoints: Double) throws {
    let result = try allIn(fast: fast, slow: slow, basisPoints: basisPoints)
    let table = try Fixture.table("oracles/24_sma_backtest_equity.csv").dropFirst()
    #expect(result.curve.equity.count == table.count - (slow - 2))
    for (row, line) in table.enumerated() {
      let expected = Double(line[column])!
      guard row >= slow - 2 else {
        #expect(expected == 100_000)
        continue
      }
      let point = row - (slow - 2)
      #expect("\(result.curve.times[point].utcDate)" == line[0])
      #expect(agrees(result.curve.equity[point], expected, within: 1e-10))
    }
  }

  @Test func everyTradeOfTheReference() throws {
    let root = try JSONSerialization.jsonObject(
      with: Data(try Fixture.bytes("oracles/24_sma_backtest.json")))
    let cases = try #require(root as? [String: Any])
    let free = try #require(cases["sp500_50_200_cost0"] as? [String: Any])
    let expected = try #require(free["trades"] as? [[String: Any]])
    let trades = try allIn(fast: 50, slow: 200, basisPoints: 0).trades
    #expect(trades.count == expected.count && trades.allSatisfy { !$0.isOpen })
    for (trade, reference) in zip(trades, expected) {
      #expect("\(trade.entryTime.utcDate)" == reference["entry"] as? String)
      #expect("\(trade.exitTime.utcDate)" == reference["exit"] as? String)
      #expect(trade.barCount == reference["bars"] as? Int)
      #expect(agrees(trade.entryPrice, reference["entry_price"] as! Double, within: 1e-14))
      #expect(agrees(trade.exitPrice, reference["exit_price"] as! Double, within: 1e-14))
      #expect(agrees(trade.profit, reference["pnl"] as! Double, within: 1e-10))
      #expect(agrees(trade.profitFraction, reference["ret"] as! Double, within: 1e-10))
    }
    let costly = try #require(cases["sp500_50_200_cost5bps"] as? [String: Any])
    let profits = try #require(costly["pnl"] as? [Double])
    let paid = try allIn(fast: 50, slow: 200, basisPoints: 5).trades
    #expect(paid.count == profits.count)
    for (trade, profit) in zip(paid, profits) {
      #expect(agrees(trade.profit, profit, within: 1e-10))
    }
  }
}

/// The same strategy in backtrader and backtesting.py: 100 shares above, none below.
struct PeerTests {
  private func hundredShares(_ costs: String) throws -> BacktestResult {
    var configuration = BacktestConfiguration()
    configuration.warmup = 50
    configuration.execution.commission = BasisPointCommission(
      basisPoints: costs == "zero" ? 0 : 10)
    let strategy = WindowCrossover(fast: 10, slow: 50) { isAbove, isBelow, trading in
      if isAbove || isBelow { trading.target(.first, quantity: isAbove ? 100 : 0) }
    }
    let market = try MarketBuilder.standardAndPoors500()
    return Backtest(strategy, on: try Universe([market]), configuration: configuration).run()
  }

  @Test(arguments: ["backtrader", "backtesting"], ["zero", "10bps"])
  func everyPointOfTheEquityCurve(peer: String, costs: String) throws {
    let result = try hundredShares(costs)
    let table = try Fixture.table("peers/sp500_sma_\(peer)_\(costs)_equity.csv").dropFirst()
    #expect(table.count == 5031 && result.curve.equity.count == 5031 - 49)
    for (row, line) in table.enumerated() {
      let point = row - 49
      let equity = point < 0 ? 1_000_000 : result.curve.equity[point]
      #expect(abs(equity - Double(line[1])!) <= 1e-6)
      if point >= 0 { #expect("\(result.curve.times[point].utcDate)" == line[0]) }
    }
  }

  @Test(arguments: ["zero", "10bps"])
  func everyFillOfBacktrader(costs: String) throws {
    let result = try hundredShares(costs)
    let table = try Fixture.table("peers/sp500_sma_backtrader_\(costs)_fills.csv").dropFirst()
    #expect(result.fills.count == table.count && table.count == 136)
    for (fill, line) in zip(result.fills, table) {
      #expect("\(fill.time.utcDate)" == line[0] && Int(fill.row) == Int(line[1]))
      #expect(fill.quantity == (line[2] == "buy" ? 1 : -1) * Double(line[3])!)
      // backtrader keeps a running average of its prices, which costs it a last digit.
      #expect(agrees(fill.price, Double(line[4])!, within: 1e-15))
      #expect(fill.slippage == 0 && !fill.isIntrabar)
      #expect(agrees(fill.commission, Double(line[5])!, within: 1e-12))
    }
  }

  @Test(arguments: ["zero", "10bps"])
  func everyTradeOfBothPeers(costs: String) throws {
    let trades = try hundredShares(costs).trades
    let backtrader = try Fixture.table("peers/sp500_sma_backtrader_\(costs)_trades.csv").dropFirst()
    let backtesting = try Fixture.table("peers/sp500_sma_backtesting_\(costs)_trades.csv")
      .dropFirst()
    #expect(trades.count == 68 && backtrader.count == 68 && backtesting.count == 68)
    for (trade, line) in zip(trades, backtrader) {
      #expect(trade.entryRow == Int(line[0]) && trade.exitRow == Int(line[1]))
      #expect(agrees(trade.entryPrice, Double(line[2])!, within: 1e-14))
      #expect(agrees(trade.grossProfit, Double(line[3])!, within: 1e-9))
      #expect(agrees(trade.profit, Double(line[4])!, within: 1e-9))
      #expect(agrees(trade.commission, Double(line[5])!, within: 1e-12))
    }
    for (trade, line) in zip(trades, backtesting) {
      #expect(trade.entryRow == Int(line[1]) && trade.exitRow == Int(line[2]))
      #expect(agrees(trade.entryPrice, Double(line[3])!, within: 1e-14))
      #expect(agrees(trade.exitPrice, Double(line[4])!, within: 1e-14))
      #expect(agrees(trade.profit, Double(line[5])!, within: 1e-9))
      #expect(agrees(trade.profitFraction, Double(line[7])!, within: 1e-12))
    }
  }
}

/// Compares two means of the last closes, each summed afresh at every bar.
private struct WindowCrossover: Strategy {
  var fast: Int
  var slow: Int
  var decide: @Sendable (Bool, Bool, inout TradingContext) -> Void

  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    let history = trading.history(.first, slow).close
    guard history.count == slow else { return }
    let quick = history.suffix(fast).reduce(0, +) / Double(fast)
    let steady = history.reduce(0, +) / Double(slow)
    decide(quick > steady, quick < steady, &trading)
  }
}
