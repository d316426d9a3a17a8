@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Strategies
import Testing

struct BenchmarkCurveTests {
  /// Whole capital in the index at the first close, without costs.
  static func heldIndex() throws -> BacktestResult {
    var configuration = BacktestConfiguration()
    configuration.execution.marketFill = .sameClose
    return try Backtest(
      BuyAndHold(), on: MarketBuilder.standardAndPoors500(lot: .fractional),
      configuration: configuration
    ).run()
  }

  @Test func holdingTheIndexIsTheBenchmarkOfTheIndex() throws {
    let result = try Self.heldIndex()
    let series = result.universe.series[0]
    let sample = result.sample
    let held = try #require(BenchmarkCurve.buyAndHold(result))
    for curve in [try BenchmarkCurve(series), held] {
      let values = curve.scaled(to: sample.wealth[0], on: try #require(sample.pointDates))
      #expect(values.count == 5_031 && sample.wealth.count == 5_031)
      for (found, equity) in zip(values, sample.wealth) {
        #expect(agrees(found, equity, relative: 1e-9))
      }
      let aligned = try curve.aligned(with: sample)
      #expect(aligned.count == 5_030 && aligned.droppedReturns == 0)
      let metrics = PerformanceMetrics(sample, benchmark: aligned)
      #expect(agrees(try metrics.value(of: "beta"), 1, relative: 1e-9))
      let own = try #require(curve.sample(over: sample))
      #expect(agrees(PerformanceMetrics(own).sharpe, metrics.sharpe ?? 0, relative: 1e-9))
    }
  }

  /// What is held within sessions is worth what an account has that holds it, at every bar.
  @Test func holdingShortBarsIsTheirBenchmark() throws {
    let series = try Self.halfDays { 100 + Double($0 * 37 % 23) }
    var configuration = BacktestConfiguration()
    configuration.execution.marketFill = .sameClose
    let result = try Backtest(BuyAndHold(), on: series, configuration: configuration).run()
    let (sample, held) = (result.sample, try #require(BenchmarkCurve.buyAndHold(result)))
    let own = try #require(held.sample(over: sample))
    let values = held.scaled(to: sample.wealth[0], on: try #require(sample.pointDates))
    let points = held.values(at: result)
    #expect(own.count == sample.count && points.count == result.curve.equity.count)
    for (place, equity) in sample.wealth.enumerated() {
      #expect(agrees(values[place], equity, relative: 1e-9))
      #expect(agrees(own.wealth[place] / own.wealth[0], equity / sample.wealth[0], relative: 1e-9))
    }
    for (found, equity) in zip(points, result.curve.equity) {
      #expect(agrees(found, equity, relative: 1e-9))
    }
    #expect(own.barsPerYear == sample.barsPerYear)
  }

  /// What was held beside one run is not the benchmark, bar by bar, of another that has as many
  /// points at other times.
  @Test func whatIsHeldBelongsToItsRun() throws {
    func run(_ series: BarSeries) throws -> BacktestResult {
      try Backtest(BuyAndHold(), on: series).run()
    }
    let early = try run(Self.halfDays { 100 + Double($0 * 37 % 23) })
    let late = try run(
      MarketBuilder.series(
        (0..<40).map { row in
          let close = 50 + Double(row)
          return (close, close + 1, close - 1, close)
        }, every: .seconds(43_200), from: MarketBuilder.start + .days(90), lot: .fractional))
    let held = try #require(BenchmarkCurve.buyAndHold(early))
    #expect(early.curve.times.count == late.curve.times.count)
    #expect(early.sample.wealth.count == late.sample.wealth.count)
    #expect(held.sample(over: early.sample)?.count == early.sample.count)
    #expect(held.sample(over: late.sample) == nil)
    #expect(held.values(at: early).allSatisfy { $0 != nil })
    #expect(held.values(at: late).allSatisfy { $0 == nil })
    // Its last price is known, and goes on.
    let places = try #require(late.sample.pointDates)
    #expect(Set(held.scaled(to: 1, on: places)).count == 1)
  }

  /// The close of a session is in no value before the session's last bar.
  @Test func aCloseIsNotKnownWithinItsSession() throws {
    func values(lastPrice: Double) throws -> (scaled: [Double?], written: [Double?]) {
      let series = try Self.halfDays { _ in 100 }
      let result = try Backtest(BuyAndHold(), on: series).run()
      let days = try #require(result.sample.pointDates)
      let dates = Array(Set(days)).sorted()
      let prices = dates.indices.map { $0 == 5 ? lastPrice : 50 + Double($0) }
      let curve = try BenchmarkCurve("B", dates: dates, prices: prices, pricesPerYear: 252)
      return (curve.scaled(to: 1, on: days), curve.values(at: result))
    }
    let (one, other) = (try values(lastPrice: 60), try values(lastPrice: 70))
    for (first, second) in [(one.scaled, other.scaled), (one.written, other.written)] {
      let changed = first.indices.filter { first[$0] != second[$0] }
      let days = try Self.halfDays { _ in 100 }
      let sixth = changed.map { days.closeTimes[$0] }
      // From the last bar of the sixth session on, until the next close is known.
      #expect(changed.count == 2 && sixth[1] - sixth[0] == .hours(12))
    }
  }

  /// Forty bars, two in each session.
  private static func halfDays(_ close: (Int) -> Double) throws -> BarSeries {
    try MarketBuilder.series(
      (0..<40).map { row in (close(row), close(row) + 1, close(row) - 1, close(row)) },
      every: .seconds(43_200), lot: .fractional)
  }

  @Test func theBenchmarkBeginsAtTheBasePoint() throws {
    let days = ["2024-01-02", "2024-01-03", "2024-01-05"].map { CivilDate($0)! }
    let curve = try BenchmarkCurve("B", dates: days, prices: [50, 40, 60], pricesPerYear: 252)
    let points = ["2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08"].map { CivilDate($0)! }
    #expect(curve.scaled(to: 100, on: points) == [100, 100, 150, 150])
    #expect(curve.scaled(to: 100, on: [CivilDate("2024-01-01")!, days[0]]) == [nil, 100])
    #expect(curve.scaled(to: 100, on: []).isEmpty)
    let sample = try ReturnsSample(
      equity: [1, 1, 2, 2], pointDates: points, barsPerYear: 252, riskFree: .zero)
    #expect(curve.sample(over: sample)?.returns == [0.5])
    let aligned = try curve.aligned(with: sample)
    #expect(aligned.returns == [1] && aligned.benchmark == [0.5])
  }

  @Test func aWeekStandsBesideAWeek() throws {
    let daily = try MarketBuilder.standardAndPoors500(lot: .fractional)
    let weekly = try daily.resampled(to: .week)
    var configuration = BacktestConfiguration()
    configuration.execution.marketFill = .sameClose
    let result = try Backtest(BuyAndHold(), on: weekly, configuration: configuration).run()
    let curve = try BenchmarkCurve(daily)
    let aligned = try curve.aligned(with: result.sample, timeframe: .week)
    #expect(aligned.count == result.sample.count)
    for (own, other) in zip(aligned.returns, aligned.benchmark) {
      #expect(agrees(own, other, within: 1e-9))
    }
  }

  @Test func pricesWithinADayLeaveTheLastOne() throws {
    let bars = (1...50).map { (Double($0), Double($0), Double($0), Double($0)) }
    let series = try MarketBuilder.series(bars, every: .hours(1))
    let curve = try BenchmarkCurve(series, name: "Hours")
    // The bar that closes at midnight belongs to the day that ends.
    #expect(curve.prices == [24, 48, 50] && curve.name == "Hours" && curve.pricesPerYear == 365)
    let result = try runScript(series, [0: { _, trading in trading.target(.first, weight: 1) }])
    #expect(result.sample.count == 49 && result.sampleTimes.count == 50)
    #expect(result.sessionSample.count == 3)
    let held = try #require(BenchmarkCurve.buyAndHold(result))
    #expect(held.prices == [24, 48, 50])
  }

  @Test func laterInstrumentsWaitInCash() throws {
    let a = try MarketBuilder.series(MarketBuilder.flat(10, count: 4))
    let b = try MarketBuilder.series(
      [(5, 5, 5, 5), (10, 10, 10, 10)], symbol: "B", from: MarketBuilder.start + .days(2))
    let result = try runScript([a, b], ScriptedStrategy())
    #expect(BenchmarkCurve.buyAndHold(result)?.prices == [2, 2, 2, 3])
  }

  @Test func whatIsNoCurveIsRefused() {
    let days = ["2024-01-02", "2024-01-02"].map { CivilDate($0)! }
    #expect(throws: EvidenceError.repeatedDate(row: 1)) {
      try BenchmarkCurve("B", dates: days, prices: [1, 2], pricesPerYear: nil)
    }
    #expect(throws: EvidenceError.notFinite(what: "benchmark price", row: 0)) {
      try BenchmarkCurve("B", dates: [days[0]], prices: [0], pricesPerYear: nil)
    }
    #expect(throws: EvidenceError.lengthMismatch(what: "benchmark dates", expected: 1, found: 2)) {
      try BenchmarkCurve("B", dates: days, prices: [1], pricesPerYear: nil)
    }
  }
}
