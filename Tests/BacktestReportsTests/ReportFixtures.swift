@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestIngest
@testable import BacktestReports
import TestSupport
import Strategies
import Testing

/// Reports on real prices, made with the public interface only.
enum ReportFixtures {
  static func stock(_ name: String) throws -> BarSeries {
    var options = CSVReadOptions()
    options.priceBasis = .adjusted
    return try BarSeries(
      csv: Fixture.path("prices/\(name).csv"), calendar: .xnys, options: options)
  }

  static func index(from: String = "0001-01-01") throws -> BarSeries {
    var options = CSVReadOptions()
    options.from = CivilDate(from)
    return try BarSeries(
      csv: Fixture.path("prices/sp500.csv"), symbol: "SPX", calendar: .xnys, options: options)
  }

  static var costs: BacktestConfiguration {
    var configuration = BacktestConfiguration()
    configuration.execution.commission = BasisPointCommission(basisPoints: 1)
    configuration.execution.slippage = BasisPointSlippage(basisPoints: 2)
    return configuration
  }

  /// One run for all tests that only read it.
  static let sharedRun = Result { try run() }
  /// One walk-forward for all tests that only read it.
  static let sharedWalkForward = Result { try walkForward() }

  /// Twelve years of four stocks.
  static func run() throws -> BacktestResult {
    let series = try ["AAPL", "GOOG", "IBM", "MSFT"].map(stock)
    return Backtest(
      SMACrossover(fast: 20, slow: 100), on: try Universe(series), configuration: costs
    ).run()
  }

  /// The last ten years of the same stocks.
  static func tenYears() throws -> BacktestResult {
    var options = CSVReadOptions()
    options.priceBasis = .adjusted
    options.from = CivilDate("2003-03-03")
    let series = try ["AAPL", "GOOG", "IBM", "MSFT"].map { name in
      try BarSeries(csv: Fixture.path("prices/\(name).csv"), calendar: .xnys, options: options)
    }
    return Backtest(
      SMACrossover(fast: 20, slow: 100), on: try Universe(series), configuration: costs
    ).run()
  }

  /// Ten years of the index, nine candidates a fold.
  static func walkForward() throws -> WalkForwardResult {
    let series = try index(from: "2008-12-31")
    let grid = ParameterGrid(["fast": [10, 20, 40], "slow": [100, 150, 200]])
    var plan = WalkForwardPlan(train: .years(3), test: .months(6))
    plan.boundary = .mark
    return try WalkForward(
      SMACrossover.definition, grid: grid, on: Feed(try Universe([series])), configuration: costs,
      plan: plan
    ).run()
  }

  /// A report with everything that a report can have.
  static func complete(_ result: BacktestResult) throws -> Report {
    try completed(Report(result), result)
  }

  static func complete(_ walkForward: WalkForwardResult) throws -> Report {
    try completed(Report(walkForward), walkForward.stitched)
  }

  private static func completed(_ report: Report, _ result: BacktestResult) throws -> Report {
    var report = report
    let series = try index()
    report.benchmark = try BenchmarkCurve(series, name: "S&P 500")
    report.regimes = [
      try RegimeAnalysis(result, series: series, classifier: BullBear()),
      try RegimeAnalysis(result, series: series, classifier: VolatilityTerciles()),
    ]
    report.provenance = [
      ProvenanceItem("Study", "studies/crossover.yaml"), ProvenanceItem("Strategy", "as named"),
    ]
    return report
  }
}

extension Report {
  /// The page as text.
  var text: String { String(decoding: bytes(), as: UTF8.self) }
}
