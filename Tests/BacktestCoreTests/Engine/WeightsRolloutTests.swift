@testable import BacktestCore
import TestSupport
import Testing

/// Weights accounting gives the equity that the environments gave in which policies were trained.
struct WeightsRolloutTests {
  private typealias Rows = [[Substring]]

  /// Daily bars of columns of a table of prices, in a market that never closes.
  private func series(
    _ symbol: String, _ rows: Rows, columns: [Substring]
  ) throws -> BarSeries {
    let places = columns.map { name in rows[0].firstIndex(of: name)! }
    return try MarketBuilder.series(
      rows.dropFirst().map { row in
        let values = places.map { Double(row[$0])! }
        return values.count == 1
          ? (values[0], values[0], values[0], values[0])
          : (values[0], values[1], values[2], values[3])
      }, symbol: symbol)
  }

  /// Replays the stated weights of a rollout and holds equity to its column at every row.
  private func replay(
    _ name: String, _ universe: [BarSeries], dates: [Substring], columns: [Substring],
    initialWeights: AccountingRule.InitialWeights = .zero
  ) throws -> BacktestResult {
    let rows = try Fixture.table("policies/\(name)/rollout.csv")
    let places = columns.map { name in rows[0].firstIndex(of: name)! }
    let equity = try #require(rows[0].firstIndex(of: "equity"))
    let start = try #require(dates.firstIndex(of: rows[1][0]))
    var decisions: [Int: ScriptedStrategy.Decision] = [:]
    for (step, row) in rows.dropFirst().enumerated() {
      let weights = places.map { Double(row[$0])! }
      decisions[start + step] = { _, trading in
        for (index, weight) in weights.enumerated() {
          trading.target(InstrumentID(index), weight: weight)
        }
      }
    }
    let result = try runScript(universe, ScriptedStrategy(decisions)) {
      $0.account.initialCash = 1
      $0.accounting = .weights(fee: 0.0005, initialWeights: initialWeights)
      $0.warmup = start
    }
    // The base point, then that of the first decision, then one after each row of the rollout.
    #expect(result.equity[0] == 1 && result.equity[1] == 1)
    #expect(rows.count > 500 && result.equity.count >= rows.count + 1)
    var worst = 0.0
    for (step, row) in rows.dropFirst().enumerated() {
      let expected = try #require(Double(row[equity]))
      worst = max(worst, abs(result.equity[step + 2] / expected - 1))
    }
    #expect(worst <= 1e-12, "\(name) differs by \(worst)")
    #expect(result.fills.isEmpty && result.trades.isEmpty && result.orders.isEmpty)
    return result
  }

  @Test(arguments: ["ppo_discrete", "ppo_box1", "sac_box", "a2c_window_d5"])
  func oneInstrument(_ name: String) throws {
    let rows = try Fixture.table("policies/data/sp500_2012_2018.csv")
    let bars = try series("SPX", rows, columns: ["open", "high", "low", "close"])
    let result = try replay(
      name, [bars], dates: rows.dropFirst().map { $0[0] }, columns: ["target_weight"])
    #expect(Set(result.equity).count > 500)
  }

  @Test func fourInstrumentsFromEqualWeights() throws {
    let rows = try Fixture.table("policies/data/four_stocks_adj_close.csv")
    let universe = try ["AAPL", "GOOG", "IBM", "MSFT"].map {
      try series($0, rows, columns: [Substring($0)])
    }
    let dates = rows.dropFirst().map { $0[0] }
    let columns: [Substring] = ["w0", "w1", "w2", "w3"]
    let equal = try replay(
      "ppo_portfolio4", universe, dates: dates, columns: columns, initialWeights: .equal)
    let listed = try replay(
      "ppo_portfolio4", universe, dates: dates, columns: columns,
      initialWeights: [0.25, 0.25, 0.25, 0.25])
    #expect(equal.fingerprint == listed.fingerprint)
  }
}
