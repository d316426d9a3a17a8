@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

/// Faults of the data that are known reach the caveats of every result.
struct DataCaveatsTests {
  private func issue(_ code: DataIssue.Code, count: Int = 1) -> DataIssue {
    DataIssue(code: code, file: "a.csv", line: 2, column: 0, message: "found", count: count)
  }

  private func message(_ code: ResultCaveat.Code, _ series: [BarSeries]) throws -> String? {
    try runScript(series, ScriptedStrategy()).caveats.first { $0.code == code }?.message
  }

  /// Closes with a jump by a factor on the sixth of ten bars.
  private func series(_ factor: Double, symbol: String = "A") throws -> BarSeries {
    let closes = (0..<10).map { $0 < 5 ? 100.0 : 100 * factor }
    var series = try MarketBuilder.series(closes.map { ($0, $0, $0, $0) }, symbol: symbol)
    series.issues = [issue(.jump)]
    return series
  }

  @Test(arguments: [(0.5, true), (0.549, true), (2.03, true), (1 / 7.0, true), (0.58, false)])
  func jumpsThatLookLikeSplitsAreNamed(factor: Double, isSplit: Bool) throws {
    let text = try message(.splitJumps, [series(factor)])
    #expect((text != nil) == isSplit)
    if factor == 0.5 {
      // The sixth bar of 2024.
      #expect(text?.contains("shares are split: A on 2024-01-06") == true)
      #expect(text?.contains("(−50.0%)") == true)
    }
  }

  @Test func adjustedPricesAndUnmeasuredBarsAreLeftOut() throws {
    var adjusted = try series(0.5)
    adjusted.priceBasis = .adjusted
    #expect(try message(.splitJumps, [adjusted]) == nil)
    // The base point lies after the jump.
    let late = try runScript([series(0.5)], ScriptedStrategy(warmup: 7))
    #expect(!late.caveats.contains { $0.code == .splitJumps })
    #expect(
      try message(.splitJumps, [series(0.5), series(0.25, symbol: "B")])?.contains("B on") == true)
  }

  @Test func barsOutsideTheHoursAreCounted() throws {
    let hours = (0..<12).map { row in
      let open = Timestamp(seconds: 1_704_067_200 + Int64(row) * 3_600)
      return (open: open, close: open + .seconds(3_600))
    }
    var series = try MarketBuilder.series(
      MarketBuilder.flat(100, count: 12), volume: nil, times: hours,
      timeframe: .intraday(seconds: 3_600), instrument: Instrument(symbol: "A"),
      calendar: NewYorkStockExchangeCalendar())
    #expect(try message(.outsideHours, [series]) == nil)
    series.issues = [issue(.outsideCalendar), issue(.outsideCalendar, count: 8)]
    let most = try message(.outsideHours, [series])
    #expect(most?.hasPrefix("Bars lie outside the hours of XNYS: A (9 of 12 bars).") == true)
    #expect(most?.contains("Times that name no zone are read as UTC") == true)
    series.issues = [issue(.outsideCalendar)]
    let few = try message(.outsideHours, [series])
    #expect(few == "Bars lie outside the hours of XNYS: A (1 of 12 bars).")
  }

  @Test func missingSessionsAreCounted() throws {
    var series = try series(1)
    series.issues = [issue(.gap, count: 11), issue(.gap)]
    let other = try self.series(1, symbol: "B")
    #expect(
      try message(.missingBars, [series, other])?
        .hasPrefix("The data lacks bars that its calendar has: A (12 sessions).") == true)
    #expect(try message(.missingBars, [other]) == nil)
  }
}
