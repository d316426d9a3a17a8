@testable import BacktestCore
@testable import BacktestFiles
@testable import BacktestIngest
import Glibc
import TestSupport
import Testing

/// Files that are no price files are refused after a limited amount of work.
struct CSVLimitTests {
  private let header = "date,open,high,low,close\n2020-01-06,1,1,1,1\n"

  /// What gzip makes of the output of a shell command.
  private func compressed(_ command: String) throws -> [UInt8] {
    let stream = try #require(popen("{ \(command); } | gzip -9", "r"))
    defer { pclose(stream) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&chunk, 1, chunk.count, stream), count > 0 {
      bytes += chunk[..<count]
    }
    return bytes
  }

  private func error(_ bytes: [UInt8], _ options: CSVReadOptions = CSVReadOptions()) -> String {
    do throws(DataError) {
      _ = try CSVReader(options).load(bytes: bytes, name: "bomb.csv.gz")
      return ""
    } catch {
      return error.description
    }
  }

  @Test func inflatingEndsAtALimit() throws {
    let bytes = try compressed("head -c 150000000 /dev/zero")
    let text = bytes.withUnsafeBytes { raw -> String in
      let source = CSVByteSource(bytes: raw, name: "bomb.csv.gz")
      let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
      defer { chunk.deallocate() }
      do throws(DataError) {
        while try source.read(into: chunk) > 0 {}
        return ""
      } catch {
        return error.description
      }
    }
    #expect(text.hasPrefix("bomb.csv.gz: E_DATA_FILE: the gzip data inflate to more than "))
    #expect(text.hasSuffix("over 100 times their size, which is the limit; this is no price file"))
  }

  @Test func blankLinesEndAtALimit() throws {
    let limit = "more than 100000 blank lines follow one another, which is the limit"
    let bomb = try compressed("printf 'date,open,high,low,close\\n'; yes '' | head -c 30000000")
    #expect(error(bomb).contains(limit))
    #expect(error(Array((header + String(repeating: "\n", count: 100_002)).utf8)).contains(limit))
    // Blank lines between rows may be more than rows.
    let days = (0..<300).map { "\(CivilDate(daysSinceEpoch: 18_000 + $0)),1,1,1,1\n\n\n" }
    #expect(error(Array(("date,open,high,low,close\n" + days.joined()).utf8)).isEmpty)
  }

  @Test(arguments: ["x\n", "2020-01-06,1,1,1,1\n", "2020-01-06,1,0,1,1\n"])
  func invalidRowsEndAtALimit(row: String) {
    let bytes = Array((header + String(repeating: row, count: 150_000)).utf8)
    #expect(error(bytes).contains("more than 100000 rows are invalid, which is the limit"))
    var options = CSVReadOptions()
    options.quality = .repair
    #expect(error(bytes, options).contains("more than 100000 rows are invalid"))
  }

  @Test func symbolsEndAtALimit() {
    var text = "symbol,date,open,high,low,close\n"
    for index in 0..<100_002 { text += "S\(index),2020-01-06,1,1,1,1\n" }
    #expect(error(Array(text.utf8)).contains("the rows name more than 100000 symbols"))
  }

  /// Days of a spreadsheet look like seconds of 1970.
  @Test func daysOfASpreadsheetAreNoTimes() throws {
    let rows = (0..<5).map { "\(36_586 + $0),1,1,1,1\n" }.joined()
    let text = "date,open,high,low,close\n" + rows
    #expect(
      csvError(text)
        == "prices.csv:2:1: E_DATA_TIME: \"36586\" is not a time, but may be the day 2000-03-01 of "
        + "a spreadsheet: write it as a date, or set 'time-format', such as epoch-s for seconds "
        + "since 1970; 4 more findings, which the command `data check` lists")
    for count in ["1", "20200", "99999999", "-5"] {
      let message = csvError("date,open,high,low,close\n\(count),1,1,1,1\n")
      #expect(message.contains("is not a time") && message.contains("epoch-s"), "\(count)")
    }
    let declared = try csvSeries(text) { $0.mapping.timeFormat = .epoch(.seconds) }
    #expect(declared[0].openTimes[0] == Timestamp(seconds: 36_586))
    // Nine digits are seconds of 1973 and later.
    let seconds = "date,open,high,low,close\n100000000,1,1,1,1\n100000060,1,1,1,1\n"
    #expect(try csvSeries(seconds)[0].openTimes[0] == Timestamp(seconds: 100_000_000))
  }

  @Test(arguments: [
    (["1899-12-30"], true), (["1900-01-01"], false), (["2200-12-31"], false),
    (["2201-01-01"], true), (["1789-05-01"], true), (["1899-12-31", "1900-01-01"], true),
    (["7258118400", "7258118460"], false), (["7900000000", "7900000060"], true),
  ])
  func otherCenturiesHaveToBeDeclared(times: [String], isRefused: Bool) throws {
    let text = "date,open,high,low,close\n" + times.map { "\($0),1,1,1,1\n" }.joined()
    let message = csvError(text)
    #expect(message.contains("is outside the years 1900 to 2200") == isRefused, "\(message)")
    #expect(message.isEmpty != isRefused)
    let declared = try csvSeries(text) {
      $0.mapping.timeFormat = Int(times[0]) == nil ? .iso : .epoch(.seconds)
    }
    #expect(declared[0].count == times.count)
  }

  @Test func columnsGivenTwiceAreRefused() throws {
    let row = "2020-01-06,1,1,1,1,5,6\n"
    #expect(
      csvError("date,open,high,low,close,volume,volume\n" + row)
        == "prices.csv:1: E_DATA_HEADER: several columns could be the volume: \"volume\" (column "
        + "6), \"volume\" (column 7); rename or remove the others in the file")
    let twins = "date,open,high,low,close,Volume,VOLUME\n" + row
    #expect(csvError(twins).hasSuffix("name one by 'data.columns.volume'"))
    #expect(try csvSeries(twins) { $0.mapping.volume = "VOLUME" }[0].volume[0] == 6)
    // A column that is not needed may be there twice.
    #expect(try csvSeries("date,open,high,low,close,note,note\n" + row)[0].count == 1)
  }

  @Test func mostBarsOutsideTheHoursAreSaid() throws {
    func bars(_ hour: Int, _ calendar: (any TradingCalendar)?) throws -> DataQualityReport {
      let rows = (0..<6).map { "2011-01-03 \(hour + $0 < 10 ? "0" : "")\(hour + $0):00,1,1,1,1\n" }
      let text = "time,open,high,low,close\n" + rows.joined()
      return DataQualityReport(try csvSeries(text) { $0.calendar = calendar }[0])
    }
    let market = TradingCalendars.named("XNYS")
    #expect(try bars(15, market).hoursNote == nil && bars(15, nil).hoursNote == nil)
    #expect(
      try bars(9, market).hoursNote
        == "most bars (6 of 6) lie outside the hours of XNYS; check the time zone of the times")
    let note = try bars(9, nil).hoursNote
    #expect(note?.hasPrefix("most bars (6 of 6) lie outside the hours of XNYS; if that") == true)
    #expect(try bars(9, nil).description.contains(note ?? "none"))
    #expect(try bars(9, AlwaysOpenCalendar()).hoursNote == nil)
  }
}
