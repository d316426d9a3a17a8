@testable import BacktestCore
@testable import BacktestFiles
@testable import BacktestIngest
import TestSupport
import Testing

struct CSVErrorTests {
  private let advice = "; correct the file, or set `quality: repair`"

  /// A good first row, then the given one; line 3 is wrong.
  private func error(_ row: String, _ change: (inout CSVReadOptions) -> Void = { _ in }) -> String {
    csvError("date,open,high,low,close,volume\n2020-01-06,10,12,9,11,5\n\(row)\n", change)
  }

  /// All findings of a text, a line each.
  private func findings(_ text: String) -> [String] {
    do {
      _ = try csvSeries(text)
      return []
    } catch {
      return (error as? DataError)?.lines ?? []
    }
  }

  @Test(arguments: [19, 20, 21, 23])
  func twentyFindingsAreShownAndTheRestCounted(count: Int) {
    let rows = Array(repeating: "2020-01-06,10,12,9,11,5\n", count: count + 1).joined()
    let lines = findings("date,open,high,low,close,volume\n" + rows)
    #expect(lines.count { $0.contains("E_DATA_DUPLICATE") } == min(count, 20))
    #expect(lines.contains("and \(count - 20) more") == (count > 20))
    #expect(lines.contains { $0.hasPrefix("and ") } == (count > 20))
  }

  @Test(arguments: [
    ("2020-01-07,10,12,9,NaN,5", "20: E_DATA_NAN: the close is missing or not a number"),
    ("2020-01-07,10,12,,11,5", "18: E_DATA_NAN: the low is missing or not a number"),
    ("2020-01-07,10,inf,9,11,5", "15: E_DATA_NAN: the high is infinite"),
    ("2020-01-07,10,9,12,11,5", "15: E_DATA_HIGH_LOW: the high 9.0 is below the low 12.0"),
    ("2020-01-07,8,12,9,11,5", "12: E_DATA_RANGE: the open 8.0 is outside 9.0 to 12.0"),
    ("2020-01-07,10,12,9,12.5,5", "20: E_DATA_RANGE: the close 12.5 is outside 9.0 to 12.0"),
    ("2020-01-07,10,12,-1,11,5", "18: E_DATA_PRICE: the low is -1.0; prices must be positive"),
    (
      "2020-01-07,10,12,9,11,-5",
      "23: E_DATA_VOLUME: the volume is -5.0; it must be finite and not negative"
    ),
    (
      "2020-01-06,10,12,9,11,5",
      "1: E_DATA_DUPLICATE: 2020-01-06T00:00:00Z is already in an earlier row"
    ),
    (
      "2020-01-05,10,12,9,11,5",
      "1: E_DATA_ORDER: 2020-01-05T00:00:00Z comes after 2020-01-06T00:00:00Z; "
        + "rows must ascend in time"
    ),
  ])
  func rowsThatCannotBeAreRefusedWithTheirPlace(row: String, message: String) {
    #expect(error(row) == "prices.csv:3:\(message)" + advice)
  }

  @Test(arguments: [
    ("2020-01-07,10,12,x9,11,5", "18: E_DATA_NUMBER: the low \"x9\" is not a number"),
    (
      "2020-01-07,10,12,9,\"1,10\",5",
      "20: E_DATA_NUMBER: the close \"1,10\" is not a number; if the comma is the decimal mark, "
        + "set 'decimal' to comma"
    ),
    (
      "2020-02-30,10,12,9,11,5",
      "1: E_DATA_TIME: \"2020-02-30\" is not a time; say by 'time-format' how times are written"
    ),
    (
      "07.01.2020,10,12,9,11,5",
      "1: E_DATA_TIME: \"07.01.2020\" is not a time; say by 'time-format' how times are written"
    ),
    ("2020-01-07,10,12,9,11", "22: E_DATA_ROW: the row has 5 fields, the header has 6"),
    ("2020-01-07,10,12,9,11,5,6", "25: E_DATA_ROW: the row has 7 fields, the header has 6"),
    ("2020-01-07", "11: E_DATA_ROW: the row has 1 field, the header has 6"),
  ])
  func rowsThatCannotBeReadAreRefusedEvenUnderRepair(row: String, message: String) {
    #expect(error(row) == "prices.csv:3:\(message)")
    #expect(error(row) { $0.quality = .repair } == "prices.csv:3:\(message)")
  }

  @Test(arguments: [
    ("", "prices.csv: E_DATA_FILE: the file is empty; a header line and rows are needed"),
    ("\n\r\n  \n", "prices.csv: E_DATA_FILE: the file is empty; a header line and rows are needed"),
    (
      "date,open,high,low,close\n",
      "prices.csv: E_DATA_FILE: prices: the file has no usable rows"
    ),
    (
      "date,opn,hgh,low,price\n",
      "prices.csv:1: E_DATA_HEADER: no column for open, perhaps \"opn\"; high, perhaps \"hgh\"; "
        + "close; the columns are \"date\", \"opn\", \"hgh\", \"low\", \"price\"; "
        + "name them by 'open', 'high', 'close' in 'data.columns'"
    ),
    (
      "date,open,open,high,low,close\n",
      "prices.csv:1: E_DATA_HEADER: several columns could be the open: \"open\" (column 2), "
        + "\"open\" (column 3); rename or remove the others in the file"
    ),
    (
      "date,open,high,low,close\n\"2020-01-06,1,1,1,1\n2020-01-07,1,1,1,1\n",
      "prices.csv:2: E_DATA_ROW: a quote opens or closes in the wrong place; "
        + "double quotes inside fields"
    ),
    (
      "date,open,high,low,close\n2020-01-06,1,1\0,1,1\n",
      "prices.csv:2: E_DATA_ROW: a NUL byte; this is not a CSV file, or it is UTF-16: "
        + "save it as UTF-8"
    ),
    (
      "time,open,high,low,close\n2020-01-06 09:30,1,1,1,1\n",
      "prices.csv: E_DATA_TIMEFRAME: the timeframe cannot be inferred from a single bar; "
        + "set the timeframe"
    ),
    (
      "time,open,high,low,close\n1578303000,1,1,1,1\n1578303060,1,1,1,1\n1578303150,1,1,1,1\n",
      "prices.csv:4: E_DATA_TIMEFRAME: prices: 2020-01-06T09:32:30Z is not a whole number of 1m "
        + "bars after the bar before; set the timeframe or correct the time"
    ),
  ])
  func filesThatCannotBeReadSayWhy(text: String, message: String) {
    #expect(csvError(text) == message)
  }

  @Test func allFindingsAreListedUpToALimit() {
    var text = "date,open,high,low,close\n"
    for day in 1...25 {
      text += "2020-01-\(day < 10 ? "0" : "")\(day),1,1,1,\(day % 2 == 0 ? "" : "x")\n"
    }
    let lines = findings(text)
    #expect(lines.count == 21)
    #expect(lines[0] == "prices.csv:2:18: E_DATA_NUMBER: the close \"x\" is not a number")
    #expect(lines[1] == "prices.csv:3:18: E_DATA_NAN: the close is missing or not a number")
    #expect(lines[20] == "and 5 more")
    #expect(
      csvError(text) == "\(lines[0]); 24 more findings, which the command `data check` lists")
  }

  @Test func placesAreRightBehindQuotesAndLineBreaks() {
    let text = "note,date,open,high,low,close\n\"a\nb, \"\"c\"\"\",2020-01-06,1,1,1,x\n"
    #expect(csvError(text) == "prices.csv:3:28: E_DATA_NUMBER: the close \"x\" is not a number")
  }

  @Test func mappedColumnsThatAreMissingAreNamed() {
    let message = csvError(threeDays) { $0.mapping.volume = "Volumes" }
    #expect(
      message
        == "prices.csv:1: E_DATA_HEADER: no column for volume (\"Volumes\"), perhaps \"volume\"; "
        + "the columns are \"date\", \"open\", \"high\", \"low\", \"close\", \"volume\"; "
        + "name them by 'volume' in 'data.columns'")
    #expect(
      csvError(threeDays) { $0.priceBasis = .adjusted }.contains("no column for adjusted close"))
  }

  @Test func barsThatDoNotFitTheAskedTimeframeAreRefused() {
    let text = "time,open,high,low,close\n2020-01-06 09:00,1,1,1,1\n2020-01-06 14:30,1,1,1,1\n"
    #expect(
      csvError(text) {
        $0.timeframe = .intraday(seconds: 14 * 3_600)
        $0.calendar = PlainWeekdays()
      }
        == "prices.csv:3: E_DATA_TIMEFRAME: prices: 2020-01-06T14:30:00Z is not a whole number of "
        + "14h bars after the bar before; set the timeframe or correct the time")
    #expect(
      csvError(text) { $0.timeframe = .intraday(seconds: 0) }
        == "prices.csv:2: E_DATA_TIMEFRAME: prices: bars of 0 s are not supported; "
        + "use 1 s to less than a day")
    #expect(
      csvError(threeDays) { $0.timeframe = .intraday(seconds: 60) }
        == "prices.csv:2: E_DATA_TIMEFRAME: prices: the times are dates; "
        + "bars of 1m need a time of day")
  }

  @Test func aBadPatternOrSeparatorIsRefused() {
    #expect(
      csvError(threeDays) { $0.mapping.timeFormat = .pattern("qq") }
        == "prices.csv: E_DATA_TIME: the time pattern is invalid; "
        + "write it like dd/MM/yyyy HH:mm")
    #expect(csvError(threeDays) { $0.mapping.separator = "7" }.contains("is not supported"))
  }

  @Test func aMissingFileIsNamed() {
    let error = #expect(throws: DataError.self) { try BarSeries(csv: "/nowhere/prices.csv") }
    #expect(
      error?.description
        == "/nowhere/prices.csv: E_DATA_FILE: cannot open: No such file or directory")
  }

  @Test func aSymbolThatIsNotInTheFileIsNamed() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/all.csv"
    try FileBytes.write(
      "date,symbol,open,high,low,close\n2020-01-06,A,1,1,1,1\n2020-01-06,B,1,1,1,1\n", to: path)
    #expect(try BarSeries(csv: path, symbol: "B").instrument.symbol == "B")
    let other = #expect(throws: DataError.self) { try BarSeries(csv: path, symbol: "C") }
    #expect(other?.issues[0].message == "there is no C in the file; its symbols are A, B")
    let none = #expect(throws: DataError.self) { try BarSeries(csv: path) }
    #expect(none?.issues[0].message == "the file holds 2 symbols (A, B); name the one to take")
  }

  @Test func everyRepairableCodeSaysSo() {
    let repairable = DataIssue.Code.allCases.filter(\.isRepairable)
    #expect(
      repairable == [
        .notANumber, .highBelowLow, .outsideRange, .nonPositivePrice, .negativeVolume,
        .duplicateTime, .outOfOrder,
      ])
    #expect(repairable.allSatisfy { $0.isError })
  }
}
