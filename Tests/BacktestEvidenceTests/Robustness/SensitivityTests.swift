@testable import BacktestCore
@testable import BacktestEvidence
import Strategies
import TestSupport
import Testing

struct SensitivityTests {
  /// Buys ten units at the second close and sells them at the fifth.
  private static let script = StrategyDefinition(name: "script", summary: "") { _ in
    ScriptedStrategy([
      1: { _, trading in trading.target(.first, quantity: 10) },
      4: { _, trading in trading.target(.first, quantity: 0) },
    ])
  }

  /// Opens at 100, 101, 102, …; each close is the next open.
  private static func market(_ count: Int, volume: Double? = nil) throws -> Feed {
    let prices = (0..<count).map { row -> MarketBuilder.Prices in
      let price = 100 + Double(row)
      return (price, price + 1, price, price + 1)
    }
    return Feed(
      try Universe([
        try MarketBuilder.series(
          prices, volume: volume.map { Array(repeating: $0, count: count) }, lot: .fractional)
      ]))
  }

  private static func analysis(
    _ parts: Set<SensitivityPlan.Part>, costs: TradingCosts = .none,
    _ change: (inout SensitivityAnalysis) -> Void = { _ in }
  ) throws -> SensitivityAnalysis {
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = 10_000
    costs.apply(to: &configuration.execution)
    var analysis = SensitivityAnalysis(
      script, try script.parameters([:]), on: try market(20), configuration: configuration)
    analysis.plan.parts = parts
    change(&analysis)
    return analysis
  }

  /// Buys at the open of bar 2, 102, and sells at that of bar 5, 105: with slippage c on each side
  /// the profit is 10 x (105 (1 - c) - 102 (1 + c)), which is zero at c = 3 / 207.
  @Test func theBreakEvenOfOneTradeIsKnown() throws {
    for costs in [TradingCosts.basisPoints(commission: 0, slippage: 10), .none] {
      let result = try Self.analysis([.costs], costs: costs).run()
      let breakEven = try #require(result.breakEven?.basisPoints)
      #expect(agrees(breakEven, 1e4 * 3 / 207, within: 1e-3), "\(breakEven)")
      #expect(result.breakEven?.isLowerBound == false)
    }
    // At 100 basis points of commission on the price alone: 105 (1 - c) = 102 (1 + c) again.
    let result = try Self.analysis(
      [.costs], costs: .basisPoints(commission: 40, slippage: 0)
    ).run()
    let table = try #require(result[.costs])
    #expect(table.rows.map(\.label) == ["0x", "0.5x", "1x", "1.5x", "2x", "3x", "4x", "5x"])
    #expect(table.rows.firstIndex(where: \.isBase) == 2)
    for row in table.rows {
      let c = 0.004 * (row.value ?? 0)
      let profit = 10 * (105 * (1 - c) - 102 * (1 + c))
      #expect(agrees(try #require(row.figures.totalReturn), profit / 10_000, within: 1e-12))
      #expect(agrees(try #require(row.figures.costBasisPoints), c * 1e4, within: 1e-12))
    }
    #expect(agrees(try #require(result.breakEven?.basisPoints), 1e4 * 3 / 207, within: 1e-12))
  }

  @Test func whatCannotBreakEvenSaysWhy() throws {
    let idle = StrategyDefinition(name: "idle", summary: "") { _ in ScriptedStrategy() }
    let nothing = try Self.analysis([.costs]) { $0.definition = idle }.breakEvenCost()
    #expect(nothing.basisPoints == nil && nothing.absence == "nothing was traded")
    let short = StrategyDefinition(name: "short", summary: "") { _ in
      ScriptedStrategy([
        1: { _, trading in trading.target(.first, quantity: -10) },
        4: { _, trading in trading.target(.first, quantity: 0) },
      ])
    }
    let losing = try Self.analysis([.costs]) {
      $0.definition = short
      $0.configuration.account.funding = .margin(leverage: 2)
    }.breakEvenCost()
    #expect(losing.basisPoints == nil)
    #expect(losing.absence?.hasPrefix("it does not earn") == true)
  }

  /// Late by n bars, the same units are bought and sold n opens later, three bars apart.
  @Test func aDelayMovesEveryDecision() throws {
    let result = try Self.analysis([.delay]).run()
    let table = try #require(result[.delay])
    #expect(table.rows.map(\.label) == ["0 bars", "1 bar", "2 bars", "3 bars"])
    for row in table.rows {
      #expect(agrees(try #require(row.figures.totalReturn), 30.0 / 10_000, within: 1e-12))
      #expect(row.figures.tradeCount == 1)
    }
    let late = try Self.analysis([.delay])
    var scenario = SensitivityAnalysis.Scenario(
      label: "", late.configuration, late.parameters)
    scenario.delay = 2
    #expect(try late.simulate(scenario).fillPrices == [104, 107])
  }

  /// What a strategy does late is what one does that decides late by itself.
  @Test func aLateStrategyIsOneThatReadsOldBars() throws {
    let bars = try MarketBuilder.standardAndPoors500(lot: .fractional).rows(0..<600)
    let feed = Feed(try Universe([bars]))
    for delay in 1...3 {
      let late = DelayedStrategy(Laggard(bars: 0), bars: delay)
      let own = Laggard(bars: delay)
      let (a, b) = (Backtest(late, on: feed).run(), Backtest(own, on: feed).run())
      #expect(a.fingerprint == b.fingerprint && a.fills.count > 20)
    }
    let none = Backtest(DelayedStrategy(Laggard(bars: 0), bars: 0), on: feed).run()
    #expect(none.fingerprint == Backtest(Laggard(bars: 0), on: feed).run().fingerprint)
  }

  /// Orders, groups, cancellations and timers in any mix, late without a fault.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func anythingMayBeLate(seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    let series = try (0..<2).map { number in
      try RandomMarket.series("S\(number)", bars: 80, every: .hours(1), &random)
    }
    let feed = Feed(try Universe(series))
    let plain = Backtest(RandomTrader(seed: seed), on: feed).run()
    let same = Backtest(DelayedStrategy(RandomTrader(seed: seed), bars: 0), on: feed).run()
    #expect(same.fingerprint == plain.fingerprint)
    let late = Backtest(DelayedStrategy(RandomTrader(seed: seed), bars: 2), on: feed).run()
    let first = try #require(late.orders.map(\.submitted).min())
    #expect(first >= feed.instants[2] && late.orders.allSatisfy { $0.submitted >= first })
  }

  @Test func neighboursComeFromTheGridOrATenth() throws {
    let bars = try MarketBuilder.standardAndPoors500(lot: .fractional).rows(0..<300)
    var analysis = SensitivityAnalysis(
      SMACrossover.definition,
      try SMACrossover.definition.parameters(["fast": 10, "slow": 40, "weight": 0.5]),
      on: Feed(try Universe([bars])))
    analysis.plan.parts = [.parameters]
    analysis.plan.grid = ParameterGrid(["slow": [100, 20, 30, 40, 9, 60]])
    let table = try #require(try analysis.run()[.parameters])
    #expect(
      table.rows.map(\.label) == [
        "as given", "fast=8", "fast=9", "fast=11", "fast=12", "slow=20", "slow=30", "slow=60",
        "slow=100", "weight=0.4", "weight=0.45", "weight=0.55", "weight=0.6",
      ])
    #expect(table.rows[0].isBase && table.rows[5].value == 20)
    // All are measured from the close at which an average of 100 exists.
    var configuration = BacktestConfiguration()
    configuration.warmup = 99
    let own = Backtest(
      SMACrossover(fast: 10, slow: 40, stake: .weight(0.5)), on: analysis.feed,
      configuration: configuration
    ).run().metrics
    #expect(table.rows[0].figures.totalReturn == own.totalReturn)
  }

  @Test func aRunMayBeginLater() throws {
    let result = try Self.analysis([.start]) { $0.plan.startShifts = [0, 1, 2, 9, 12] }.run()
    let table = try #require(result[.start])
    #expect(table.rows.map(\.value) == [0, 1, 2, 9])
    // From the third bar on there is nothing to sell, so nothing is traded.
    #expect(table.rows.map(\.figures.tradeCount) == [1, 1, 0, 0])
  }

  /// Ten percent of 1,000 units a bar: an account that wants more gets 100.
  @Test func volumeLimitsALargeAccount() throws {
    let definition = StrategyDefinition(name: "all-in", summary: "") { _ in
      ScriptedStrategy([1: { _, trading in trading.target(.first, weight: 1) }])
    }
    let analysis = try Self.analysis([.capacity]) {
      $0.definition = definition
      $0.feed = try! Self.market(20, volume: 1_000)
      $0.plan.cashMultiples = [1, 100, 10_000]
    }
    let result = try analysis.run()
    let table = try #require(result[.capacity])
    let returns = table.rows.compactMap(\.figures.totalReturn)
    #expect(returns.count == 3 && returns[0] > returns[1] && returns[1] > returns[2])
    let cash = try #require(result.halfReturnCash)
    #expect(cash > 10_000 && cash < 1e8)
    #expect(try Self.analysis([.capacity]).run()[.capacity]?.absence?.contains("volume") == true)
  }

  @Test func threadsChangeNothing() throws {
    let bars = try MarketBuilder.standardAndPoors500(lot: .fractional).rows(0..<400)
    var configuration = BacktestConfiguration()
    configuration.execution.commission = PerShareCommission(perShare: 0.01, minimumPerOrder: 1)
    let analysis = SensitivityAnalysis(
      SMACrossover.definition,
      try SMACrossover.definition.parameters(["fast": 5, "slow": 20]),
      on: Feed(try Universe([bars])), configuration: configuration)
    let (one, two) = (try analysis.run(threads: 1), try analysis.run(threads: 3))
    #expect(one.base == two.base && one.breakEven == two.breakEven)
    #expect(one.tables.map { $0.rows.map(\.figures) } == two.tables.map { $0.rows.map(\.figures) })
    #expect(one.tables.count == 6)
  }
}

/// Holds the instrument while a close that lies some bars back was above the one before it.
private struct Laggard: Strategy {
  let bars: Int
  var closes: [Double] = []

  init(bars: Int) { self.bars = bars }

  mutating func onBars(_ slice: BarSlice, _ trading: inout TradingContext) {
    guard let bar = slice[0] else { return }
    closes.append(bar.close)
    let last = closes.count - 1 - bars
    guard last >= 1 else { return }
    trading.target(.first, weight: closes[last] > closes[last - 1] ? 0.5 : 0)
  }
}
