import BacktestKit
import Strategies

/// W15: 2,000 instruments, 2,520 daily bars each, traded back to equal weights every month.
struct WideRebalance: Workload {
  static let name = "W15"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let series = try SeededMarket.manyDailyBars(
      days: data.isSmoke ? 252 : 2_520, instruments: data.isSmoke ? 100 : 2_000)
    let feed = Feed(try Universe(series))
    var configuration = BacktestConfiguration.workload
    configuration.account.initialCash = 1e9
    let backtest = Backtest(
      EqualWeightRebalance(weight: 0.95), on: feed, configuration: configuration)
    var (measurement, result) = Measurement.rate(
      "asset-bars/s", units: Double(series.reduce(0) { $0 + $1.count }), repeats: repeats
    ) {
      backtest.run()
    }
    measurement.fills = result.fills.count
    measurement.finalEquity = result.curve.equity.last
    return [measurement]
  }
}
