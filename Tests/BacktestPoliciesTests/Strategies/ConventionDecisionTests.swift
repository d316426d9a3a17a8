@testable import BacktestCore
@testable import BacktestPolicies
import TestSupport
import Testing

/// One policy of each training environment, on a small market through the engine: the positions
/// that its environment would have had, computed by hand.
struct ConventionDecisionTests {
  /// Plays actions from the first decision on, after so many bars that change nothing.
  private static func run(
    _ name: String, _ actions: [[Double]], _ closes: [[Double]], flatBars: Int, cash: Double,
    fill: ExecutionRules.MarketFill, funding: AccountRules.Funding = .cash
  ) throws -> (result: BacktestResult, seen: [[Double]]) {
    let manifest = try PolicyManifest(path: Fixture.path("policies/conventions/\(name)"))
    let symbols = manifest.action?.assets ?? []
    let series = try closes.enumerated().map { index, closes in
      // Bars that only move up and down by a little, so that no indicator divides by zero.
      let quiet = (0..<flatBars).map { closes[0] * ($0 % 2 == flatBars % 2 ? 1 : 1.0625) }
      let all = quiet + closes
      var last = all[0]
      return try MarketBuilder.series(
        all.map { close in
          defer { last = close }
          return (last, max(last, close) * 1.01, min(last, close) * 0.99, close)
        }, symbol: symbols.isEmpty ? "ONE" : symbols[index],
        volume: all.map { _ in 1_000 }, lot: .fractional)
    }
    let universe = try Universe(series)
    let policy = ScriptedPolicy(
      actions.map { .act($0) }, observationCount: manifest.observation.count)
    let strategy = try PolicyStrategy(policy, manifest: manifest, universe: universe)
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = cash
    configuration.account.funding = funding
    configuration.execution.marketFill = fill
    configuration.warmup = flatBars
    #expect(strategy.warmup <= flatBars)
    return (
      Backtest(strategy, on: universe, configuration: configuration).run(), policy.log.seen
    )
  }

  @Test func finrlStockTrading() throws {
    // 100 of AAA for 1,001 with the cost that its environment sets aside; 1000 // 20.02 = 49 of
    // BBB. The account here has no costs, so that 21 are left. Then 40 of AAA pay 399.60 and
    // 420.6 // 20.02 = 21 of BBB are bought. At last less than one unit is nothing.
    let (result, seen) = try Self.run(
      "finrl_stock_trading", [[1, 0.9], [-0.4, 1], [-0.009, 0]],
      [[10, 10, 10], [20, 20, 20]], flatBars: 80, cash: 2_001, fill: .sameClose)
    #expect(result.fillQuantities == [100, 49, -40, 21])
    #expect(result.orders.map(\.quantity) == [100, 49, -40, 21])
    // Cash, closes and shares as its environment shows them.
    #expect(seen[0][0..<5] == [2_001, 10, 20, 0, 0])
    #expect(seen[1][0..<5] == [21, 10, 20, 100, 49])
    #expect(seen[2][0..<5] == [1, 10, 20, 60, 70])
  }

  @Test func finrlPortfolio() throws {
    // Of equal numbers a half each; the same weights again trade nothing.
    let (result, _) = try Self.run(
      "finrl_portfolio", [[0, 0], [0, 0], [1, 0]],
      [[10, 10, 10], [20, 20, 20]], flatBars: 300, cash: 1_000, fill: .sameClose)
    // 1 / (1 + 1/e) of 1,000 in AAA, the rest in BBB.
    let share = 0.7310585786300049
    #expect(result.fills.count == 4)
    #expect(result.fillQuantities[0] == 50 && result.fillQuantities[1] == 25)
    let held = result.account.positions
    #expect(abs(held[0].quantity - 100 * share) < 1e-9)
    #expect(abs(held[1].quantity - 50 * (1 - share)) < 1e-9)
  }

  @Test func gymAnytrading() throws {
    // Buy is decided at 100 and fills at the close after it, where 1,000 pays for 8 at 125; sell is
    // decided there and fills at 150.
    let (result, _) = try Self.run(
      "gym_anytrading", [[1], [0], [0]], [[100, 125, 150, 90]], flatBars: 12, cash: 1_000,
      fill: .nextClose)
    #expect(result.fillPrices == [125, 150])
    #expect(result.fillQuantities == [8, -8])
  }

  @Test func gymTradingEnv() throws {
    // Long 10 at 100; the same choice at 200 trades nothing; at 160 an equity of 1,600 turns short.
    let (result, seen) = try Self.run(
      "gym_trading_env", [[2], [2], [0], [0]], [[100, 200, 160, 80]], flatBars: 6, cash: 1_000,
      fill: .sameClose, funding: .margin(leverage: 2))
    #expect(result.fillQuantities == [10, -20])
    // The position that it chose, and what that is worth: short 10 of an equity of 2,400.
    #expect(seen[3][10] == -1)
    #expect(abs(seen[3][11] - (-800.0 / 2_400)) < 1e-12)
    // The row before still shows what it was then.
    #expect(seen[3][6] == 1 && seen[3][7] == 1)
  }

  @Test func tensorTrade() throws {
    // All in at 100, nothing for the same choice, all out at 125, in again at 100.
    let (result, _) = try Self.run(
      "tensortrade", [[1], [1], [0], [0], [1]], [[100, 80, 125, 90, 100]], flatBars: 4,
      cash: 1_000, fill: .sameClose)
    #expect(result.fillQuantities == [10, -10, 12.5])
  }

  @Test func freqai() throws {
    // Enter long, enter short (ignored while long), exit short (ignored), exit long, enter short,
    // exit short; every fill is at the next open, which is the close before it.
    let (result, seen) = try Self.run(
      "freqai", [[1], [3], [4], [2], [3], [4], [0]], [[100, 110, 120, 125, 125, 125, 100, 100]],
      flatBars: 6, cash: 1_000, fill: .nextOpen, funding: .margin(leverage: 2))
    #expect(result.fillQuantities == [10, -10, -10, 10])
    #expect(result.fillPrices == [100, 125, 125, 125])
    // Profit, side and duration stand in every row; the bar of the entry is
    // the first, of age 0.
    #expect(abs(seen[1][3] - 0.1) < 1e-12 && seen[1][4] == 1 && seen[1][5] == 0)
    #expect(seen[1][9...11] == seen[1][3...5])
    #expect(abs(seen[2][3] - 0.2) < 1e-12 && seen[2][5] == 1)
    #expect(seen[4][4] == 0.5 && seen[4][5] == 0 && seen[4][3] == 0)
    #expect(seen[5][4] == 0)
  }
}
