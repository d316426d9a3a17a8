import BacktestCore
@testable import BacktestIngest
import Testing
import TestSupport

/// Files as other programs write them.
struct CSVLayoutTests {
  @Test func oneTickerOfYfinance() throws {
    let series = try csvSeries(
      """
      Price,Close,High,Low,Open,Volume
      Ticker,SPY,SPY,SPY,SPY,SPY
      Date,,,,,
      2024-01-02,472.65,473.67,470.49,472.16,123623700
      2024-01-03,468.79,471.19,468.17,470.43,103585900
      """)
    #expect(series.map(\.instrument.symbol) == ["SPY"])
    #expect(series[0].open[0] == 472.16 && series[0].close[1] == 468.79)
    #expect(series[0].volume[0] == 123_623_700)
  }

  @Test func severalTickersOfYfinance() throws {
    let series = try csvSeries(
      """
      Ticker,MSFT,MSFT,MSFT,MSFT,MSFT,AAPL,AAPL,AAPL,AAPL,AAPL
      Price,Open,High,Low,Close,Volume,Open,High,Low,Close,Volume
      Date,,,,,,,,,,
      2024-01-02,1,2,0.5,1.5,10,,,,,
      2024-01-03,2,3,1.5,2.5,20,5,6,4,5.5,30
      2024-01-04,3,4,2.5,3.5,30,6,7,5,6.5,40
      """)
    #expect(series.map(\.instrument.symbol) == ["MSFT", "AAPL"])
    #expect(series.map(\.count) == [3, 2])
    #expect(series[1].close.elementsEqual([5.5, 6.5]))
    #expect(series[0].high.elementsEqual([2, 3, 4]))
  }

  @Test func theOtherOrderOfItsLevels() throws {
    let series = try csvSeries(
      """
      Price,Adj Close,Adj Close,Close,Close,High,High,Low,Low,Open,Open
      Ticker,A,B,A,B,A,B,A,B,A,B
      Date,,,,,,,,,,
      2024-01-02,0.5,2,1,2,1,2,1,2,1,2
      2024-01-03,0.6,3,1.2,3,1.2,3,1.2,3,1.2,3
      """
    ) { $0.priceBasis = .adjusted }
    #expect(series[0].close.elementsEqual([0.5, 0.6]))
    #expect(series[0].open.elementsEqual([0.5, 0.6]))
    #expect(series[1].close.elementsEqual([2, 3]))
    #expect(!series[0].hasVolume)
  }

  @Test func wideTables() throws {
    let text = """
      Date,AAPL,MSFT,NEW
      2024-01-02,100,200,
      2024-01-03,101,,
      2024-01-04,102,202,50
      2024-01-05,103,203,51
      """
    let series = try csvSeries(text) { $0.mapping.layout = .wide }
    #expect(series.map(\.instrument.symbol) == ["AAPL", "MSFT", "NEW"])
    #expect(series.map(\.count) == [4, 3, 2])
    #expect(series[1].close.elementsEqual([200, 202, 203]))
    #expect(series[2].open.elementsEqual(series[2].close))
    #expect(csvError(text).contains("'layout: wide'"))
    let wrong = text.replacing("101,,", with: "101,x,")
    #expect(
      csvError(wrong) { $0.mapping.layout = .wide }
        .hasPrefix("prices.csv:3:16: E_DATA_NUMBER: the open \"x\" is not a number"))
    let twice = text.replacing("2024-01-04", with: "2024-01-03")
    #expect(csvError(twice) { $0.mapping.layout = .wide }.contains("prices.csv:4:1: E_DATA_DUPL"))
    #expect(csvError("AAPL,MSFT\n1,2\n") { $0.mapping.layout = .wide }.contains("column of times"))
    #expect(csvError("Date,,B\n1,2\n") { $0.mapping.layout = .wide }.contains("column 2 has no"))
  }

  @Test func newestRowFirst() throws {
    let text = """
      timestamp,open,high,low,close,volume
      2024-01-05,4,4,4,4,40
      2024-01-04,3,3,3,3,30

      2024-01-03,2,2,2,2,20
      2024-01-02,1,1,1,1,10
      """
    let series = try csvSeries(text)[0]
    #expect(series.close.elementsEqual([1, 2, 3, 4]))
    #expect(series.openTimes[0].description == "2024-01-02T00:00:00Z")
    let wrong = csvError(text.replacing("2,2,2,2,20", with: "2,2,2,oops,20"))
    #expect(wrong.hasPrefix("prices.csv:5:18: E_DATA_NUMBER"), "\(wrong)")
    let high = csvError(text.replacing("3,3,3,3,30", with: "3,2,3,3,30"))
    #expect(high.hasPrefix("prices.csv:3:14: E_DATA_HIGH_LOW"), "\(high)")
    // Neither two rows nor a mixed order are turned around.
    let mixed = text.replacing("2024-01-02", with: "2024-01-09")
    #expect(csvError(mixed).contains("E_DATA_ORDER"))
    let pair = text.split(separator: "\n").prefix(3).joined(separator: "\n")
    #expect(csvError(pair).contains("E_DATA_ORDER"))
  }

  @Test func newestRowFirstInALongFile() throws {
    var rows = ["date,open,high,low,close,volume"]
    let first = CivilDate("1950-01-01")!
    for day in (0..<60_000).reversed() { rows.append("\(first.adding(days: day)),2,3,1,2,10") }
    let series = try csvSeries(rows.joined(separator: "\r\n") + "\r\n")[0]
    #expect(series.count == 60_000)
    #expect(zip(series.openTimes, series.openTimes.dropFirst()).allSatisfy { $0 < $1 })
    rows[50_000] = rows[50_000].replacing(",2,3,1,", with: ",2,0.5,1,")
    #expect(
      csvError(rows.joined(separator: "\r\n")).hasPrefix("prices.csv:50001:12: E_DATA_RANGE"))
  }

  @Test func klinesOfBinance() throws {
    let series = try csvSeries(
      """
      1704067200000,42283.58,42298.62,42261.02,42298.61,35.92,1704067259999,1,2,3,4,0
      1704067260000,42298.62,42320.00,42298.61,42320.00,21.16,1704067319999,1,2,3,4,0
      """)[0]
    #expect(series.openTimes[0].description == "2024-01-01T00:00:00Z")
    #expect(series.timeframe == .intraday(seconds: 60))
    #expect(series.volume.elementsEqual([35.92, 21.16]))
  }

  @Test func tablesOfStooq() throws {
    let series = try csvSeries(
      """
      <TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>
      AAPL.US,D,20240102,000000,187.15,188.44,183.885,185.64,82488674,0
      AAPL.US,D,20240103,000000,184.22,185.88,183.43,184.25,58414460,0
      """)[0]
    #expect(series.instrument.symbol == "AAPL.US")
    #expect(series.timeframe == .session)
    #expect(series.openTimes[1].description == "2024-01-03T00:00:00Z")
  }

  @Test func aggregatesOfPolygonAndDatesOfMetaTrader() throws {
    let polygon = try csvSeries(
      """
      ticker,volume,open,close,high,low,window_start,transactions
      AAPL,4930,200.29,200.5,200.63,200.29,1744792500000000000,129
      AAPL,1815,200.39,200.34,200.61,200.34,1744792560000000000,57
      """)[0]
    #expect(polygon.openTimes[0].description == "2025-04-16T08:35:00Z")
    #expect(polygon.high[0] == 200.63)
    let terminal = try csvSeries(
      """
      <DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>
      2024.01.02\t00:00:00\t1.1\t1.2\t1.0\t1.15\t100\t0\t3
      2024.01.02\t01:00:00\t1.15\t1.2\t1.1\t1.18\t120\t0\t3
      """)[0]
    #expect(terminal.openTimes[1].description == "2024-01-02T01:00:00Z")
  }

  @Test func numbersInGroupsAndWithSigns() throws {
    let series = try csvSeries(
      """
      Date,Close/Last,Volume,Open,High,Low
      2024-01-05,"$1,181.18","1.2M","$1,181.99","$1,182.76","$1,180.17"
      2024-01-04,$181.91,"71,983,570",$182.15,$183.09,$180.88
      2024-01-03,$184.25,58.5K,$184.22,$185.88,$183.43
      """
    ) { $0.quality = .repair }[0]
    #expect(series.close.elementsEqual([184.25, 181.91, 1181.18]))
    #expect(series.volume.elementsEqual([58_500, 71_983_570, 1_200_000]))
  }

  @Test func decimalCommasByDeclaration() throws {
    let text = """
      Datum;open;high;low;close;volume
      2024-01-02;1.234,5;1.240,0;1.230,0;1.235,25;1.000
      2024-01-03;1 235,0;1 250,0;1 234,0;1 249,5;2'000
      """.replacing("Datum", with: "date")
    let series = try csvSeries(text) { $0.mapping.decimal = .comma }[0]
    #expect(series.close.elementsEqual([1_235.25, 1_249.5]))
    #expect(series.volume.elementsEqual([1_000, 2_000]))
    let refused = csvError(text)
    #expect(refused.contains("prices.csv:2:12: E_DATA_NUMBER"))
    #expect(refused.contains("set 'decimal' to comma"))
  }

  @Test(arguments: [
    "1,23", "1,2345", "12,34,567", ",123", "1,234,", "1,234.5.6", "--1", "$", "1,234e5", "12 345",
    "1.5X", "K", "$-", "-", "€1 234",
  ])
  func otherTextsAreNoNumbers(text: String) {
    var bytes = text
    let value = bytes.withUTF8 { CSVNumberText(groupsByComma: true).readVolume($0) }
    #expect(text == "-" ? value?.isNaN == true : value == nil, "\(text)")
  }

  @Test func digitsInGroupsNeedAFileOfCommas() {
    func read(_ text: String, _ numbers: CSVNumberText) -> Double? {
      var text = text
      return text.withUTF8 { numbers.read($0) }
    }
    #expect(read("1,234", CSVNumberText(groupsByComma: true)) == 1_234)
    #expect(read("1,234", CSVNumberText()) == nil)
    #expect(read("-1,234,567.25", CSVNumberText(groupsByComma: true)) == -1_234_567.25)
    #expect(read("1.234", CSVNumberText(decimal: .comma)) == 1_234)
    #expect(read("-1.234.567,25", CSVNumberText(decimal: .comma)) == -1_234_567.25)
    #expect(read("0,1", CSVNumberText(decimal: .comma)) == 0.1)
    #expect(read("1.5", CSVNumberText(decimal: .comma)) == nil)
    #expect(read("1.234 567", CSVNumberText(decimal: .comma)) == nil)
    #expect(read("1e3", CSVNumberText(decimal: .comma)) == nil)
  }
}
