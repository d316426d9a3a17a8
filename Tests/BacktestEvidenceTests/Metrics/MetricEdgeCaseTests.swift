@testable import BacktestCore
@testable import BacktestEvidence
import Testing

/// What exists, what does not, and why.
struct MetricEdgeCaseTests {
  static let five = [0.01, -0.01, 0.02, -0.02, 0.03]

  private func metrics(
    _ returns: [Double], barsPerYear: Double? = 252, riskFree: RiskFreeRate = .zero
  ) throws -> PerformanceMetrics {
    PerformanceMetrics(
      try ReturnsSample(returns: returns, barsPerYear: barsPerYear, riskFree: riskFree))
  }

  @Test func theTwoTabledDefinitions() throws {
    let found = try metrics(Self.five)
    #expect(abs((found.sharpe ?? 0) - 4.5932) < 5e-5)
    #expect(abs((found.sortino ?? 0) - 9.5247) < 5e-5)
    #expect(abs((try found.value(of: "sortino-negatives-only") ?? 0) - 6.0240) < 5e-5)
  }

  @Test(arguments: [0.0, 0.01, 0.1, -0.07, 1.0 / 3])
  func constantReturnsHaveNoRatios(value: Double) throws {
    for count in [2, 5, 1_000] {
      let returns = Array(repeating: value, count: count)
      let found = try metrics(returns)
      #expect(found.sharpe == nil && found.volatility == 0)
      #expect(CoreRatios(returns: returns, barsPerYear: 252).sharpe == nil)
      #expect((found.sortino == nil) == (value >= 0))
      #expect((found.calmar == nil) == (value >= 0))
      #expect(try found.absence(of: "sharpe") == .undefined)
      for (metric, number) in found.all { #expect(number?.isFinite ?? true, "\(metric.name)") }
    }
  }

  @Test func anAccountThatGrowsEvenlyHasNoRatiosEither() throws {
    var equity = [1_000_000.0]
    for _ in 0..<500 { equity.append(equity[equity.count - 1] * 1.0001) }
    let found = PerformanceMetrics(try ReturnsSample(equity: equity, barsPerYear: 252))
    #expect(found.sharpe == nil && found.sortino == nil && found.calmar == nil)
  }

  @Test func roundingBelowZeroIsNoLoss() throws {
    let noise = [0.01, 0.02, -2e-16, 0.01, 0.03, -1e-16]
    let found = try metrics(noise)
    #expect(found.sharpe != nil && found.sortino == nil && found.calmar == nil)
    for name in ["profit-factor", "payoff", "omega", "recovery-factor", "kappa-3"] {
      #expect(try found.value(of: name) == nil, "\(name)")
    }
    let core = CoreRatios(returns: noise, barsPerYear: 252)
    #expect(core.sortino == nil && core.calmar == nil && core.sharpe == found.sharpe)
  }

  @Test func onlyGainsOrOnlyLosses() throws {
    let gains = try metrics([0.01, 0.02, 0.01, 0.03, 0.02])
    #expect(agrees(gains.sharpe, 34.15259872981851, relative: 1e-12))
    #expect(gains.sortino == nil && gains.calmar == nil && gains.maxDrawdown == 0)
    #expect(try gains.value(of: "tail-ratio").map { agrees($0, 2.8, relative: 1e-12) } == true)
    let losses = try metrics([-0.01, -0.02, -0.01, -0.03, -0.02])
    #expect(agrees(losses.sortino, -14.658211278827197, relative: 1e-12))
    #expect(agrees(losses.calmar, -11.38339094694088, relative: 1e-12))
    #expect(agrees(losses.maxDrawdown, -0.08695060120000007, relative: 1e-12))
    #expect(try losses.value(of: "profit-factor") == 0)
    #expect(try losses.value(of: "payoff") == nil)
  }

  @Test func theFirstReturnCountsInTheDrawdown() throws {
    let found = try metrics([-0.1, 0.02, 0.01, 0.05, 0.03])
    #expect(agrees(found.sharpe, 0.5389711620714677, relative: 1e-12))
    #expect(agrees(found.sortino, 0.7099295739719534, relative: 1e-12))
    #expect(agrees(found.calmar, 1.4816728817277447, relative: 1e-12))
  }

  @Test func tooFewReturns() throws {
    let one = try metrics([0.01])
    #expect(one.sharpe == nil && one.volatility == nil && one.cagr == nil && one.calmar == nil)
    #expect(agrees(one.totalReturn, 0.01, relative: 1e-12) && one.maxDrawdown == 0)
    #expect(try one.absence(of: "cagr") == .tooFewReturns(1))
    let none = try metrics([])
    #expect(none.all.compactMap(\.value) == [0])
    #expect(CoreRatios(returns: [], barsPerYear: 252).totalReturn == nil)
    #expect(CoreRatios(returns: [0.01], barsPerYear: 252).cagr == nil)
    let two = try metrics([0.01, -0.01])
    #expect(two.sharpe == 0 && two.sortino == 0)
    #expect(agrees(two.calmar, -1.2521574501523407, relative: 1e-10))
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func oneNumberThatIsNotFiniteSpoilsTheSet(bad: Double) throws {
    let returns = [0.01, bad, -0.02, 0.03, 0.01]
    #expect(throws: EvidenceError.notFinite(what: "return", row: 1)) { try metrics(returns) }
    #expect(throws: EvidenceError.notFinite(what: "equity point", row: 2)) {
      try ReturnsSample(equity: [1, 2, bad], barsPerYear: 252)
    }
    let core = CoreRatios(returns: returns, barsPerYear: 252)
    #expect(core.totalReturn == nil && core.sharpe == nil && core.maxDrawdown == nil)
    for name in ["sharpe", "sortino", "total-return", "max-drawdown", "var-95"] {
      let objective = try ObjectiveEvaluator(name, barsPerYear: 252)
      #expect(objective.value(returns: returns) == nil && objective.value(equity: [1, bad]) == nil)
    }
  }

  @Test func withoutACalendarNothingIsAnnual() throws {
    let found = try metrics(Self.five, barsPerYear: nil)
    #expect(found.sharpe == nil && found.cagr == nil && found.volatility == nil)
    #expect(try found.absence(of: "sharpe")?.description == "no calendar")
    #expect(found.totalReturn != nil && found.maxDrawdown != nil)
    #expect(try found.value(of: "omega") != nil)
    let paid = try metrics(Self.five, barsPerYear: nil, riskFree: .annual(0.02))
    #expect(try paid.absence(of: "kelly-continuous") == .noCalendar)
    #expect(try found.absence(of: "kelly-continuous") == nil)
    #expect(throws: EvidenceError.noCalendar(metric: "sharpe")) {
      try ObjectiveEvaluator("sharpe", barsPerYear: nil)
    }
  }

  @Test func ruinIsATotalLossForever() throws {
    let sample = try ReturnsSample(equity: [100, 50, -20, -10], barsPerYear: 252)
    #expect(sample.returns == [-0.5, -1, 0] && sample.ruinedAt == 2)
    #expect(sample.wealth == [100, 50, 0, 0])
    let byReturns = try ReturnsSample(returns: [-0.5, -1.4, -0.5], barsPerYear: 252)
    #expect(byReturns.returns == sample.returns && byReturns.ruinedAt == 2)
    for metrics in [PerformanceMetrics(sample), PerformanceMetrics(byReturns)] {
      #expect(metrics.totalReturn == -1 && metrics.cagr == -1 && metrics.maxDrawdown == -1)
      #expect(metrics.sharpe == nil && metrics.sortino == nil && metrics.calmar == nil)
      #expect(try metrics.absence(of: "sharpe") == .ruined(point: 2))
      #expect(try metrics.value(of: "geometric-mean-return") == -1)
      for (metric, value) in metrics.all where metric.unit == .ratio {
        #expect(value == nil, "\(metric.name)")
      }
    }
    let core = CoreRatios(returns: [-0.5, -1.4, -0.5], barsPerYear: 252)
    #expect(core.totalReturn == -1 && core.cagr == -1 && core.maxDrawdown == -1)
    #expect(core.sharpe == nil && core.sortino == nil && core.calmar == nil)
    #expect(core.volatility == PerformanceMetrics(sample).volatility)
    #expect(try ObjectiveEvaluator("sharpe", barsPerYear: 252).value(returns: [0.1, -1, 0]) == nil)
    #expect(try ObjectiveEvaluator("cagr", barsPerYear: 252).value(returns: [0.1, -1, 0]) == -1)
  }

  @Test func settingsThatAreNoneAreRefused() {
    #expect(throws: EvidenceError.invalidBarsPerYear(0)) { try metrics([0, 0], barsPerYear: 0) }
    #expect(throws: EvidenceError.baseNotPositive(0)) {
      try ReturnsSample(equity: [0, 1], barsPerYear: nil)
    }
    #expect(throws: EvidenceError.invalidRate(what: "the risk-free rate", value: -1)) {
      try metrics([0, 0], riskFree: .annual(-1))
    }
    #expect(throws: EvidenceError.invalidRate(what: "the minimum acceptable return", value: -1)) {
      try ReturnsSample(returns: [0, 0], barsPerYear: 252, minimumAcceptableReturn: -1)
    }
    #expect(throws: EvidenceError.lengthMismatch(what: "risk-free rates", expected: 2, found: 1)) {
      try metrics([0, 0], riskFree: .series([0]))
    }
    let dates = ["2020-01-02", "2020-01-01"].compactMap { CivilDate($0) }
    #expect(throws: EvidenceError.datesNotAscending(row: 1)) {
      try ReturnsSample(returns: [0], pointDates: dates, barsPerYear: nil)
    }
  }

  @Test func aSeriesOfRatesHasAMean() {
    #expect(RiskFreeRate.series([0.01, 0.03]).meanPerBar(barsPerYear: nil) == 0.02)
    #expect(RiskFreeRate.series([]).meanPerBar(barsPerYear: 252) == nil)
  }
}
