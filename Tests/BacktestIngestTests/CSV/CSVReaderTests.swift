@testable import BacktestCore
@testable import BacktestIngest
import TestSupport
import Testing

struct CSVReaderTests {
  @Test func dailyRowsBecomeSessions() throws {
    let series = try csvSeries(threeDays) { $0.calendar = PlainWeekdays() }
    #expect(series.count == 1)
    let bars = series[0]
    #expect(bars.instrument.symbol == "prices" && bars.timeframe == .session && bars.count == 3)
    #expect(bars[0].openTime.description == "2020-01-06T14:30:00Z")
    #expect(bars[0].closeTime.description == "2020-01-06T21:00:00Z")
    #expect(bars[2].open == 12 && bars[2].high == 14 && bars[2].low == 11 && bars[2].close == 13)
    #expect(Array(bars.volume) == [100, 200, 300] && bars.issues.isEmpty)
    #expect(bars.source?.byteCount == threeDays.utf8.count)
    #expect(bars.source?.digest == ContentDigest.of(threeDays.utf8).hexadecimal)
  }

  @Test func withoutCalendarADayHas24Hours() throws {
    let bars = try csvSeries(threeDays)[0]
    #expect(bars[1].openTime.description == "2020-01-07T00:00:00Z")
    #expect(bars[1].closeTime.description == "2020-01-08T00:00:00Z")
  }

  @Test(arguments: [
    "Date;Open;High;Low;Close;Volume", "<DATE>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>",
    "\"Time stamp\";o;h;l;c;v", "trade_date;Open Price;HIGH;low ; last;Qty",
  ])
  func headersAreFoundByCommonNames(header: String) throws {
    let bars = try csvSeries(header + "\n2020-01-06;10;12;9;11;100\n")[0]
    #expect(bars.count == 1 && bars[0].high == 12 && bars[0].volume == 100)
  }

  @Test func columnsMayStandInAnyOrderAmongOthers() throws {
    let text =
      "note,close,low,date,high,open\n\"a, \"\"b\"\"\",11,9,2020-01-06,12,10\n"
      + "x,12,10,2020-01-07,13,11\n"
    let bars = try csvSeries(text)[0]
    #expect(bars.count == 2 && bars[0].open == 10 && bars[1].close == 12)
    #expect(!bars.hasVolume && bars[0].volume.isNaN)
  }

  @Test func oneColumnMayServeAllPrices() throws {
    let bars = try csvSeries("day,level\n2020-01-06,5\n2020-01-07,6\n") { options in
      options.mapping.open = "level"
      options.mapping.high = "level"
      options.mapping.low = "level"
      options.mapping.close = "level"
    }[0]
    #expect(bars[1].open == 6 && bars[1].high == 6 && bars[1].low == 6 && bars[1].close == 6)
  }

  @Test func aFileWithoutHeaderTakesItsNamesFromTheMapping() throws {
    let bars = try csvSeries("1578268800000,10,12,9,11,5\n1578272400000,11,12,9,10,5\n") {
      $0.mapping.headers = ["time", "open", "high", "low", "close", "volume"]
    }[0]
    #expect(bars.count == 2 && bars.timeframe == .intraday(seconds: 3_600))
    #expect(bars[0].openTime.description == "2020-01-06T00:00:00Z")
  }

  @Test(arguments: [
    (CSVMapping.TimeFormat.automatic, "2020-01-06 09:30", "2020-01-06 09:31"),
    (.automatic, "2020-01-06T09:30:00Z", "2020-01-06T09:31:00Z"),
    (.automatic, "2020-01-06 09:30:00.000", "2020-01-06 09:31:00.000"),
    (.automatic, "20200106T09:30:00", "20200106T09:31:00"),
    (.automatic, "20200106 093000", "20200106 093100"), (.iso, "20200106T0930Z", "20200106T0931Z"),
    (.automatic, "202001060930", "202001060931"), (.automatic, "20200106093000", "20200106093100"),
    (.iso, "2020-01-06T04:30:00-05:00", "2020-01-06 04:31:00 -0500"),
    (.automatic, "1578303000", "1578303060"), (.automatic, "1578303000.0", "1578303060.0"),
    (.automatic, "1578303000000", "1578303060000"),
    (.automatic, "1578303000000000", "1578303060000000"),
    (.automatic, "1578303000000000000", "1578303060000000000"),
    (.epoch(.milliseconds), "1578303000000", "1578303060000"),
    (.pattern("dd/MM/yyyy HH:mm"), "06/01/2020 09:30", "06/01/2020 09:31"),
    (.pattern("M/d/yy h:mm a"), "1/6/20 9:30 AM", "1/6/20 9:31 am"),
    (
      .pattern("d MMM yyyy 'at' HH.mm.ss Z"), "6 Jan 2020 at 10.30.00 +01:00",
      "6 JAN 2020 at 09.31.00 Z"
    ),
  ])
  func stampsAreReadInManyForms(format: CSVMapping.TimeFormat, a: String, b: String) throws {
    let text = "time,open,high,low,close\n\(a),1,1,1,1\n\(b),1,1,1,1\n"
    let bars = try csvSeries(text) { $0.mapping.timeFormat = format }[0]
    #expect(bars.timeframe == .intraday(seconds: 60))
    #expect(bars[0].openTime.description == "2020-01-06T09:30:00Z")
    #expect(bars[1].closeTime.description == "2020-01-06T09:32:00Z")
  }

  @Test func stampsWithoutZoneTakeTheZoneOfTheMapping() throws {
    let text =
      "time,open,high,low,close\n2020-01-06 09:30:00,1,1,1,1\n2020-01-06 09:45:00,1,1,1,1\n"
    let bars = try csvSeries(text) {
      $0.mapping.zone = .fixed(secondsEast: -18_000)
      $0.calendar = PlainWeekdays()
    }[0]
    #expect(bars[0].openTime.description == "2020-01-06T14:30:00Z" && bars.issues.isEmpty)
  }

  @Test func aStampMayMeanTheEndOfABar() throws {
    let text = """
      time,open,high,low,close
      2020-01-06 20:00,1,1,1,1
      2020-01-06 20:30,1,1,1,1
      2020-01-06 21:00,1,1,1,1
      2020-01-07 15:00,1,1,1,1

      """
    let bars = try csvSeries(text) {
      $0.mapping.timestamps = .close
      $0.calendar = PlainWeekdays()
    }[0]
    #expect(bars.timeframe == .intraday(seconds: 1_800))
    #expect(bars[2].openTime.description == "2020-01-06T20:30:00Z")
    #expect(bars[3].openTime.description == "2020-01-07T14:30:00Z" && bars.issues.isEmpty)
  }

  @Test func aBarDoesNotReachPastTheSessionsClose() throws {
    let rows = ["14:30", "15:30", "16:30", "17:30", "18:30", "19:30", "20:30"]
    let text =
      "time,open,high,low,close\n" + rows.map { "2020-01-06 \($0),1,1,1,1\n" }.joined()
    let bars = try csvSeries(text) { $0.calendar = PlainWeekdays() }[0]
    #expect(bars.timeframe == .intraday(seconds: 3_600))
    #expect(bars[6].closeTime.description == "2020-01-06T21:00:00Z" && bars.issues.isEmpty)
  }

  @Test func manySymbolsGiveManySeries() throws {
    var text = "date,symbol,open,high,low,close,volume\n"
    for day in 6...8 {
      for symbol in ["B", "A", "\"C, Inc\""] {
        text += "2020-01-0\(day),\(symbol),\(day),9,1,\(day),5\n"
      }
    }
    let all = try csvSeries(text)
    #expect(all.map(\.instrument.symbol) == ["B", "A", "C, Inc"])
    #expect(all.allSatisfy { $0.count == 3 && $0.timeframe == .session })
    #expect(all[2].open.elementsEqual([6, 7, 8]))
  }

  @Test func datesCutTheSeries() throws {
    let bars = try csvSeries(threeDays) {
      $0.from = CivilDate("2020-01-07")
      $0.to = CivilDate("2020-01-07")
    }[0]
    #expect(bars.count == 1 && bars[0].close == 12)
  }

  @Test(arguments: [
    ("2020-01-03", "2020-01-10", Timeframe.week), ("2020-01-31", "2020-02-29", .month),
    ("2020-03-31", "2020-06-30", .quarter), ("2019-12-31", "2020-12-31", .year),
    ("2020-01-03", "2020-01-06", .session),
  ])
  func theTimeframeOfDatesIsInferred(a: String, b: String, timeframe: Timeframe) throws {
    let bars = try csvSeries("date,open,high,low,close\n\(a),1,1,1,1\n\(b),1,1,1,1\n") {
      $0.calendar = PlainWeekdays()
    }[0]
    #expect(bars.timeframe == timeframe && bars.issues.isEmpty)
  }

  @Test func adjustedPricesFollowTheAdjustedClose() throws {
    let text = """
      date,open,high,low,close,adj_close,volume
      2020-01-06,100,110,90,105,52.5,1000
      2020-01-07,50,60,45,55,55,2000

      """
    let bars = try csvSeries(text) { $0.priceBasis = .adjusted }[0]
    #expect(bars[0].open == 50 && bars[0].high == 55 && bars[0].low == 45)
    #expect(bars[0].close == 52.5 && bars[0].volume == 1_000)
    #expect(bars[1].close == 55 && bars.priceBasis == .adjusted && bars.issues.isEmpty)
  }

  @Test func allSymbolsOfAFileHaveOneTimeframe() throws {
    var text = "date,symbol,open,high,low,close\n"
    for day in 6...10 { text += "2020-01-\(day < 10 ? "0" : "")\(day),A,1,1,1,1\n" }
    text += "2020-01-13,A,1,1,1,1\n2020-01-06,B,1,1,1,1\n2020-01-13,B,1,1,1,1\n"
    let all = try csvSeries(text) { $0.calendar = PlainWeekdays() }
    #expect(all.map(\.timeframe) == [.session, .session])
    #expect(all[1].issues.map(\.count) == [4] && all[0].issues.isEmpty)
  }

  @Test func aSymbolWithoutAnyGoodRowIsNotLeftOutInSilence() {
    let text = "date,symbol,open,high,low,close\n2020-01-06,A,1,1,1,1\n2020-01-06,B,,1,1,1\n"
    #expect(
      csvError(text) { $0.quality = .repair }
        == "prices.csv: E_DATA_FILE: B: the file has no usable rows")
  }

  @Test func aCalendarIsNamedByItsShortForm() throws {
    let path = Fixture.path("prices/GOOG.csv")
    let bars = try BarSeries(csv: path, symbol: "GOOGL", calendar: .alwaysOpen)
    #expect(bars.instrument.symbol == "GOOGL" && bars.calendar?.name == "24x7")
  }

  @Test func datesAndTimesOfDayMayStandInTwoColumns() throws {
    let rows = "2020.01.06,09:30,1,1,1,1\n2020.01.06,09:31,1,1,1,1\n"
    let bars = try csvSeries("<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>\n" + rows) {
      $0.mapping.timeFormat = .pattern("yyyy.MM.dd HH:mm")
    }[0]
    #expect(bars.timeframe == .intraday(seconds: 60))
    #expect(bars[1].openTime.description == "2020-01-06T09:31:00Z")
    #expect(
      csvError("date,time,open,high,low,close\n2020-01-06,9h,1,1,1,1\n")
        == "prices.csv:2:1: E_DATA_TIME: \"2020-01-06 9h\" is not a time; "
        + "give its format by 'time-format'"
    )
    // A mapping that names the stamps leaves the other column alone.
    let daily = try csvSeries("date,time,open,high,low,close\n2020-01-06,9h,1,1,1,1\n") {
      $0.mapping.time = "date"
    }[0]
    #expect(daily.timeframe == .session)
  }
}
