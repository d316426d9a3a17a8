@testable import BacktestCore
import BacktestEvidence
import TestSupport
import Testing

/// Falls of the S&P 500 as another program measured them (26_stress_windows.json of the oracles).
struct StressTests {
  /// First and last day, base, returns, total return, drawdown, worst return and its day, annual
  /// deviation.
  private static let expected:
    [(String, String, String, Int, Double, Double, Double, String, Double)] = [
      (
        "2000-03-27", "2002-10-09", "2000-03-24", 637, -0.4914694788520221, -0.4914694788520221,
        -0.05827793657608815, "2000-04-14", 0.22947402687047505
      ),
      (
        "2001-09-10", "2001-09-21", "2001-09-07", 6, -0.11050124131542671, -0.11600494853809196,
        -0.04921560499440891, "2001-09-17", 0.30757683869665364
      ),
      (
        "2007-08-01", "2007-08-16", "2007-07-31", 12, -0.0302349388053772, -0.06062814416542439,
        -0.02964962991171649, "2007-08-09", 0.2595091530726315
      ),
      (
        "2008-09-12", "2008-11-20", "2008-09-11", 50, -0.39759019055928957, -0.4004844086602559,
        -0.09034977815503076, "2008-10-15", 0.7232372429716102
      ),
      (
        "2007-10-10", "2009-03-09", "2007-10-09", 355, -0.5677538775030553, -0.5677538775030553,
        -0.09034977815503076, "2008-10-15", 0.3800594368412589
      ),
      (
        "2010-05-03", "2010-05-07", "2010-04-30", 5, -0.06388352456760238, -0.0760068572853887,
        -0.03235349666924059, "2010-05-06", 0.27732444765484376
      ),
      (
        "2011-07-25", "2011-08-08", "2011-07-22", 11, -0.16770014992044502, -0.16770014992044502,
        -0.0666344641955241, "2011-08-08", 0.3552686125588466
      ),
      (
        "2015-08-18", "2015-08-25", "2015-08-17", 6, -0.11169401390286848, -0.11169401390286848,
        -0.03941369300610109, "2015-08-24", 0.22434112778243315
      ),
      (
        "2018-01-29", "2018-02-08", "2018-01-26", 9, -0.10159530543092765, -0.10159530543092765,
        -0.04097922501640738, "2018-02-05", 0.2972658811061368
      ),
      (
        "2018-09-21", "2018-12-24", "2018-09-20", 65, -0.19778210423952913, -0.19778210423952913,
        -0.03286422891323515, "2018-10-10", 0.2074178220571075
      ),
    ]

  private static func sample() throws -> ReturnsSample {
    let bars = try MarketBuilder.standardAndPoors500()
    return try ReturnsSample(
      equity: Array(bars.close),
      pointDates: bars.closeTimes.map { NewYorkStockExchangeCalendar().sessionDate(of: $0) },
      barsPerYear: 252)
  }

  @Test func windowsAgreeWithTheReference() throws {
    let sample = try Self.sample()
    for one in Self.expected {
      let window = StressWindow(
        one.0, try #require(CivilDate(one.0))...(try #require(CivilDate(one.1))))
      let outcome = try #require(StressOutcome(window, in: sample), "\(one.0)")
      #expect(outcome.baseDate == CivilDate(one.2) && outcome.returnCount == one.3)
      for (a, b) in [
        (outcome.totalReturn, one.4), (outcome.maxDrawdown, one.5), (outcome.worstReturn, one.6),
        (try #require(outcome.volatility), one.8),
      ] {
        #expect(abs(a - b) <= 1e-10 * abs(b), "\(one.0): \(a), not \(b)")
      }
      #expect(outcome.worstDate == CivilDate(one.7), "\(one.0)")
    }
  }

  @Test func windowsOutsideTheDataHaveNoOutcome() throws {
    let sample = try Self.sample()
    let first = try #require(sample.pointDates?.first)
    // Nothing lies before the first point, and nothing after the last.
    #expect(StressOutcome(StressWindow("early", first...first.adding(days: 9)), in: sample) == nil)
    let covid = try #require(StressWindow.wellKnown.first { $0.name.hasPrefix("Covid") })
    #expect(StressOutcome(covid, in: sample) == nil)
  }
}
