import BacktestKit
import Strategies

/// W3: 1,000 pairs of averages on 5,000 daily bars, from the laid-out feed to the final equity of
/// every pair.
struct ParameterSweep: Workload {
  static let name = "W3"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let series = try data.dailyBars().series(
      0, symbol: "W3", timeframe: .session, calendar: .weekdays, barSeconds: 86_400)
    let feed = Feed(try Universe([series]))
    let pairs = (5..<45).flatMap { fast in
      stride(from: 50, to: 175, by: 5).map { (fast: fast, slow: $0) }
    }
    var (measurement, outcome) = Measurement.rate(
      "backtests/s", units: Double(pairs.count), repeats: repeats
    ) {
      pairs.map { backtest($0, on: feed) }
    }
    measurement.fills = outcome.reduce(0) { $0 + $1.fills }
    measurement.finalEquity = outcome.reduce(0) { $0 + $1.equity } / Double(pairs.count)
    return [measurement]
  }

  private func backtest(
    _ pair: (fast: Int, slow: Int), on feed: Feed
  ) -> (fills: Int, equity: Double) {
    var configuration = BacktestConfiguration.workload
    configuration.warmup = pair.slow
    let strategy = SMACrossover(fast: pair.fast, slow: pair.slow, stake: .quantity(100))
    let result = Backtest(strategy, on: feed, configuration: configuration).run()
    return (result.fills.count, result.curve.equity.last ?? 0)
  }
}
