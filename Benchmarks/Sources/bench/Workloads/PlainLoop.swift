import BacktestKit

/// W0: the plain loop over one million one-minute bars, averages of 10 and 50.
struct PlainLoop: Workload {
  static let name = "W0"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    [Self.measure(try data.minuteBars(), repeats: repeats)]
  }

  /// The figure to which other workloads on the same bars relate theirs.
  static func measure(_ bars: BarSeries, repeats: Int) -> Measurement {
    let roof = CrossoverRoof()
    var (measurement, outcome) = Measurement.rate(
      "bars/s", units: Double(bars.close.count), repeats: repeats
    ) {
      roof.run(open: bars.open, close: bars.close)
    }
    measurement.engine = "plain_loop"
    measurement.fills = outcome.fills
    measurement.finalEquity = outcome.equity
    measurement.extras = [("max_drawdown", outcome.drawdown)]
    return measurement
  }
}
