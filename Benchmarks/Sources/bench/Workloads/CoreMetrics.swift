import BacktestKit

/// W6: Sharpe, Sortino, Calmar and maximum drawdown of one million daily returns.
struct CoreMetrics: Workload {
  static let name = "W6"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let returns = try data.returns()
    var (measurement, ratios) = Measurement.rate("ms", units: 1e-3, repeats: repeats) {
      CoreRatios(returns: returns, barsPerYear: 252)
    }
    measurement.value = measurement.time.wall * 1e3
    measurement.cpuValue = measurement.time.cpu * 1e3
    measurement.extras = [
      ("sharpe", ratios.sharpe ?? .nan), ("sortino", ratios.sortino ?? .nan),
      ("calmar", ratios.calmar ?? .nan), ("max_drawdown", ratios.maxDrawdown ?? .nan),
    ]
    return [measurement]
  }
}
