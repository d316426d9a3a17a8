import BacktestKit
import Strategies

/// W16: 50 instruments, 2,520 daily bars each, traded each month to an allocation from 252 returns.
struct AllocatedPortfolio: Workload {
  static let name = "W16"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let series = try data.manyDailyBars()
    let feed = Feed(try Universe(series))
    let bars = Double(series.reduce(0) { $0 + $1.count })
    return Allocation.Method.allCases.map { method in
      let strategy = PortfolioAllocation(
        Allocation(method, covariance: .ledoitWolf(.identity)),
        lookback: data.isSmoke ? 60 : 252, weight: 0.95)
      let backtest = Backtest(strategy, on: feed, configuration: .workload)
      var (measurement, result) = Measurement.rate(
        "asset-bars/s", units: bars, repeats: repeats
      ) {
        backtest.run()
      }
      measurement.engine = "backtestkit_\(method.rawValue)"
      measurement.fills = result.fills.count
      measurement.finalEquity = result.curve.equity.last
      measurement.extras = [("milliseconds", 1_000 * measurement.time.cpu)]
      return measurement
    }
  }
}
