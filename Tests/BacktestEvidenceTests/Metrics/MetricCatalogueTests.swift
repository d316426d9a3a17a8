@testable import BacktestEvidence
import Testing

struct MetricCatalogueTests {
  @Test func namesAreUniqueKebabCaseAndDefined() {
    let names = Metrics.all.map(\.name)
    #expect(names.count >= 130 && Set(names).count == names.count)
    for metric in Metrics.all {
      #expect(metric.name.allSatisfy { $0 == "-" || $0.isNumber || ("a"..."z").contains($0) })
      #expect(!metric.title.isEmpty && metric.definition.count > 5, "\(metric.name)")
      #expect(!metric.definition.contains("\n"))
    }
    #expect(Set(Metrics.all.map(\.title)).count == names.count)
    #expect(Metrics.headlineNames.allSatisfy { names.contains($0) })
    #expect(Set(Metrics.all.map(\.group)).count == MetricGroup.allCases.count)
  }

  @Test func unknownNamesSayWhatMayHaveBeenMeant() throws {
    #expect(try Metrics.named("sharpe").title == "Sharpe ratio")
    let unknown = #expect(throws: EvidenceError.self) { try Metrics.named("sharp-ratio") }
    guard case .unknownMetric("sharp-ratio", _) = unknown else {
      Issue.record("\(String(describing: unknown))")
      return
    }
    let typo = EvidenceError.unknownMetric("sortion", candidates: ["sortino"])
    #expect(throws: typo) { try Metrics.named("sortion") }
    #expect("\(typo)" == "there is no metric \"sortion\"; did you mean sortino?")
    #expect(throws: typo) { try ObjectiveEvaluator("sortion", barsPerYear: 252) }
  }

  @Test func whatDoesNotExistRanksLast() throws {
    let sharpe = try Metrics.named("sharpe")
    #expect(sharpe.isBetter(-5, than: nil) && !sharpe.isBetter(nil, than: -5))
    #expect(!sharpe.isBetter(nil, than: nil) && !sharpe.isBetter(1, than: 1))
    let volatility = try Metrics.named("volatility")
    #expect(volatility.isBetter(0.1, than: 0.2) && !volatility.isBetter(0.2, than: 0.1))
    #expect(try Metrics.named("max-drawdown").isBetter(-0.1, than: -0.2))
  }

  /// The same returns with a little more on each day are the better ones to every ratio.
  @Test(arguments: ["sharpe", "sortino", "omega", "kappa-3", "gain-to-pain-bars", "calmar"])
  func betterReturnsRankHigher(name: String) throws {
    func value(_ more: Double) throws -> Double? {
      let returns = [0.01, -0.02, 0.015, -0.005, 0.012, -0.01].map { $0 + more }
      return try PerformanceMetrics(ReturnsSample(returns: returns, barsPerYear: 252))
        .value(of: name)
    }
    #expect(try Metrics.named(name).isBetter(value(0.001), than: value(0)))
    #expect(try !Metrics.named(name).isBetter(value(0), than: value(0.001)))
  }

  @Test func anObjectiveIsTheMetricOfTheSameReturns() throws {
    let column = try PriceColumn("prices/MSFT.csv", from: "2010-01-04", to: "2010-12-31")
    let sample = try ReturnsSample(
      equity: column.prices, barsPerYear: 252, riskFree: .annual(0.01),
      minimumAcceptableReturn: 0.03)
    let byReturns = try ReturnsSample(
      returns: sample.returns, barsPerYear: 252, riskFree: .annual(0.01),
      minimumAcceptableReturn: 0.03)
    let core = CoreRatios(
      returns: sample.returns, barsPerYear: 252, riskFree: 0.01, minimumAcceptableReturn: 0.03)
    let found = PerformanceMetrics(byReturns)
    #expect(found.sharpe == core.sharpe && found.sortino == core.sortino)
    #expect(found.calmar == core.calmar && found.maxDrawdown == core.maxDrawdown)
    #expect(found.totalReturn == core.totalReturn && found.cagr == core.cagr)
    var compared = 0
    for metric in Metrics.all where metric.needs.isSubset(of: .calendar) {
      let objective = try ObjectiveEvaluator(
        metric.name, barsPerYear: 252, riskFree: 0.01, minimumAcceptableReturn: 0.03)
      let expected = try found.value(of: metric.name)
      // What is not above 0 has no length from which it is.
      #expect((expected == nil) == (metric.name == "min-track-record"), "\(metric.name)")
      #expect(objective.value(returns: sample.returns) == expected, "\(metric.name)")
      let whole = try PerformanceMetrics(sample).value(of: metric.name)
      #expect(objective.value(equity: column.prices) == whole, "\(metric.name)")
      compared += 1
    }
    #expect(compared > 70)
    #expect(throws: EvidenceError.needsMoreThanReturns(metric: "beta")) {
      try ObjectiveEvaluator("beta", barsPerYear: 252)
    }
  }
}
