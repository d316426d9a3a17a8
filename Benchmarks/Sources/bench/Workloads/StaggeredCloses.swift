import BacktestKit

/// W10: 800 instruments of 2,000 daily bars that all close at different instants, each bought once.
/// Its figure is the memory for laying them out, which grows with the bars.
struct StaggeredCloses: Workload {
  static let name = "W10"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let series = try SeededMarket.staggeredBars(
      days: data.isSmoke ? 20 : 2_000, instruments: data.isSmoke ? 20 : 800)
    let bars = Double(series.reduce(0) { $0 + $1.count })
    let before = ProcessMemory.residentMegabytes
    let feed = Feed(try Universe(series))
    let layout = ProcessMemory.residentMegabytes - before
    let backtest = Backtest(FirstBarBuyer(), on: feed, configuration: .workload)
    var (measurement, result) = Measurement.rate("bars/s", units: bars, repeats: repeats) {
      backtest.run()
    }
    measurement.fills = result.fills.count
    measurement.finalEquity = result.curve.equity.last
    measurement.extras = [("layout_mb", layout), ("layout_bytes_per_bar", layout * 0x1p20 / bars)]
    return [measurement]
  }
}

/// Buys ten units of the first instrument and holds them: what is measured is the loop over many
/// instants, each of which has one bar.
private struct FirstBarBuyer: Strategy {
  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    trading.target(InstrumentID(0), quantity: 10)
  }
}
