import BacktestKit
import Strategies

/// W1: the event loop over one million one-minute bars, averages of 10 and 50, 100 shares, with
/// full accounting and equity on every bar; then the same loop stepped from outside.
struct MinuteCrossover: Workload {
  static let name = "W1"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let series = try data.minuteBars()
    let roof = PlainLoop.measure(series, repeats: repeats)
    let feed = Feed(try Universe([series]))
    var configuration = BacktestConfiguration.workload
    configuration.warmup = 50
    let strategy = SMACrossover(fast: 10, slow: 50, stake: .quantity(100))
    let bars = Double(series.count)

    let backtest = Backtest(strategy, on: feed, configuration: configuration)
    var (whole, result) = Measurement.rate("bars/s", units: bars, repeats: repeats) {
      backtest.run()
    }
    whole.fills = result.fills.count
    whole.finalEquity = result.curve.equity.last
    whole.extras = [("roof_ratio", whole.cpuValue / roof.cpuValue)]

    var (stepped, steppedResult) = Measurement.rate("bars/s", units: bars, repeats: repeats) {
      step(strategy, feed, configuration)
    }
    stepped.engine = "backtestkit_step"
    stepped.fills = steppedResult.fills.count
    stepped.finalEquity = steppedResult.curve.equity.last
    stepped.extras = [("run_ratio", stepped.cpuValue / whole.cpuValue)]
    return [whole, stepped]
  }

  private func step(
    _ strategy: SMACrossover, _ feed: Feed, _ configuration: BacktestConfiguration
  ) -> BacktestResult {
    var strategy = strategy
    var engine = Engine(feed: feed, configuration: configuration)
    strategy.onStart(&engine.trading)
    while case .bars = engine.advance() { strategy.onBars(engine.bars, &engine.trading) }
    return engine.result(strategy: "stepped")
  }
}
