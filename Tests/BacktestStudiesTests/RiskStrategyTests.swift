import BacktestCore
import Foundation
import Strategies
import TestSupport
import Testing

/// Ready strategies that divide capital and size positions.
struct RiskStrategyTests {
  private static func prices(
    _ symbol: String, from first: String, to last: String
  ) throws -> BarSeries {
    let table = try Fixture.table("prices/\(symbol).csv")
    let column = try #require(table[0].firstIndex(of: "adj_close"))
    let rows = table.dropFirst().filter { $0[0] >= first && $0[0] <= last }
    let closes = rows.map { Double($0[column])! }
    return try MarketBuilder.series(
      closes.map { ($0, $0, $0, $0) }, volume: nil,
      times: rows.map {
        let day = CivilDate(String($0[0]))!.midnight
        return (day + .hours(14), day + .hours(21))
      },
      timeframe: .session, instrument: Instrument(symbol: symbol, lotSize: .fractional),
      calendar: NewYorkStockExchangeCalendar())
  }

  /// Without costs and trading at the close, the strategy's return is that of the reference.
  @Test(arguments: [("sp500", "sp500"), ("aapl", "AAPL")])
  func volatilityTargetHasTheReturnOfTheReference(key: String, symbol: String) throws {
    let bytes = try Data(Fixture.bytes("oracles/23_sizing.json"))
    let all = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    let oracle = try #require(all["vol_target_\(key)"] as? [String: Any])
    let input = try #require(oracle["input"] as? [String: Any])
    func number(_ name: String) throws -> Double {
      try #require((input[name] ?? oracle[name]) as? Double)
    }
    // The reference names the date of the first return, one session after the first price.
    let first = symbol == "AAPL" ? "2005-01-03" : "1999-01-04"
    let series = try Self.prices(symbol, from: first, to: try #require(input["end"] as? String))
    let strategy = VolatilityTarget(
      target: try number("target"), cap: try number("cap"), decay: try number("lam"),
      seed: Int(try number("seed")), band: 0)
    var configuration = BacktestConfiguration()
    configuration.accounting = .weights(fee: 0)
    let result = Backtest(strategy, on: try Universe([series]), configuration: configuration).run()
    let total = try #require(result.curve.equity.last) / configuration.account.initialCash - 1
    let expected = try number("total_return")
    #expect(abs(total / expected - 1) < 1e-10, "\(total) for \(expected)")
  }

  private static let stocks = ["AAPL", "GOOG", "IBM", "MSFT"]

  /// At the first decision of January 2013 the window is that of the reference's three years.
  @Test(arguments: [
    ("risk-parity", "erc_LWidentity", "ledoit-wolf"),
    ("minimum-variance", "min_variance_long_only", "sample"),
    ("hierarchical-risk-parity", "hrp_single_double", "sample"),
    ("maximum-sharpe", "max_sharpe_long_only_rf0", "sample"), ("risk-parity", "erc_ewma", "ewma"),
  ])
  func allocationHasTheWeightsOfTheReference(
    method: String, key: String, covariance: String
  ) throws {
    let bytes = try Data(Fixture.bytes("oracles/15_allocation.json"))
    let all = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    let oracle = try #require(all["four_stocks_2010_2012"] as? [String: Any])
    let entries = try #require(oracle["weights"] as? [String: Any])
    let entry = try #require(entries[key] as? [String: Any])
    let expected = try #require(entry["w"] as? [Double])

    let universe = try Universe(
      Self.stocks.map { try Self.prices($0, from: "2010-01-04", to: "2012-12-31") })
    let definition = try StrategyCatalogue.standard.definition(named: "portfolio-allocation")
    let parameters = try definition.parameters([
      "method": .choice(method), "covariance": .choice(covariance), "lookback": 753,
    ])
    var configuration = BacktestConfiguration()
    configuration.accounting = .weights(fee: 0)
    var engine = Engine(
      feed: Feed(universe), configuration: configuration, warmup: 753)
    // The last bar is the 754th; it is the first decision, and so the first of its month.
    var strategy = try #require(
      try definition.make(parameters, for: universe) as? PortfolioAllocation)
    engine.run(&strategy)
    for (index, weight) in expected.enumerated() {
      let stated = engine.trading.targetWeight(InstrumentID(index))
      #expect(abs(stated - weight) < 1e-8, "\(method): \(stated) for \(weight)")
    }
  }

  @Test func whatCannotBeAllocatedStaysAndIsNoted() throws {
    let moving = try Self.prices("AAPL", from: "2012-01-03", to: "2012-06-29")
    let still = try MarketBuilder.series(
      Array(repeating: (5, 5, 5, 5), count: moving.count), volume: nil,
      times: (0..<moving.count).map { (moving.openTimes[$0], moving.closeTimes[$0]) },
      timeframe: .session, instrument: Instrument(symbol: "STILL"),
      calendar: NewYorkStockExchangeCalendar())
    let strategy = PortfolioAllocation(Allocation(.inverseVolatility), lookback: 20)
    let result = Backtest(strategy, on: try Universe([moving, still])).run()
    #expect(result.fills.isEmpty && result.notes.count >= 5)
    #expect(result.notes[0].text.contains("the returns of instrument 1 are all equal"))
  }

  @Test func boundsThatDoNotFitTheUniverseAreRefused() throws {
    let series = try Self.prices("AAPL", from: "2012-01-03", to: "2012-06-29")
    let definition = PortfolioAllocation.definition
    let parameters = try definition.parameters(["largest": 0.4])
    #expect {
      _ = try definition.make(parameters, for: try Universe([series]))
    } throws: { "\($0)".contains("1 instruments cannot have weights from 0.0 to 0.4") }
  }
}
