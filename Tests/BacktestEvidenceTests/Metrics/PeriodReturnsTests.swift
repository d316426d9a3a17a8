@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestIngest
import TestSupport
import Testing

/// Figures of the S&P 500 from 2010 to June 2018, computed by pandas and numpy.
struct PeriodReturnsTests {
  static let sample = Result { () throws -> ReturnsSample in
    var options = CSVReadOptions()
    options.from = CivilDate("2010-01-01")
    let series = try BarSeries(
      csv: Fixture.path("prices/sp500.csv"), symbol: "SPX", calendar: .xnys, options: options)
    let end = CivilDate(year: 2018, month: 6, day: 30)!
    let rows = series.closeTimes.indices.filter { series.closeTimes[$0].utcDate <= end }
    return try ReturnsSample(
      equity: rows.map { series.close[$0] }, pointDates: rows.map { series.closeTimes[$0].utcDate },
      barsPerYear: 252)
  }

  private func isClose(_ a: Double?, _ b: Double, within tolerance: Double = 1e-11) -> Bool {
    a.map { abs($0 - b) <= tolerance * max(1, abs(b)) } ?? false
  }

  @Test(
    arguments: [
      (ReturnPeriod.week, 443, 0.958202182756, -0.071888462187, 0.002829740352),
      (.month, 102, 0.938974819267, -0.081975841910, 0.010776015794),
      (.quarter, 34, 0.944456067118, -0.143278992648, 0.032352420256),
      (.year, 9, 0.952987849358, -0.007265997237, 0.110018646325),
    ])
  func returnsOfPeriods(
    period: ReturnPeriod, count: Int, sum: Double, least: Double, median: Double
  ) throws {
    let returns = try Self.sample.get().returns(by: period)
    #expect(returns.count == count)
    #expect(isClose(returns.reduce(0, +), sum))
    #expect(isClose(returns.min(), least))
    #expect(isClose(returns.sorted().sortedQuantile(0.5), median))
  }

  @Test func autocorrelationsAreThoseOfNumpy() throws {
    let own = [
      -0.052314752443, 0.008811750952, -0.043408847798, -0.002482505143, -0.085688394469,
      -0.000267836969, 0.006686859257, -0.020711759834, -0.028581991578, 0.030821110141,
    ]
    let squared = [
      0.252141318196, 0.389659691576, 0.268700556325, 0.212172957630, 0.203308441428,
      0.163739638942, 0.147368445517, 0.228052573083, 0.123083205673, 0.185251228046,
    ]
    let sample = try Self.sample.get()
    for (found, expected) in [
      (sample.autocorrelations, own), (sample.squaredAutocorrelations, squared),
    ] {
      let found = try #require(found)
      #expect(found.count == 10)
      for (a, b) in zip(found, expected) { #expect(isClose(a, b)) }
    }
    let flat = try ReturnsSample(equity: Array(repeating: 5, count: 40), barsPerYear: 252)
    #expect(flat.autocorrelations == nil)
    #expect(try ReturnsSample(equity: [1, 2, 1], barsPerYear: 252).autocorrelations == nil)
  }

  @Test(
    arguments: [
      (1, "2017-06-29", 252, 0.123432728044, 0.124017097602, 1.000859790861, -0.101595305431),
      (3, "2015-06-29", 757, 0.321110718279, 0.131014292159, 0.773325055042, -0.140583038380),
      (5, "2013-06-28", 1260, 0.692338862416, 0.123712484027, 0.912667594263, -0.141607504327),
    ])
  func lastYearsBeginAtTheCloseBefore(
    years: Int, base: String, count: Int, total: Double, volatility: Double, sharpe: Double,
    drawdown: Double
  ) throws {
    let part = try #require(try Self.sample.get().trailing(years: years))
    #expect(part.pointDates?.first?.description == base && part.count == count)
    let metrics = PerformanceMetrics(part)
    #expect(isClose(metrics.totalReturn, total) && isClose(metrics.volatility, volatility))
    #expect(isClose(metrics.sharpe, sharpe) && isClose(metrics.maxDrawdown, drawdown))
  }

  @Test func aSampleShorterThanTheYearsHasNone() throws {
    let sample = try Self.sample.get()
    #expect(sample.trailing(years: 8) != nil && sample.trailing(years: 9) == nil)
    let undated = try ReturnsSample(equity: [1, 2, 3], barsPerYear: 252)
    #expect(undated.trailing(years: 1) == nil && undated.returns(by: .month).isEmpty)
  }

  @Test func scaledReturnsCompound() throws {
    let sample = try Self.sample.get()
    let wealth = sample.scaledWealth(by: 1.5)
    #expect(wealth.count == sample.wealth.count && wealth[0] == sample.wealth[0])
    #expect(isClose(wealth.last, 3924.318312666, within: 1e-12))
    // What loses more than everything stays at nothing.
    let crash = try ReturnsSample(equity: [1, 0.4, 0.8], barsPerYear: 252)
    #expect(crash.scaledWealth(by: 2) == [1, 0, 0])
  }

  @Test func quantilesKeepBothEnds() throws {
    let pairs = try Self.sample.get().normalQuantiles()
    #expect((200...300).contains(pairs.count))
    #expect(isClose(pairs[0].normal, -3.4984643072, within: 1e-10))
    #expect(isClose(pairs[0].actual, -7.184232430220, within: 1e-10))
    #expect(isClose(pairs.last?.normal, 3.4984643072, within: 1e-10))
    #expect(isClose(pairs.last?.actual, 5.028116946293, within: 1e-10))
    #expect(
      zip(pairs, pairs.dropFirst()).allSatisfy { $0.actual <= $1.actual && $0.normal < $1.normal })
  }
}
