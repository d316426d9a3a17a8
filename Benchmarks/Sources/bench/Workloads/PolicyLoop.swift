import BacktestKit

/// W5 in the event loop: a trained policy of 17 features decides on each of a million one-minute
/// bars, features, normaliser, network (in 64 bits) and account included.
enum PolicyLoop {
  static func measure(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let series = try data.minuteBars()
    let universe = try Universe([series])
    let feed = Feed(universe)
    let policy = try TrainedPolicy(path: repository + "/Fixtures/policies/ppo_discrete")
    let strategy = try PolicyStrategy(policy, manifest: policy.manifest, universe: universe)
    return try [AccountingRule.orders, .weights(fee: 0.0005)].map { accounting in
      var configuration = BacktestConfiguration.workload
      configuration.warmup = nil
      configuration.accounting = accounting
      if accounting != .orders { configuration.execution = ExecutionRules() }
      try configuration.validate(for: universe)
      let backtest = Backtest(strategy, on: feed, configuration: configuration)
      var (measurement, result) = Measurement.rate(
        "bars/s", units: Double(series.count), repeats: repeats
      ) {
        backtest.run()
      }
      measurement.engine =
        accounting == .orders ? "ppo17_loop_double" : "ppo17_loop_weights_double"
      measurement.fills = result.fills.count
      measurement.finalEquity = result.curve.equity.last
      return measurement
    }
  }

  /// The root of this repository, from where this file lies.
  private static var repository: String {
    #filePath.split(separator: "/").dropLast(5).reduce("") { "\($0)/\($1)" }
  }
}
