@testable import BacktestCore
@testable import BacktestPolicies
import TestSupport
import Testing

/// The closed loop of trainers' environments: actions in, weights and equity out.
struct PolicyRolloutTests {
  /// Plays the actions of a rollout on its bars, from where it began, in an account of weights.
  private func replay(
    _ name: String, _ market: [BarSeries], dates: [Substring], actions: [Substring],
    weights: [Substring], initialWeights: AccountingRule.InitialWeights = .zero
  ) throws {
    let rows = try Fixture.table("policies/\(name)/rollout.csv")
    func places(_ names: [Substring]) throws -> [Int] {
      try names.map { try #require(rows[0].firstIndex(of: $0)) }
    }
    let (actionPlaces, weightPlaces) = (try places(actions), try places(weights))
    let equity = try #require(rows[0].firstIndex(of: "equity"))
    let start = try #require(dates.firstIndex(of: rows[1][0]))
    let manifest = try PolicyManifest(path: Fixture.path("policies/\(name)"))
    let policy = ScriptedPolicy(
      rows.dropFirst().map { row in .act(actionPlaces.map { Double(row[$0])! }) },
      observationCount: manifest.observation.count)
    let universe = try Universe(market)
    let strategy = try PolicyStrategy(policy, manifest: manifest, universe: universe)
    #expect(strategy.setsTargetWeights && strategy.warmup <= start)
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = 1
    configuration.accounting = .weights(fee: 0.0005, initialWeights: initialWeights)
    configuration.warmup = start
    let result = Backtest(strategy, on: universe, configuration: configuration).run()
    var worst = 0.0
    var worstSeen = 0.0
    let seen = policy.log.seen
    for (step, row) in rows.dropFirst().enumerated() {
      worst = max(worst, abs(result.equity[step + 2] / (Double(row[equity])!) - 1))
      guard step + 1 < seen.count, step + 2 < rows.count else { continue }
      // The newest row of the next observation ends with the weights that were stated.
      for (index, place) in weightPlaces.enumerated() {
        let told = seen[step + 1][seen[step + 1].count - weightPlaces.count + index]
        worstSeen = max(worstSeen, abs(told - Double(Float(Double(row[place])!))))
      }
    }
    #expect(worst <= 1e-9, "\(name): equity differs by \(worst)")
    #expect(worstSeen <= 6e-8, "\(name): weights differ by \(worstSeen)")
    #expect(rows.count > 500 && result.notes.isEmpty)
  }

  static func series(
    _ symbol: String, _ rows: [[Substring]], columns: [Substring], volume: Substring? = nil
  ) throws -> BarSeries {
    let places = columns.map { name in rows[0].firstIndex(of: name)! }
    let volumePlace = volume.map { name in rows[0].firstIndex(of: name)! }
    return try MarketBuilder.series(
      rows.dropFirst().map { row in
        let values = places.map { Double(row[$0])! }
        return values.count == 1
          ? (values[0], values[0], values[0], values[0])
          : (values[0], values[1], values[2], values[3])
      }, symbol: symbol,
      volume: volumePlace.map { place in rows.dropFirst().map { Double($0[place])! } })
  }

  @Test(arguments: ["ppo_discrete", "ppo_box1", "sac_box", "a2c_window_d5"])
  func oneInstrument(_ name: String) throws {
    let rows = try Fixture.table("policies/data/sp500_2012_2018.csv")
    let bars = try Self.series(
      "SPX", rows, columns: ["open", "high", "low", "close"], volume: "volume")
    try replay(
      name, [bars], dates: rows.dropFirst().map { $0[0] }, actions: ["action"],
      weights: ["target_weight"])
  }

  @Test func fourInstruments() throws {
    let rows = try Fixture.table("policies/data/four_stocks_adj_close.csv")
    let universe = try ["AAPL", "GOOG", "IBM", "MSFT"].map {
      try Self.series($0, rows, columns: [Substring($0)])
    }
    try replay(
      "ppo_portfolio4", universe, dates: rows.dropFirst().map { $0[0] },
      actions: ["a0", "a1", "a2", "a3"], weights: ["w0", "w1", "w2", "w3"],
      initialWeights: .equal)
  }
}
