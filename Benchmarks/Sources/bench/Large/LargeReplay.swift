import BacktestKit
import Strategies

/// What `script/bench-large` measures: a universe on the disk, loaded and replayed once or more.
///
///     bench large generate FOLDER BYTES
///     bench large replay FOLDER STRATEGY REPEATS
enum LargeReplay {
  static let usage =
    "usage: bench large generate FOLDER BYTES | bench large replay FOLDER "
    + "trend|rebalance|crossover|resting REPEATS"

  static func run(_ arguments: [String]) throws {
    guard arguments.count >= 3 else { throw BenchError(usage) }
    let universe = LargeUniverse(folder: arguments[1])
    switch arguments[0] {
    case "generate":
      guard let byteCount = Int(arguments[2]), byteCount > 0 else { throw BenchError(usage) }
      try universe.generate(byteCount: byteCount)
    case "replay":
      guard let repeats = Int(arguments.last ?? ""), repeats > 0 else { throw BenchError(usage) }
      try replay(universe, arguments[2], repeats: repeats)
    default: throw BenchError(usage)
    }
  }

  private static func replay(_ large: LargeUniverse, _ name: String, repeats: Int) throws {
    let start = ProcessTime.now
    let series = try large.load()
    let loaded = ProcessTime.now
    let feed = Feed(try Universe(series))
    let laidOut = ProcessTime.now
    let bars = Double(series.reduce(0) { $0 + $1.count })
    for _ in 0..<repeats {
      let before = ProcessTime.now
      let result = try backtest(name, on: feed)
      let time = ProcessTime.now - before
      let traded = ProcessTime.now
      let tradeCount = result.trades.count
      let tables = ProcessTime.now - traded
      let figures: [(String, Double)] = [
        ("bars", bars), ("load_s", (loaded - start).wall), ("load_cpu_s", (loaded - start).cpu),
        ("layout_s", (laidOut - loaded).wall), ("layout_cpu_s", (laidOut - loaded).cpu),
        ("run_s", time.wall), ("run_cpu_s", time.cpu), ("run_system_s", time.system),
        ("bars_per_s", bars / time.wall), ("bars_per_cpu_s", bars / time.cpu),
        ("trade_table_s", tables.wall), ("trade_table_cpu_s", tables.cpu),
        ("trades", Double(tradeCount)), ("fills", Double(result.fills.count)),
        ("final_equity", result.curve.equity.last ?? .nan),
        ("max_rss_mb", ProcessMemory.peakMegabytes),
      ]
      let fields = figures.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ")
      print(
        "{\"strategy\": \"\(name)\", \"fingerprint\": \"\(result.fingerprint)\", \(fields)}")
    }
  }

  private static func backtest(_ name: String, on feed: Feed) throws -> BacktestResult {
    switch name {
    case "trend":
      return run(SMACrossover(fast: 1_440, slow: 7_200, stake: .quantity(10)), on: feed)
    case "rebalance":
      return run(EqualWeightRebalance(weight: 0.95), on: feed)
    case "crossover":
      return run(SMACrossover(fast: 10, slow: 50, stake: .quantity(10)), on: feed)
    case "resting": return run(RestingLimits(), on: feed)
    default: throw BenchError(usage)
    }
  }

  private static func run(_ strategy: some Strategy, on feed: Feed) -> BacktestResult {
    Backtest(strategy, on: feed, configuration: .workload).run()
  }
}

/// Keeps a limit order two percent away from the market for each instrument, renewed once it has
/// filled, so that every bar is matched with its high and low.
private struct RestingLimits: Strategy {
  private var hasOrder: [Bool] = []

  mutating func onStart(_ trading: inout TradingContext) {
    hasOrder = Array(repeating: false, count: trading.universe.count)
  }

  mutating func onFill(_ fill: Fill, _ trading: inout TradingContext) {
    hasOrder[Int(fill.instrument.index)] = false
  }

  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    guard !trading.isWarmingUp else { return }
    for position in 0..<bars.instrumentCount where !hasOrder[position] {
      guard let bar = bars[position] else { continue }
      let isLong = !trading.position(bar.instrument).isFlat
      let limit = isLong ? bar.close * 1.02 : bar.close * 0.98
      trading.submit(
        Order(
          bar.instrument, quantity: isLong ? -10 : 10, kind: .limit((limit * 100).rounded() / 100)))
      hasOrder[position] = true
    }
  }
}
