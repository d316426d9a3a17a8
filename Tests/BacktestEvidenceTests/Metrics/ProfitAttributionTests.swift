import BacktestCore
import Strategies
import TestSupport
import Testing

@testable import BacktestEvidence

struct ProfitAttributionTests {
  private static func result(seed: UInt64) throws -> BacktestResult {
    var random = TestRandom(seed: seed)
    let series = try ["A", "B", "C"].map {
      try RandomMarket.series($0, bars: 200 + random.below(60), every: .days(1), &random)
    }
    var configuration = BacktestConfiguration()
    configuration.account = AccountRules(initialCash: 100_000, funding: .margin(leverage: 2))
    configuration.execution.commission = BasisPointCommission(basisPoints: 7)
    configuration.execution.slippage = BasisPointSlippage(basisPoints: 11)
    let strategy = SMACrossover(
      fast: 3 + random.below(5), slow: 10 + random.below(20), goesShort: true)
    return Backtest(strategy, on: try Universe(series), configuration: configuration).run()
  }

  /// Each instrument's price profit is that of its trades at reference prices, worked out from the
  /// fills; everything sums to the change of equity.
  @Test(arguments: 1...12) func everyTableSumsToTheChangeOfEquity(seed: UInt64) throws {
    let result = try Self.result(seed: seed)
    let found = ProfitAttribution(result)
    let change = result.account.equity - 100_000
    let close = 1e-9 * 100_000
    #expect(result.fills.count > 10, "seed \(seed)")
    #expect(abs(found.total - change) < close)
    #expect(abs(found.components.reduce(0) { $0 + $1.amount } - change) < close)
    #expect(abs(found.instruments.reduce(0) { $0 + $1.total } - change) < close)
    #expect(abs(found.sides.reduce(0) { $0 + $1.profit } - change) < close)
    #expect(abs(found.holdingPeriods.reduce(0) { $0 + $1.profit } - change) < close)
    // All of it is in round trips, those still open included.
    #expect(abs(try #require(found.sides.last).profit) < close)
    #expect(found.sides.reduce(0) { $0 + $1.count } == result.trades.count)
    #expect(found.holdingPeriods.reduce(0) { $0 + $1.count } == result.trades.count)
    #expect(found.components.map(\.name) == ["price", "commission", "slippage"])

    for (index, part) in found.instruments.enumerated() {
      let fills = result.fills.filter { Int($0.instrument.index) == index }
      let position = result.account.positions[index]
      let price =
        fills.reduce(0) { $0 - $1.quantity * $1.reference } + position.quantity * position.mark
      func amount(_ name: String) -> Double {
        part.components.first { $0.name == name }?.amount ?? 0
      }
      #expect(abs(amount("price") - price) < close, "\(part.symbol ?? "")")
      #expect(abs(amount("commission") + fills.reduce(0) { $0 + $1.commission }) < close)
      #expect(abs(amount("slippage") + fills.reduce(0) { $0 + $1.slippage }) < close)
      #expect(abs(part.components.reduce(0) { $0 + $1.amount } - part.total) < close)
    }
  }

  /// What the sums of money leave in their last digits is no profit outside of round trips.
  @Test func roundingIsNoProfit() throws {
    var differences: [Double] = []
    for seed in 1...12 as ClosedRange<UInt64> {
      let result = try Self.result(seed: seed)
      let found = ProfitAttribution(result)
      let sum = result.trades.reduce(0) { $0 + $1.profit }
      differences.append(abs(found.total - sum))
      for groups in [found.sides, found.holdingPeriods] {
        #expect(groups.last?.name == "no round trip" && groups.last?.profit == 0, "seed \(seed)")
      }
    }
    // There was something to be rounded away.
    #expect(differences.contains { $0 > 0 } && differences.allSatisfy { $0 < 1e-6 })
  }

  @Test func weightsAccountingHasOnePartForTheAccount() throws {
    var random = TestRandom(seed: 3)
    let series = try RandomMarket.series("A", bars: 100, every: .days(1), &random)
    var configuration = BacktestConfiguration()
    configuration.accounting = .weights(fee: 0.001)
    let result = Backtest(
      SMACrossover(fast: 3, slow: 9), on: try Universe([series]), configuration: configuration
    ).run()
    let found = ProfitAttribution(result)
    #expect(found.instruments.map(\.symbol) == [nil])
    #expect(abs(found.total - (result.account.equity - 1_000_000)) < 1e-3)
    // Under weights nothing is in a round trip, and all of it is shown.
    #expect(found.total != 0 && found.sides.map(\.profit) == [found.total])
    #expect(abs(found.components.reduce(0) { $0 + $1.amount } - found.total) < 1e-3)
  }

  @Test func aRunWithoutTradesHasNothing() throws {
    let series = try MarketBuilder.series(MarketBuilder.flat(10, count: 5))
    let found = ProfitAttribution(
      Backtest(ScriptedStrategy(), on: try Universe([series])).run())
    #expect(found.total == 0 && found.instruments.isEmpty)
    #expect(found.components.allSatisfy { $0.amount == 0 })
  }
}
