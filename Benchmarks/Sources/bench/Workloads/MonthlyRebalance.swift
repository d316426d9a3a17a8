import BacktestKit
import Strategies

/// W2: 50 instruments, 2,520 daily bars each, traded back to equal weights every month.
struct MonthlyRebalance: Workload {
  static let name = "W2"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let series = try data.manyDailyBars()
    let feed = Feed(try Universe(series))
    let backtest = Backtest(
      EqualWeightRebalance(weight: 0.95), on: feed, configuration: .workload)
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
