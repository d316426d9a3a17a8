import BacktestKit
import Strategies

/// W7: the report of ten years of daily bars, from the finished run to the bytes of the page; then
/// that of one million one-minute bars.
struct ReportBuilding: Workload {
  static let name = "W7"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let daily = try data.dailyBars()
    let years = try page(
      of: daily.rows(max(0, daily.count - 2_516)..<daily.count), SMACrossover(fast: 20, slow: 100),
      repeats: repeats)
    var minutes = try page(
      of: data.minuteBars(), SMACrossover(fast: 10, slow: 50, stake: .quantity(100)),
      repeats: repeats)
    minutes.engine = "backtestkit_minutes"
    return [years, minutes]
  }

  private func page(
    of series: BarSeries, _ strategy: SMACrossover, repeats: Int
  ) throws -> Measurement {
    let result = try Backtest(strategy, on: series, configuration: .workload).run()
    let benchmark = try BenchmarkCurve(series)
    let regimes = [
      try RegimeAnalysis(result, series: series, classifier: BullBear()),
      try RegimeAnalysis(result, series: series, classifier: VolatilityTerciles()),
    ]
    var (measurement, bytes) = Measurement.rate("s", units: 1, repeats: repeats) {
      var report = Report(result)
      report.benchmark = benchmark
      report.regimes = regimes
      report.dataQuality = [DataQualityReport(series)]
      return report.bytes()
    }
    measurement.value = measurement.time.wall
    measurement.cpuValue = measurement.time.cpu
    measurement.fills = result.fills.count
    measurement.finalEquity = result.curve.equity.last
    measurement.extras = [("bytes", Double(bytes.count)), ("returns", Double(series.count - 1))]
    return measurement
  }
}
