@testable import BacktestCore
@testable import BacktestEvidence
import Testing

struct AlignedReturnsTests {
  private func dates(_ days: Int...) -> [CivilDate] {
    days.compactMap { CivilDate(year: 2020, month: 1, day: $0) }
  }

  @Test func daysMatchAfterReturnsWereTakenOnEachOwnCalendar() throws {
    let sample = try ReturnsSample(
      equity: [100, 110, 121, 133.1], pointDates: dates(3, 6, 7, 9), barsPerYear: 252)
    // No price on the 7th; one on the 8th that the account lacks; prices before and after the span.
    let aligned = try AlignedReturns(
      sample, benchmarkPrices: [1, 50, 100, 80, 90, 45, 90], dates: dates(1, 2, 3, 6, 8, 9, 10))
    #expect(aligned.rows == [0, 2] && aligned.count == 2)
    #expect(aligned.benchmark.map { abs($0) < 1 } == [true, true])
    #expect(agrees(aligned.benchmark[0], -0.2, relative: 1e-12))
    #expect(agrees(aligned.benchmark[1], -0.5, relative: 1e-12))
    #expect(aligned.droppedReturns == 1 && aligned.droppedBenchmark == 1)
  }

  @Test func theBenchmarkBeginsAtItsLastPriceBeforeTheBasePoint() throws {
    let sample = try ReturnsSample(
      equity: [100, 110, 121], pointDates: dates(4, 6, 7), barsPerYear: 252)
    let aligned = try AlignedReturns(
      sample, benchmarkPrices: [10, 20, 30, 33], dates: dates(2, 3, 6, 7))
    #expect(agrees(aligned.benchmark[0], 0.5, relative: 1e-12) && aligned.droppedReturns == 0)
  }

  /// Prices that end early say nothing of the weeks after them; a week may end on a holiday.
  @Test(arguments: [0, 3, 4]) func weeksAfterTheLastPriceAreLeftOut(_ missing: Int) throws {
    let start = try #require(CivilDate("2020-01-03"))
    let fridays = (0..<40).map { start.adding(days: 7 * $0) }
    let equity = (0..<40).map { 100 + Double($0 * 7 % 5) }
    let sample = try ReturnsSample(equity: equity, pointDates: fridays, barsPerYear: 52)
    let days = (0..<7 * 20 + 1 - missing).map { start.adding(days: $0) }
    let prices = days.indices.map { 10 + Double($0) }
    let benchmark = try BenchmarkCurve("b", dates: days, prices: prices, pricesPerYear: 365)
    let aligned = try benchmark.aligned(with: sample, timeframe: .week)
    #expect(aligned.count == (missing < 4 ? 20 : 19))
    #expect(aligned.benchmark.allSatisfy { $0 > 0 })
  }

  @Test func anAccountIsItsOwnBenchmark() throws {
    let column = try PriceColumn("prices/IBM.csv", from: "2010-01-04", to: "2010-12-31")
    let sample = try column.sample()
    let aligned = try AlignedReturns(
      sample, benchmarkPrices: column.prices, dates: column.dates)
    let metrics = PerformanceMetrics(sample, benchmark: aligned)
    #expect(agrees(try metrics.value(of: "beta"), 1, relative: 1e-12))
    #expect(agrees(try metrics.value(of: "correlation"), 1, relative: 1e-12))
    #expect(agrees(try metrics.value(of: "up-capture"), 1, relative: 1e-12))
    #expect(try metrics.value(of: "tracking-error") == 0)
    #expect(try metrics.value(of: "information-ratio") == nil)
    #expect(try PerformanceMetrics(sample).absence(of: "beta") == .noBenchmark)
  }

  @Test func riskFreeSeriesFollowTheCommonDays() throws {
    let rates = [0.01, 0.02, 0.03]
    let sample = try ReturnsSample(
      returns: [0.05, 0.01, -0.02], pointDates: dates(3, 6, 7, 8), barsPerYear: 252,
      riskFree: .series(rates))
    let aligned = try AlignedReturns(
      sample, benchmarkPrices: [100, 110, 99], dates: dates(3, 6, 8))
    // Excess: 0.04 and -0.05 against 0.09 and -0.13, so beta is 0.09 / 0.22.
    let beta = try PerformanceMetrics(sample, benchmark: aligned).value(of: "beta")
    #expect(agrees(beta, 0.09 / 0.22, relative: 1e-12))
  }

  @Test func columnsThatDoNotFitAreRefused() throws {
    let sample = try ReturnsSample(
      equity: [1, 2, 3], pointDates: dates(3, 4, 4), barsPerYear: nil)
    #expect(throws: EvidenceError.repeatedDate(row: 1)) {
      try AlignedReturns(sample, benchmarkPrices: [1, 2], dates: dates(3, 4))
    }
    #expect(throws: EvidenceError.notFinite(what: "benchmark price", row: 1)) {
      try AlignedReturns(sample, benchmarkPrices: [1, 0], dates: dates(3, 4))
    }
    #expect(throws: EvidenceError.lengthMismatch(what: "benchmark returns", expected: 1, found: 2))
    {
      try AlignedReturns(returns: [0], benchmark: [0, 1])
    }
  }
}
