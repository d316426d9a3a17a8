@testable import BacktestCore
@testable import BacktestPolicies
import TestSupport
import Testing

/// From raw bars to equity: real policies in their trainers' accounting, decision by decision.
@Suite struct ClosedLoopTests {
  static let oneInstrument = [
    "a2c_window_d5", "dqn_d3", "ppo_box1", "ppo_box1_sde", "ppo_discrete", "rppo_lstm2_box",
    "rppo_lstm_d3", "sac_box", "sac_sde", "td3_box",
  ]

  /// Runs a policy from the first date of its rollout on, and compares every row.
  private func compare(
    _ name: String, _ universe: Universe, dates: [Substring], weights columns: [Substring],
    initialWeights: AccountingRule.InitialWeights
  ) throws {
    let rows = try Fixture.table("policies/\(name)/rollout.csv")
    let start = try #require(dates.firstIndex(of: rows[1][0]))
    let weights = try columns.map { try #require(rows[0].firstIndex(of: $0)) }
    let equity = try #require(rows[0].firstIndex(of: "equity"))
    let policy = try TrainedPolicy(path: Fixture.path("policies/\(name)"))
    let isDiscrete = policy.manifest.action?.kind == .discrete
    var strategy = try PolicyStrategy(policy, manifest: policy.manifest, universe: universe)

    var configuration = BacktestConfiguration()
    configuration.account.initialCash = 1
    configuration.accounting = .weights(fee: 0.0005, initialWeights: initialWeights)
    configuration.warmup = start
    var engine = Engine(feed: Feed(universe), configuration: configuration)
    strategy.onStart(&engine.trading)
    var (step, worst) = (0, 0.0)
    while case .bars = engine.advance() {
      strategy.onBars(engine.bars, &engine.trading)
      guard !engine.trading.isWarmingUp, step + 1 < rows.count else { continue }
      step += 1
      for (asset, column) in weights.enumerated() {
        let expected = try #require(Double(rows[step][column]))
        let found = engine.trading.targetWeight(InstrumentID(asset))
        if isDiscrete { #expect(found == expected, "\(name), \(rows[step][0])") }
        worst = max(worst, abs(found - expected))
      }
    }
    #expect(worst <= 3e-6, "\(name): weights differ by \(worst)")
    #expect(step == rows.count - 1 && step > 500)

    let curve = engine.result(strategy: name).curve.equity
    // The base point and that of the first decision come before the first row's move.
    let differences = rows.dropFirst().enumerated().map { row, values in
      abs(curve[row + 2] / (Double(values[equity]) ?? .nan) - 1)
    }
    #expect(differences.allSatisfy { $0 <= 1e-6 }, "\(name): \(differences.max() ?? .nan)")
  }

  @Test(arguments: oneInstrument) func decisionsAndEquityAreTheTrainers(_ name: String) throws {
    let rows = try Fixture.table("policies/data/sp500_2012_2018.csv")
    let bars = try PolicyRolloutTests.series(
      "SPX", rows, columns: ["open", "high", "low", "close"], volume: "volume")
    try compare(
      name, try Universe([bars]), dates: rows.dropFirst().map { $0[0] },
      weights: ["target_weight"], initialWeights: .zero)
  }

  @Test func aPortfolioIsTheTrainers() throws {
    let rows = try Fixture.table("policies/data/four_stocks_adj_close.csv")
    let series = try ["AAPL", "GOOG", "IBM", "MSFT"].map {
      try PolicyRolloutTests.series($0, rows, columns: [Substring($0)])
    }
    try compare(
      "ppo_portfolio4", try Universe(series), dates: rows.dropFirst().map { $0[0] },
      weights: ["w0", "w1", "w2", "w3"], initialWeights: .equal)
  }
}
