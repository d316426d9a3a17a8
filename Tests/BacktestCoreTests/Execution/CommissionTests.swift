@testable import BacktestCore
import TestSupport
import Testing

/// What brokers and exchanges charge.
struct CommissionTests {
  private func total(_ model: any CommissionModel, _ quantity: Double, at price: Double) -> Double {
    model.total(
      for: OrderProgress(quantity: quantity, notional: quantity * price, fillCount: 1))
  }

  /// The examples that the broker itself publishes.
  @Test(arguments: [
    (100.0, 25.0, 1.0), (1_000, 25, 5), (1_000, 0.25, 2.5), (10, 0.25, 0.025),
  ])
  func aFixedScheduleHasItsBounds(quantity: Double, price: Double, expected: Double) throws {
    let model = try #require(FeeSchedule.named("ibkr-us-fixed")?.commission)
    #expect(agrees(total(model, quantity, at: price), expected, within: 1e-12))
  }

  @Test func contractsPayTheBrokerAndTheExchange() {
    let model = PerContractCommission(perContract: 0.85, exchangeFee: 1.38)
    #expect(agrees(total(model, 3, at: 4_000), 6.69, within: 1e-12))
  }

  @Test func onlyWhatRestsMakes() throws {
    let bars: [MarketBuilder.Prices] = [
      (100, 100, 100, 100), (100, 101, 98, 100), (96, 97, 95, 96), (100, 100, 100, 100),
    ]
    let result = try runScript(
      try MarketBuilder.series(bars, assetClass: .crypto),
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: 1))
          trading.submit(Order(.first, quantity: 1, kind: .limit(99)))
          trading.submit(Order(.first, quantity: 1, kind: .limit(97)))
        }
      ]
    ) {
      $0.execution.commission = MakerTakerCommission(makerBasisPoints: 2, takerBasisPoints: 5)
    }
    // At the open, inside the bar, and at an open beyond the limit.
    let expected = [100 * 5e-4, 99 * 2e-4, 96 * 5e-4]
    #expect(result.fillPrices == [100, 99, 96])
    for (fill, fee) in zip(result.fills, expected) {
      #expect(agrees(fill.commission, fee, within: 1e-13))
    }
  }

  @Test func oneOrderMakesInParts() throws {
    let bars: [MarketBuilder.Prices] = [
      (100, 100, 100, 100), (100, 101, 98, 100), (98, 99, 95, 98), (100, 100, 100, 100),
    ]
    let result = try runScript(
      try MarketBuilder.series(
        bars, volume: [100, 100, 100, 100], assetClass: .crypto),
      [0: { _, trading in trading.submit(Order(.first, quantity: 20, kind: .limit(99))) }]
    ) {
      $0.execution.participation = 0.1
      $0.execution.commission = MakerTakerCommission(makerBasisPoints: -1, takerBasisPoints: 5)
    }
    #expect(result.fillPrices == [99, 98])
    #expect(agrees(result.fills[0].commission, -990 * 1e-4, within: 1e-12))
    #expect(agrees(result.fills[1].commission, 980 * 5e-4, within: 1e-12))
  }

  @Test func tiersFallWithTheMonthAndStartAnew() throws {
    // Bars of ten days from 1 January: the fills are of 11 and 21 January and 10 February.
    let result = try runScript(
      try MarketBuilder.series(MarketBuilder.flat(10, count: 6), every: .days(10)),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 250_000)) },
        1: { _, trading in trading.submit(Order(.first, quantity: 100_000)) },
        3: { _, trading in trading.submit(Order(.first, quantity: 10_000)) },
      ]
    ) {
      $0.account.initialCash = 1e8
      $0.execution.commission = TieredCommission(
        .perShare, rates: [0.0035, 0.002], from: [0, 300_000], minimumPerOrder: 0.35)
    }
    #expect(agrees(result.fills[0].commission, 875, within: 1e-12))
    #expect(agrees(result.fills[1].commission, 50_000 * 0.0035 + 50_000 * 0.002, within: 1e-12))
    #expect(agrees(result.fills[2].commission, 35, within: 1e-12))
  }

  @Test func tiersOfMoneyKnowMakers() {
    let model = TieredCommission(
      .basisPoints, rates: [40, 20], from: [0, 1_000], makerRates: [20, 10])
    var order = OrderProgress(quantity: 10, notional: 1_000, fillCount: 1)
    order.monthNotional = 500
    #expect(agrees(model.total(for: order), 500 * 0.004 + 500 * 0.002, within: 1e-12))
    order.makerNotional = 500
    // Half of it at the mean of 30, half at the mean of 15 basis points.
    #expect(agrees(model.total(for: order), 500 * 0.003 + 500 * 0.0015, within: 1e-12))
  }

  /// The fees of Kraken Pro as its page of August 2023 listed them: the volume of the month from
  /// which they hold in USD, and what makers and takers pay in basis points.
  @Test(arguments: [
    (0, 16, 26), (50_000, 14, 24), (100_000, 12, 22), (250_000, 10, 20), (500_000, 8, 18),
    (1_000_000, 6, 16), (2_500_000, 4, 14), (5_000_000, 2, 12), (10_000_000, 0, 10),
  ])
  func krakenChargesByTheMonth(volume: Double, maker: Double, taker: Double) throws {
    let model = try #require(FeeSchedule.named("kraken-spot")?.commission)
    var order = OrderProgress(quantity: 1, notional: 1_000, fillCount: 1)
    order.monthNotional = volume
    #expect(agrees(model.total(for: order), taker / 10, within: 1e-12))
    order.makerNotional = 1_000
    #expect(agrees(model.total(for: order), maker / 10, within: 1e-12))
    guard volume > 0 else { return }
    // One unit of money less is in the tier before, which costs 2 basis points more.
    order = OrderProgress(quantity: 1, notional: 1, fillCount: 1)
    order.monthNotional = volume - 1
    #expect(agrees(model.total(for: order), (taker + 2) / 1e4, within: 1e-12))
  }

  @Test func goingBackForgetsTheMonth() throws {
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = 1e8
    configuration.execution.commission = TieredCommission(
      .perShare, rates: [0.01, 0.001], from: [0, 100])
    let feed = Feed(try Universe([try MarketBuilder.series(MarketBuilder.flat(10, count: 6))]))
    var engine = Engine(feed: feed, configuration: configuration)
    _ = engine.advance()
    let checkpoint = engine.checkpoint()
    func buy() -> Double {
      engine.trading.submit(Order(.first, quantity: 100))
      _ = engine.advance()
      return engine.result(strategy: "").fills.last?.commission ?? .nan
    }
    #expect(buy() == 1)
    #expect(agrees(buy(), 0.1, within: 1e-12))
    engine.restore(checkpoint)
    #expect(buy() == 1)
  }
}
