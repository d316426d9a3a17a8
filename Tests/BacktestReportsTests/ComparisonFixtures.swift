@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestReports
import TestSupport

/// Runs and results for comparisons, made of seeded returns.
enum ComparisonFixtures {
  /// Weekdays from 2015-01-02 on.
  static func dates(_ count: Int) -> [CivilDate] {
    var dates: [CivilDate] = []
    var date = CivilDate(year: 2015, month: 1, day: 2)!
    while dates.count < count {
      if date.weekday.rawValue <= 5 { dates.append(date) }
      date = date.adding(days: 1)
    }
    return dates
  }

  /// Runs that differ in two parameters and share a market.
  static func runs(_ count: Int, days: Int = 520) -> [ComparedRun] {
    var random = TestRandom(seed: 11)
    func noise() -> Double { Double(random.below(2_001)) / 1_000 - 1 }
    let dates = dates(days + 1)
    let market = (0..<days).map { _ in 0.0004 + 0.012 * noise() }
    return (0..<count).map { i in
      let returns = market.map { 0.7 * $0 + 0.006 * noise() + 0.00002 * Double(i % 7) }
      return run(i, DailyCurve(from: dates[0], dates: Array(dates.dropFirst()), returns: returns))
    }
  }

  static func run(_ i: Int, _ curve: DailyCurve) -> ComparedRun {
    let returns = curve.returns
    let estimate = SharpeEstimate(returns: returns)
    let year = 252.0.squareRoot()
    var run = ComparedRun(
      name: "fast \(5 + 5 * (i % 5)), slow \(50 + 25 * (i / 5))", title: "Two averages",
      kind: "run", strategy: "sma-crossover", origin: "Reports/batch/\(i + 1)",
      fingerprint: String(repeating: "0", count: 30) + (i < 10 ? "0\(i)" : "\(i)"),
      version: "0.1.0", dates: curve.dates[0]...curve.dates[curve.dates.count - 1],
      metrics: [
        "sharpe": (estimate?.ratio ?? 0) * year,
        "sharpe-standard-error": (estimate?.standardError ?? 0) * year,
        "total-return": (curve.wealth.last ?? 1) - 1,
        "cagr": curve.wealth.last.map { $0 - 1 } ?? 0,
        "max-drawdown": Drawdown.underwater(curve.wealth).min() ?? 0, "trade-count": Double(i + 3),
      ],
      settings: [
        "parameters.fast": "\(5 + 5 * (i % 5))", "parameters.slow": "\(50 + 25 * (i / 5))",
        "account.currency": "USD", "execution.commission.basis-points": "2.0",
      ], symbols: ["AAA", "BBB"])
    run.link = "batch/\(i + 1)/report.html"
    run.data = ["AAA": "aa", "BBB": "bb"]
    run.limits = [
      ComparedRun.Limit(code: "unlimited-liquidity", message: "Liquidity was unlimited.")
    ]
    run.curve = curve
    return run
  }

  /// Results as an index has them, one of them damaged.
  static var results: [IndexedResult] {
    ["a", "b/10", "c"].enumerated().map { i, path in
      var result = IndexedResult(path: path, link: "\(path)/report.html")
      if i == 2 {
        result.link = nil
        result.problem = "c/result.json: this is not valid JSON: the document ends too early"
        return result
      }
      result.title = "Two averages"
      result.kind = i == 0 ? "run" : "cross-validation"
      result.strategy = "sma-crossover"
      result.verdict = i == 0 ? "no clear difference" : "33% of paths lost"
      result.metrics = ["sharpe": i == 0 ? 0.5 : 0.8, "cagr": 0.1, "max-drawdown": -0.2]
      if i == 0 { result.sharpeInterval = -0.1...1.1 }
      result.limits = ["one-sided"]
      result.lastDate = CivilDate("2016-12-30")
      return result
    }
  }
}
