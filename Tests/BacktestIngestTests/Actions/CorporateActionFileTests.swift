import BacktestCore
@testable import BacktestIngest
import Testing

/// Files of corporate actions, and what is wrong with others.
struct CorporateActionFileTests {
  private func read(_ text: String) throws -> [CorporateAction] {
    try CorporateActionFile().load(bytes: Array(text.utf8), name: "actions.csv")
  }

  private func refusal(_ text: String) -> String {
    do {
      _ = try read(text)
      return ""
    } catch let error as DataError {
      return error.description
    } catch {
      return "\(error)"
    }
  }

  private static let header = "symbol,ex-date,kind,value,pay-date,new-symbol\n"

  @Test func everyKind() throws {
    let actions = try read(
      Self.header + """
        AAPL,2005-02-28,split,2:1,,
        C,2011-05-09,reverse-split,1:10,,
        AAPL,2012-08-09,dividend,2.65,2012-08-16,
        MSFT,2004-11-15,special-dividend,3.08,,
        FB,2022-06-09,symbol-change,,,META
        LEH,2012-03-06,delisting,,,
        TWTR,2022-10-28,merger-cash,54.20,,
        XLNX,2022-02-14,merger-shares,1.7234,,AMD

        """)
    func date(_ text: String) -> CivilDate { CivilDate(text)! }
    let expected = [
      CorporateAction("AAPL", on: date("2005-02-28"), .split(ratio: 2)),
      CorporateAction("C", on: date("2011-05-09"), .split(ratio: 0.1)),
      CorporateAction(
        "AAPL", on: date("2012-08-09"), .dividend(2.65), payDate: date("2012-08-16")),
      CorporateAction("MSFT", on: date("2004-11-15"), .specialDividend(3.08)),
      CorporateAction("FB", on: date("2022-06-09"), .symbolChange(to: "META")),
      CorporateAction("LEH", on: date("2012-03-06"), .delisting(price: 0)),
      CorporateAction("TWTR", on: date("2022-10-28"), .cashMerger(price: 54.20)),
      CorporateAction(
        "XLNX", on: date("2022-02-14"), .shareMerger(ratio: 1.7234, into: "AMD")),
    ]
    #expect(actions == expected)
  }

  @Test func columnsMayBeMissingOrCalledOtherwise() throws {
    let actions = try read("Ticker;Type;Date;Ratio\nA;Split;2020-01-02;3/2\n")
    #expect(actions == [CorporateAction("A", on: CivilDate("2020-01-02")!, .split(ratio: 1.5))])
  }

  @Test(arguments: [
    ("A,2020-13-02,split,2,,", "actions.csv:2:3: E_DATA_TIME"),
    ("A,2020-01-02,splitt,2,,", "actions.csv:2:14: E_DATA_ROW: \"splitt\" is no kind of action"),
    ("A,2020-01-02,split,two,,", "actions.csv:2:20: E_DATA_NUMBER"),
    ("A,2020-01-02,split,0.5,,", "make a reverse-split"),
    ("A,2020-01-02,reverse-split,10,,", "make a split"),
    ("A,2020-01-02,dividend,-1,,", "must be above 0"),
    ("A,2020-01-02,dividend,1,2019-12-31,", "before its ex-date"),
    ("A,2020-01-02,split,2,2020-01-05,", "only dividends have a pay date"),
    ("A,2020-01-02,merger-shares,2,,", "needs the column 'new-symbol'"),
    (",2020-01-02,split,2,,", "the symbol is missing"),
    ("A,2020-01-02,split,2", "the row has 4 fields, the header has 6"),
    ("A,2020-01-02,split,2,,\nA,2020-01-02,split,2,,", "actions.csv:3: E_DATA_DUPLICATE"),
  ])
  func whatIsWrongIsSaidWithItsPlace(row: String, message: String) {
    #expect(refusal(Self.header + row + "\n").contains(message))
  }

  @Test func aFileOfSomethingElseIsRefused() {
    #expect(refusal("date,open,close\n2020-01-02,1,2\n").contains("no column \"symbol\""))
    #expect(refusal("").contains("the file is empty"))
  }
}
