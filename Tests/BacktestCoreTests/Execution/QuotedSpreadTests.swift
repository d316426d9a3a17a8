import BacktestCore
import TestSupport
import Testing

/// Half of a bid-ask spread that a reference series gives.
struct QuotedSpreadTests {
  private let series: BarSeries

  init() throws {
    series = try MarketBuilder.series(
      [(100, 100, 100, 100), (100, 100, 100, 100), (100, 104, 96, 102), (102, 102, 102, 102)])
  }

  private func market(known: [Int], _ spreads: [Double]) throws -> Universe {
    try Universe([series]).with(references: [
      ReferenceSeries(
        name: "\(series.instrument.symbol).spread",
        knownTimes: Column(known.map { series.closeTimes[$0] }), values: Column(spreads))
    ])
  }

  private func run(_ universe: Universe, _ orders: [Int: Order]) throws -> BacktestResult {
    var configuration = BacktestConfiguration()
    configuration.execution.slippage = QuotedSpreadSlippage(multiple: 2)
    try configuration.validate(for: universe)
    let decisions = orders.mapValues { order -> ScriptedStrategy.Decision in
      { _, trading in trading.submit(order) }
    }
    return Backtest(
      ScriptedStrategy(decisions), on: universe, configuration: configuration
    ).run()
  }

  /// Twice half of 0.5 is 0.5; the spread of the fill's bar is not known yet.
  @Test func theSpreadKnownAtActivationIsPaid() throws {
    let universe = try market(known: [0, 1, 2], [0.3, 0.5, 7])
    let result = try run(universe, [1: Order(.first, quantity: 10)])
    #expect(agrees(result.fillPrices[0], 100.5, within: 1e-13))
  }

  /// A stop keeps the spread that was known when it became live.
  @Test func aRestingOrderKeepsItsSpread() throws {
    let universe = try market(known: [0, 1], [0.3, 0.5])
    let result = try run(universe, [0: Order(.first, quantity: 10, kind: .stop(103))])
    #expect(agrees(result.fillPrices[0], 103.3, within: 1e-13))
  }

  @Test func anOrderBeforeTheFirstQuoteIsRejected() throws {
    let universe = try market(known: [1], [0.5])
    let result = try run(universe, [0: Order(.first, quantity: 10)])
    #expect(result.outcomes(of: 1) == [.rejected(.noHistory)])
  }

  @Test func whatCannotBeIsRefused() throws {
    let symbol = series.instrument.symbol
    #expect {
      _ = try run(try Universe([series]), [:])
    } throws: {
      "\($0)".contains("needs the reference series '\(symbol).spread'")
    }
    #expect {
      _ = try run(try market(known: [0, 1], [0.1, -0.2]), [:])
    } throws: {
      "\($0)".contains("gives a negative spread, -0.2")
    }
    #expect {
      _ = try run(try market(known: [0, 1], [0.1, 200]), [:])
    } throws: {
      "\($0)".contains("gives a spread of 200")
    }
  }

  /// Costs that leave nothing of the price, or are in another currency than the account.
  @Test func costsThatCannotBeAreRefused() throws {
    let universe = try Universe([series])
    var configuration = BacktestConfiguration()
    configuration.execution.slippage = BasisPointSlippage(basisPoints: 10_000)
    #expect {
      try configuration.validate(for: universe)
    } throws: {
      "\($0)".contains("slippage of 100 % of the price")
    }
    configuration = BacktestConfiguration()
    configuration.account.currency = "EUR"
    FeeSchedule.named("ibkr-us-fixed")?.apply(to: &configuration.execution)
    #expect {
      try configuration.validate(for: universe)
    } throws: {
      "\($0)".contains("'ibkr-us-fixed' charges USD, and the account is in EUR")
    }
  }
}
