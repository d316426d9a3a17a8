import BacktestKit
import Strategies

/// W3: 1,000 pairs of averages on 5,000 daily bars, from the laid-out feed to the final equity of
/// every pair.
struct ParameterSweep: Workload {
  static let name = "W3"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let feed = Feed(try Universe([try data.dailyBars()]))
    let pairs = (5..<45).flatMap { fast in
      stride(from: 50, to: 175, by: 5).map { (fast: fast, slow: $0) }
    }
    var (measurement, outcome) = Measurement.rate(
      "backtests/s", units: Double(pairs.count), repeats: repeats
    ) {
      pairs.map { backtest($0, on: feed) }
    }
    measurement.extras = [("two_thread_wall_ratio", twoThreadRatio(pairs, feed, repeats))]
    measurement.fills = outcome.reduce(0) { $0 + $1.fills }
    measurement.finalEquity = outcome.reduce(0) { $0 + $1.equity } / Double(pairs.count)

    // The averages of each length are computed once in each sweep, within the time.
    var (sharing, shared) = Measurement.rate(
      "backtests/s", units: Double(pairs.count), repeats: repeats
    ) {
      let series = SharedSeries(feed)
      return pairs.map { backtest($0, on: feed, sharing: series) }
    }
    sharing.engine = "backtestkit_shared"
    sharing.fills = shared.reduce(0) { $0 + $1.fills }
    sharing.finalEquity = shared.reduce(0) { $0 + $1.equity } / Double(pairs.count)
    return [measurement, sharing]
  }

  /// The wall time of the whole sweep on two threads over that on one, the best of the repeats of
  /// each.
  private func twoThreadRatio(
    _ pairs: [(fast: Int, slow: Int)], _ feed: Feed, _ repeats: Int
  ) -> Double {
    func best(_ threads: Int) -> Double {
      (0..<repeats).reduce(.infinity) { best, _ in
        let start = ProcessTime.now
        _ = parallelMap(count: pairs.count, threads: threads) {
          backtest(pairs[$0], on: feed).fills
        }
        return min(best, (ProcessTime.now - start).wall)
      }
    }
    return best(2) / best(1)
  }

  private func backtest(
    _ pair: (fast: Int, slow: Int), on feed: Feed, sharing series: SharedSeries? = nil
  ) -> (fills: Int, equity: Double) {
    var configuration = BacktestConfiguration.workload
    configuration.warmup = pair.slow
    let strategy = SMACrossover(fast: pair.fast, slow: pair.slow, stake: .quantity(100))
    let result = Backtest(strategy, on: feed, configuration: configuration, sharing: series).run()
    return (result.fills.count, result.curve.equity.last ?? 0)
  }
}
