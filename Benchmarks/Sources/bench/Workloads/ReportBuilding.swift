import BacktestKit
import Strategies

/// W7: the report of ten years of daily bars, from the finished run to the bytes of the page.
struct ReportBuilding: Workload {
  static let name = "W7"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let all = try data.dailyBars()
    let series = all.rows(max(0, all.count - 2_516)..<all.count)
    let strategy = SMACrossover(fast: 20, slow: 100)
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
    return [measurement]
  }
}
