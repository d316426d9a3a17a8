@testable import BacktestCore
import TestSupport
import Testing

/// Where a run's measured part begins and ends.
struct WarmupAndWindowTests {
  private func market() throws -> BarSeries {
    try MarketBuilder.series(
      (0..<10).map { k -> MarketBuilder.Prices in
        let price = 100 + Double(k)
        return (price, price + 0.5, price - 0.5, price)
      })
  }

  private let invest = ScriptedStrategy(always: { bars, trading in
    trading.target(.first, weight: 1)
    trading.note("\(bars[0]!.close) \(trading.isWarmingUp)")
  })

  @Test(arguments: [0, 1, 4, 9])
  func theFirstDecisionIsAtTheBarOfThatIndex(warmup: Int) throws {
    let market = try market()
    let result = try runScript([market], invest) { $0.warmup = warmup }
    let base = max(0, warmup - 1)
    #expect(result.curve.times.first == market.closeTimes[base])
    #expect(result.curve.equity.first == 1_000_000)
    #expect(result.curve.returns.count == 10 - warmup - (warmup == 0 ? 1 : 0))
    #expect(result.notes.count == 10, "it sees all bars")
    #expect(result.notes.filter { $0.text.hasSuffix("true") }.count == warmup)
    #expect(result.orders.first?.submitted == market.closeTimes[warmup])
    #expect(result.orders.count == 1)
  }

  @Test func aStrategyStatesItsWarmupAndTheConfigurationOverridesIt() throws {
    var strategy = invest
    strategy.warmup = 3
    let market = try market()
    let own = try runScript([market], strategy)
    #expect(own.orders[0].submitted == market.closeTimes[3])
    let asked = try runScript([market], strategy) { $0.warmup = 5 }
    #expect(asked.orders[0].submitted == market.closeTimes[5])
  }

  @Test func aWarmupBeyondTheDataTradesNothing() throws {
    let result = try runScript([try market()], invest) { $0.warmup = 50 }
    #expect(result.orders.isEmpty && result.equity == [1_000_000])
  }

  @Test(arguments: [3..<7, 1..<10, 5..<6, 9..<10])
  func aWindowHasExactlyItsReturns(window: Range<Int>) throws {
    let market = try market()
    let result = try runScript([market], invest) {
      $0.window = window
      $0.execution.marketFill = .sameClose
      $0.execution.commission = PerOrderCommission(amount: 500)
    }
    let (a, b) = (window.lowerBound, window.upperBound)
    #expect(result.curve.returns.count == b - a)
    #expect(result.curve.times.first == market.closeTimes[a - 1])
    #expect(result.curve.times.last == market.closeTimes[b - 1])
    // The base lies before the costs of the first decision, which is at the close of bar a - 1.
    #expect(result.curve.equity[0] == 1_000_000)
    #expect(result.fills.map(\.time) == [market.closeTimes[a - 1]])
    let units = result.fillQuantities[0]
    let gain = units * Double(b - a)
    #expect(agrees(result.equity.last!, 1_000_000 - 500 + gain, within: 1e-13))
  }

  @Test func theLastBarOfAWindowIsMeasuredAndNotDecided() throws {
    let result = try runScript(
      [try market()],
      ScriptedStrategy(always: { bars, trading in trading.note("\(bars[0]!.close)") })
    ) { $0.window = 3..<7 }
    #expect(result.notes.map(\.text) == ["100.0", "101.0", "102.0", "103.0", "104.0", "105.0"])
  }

  @Test func neighbouringWindowsMeetAtOnePoint() throws {
    let first = try runScript([try market()], invest) { $0.window = 2..<5 }
    let second = try runScript([try market()], invest) { $0.window = 5..<8 }
    #expect(first.curve.times.last == second.curve.times.first)
  }

  @Test func anEmptyWindowHasItsBaseOnly() throws {
    let result = try runScript([try market()], invest) { $0.window = 4..<4 }
    #expect(result.equity == [1_000_000] && result.orders.isEmpty)
  }

  @Test func withoutWarmupTheBaseLiesBeforeTheCostsOfTheFirstDecision() throws {
    let result = try runScript([try market()], invest) {
      $0.execution.marketFill = .sameClose
      $0.execution.commission = PerOrderCommission(amount: 500)
    }
    #expect(result.equity[0] == 1_000_000)
    #expect(agrees(result.equity[1], 1_000_000 - 500 + result.fillQuantities[0], within: 1e-13))
  }
}
