import BacktestCore
import BacktestFiles
@testable import BacktestIngest
import TestSupport
import Testing

/// Files of returns that somebody has, good and bad.
struct CSVReturnsTests {
  private func read(_ text: String) throws(DataError) -> CSVReturns {
    try read(Array(text.utf8))
  }

  private func read(_ bytes: [UInt8]) throws(DataError) -> CSVReturns {
    guard let folder = try? ScratchFolder(),
      (try? FileBytes.write(bytes, to: "\(folder.path)/r.csv")) != nil
    else {
      throw DataError(.unreadableFile, file: "r.csv", "the test cannot write")
    }
    return try CSVReturns("\(folder.path)/r.csv")
  }

  /// The finding, without the folder of the file.
  private func refusal(_ bytes: [UInt8]) -> String {
    do throws(DataError) {
      _ = try read(bytes)
      return "nothing"
    } catch {
      let text = "\(error.issues[0])"
      return text.firstRange(of: "r.csv").map { String(text[$0.lowerBound...]) } ?? text
    }
  }

  /// Ways to write two returns of 1 % and -2 % on 2 and 3 January 2020.
  @Test(arguments: [
    "date,return\n2020-01-02,0.01\n2020-01-03,-0.02\n",
    "\u{FEFF}Date,Return\r\n2020-01-02,0.01\r\n2020-01-03,-0.02\r\n",
    "date;return\n2020-01-02;0,01\n2020-01-03;-0,02\n",
    "date;return\n2020-01-02;0.01\n2020-01-03;-0.02\n",
    "date\treturn\n2020-01-02\t0.01\n2020-01-03\t-0.02",
    ",0\n2020-01-02,1e-2\n2020-01-03,-2e-2\n",
    "return,date\n0.01,2020-01-02\n\n-0.02,2020-01-03\n",
    "\"date\",\"return\"\n\"2020-01-02\",\"0.01\"\n\"2020-01-03\",\"-0.02\"\n",
    // The date is the one that is written, in whatever zone.
    "date,return\n2020-01-02T00:00:00+02:00,0.01\n2020-01-03T00:00:00+02:00,-0.02\n",
    "date,return\n2020-01-02 00:00:00-05:00,0.01\n2020-01-03 00:00:00-05:00,-0.02\n",
    "date,return\n2020-01-02 16:00:00,0.01\n2020-01-03 16:00:00,-0.02\n",
    "date,return\n2020-01-02T23:30:00Z,0.01\n2020-01-03T23:30:00Z,-0.02\n",
  ])
  func onlyTheReturnsCount(text: String) throws {
    let rows = try read(text).rows
    #expect(rows.map(\.value) == [0.01, -0.02], "\(text)")
    #expect(rows.map(\.date.description) == ["2020-01-02", "2020-01-03"], "\(text)")
  }

  private static let header = "date,return\n"
  private static let first = "date,return\n2020-01-02,0.01\n"
  private static let prices = (10...31).map { "2020-01-\($0),0.3\($0)\n" }.joined()

  /// A file, and the beginning of what is said of it.
  struct Fault: Sendable {
    var text: String
    var message: String

    init(_ text: String, _ message: String) {
      self.text = text
      self.message = message
    }
  }

  /// Each fault is told with its line, and with what to do.
  private static let faults: [Fault] = [
    Fault(
      "",
      "r.csv: E_DATA_FILE: the file is empty; a header line and rows are needed"),
    Fault(
      header,
      "r.csv: E_DATA_FILE: no row has a return; write a date and a return on each line"),
    Fault(
      "2020-01-02,0.01\n2020-01-03,0.01\n",
      "r.csv:1: E_DATA_HEADER: there is no header; begin the"),
    Fault(
      "fund,month\nA,1\n",
      "r.csv:1: E_DATA_HEADER: no column holds dates; begin the file with a"),
    Fault(
      "date\n2020-01-02\n",
      "r.csv:1: E_DATA_HEADER: there is no column of returns; begin the"),
    Fault(
      "date,a,b\n2020-01-02,0.1,0.2\n",
      "r.csv:1: E_DATA_HEADER: it has 2 columns beside the"),
    Fault(
      header + "date,return\n",
      "r.csv:2:1: E_DATA_TIME: \"date\" is not a date; write dates as 2024-01-31"),
    Fault(
      first + "2020-01-02,0.02\n",
      "r.csv:3:1: E_DATA_DUPLICATE: 2020-01-02 has a return on line 2"),
    Fault(
      header + "2020-01-02 10:00,0.01\n2020-01-02 11:00,0.01\n",
      "r.csv:3:1: E_DATA_DUPLICATE: 2020-01-02 has a return on line 2 already; compound the"),
    Fault(
      first + "2020-01-01,0.02\n",
      "r.csv:3:1: E_DATA_ORDER: 2020-01-01 comes after 2020-01-02 of"),
    Fault(
      first + "2020-01-03,1%\n",
      "r.csv:3:12: E_DATA_NUMBER: \"1%\" has a percent sign; write 0.01"),
    Fault(
      first + "2020-01-03,\"0,02\"\n",
      "r.csv:3:12: E_DATA_NUMBER: \"0,02\" is not a number; write"),
    Fault(
      first + "2020-01-03,0,02\n",
      "r.csv:3: E_DATA_ROW: the row has 3 fields, the header has 2; give"),
    Fault(
      first + "2020-01-03\n",
      "r.csv:3: E_DATA_ROW: the row has 1 field, the header has 2; give each"),
    Fault(
      first + "2020-01-03,NaN\n",
      "r.csv:3:12: E_DATA_NUMBER: \"NaN\" is not a return; write a number"),
    Fault(
      first + "2020-01-03,inf\n",
      "r.csv:3:12: E_DATA_NUMBER: \"inf\" is not a return; write a number"),
    Fault(
      first + "2020-01-03,\n",
      "r.csv:3:12: E_DATA_NUMBER: it is empty; write a number, 0 for none"),
    Fault(
      first + "2020-01-03,good\n",
      "r.csv:3:12: E_DATA_NUMBER: \"good\" is not a number; write a"),
    Fault(
      first + "2020-01-03,-1.01\n",
      "r.csv:3:12: E_DATA_NUMBER: \"-1.01\" is a loss of more than"),
    Fault(
      first + "2020-01-03,1e308\n2020-01-04,9\n",
      "r.csv:4:12: E_DATA_NUMBER: with a return of 9"),
    Fault(
      first + "2020-01-03,55\n",
      "r.csv:3: E_DATA_NUMBER: the returns are 2,750.5% on average, and"),
    Fault(
      first + "2020-02-30,0.1\n",
      "r.csv:3:1: E_DATA_TIME: \"2020-02-30\" is not a date; write"),
    Fault(
      first + "Total,0.1\n",
      "r.csv:3:1: E_DATA_TIME: \"Total\" is not a date; write dates as"),
    Fault(
      first + "2020-01-03,0.\u{0}1\n",
      "r.csv:3: E_DATA_ROW: a NUL byte; this is not a CSV file"),
    Fault(
      first + "\"2020-01-03,0.01\n",
      "r.csv:3: E_DATA_ROW: a quote opens or closes in the wrong"),
    Fault(
      "date,Close\n" + prices,
      "r.csv:2: E_DATA_NUMBER: no value of the column \"Close\" is below"),
    Fault(
      "date,x\n" + prices,
      "r.csv:2: E_DATA_NUMBER: no value of the column \"x\" is below zero"),
  ]

  @Test(arguments: faults)
  func faultsHaveTheirLineAndAdvice(fault: Fault) {
    let found = refusal(Array(fault.text.utf8))
    #expect(found.hasPrefix(fault.message), "\(found)")
  }

  @Test func whatIsNoFileIsSaid() throws {
    let folder = try ScratchFolder()
    for path in [folder.path, "\(folder.path)/none.csv"] {
      do throws(DataError) {
        _ = try CSVReturns(path)
        Issue.record("\(path) was read")
      } catch {
        let text = "\(error.issues[0])"
        #expect(text.contains("cannot open: "), "\(text)")
        #expect(text.hasSuffix("; name a CSV file of dates and returns"), "\(text)")
      }
    }
    let wide = Array("date,return\n2020-01-02,0.01\n".utf16).flatMap {
      [UInt8($0 & 0xFF), UInt8($0 >> 8)]
    }
    #expect(refusal([0xFF, 0xFE] + wide).contains("save it as UTF-8"))
  }

  /// A total loss is a return; the last of them.
  @Test func everythingMayBeLost() throws {
    #expect(try read(Self.first + "2020-01-03,-1\n").rows.map(\.value) == [0.01, -1])
    #expect(try read("date,close\n2020-01-02,0.01\n2020-01-03,-0.01\n").rows.count == 2)
  }
}
