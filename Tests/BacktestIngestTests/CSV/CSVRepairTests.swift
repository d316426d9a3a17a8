@testable import BacktestCore
@testable import BacktestIngest
import TestSupport
import Testing

struct CSVRepairTests {
  private func repaired(_ rows: String) throws -> BarSeries {
    try csvSeries("date,open,high,low,close,volume\n" + rows) { $0.quality = .repair }[0]
  }

  @Test func aBarWithoutPricesIsHeldAndNothingCanFillOnIt() throws {
    let bars = try repaired(
      "2020-01-06,100,101,99,100,50\n2020-01-07,90,96,80,NaN,50\n2020-01-08,101,102,100,101,50\n")
    #expect(bars.count == 3)
    let held = bars[1]
    #expect(held.open == 100 && held.high == 100 && held.low == 100 && held.close == 100)
    #expect(held.volume == 0)
    #expect(
      bars.issues.map(\.description) == [
        "prices.csv:3:21: E_DATA_NAN: the close is missing or not a number (held)"
      ])
  }

  @Test func heldBarsKeepVolumeZeroInASeriesWithoutVolumes() throws {
    let rows = "2020-01-06,5,5,5,5\n2020-01-07,,5,5,5\n2020-01-08,5,5,5,5\n"
    let none = try csvSeries("date,open,high,low,close\n" + rows) { $0.quality = .repair }[0]
    #expect(none.volume[0].isNaN && none.volume[1] == 0 && none.volume[2].isNaN)
    let zero = try repaired("2020-01-06,5,5,5,5,0\n2020-01-07,5,5,5,,0\n2020-01-08,5,5,5,5,0\n")
    #expect(zero.volume[0].isNaN && zero.volume[1] == 0 && zero.volume[2].isNaN)
    #expect(zero.issues.map(\.code) == [.noVolume, .notANumber])
  }

  @Test func firstRowsWithoutPricesAreDropped() throws {
    let bars = try repaired("2020-01-06,,,,,5\n2020-01-07,5,5,5,5,5\n")
    #expect(bars.count == 1 && bars.issues.count == 4)
    #expect(bars.issues.allSatisfy { $0.repair == .dropped && $0.line == 2 })
  }

  @Test func crossedAndNarrowRangesAreFixed() throws {
    let bars = try repaired(
      "2020-01-06,10,9,12,11,5\n2020-01-07,8,12,9,11,5\n2020-01-08,10,12,9,13,5\n")
    #expect(bars[0].high == 12 && bars[0].low == 9)
    #expect(bars[1].low == 8 && bars[2].high == 13)
    #expect(bars.issues.map(\.code) == [.highBelowLow, .outsideRange, .outsideRange])
    #expect(bars.issues.allSatisfy { $0.repair == .fixed })
  }

  @Test func rowsOutOfTimeAreDroppedAndTheFirstOfTwoIsKept() throws {
    let bars = try repaired(
      "2020-01-06,10,10,10,10,5\n2020-01-07,11,11,11,11,5\n2020-01-07,12,12,12,12,5\n"
        + "2020-01-06,13,13,13,13,5\n2020-01-08,12,12,12,12,5\n")
    #expect(Array(bars.close) == [10, 11, 12])
    #expect(bars.issues.map(\.code) == [.duplicateTime, .outOfOrder])
    #expect(bars.issues.map(\.line) == [4, 5])
    #expect(bars.issues.allSatisfy { $0.repair == .dropped })
  }

  @Test func pricesThatAreNotPositiveAreHeldUnlessAllowed() throws {
    let rows = "2020-04-17,20,21,17,18,5\n2020-04-20,18,18,-40,-37.6,5\n2020-04-21,1,11,-16,10,5\n"
    let held = try repaired(rows)
    #expect(held[1].close == 18 && held[1].volume == 0 && held[2].low == 18)
    let future = try csvSeries("date,open,high,low,close,volume\n" + rows) {
      $0.allowsNonPositivePrices = true
    }[0]
    #expect(future[1].close == -37.6 && future[2].low == -16 && future.issues.isEmpty)
  }

  @Test func negativeVolumesBecomeZero() throws {
    let bars = try repaired("2020-01-06,5,5,5,5,10\n2020-01-07,5,5,5,5,-3\n")
    #expect(bars.volume[1] == 0)
    #expect(bars.issues.map(\.code) == [.negativeVolume, .zeroVolume])
  }

  @Test func twoBarsOfOneSessionAreDuplicates() throws {
    let rows =
      "2020-01-06 09:00,5,5,5,5,1\n2020-01-06 10:00,6,6,6,6,1\n2020-01-07 09:00,7,7,7,7,1\n"
    let text = "date,open,high,low,close,volume\n" + rows
    let bars = try csvSeries(text) {
      $0.quality = .repair
      $0.timeframe = .session
    }[0]
    #expect(Array(bars.close) == [5, 7] && bars.closeTimes.count == 2)
    #expect(bars.issues.map(\.code) == [.duplicateTime] && bars.issues[0].line == 3)
    #expect(csvError(text) { $0.timeframe = .session }.hasPrefix("prices.csv:3: E_DATA_DUPLICATE"))
  }
}

struct CSVWarningTests {
  @Test func droppedRowsDoNotCountAsRowsWithoutVolume() throws {
    let text = """
      date,open,high,low,close,volume
      2020-01-06 09:00,5,5,5,5,0
      2020-01-06 10:00,5,5,5,5,0
      2020-01-07 09:00,5,5,5,5,7

      """
    let bars = try csvSeries(text) {
      $0.quality = .repair
      $0.timeframe = .session
    }[0]
    #expect(Array(bars.volume) == [0, 7])
    #expect(bars.issues.map(\.code) == [.zeroVolume, .duplicateTime])
  }

  /// More than 40 % is a jump, whether the row is read the quick way or, without volume, with care.
  @Test(
    arguments: [
      (140, nil), (140.1, "+40.1 %"), (139.9, nil), (60, nil), (59.9, "-40.1 %"), (60.1, nil),
      (144, "+44.0 %"), (56, "-44.0 %"),
    ] as [(Double, String?)], [5, 0])
  func aMoveOfMoreThanFortyPercentIsAJump(_ move: (Double, String?), volume: Int) throws {
    let (close, share) = move
    let rows = "2020-01-06,100,100,100,100,5\n2020-01-07,\(close),\(close),\(close),\(close),"
    let bars = try csvSeries("date,open,high,low,close,volume\n" + rows + "\(volume)\n")[0]
    let jumps = bars.issues.filter { $0.code == .jump }
    #expect(
      jumps.map(\.message)
        == (share.map { ["the close moves from 100 to \(NumberText.price(close)), by \($0)"] }
          ?? []))
  }

  @Test func adjustedPricesJumpByTheirOwnCloses() throws {
    let text = """
      date,open,high,low,close,adj_close,volume
      2020-01-06,100,100,100,100,50,5
      2020-01-07,50,50,50,50,50,5
      2020-01-08,50,50,50,50,70.1,5

      """
    #expect(try csvSeries(text)[0].issues.map(\.line) == [3])
    let adjusted = try csvSeries(text) { $0.priceBasis = .adjusted }[0]
    #expect(adjusted.issues.map(\.code) == [.jump] && adjusted.issues[0].line == 4)
  }

  @Test(arguments: [2_000, 2_001, 2_003])
  func twoThousandFindingsOfAKindAreKeptAndTheRestCounted(count: Int) throws {
    let row = "2020-01-06,5,5,5,5,5\n"
    let rows = String(repeating: row, count: count + 1)
    let text = "date,open,high,low,close,volume\n" + rows
    let bars = try csvSeries(text) { $0.quality = .repair }[0]
    #expect(bars.count == 1 && bars.issues.count == min(count, 2_001))
    #expect(bars.issues.reduce(0) { $0 + $1.count } == count)
    let last = try #require(bars.issues.last)
    #expect(
      count == 2_000 ? last.line == 2_002 : last.message == "\(count - 2_000) more of this kind")
  }

  @Test func oddRowsWarnAndStay() throws {
    let text = """
      date,open,high,low,close,volume
      2020-01-06,10,10,10,10,5
      2020-01-07,10,15,10,15,0
      2020-01-08,15,15,15,15,
      2020-01-09,15,15,8,8,5

      """
    let bars = try csvSeries(text)[0]
    #expect(bars.count == 4 && Array(bars.volume) == [5, 0, 0, 5])
    #expect(
      bars.issues.map(\.description) == [
        "prices.csv:3:21: W_DATA_JUMP: the close moves from 10 to 15, by +50.0 %",
        "prices.csv:3: W_DATA_ZERO_VOLUME: prices: no volume; no order fills on this bar",
        "prices.csv:4: W_DATA_ZERO_VOLUME: prices: no volume; no order fills on this bar",
        "prices.csv:5:20: W_DATA_JUMP: the close moves from 15 to 8, by -46.7 %",
      ])
  }

  @Test func aSeriesWithoutAnyVolumeSaysSoOnce() throws {
    let text = "date,open,high,low,close,volume\n2020-01-06,1,1,1,1,0\n2020-01-07,1,1,1,1,0\n"
    let bars = try csvSeries(text)[0]
    #expect(!bars.hasVolume && bars.issues.map(\.code) == [.noVolume])
  }

  @Test func missingSessionsAndStrangeDaysAreFound() throws {
    let text = """
      date,open,high,low,close
      2020-01-06,1,1,1,1
      2020-01-09,1,1,1,1
      2020-01-11,1,1,1,1
      2020-01-13,1,1,1,1

      """
    let bars = try csvSeries(text) { $0.calendar = PlainWeekdays() }[0]
    #expect(
      bars.issues.map(\.description) == [
        "prices.csv:3: W_DATA_GAP: prices: 2 sessions of plain-weekdays without a bar between "
          + "2020-01-06 and 2020-01-09",
        "prices.csv:4: W_DATA_GAP: prices: 1 session of plain-weekdays without a bar between "
          + "2020-01-09 and 2020-01-11",
        "prices.csv:4: W_DATA_CALENDAR: prices: plain-weekdays has no session on 2020-01-11; "
          + "the bar lasts from 00:00 to 24:00 UTC",
      ])
    let report = DataQualityReport(bars)
    #expect(report.missingCount == 3 && report.barCount == 4)
    #expect(report.counts.map(\.code) == [.outsideCalendar, .gap])
    #expect(
      report.description.hasPrefix(
        "prices: 4 bars of 1d, raw prices, 2020-01-06T14:30:00Z to 2020-01-13T21:00:00Z, "
          + "calendar plain-weekdays, no volumes\n  W_DATA_CALENDAR: 1\n  W_DATA_GAP: 3\n"))
  }

  @Test func missingIntradayBarsAreCountedWithinSessions() throws {
    let stamps = [
      "2020-01-06 14:30", "2020-01-06 15:00", "2020-01-06 16:00", "2020-01-08 15:00",
      "2020-01-08 21:00", "2020-01-09 14:30",
    ]
    let text = "time,open,high,low,close\n" + stamps.map { "\($0),1,1,1,1\n" }.joined()
    let bars = try csvSeries(text) { $0.calendar = PlainWeekdays() }[0]
    // A session has 13 bars of half an hour; 16:00 is its fourth and 15:00 its second.
    #expect(bars.issues.filter { $0.code == .gap }.map(\.count) == [1, 9 + 13 + 1, 11])
    #expect(bars.issues.filter { $0.code == .outsideCalendar }.map(\.line) == [6])
  }

  /// Findings of bars that are left out are no findings of what is kept, and a cached file says
  /// the same.
  @Test func findingsAreThoseOfTheSessionsKept() throws {
    let prices = [10.0, 10, 17, 17, 17, 29, 29, 29]
    let days = ["02", "03", "06", "07", "08", "10", "13", "14"]
    let text =
      "date,open,high,low,close\n"
      + zip(days, prices).map { "2020-01-\($0),\($1),\($1),\($1),\($1)\n" }.joined()
    func codes(_ from: String?, _ to: String?) throws -> [DataIssue.Code] {
      let bars = try csvSeries(text) {
        $0.calendar = PlainWeekdays()
        ($0.from, $0.to) = (from.flatMap { CivilDate($0) }, to.flatMap { CivilDate($0) })
      }
      return bars[0].issues.map(\.code).sorted { $0.rawValue < $1.rawValue }
    }
    #expect(try codes(nil, nil) == [.gap, .jump, .jump])
    #expect(try codes(nil, "2020-01-08") == [.jump])
    #expect(try codes("2020-01-07", nil) == [.gap, .jump])
    // What lies between the first bar and the one before it is outside.
    #expect(try codes("2020-01-06", "2020-01-08") == [])
    #expect(try codes("2020-01-10", nil) == [])
  }

  @Test func gapsAreFoundOnACalendarWithoutNights() throws {
    let stamps = ["2020-01-06 23:58", "2020-01-06 23:59", "2020-01-07 00:00", "2020-01-08 00:03"]
    let text = "time,open,high,low,close\n" + stamps.map { "\($0),1,1,1,1\n" }.joined()
    let bars = try csvSeries(text) { $0.calendar = AlwaysOpenCalendar() }[0]
    #expect(bars.issues.map(\.count) == [1_442])
    #expect(
      bars.issues[0].message
        == "prices: 1,442 bars missing between 2020-01-07T00:01:00Z and 2020-01-08T00:03:00Z")
  }
}
