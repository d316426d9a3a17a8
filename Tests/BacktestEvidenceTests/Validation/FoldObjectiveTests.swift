@testable import BacktestCore
@testable import BacktestEvidence
import Glibc
import Testing

struct FoldObjectiveTests {
  /// Holds all it sees, and at every seventh decision nothing.
  private struct Mix: Strategy {
    var decision = 0

    mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
      decision += 1
      let weight = decision.isMultiple(of: 7) ? 0 : 0.4
      for bar in bars { trading.rebalance(bar.instrument, weight: weight) }
    }
  }

  /// The figures of a run by the plainest loops over its equity and its fills.
  private func figures(
    of run: BacktestResult, atMidnightOnly: Bool, barsPerYear: Double
  ) -> [String: Double] {
    let day = TimeSpan.days(1).nanoseconds
    let equity = run.curve.times.indices.filter { point in
      !atMidnightOnly || point == 0 || run.curve.times[point].nanoseconds.isMultiple(of: day)
    }.map { run.curve.equity[$0] }
    let returns = (1..<equity.count).map { equity[$0] / equity[$0 - 1] - 1 }
    let n = Double(returns.count)
    let mean = returns.reduce(0, +) / n
    let squares = returns.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let growth = equity[equity.count - 1] / equity[0]
    var deepest = 0.0
    for (point, value) in equity.enumerated() {
      for earlier in equity[...point] { deepest = min(deepest, value / earlier - 1) }
    }
    var held: [InstrumentID: Double] = [:]
    var roundTripCount = 0.0
    for fill in run.fills {
      held[fill.instrument, default: 0] += fill.quantity
      if abs(held[fill.instrument]!) < 1e-9 { roundTripCount += 1 }
    }
    return [
      "sharpe": mean / (squares / (n - 1)).squareRoot() * barsPerYear.squareRoot(),
      "total-return": growth - 1, "max-drawdown": deepest,
      "calmar": (pow(growth, barsPerYear / n) - 1) / -deepest, "trade-count": roundTripCount,
    ]
  }

  /// Prices that move up and down, one bar each `step` from 2024-01-01 on.
  private func series(
    _ symbol: String, _ count: Int, every step: TimeSpan, _ timeframe: Timeframe,
    after delay: TimeSpan = .zero
  ) throws -> BarSeries {
    let start = CivilDate("2024-01-01")!.midnight + delay
    let opens = (0..<count).map { row in
      Timestamp(nanoseconds: start.nanoseconds + Int64(row) * step.nanoseconds)
    }
    let closes = Column((0..<count).map { 100 + Double($0 * 37 % 23) / 4 })
    return try BarSeries(
      instrument: Instrument(symbol: symbol, lotSize: .fractional), timeframe: timeframe,
      calendar: AlwaysOpenCalendar(), openTimes: Column(opens),
      closeTimes: Column(opens.map { $0 + step }), open: closes, high: closes, low: closes,
      close: closes)
  }

  /// Hourly bars beside daily ones: the last point of each session counts.
  @Test(arguments: ["sharpe", "total-return", "calmar", "max-drawdown", "trade-count"])
  func anObjectiveIsTheFigureOfThePlainLoops(name: String) throws {
    let daily = try series("A", 20, every: .days(1), .session)
    let hourly = try series("B", 480, every: .hours(1), .intraday(seconds: 3_600))
    for (universe, isMixed) in [
      (try Universe([daily, hourly]), true), (try Universe([hourly]), false),
    ] {
      let run = Backtest(Mix(), on: universe).run()
      let objective = try FoldObjective(name, universe: universe, riskFree: 0)
      let value = try #require(objective.score(run).value)
      let figures = figures(
        of: run, atMidnightOnly: isMixed, barsPerYear: isMixed ? 365 : 24 * 365)
      let expected = try #require(figures[name])
      #expect(expected != 0 && abs(value - expected) <= 1e-9 * abs(expected))
      #expect(value == (try run.metrics.value(of: name)))
    }
  }

  @Test func annualFiguresNeedACalendar() throws {
    let known = try series("A", 20, every: .days(1), .session)
    let unknown = try BarSeries(
      instrument: known.instrument, timeframe: known.timeframe, calendar: nil,
      openTimes: known.openTimes, closeTimes: known.closeTimes, open: known.open,
      high: known.high, low: known.low, close: known.close)
    #expect(throws: EvidenceError.noCalendar(metric: "sharpe")) {
      try FoldObjective("sharpe", universe: Universe([unknown]), riskFree: 0)
    }
    let run = Backtest(Mix(), on: try Universe([unknown])).run()
    let total = try FoldObjective("total-return", universe: run.universe, riskFree: 0)
    #expect(total.score(run).value == run.metrics.totalReturn)
  }

  /// The second series begins ten days after the first: the axis is the union of their instants.
  @Test func seriesMayBeginLater() throws {
    let early = try series("A", 40, every: .days(1), .session)
    let late = try series("B", 30, every: .days(1), .session, after: .days(10))
    let definition = StrategyDefinition(name: "mix", summary: "Holds all.", make: { _ in Mix() })
    let study = WalkForward(
      definition, grid: ParameterGrid([ParameterGrid.Dimension]()),
      on: Feed(try Universe([late, early])),
      plan: WalkForwardPlan(train: .bars(8), test: .bars(10)))
    let result = try study.run()
    #expect(result.barCount == 39 && result.folds.count == 3 && result.droppedTailBars == 1)
    #expect(result.candidates.count == 1 && result.stability.isEmpty)
    let first = try #require(result.folds[0].result)
    #expect(first.fills.contains { $0.instrument == InstrumentID(1) })
    #expect(result.metrics.sharpe == result.stitchedObjective && result.stitchedObjective != nil)
  }
}
