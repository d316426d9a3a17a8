@testable import BacktestCore
import TestSupport
import Testing

/// A cash account spends what it has, and no more, whatever a trade does to its own price.
struct AffordableQuantityTests {
  @Test func steepSlippageBuysWhatTheCashPaysFor() throws {
    let series = try MarketBuilder.series(
      MarketBuilder.flat(20, count: 4), volume: [4_000, 4_000, 4_000, 4_000])
    let result = try runScript(
      series, [0: { _, trading in trading.target(.first, weight: 1) }]
    ) { $0.execution.slippage = VolumeShareSlippage(impact: 0.1) }
    #expect(result.fillQuantities == [17_351])
    #expect(abs(result.fillPrices[0] - 57.63) < 0.005)
    #expect(result.ruinedAt == nil && result.account.cash >= 0 && result.account.cash < 150)
  }

  @Test(arguments: ExecutionRules.TargetSizing.allCases)
  func fractionsSpendAllOfIt(sizing: ExecutionRules.TargetSizing) throws {
    let series = try MarketBuilder.series(
      MarketBuilder.flat(20, count: 4), volume: [4_000, 4_000, 4_000, 4_000], lot: .fractional)
    let result = try runScript(
      series, [0: { _, trading in trading.target(.first, weight: 1) }]
    ) {
      $0.execution.slippage = VolumeShareSlippage(impact: 0.1)
      $0.execution.commission = BasisPointCommission(basisPoints: 10)
      $0.execution.sizing = sizing
    }
    #expect(result.fills.count == 1 && abs(result.account.cash) < 1e-6)
  }

  /// The most lots of one that 100,000 buys at 20, counted upwards one by one.
  private func counted(_ cost: (Double) -> Double) -> Double {
    var units = 0.0
    while cost(units + 1) <= 100_000 { units += 1 }
    return units
  }

  @Test(arguments: [0.01, 0.1, 1, 5, 40], [nil, 0.05, 5, 60])
  func itIsTheLargestNumberOfLots(impact: Double, tick: Double?) throws {
    let series = try MarketBuilder.series(
      MarketBuilder.flat(20, count: 2), volume: [1_000, 1_000], tick: tick)
    let expected = counted { units in
      var price = 20 * (1 + impact * (units / 1_000) * (units / 1_000))
      if let tick { price = tick * (price / tick * (1 - 1e-12)).rounded(.up) }
      return units * price + max(units * 0.01, 25)
    }
    for sizing in ExecutionRules.TargetSizing.allCases {
      let result = try runScript(
        series, [0: { _, trading in trading.target(.first, weight: 1) }]
      ) {
        $0.account.initialCash = 100_000
        $0.execution.slippage = VolumeShareSlippage(impact: impact)
        $0.execution.commission = PerShareCommission(perShare: 0.01, minimumPerOrder: 25)
        $0.execution.sizing = sizing
      }
      #expect(result.fillQuantities == [expected], "\(sizing)")
    }
  }

  /// A random market, trader and set of costs in a cash account.
  private func run(_ seed: UInt64) throws -> BacktestResult {
    var random = TestRandom(seed: seed &+ 77_000)
    let lots: [Instrument.LotSize] = [.standard, .fractional, .units(10)]
    let series = try (0...random.below(3)).map { k in
      try RandomMarket.series(
        "S\(k)", bars: 60, every: .days(1), &random, lot: random.pick(lots),
        tick: random.pick([nil, nil, 0.25, 5]))
    }
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = Double(2_000 + random.below(1_000_000))
    var rules = ExecutionRules()
    rules.marketFill = random.pick(ExecutionRules.MarketFill.allCases)
    rules.sizing = random.pick(ExecutionRules.TargetSizing.allCases)
    rules.participation = random.pick([nil, nil, 0.5])
    rules.slippage = random.pick([
      VolumeShareSlippage(impact: 0.1), VolumeShareSlippage(impact: 20),
      BasisPointSlippage(basisPoints: 400), SquareRootSlippage(impact: 3),
      HalfSpreadSlippage(spread: 12),
    ])
    rules.commission = random.pick([
      NoCommission(), BasisPointCommission(basisPoints: 90), PerOrderCommission(amount: 40),
      PerShareCommission(perShare: 0.5, minimumPerOrder: 30),
    ])
    configuration.execution = rules
    var trader = RandomTrader(seed: seed)
    trader.largest = 40_000
    return Backtest(trader, on: try Universe(series), configuration: configuration).run()
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func aPurchaseNeverLeavesADebt(seed: UInt64) throws {
    let result = try run(seed)
    var cash = result.configuration.account.initialCash
    for fill in result.fills where fill.time != result.ruinedAt {
      cash -= fill.quantity * fill.price + fill.commission
      // A sale may cost more than it brings.
      let isPaid = fill.quantity < 0 || cash >= -1e-11 * fill.quantity * fill.price
      #expect(isPaid, "seed \(seed): \(cash) after order \(fill.order.number)")
    }
  }
}
