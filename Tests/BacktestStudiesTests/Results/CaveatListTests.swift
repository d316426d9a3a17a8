@testable import BacktestCommands
@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestFiles
@testable import BacktestReports
@testable import BacktestStudies
import TestSupport
import Strategies
import Testing

/// Terminal, `result.json`, page and Markdown show the same caveats in the same order.
struct CaveatListTests {
  /// The demo's shares at raw prices, with costs or without.
  private static func study(_ overrides: [String]) throws -> Study {
    try Study(
      path: Fixture.path("studies/demo.yaml"),
      overrides: [
        "data.price=raw", "data.files=[{path: ../prices/AAPL.csv, symbol: AAPL}]",
        "walk-forward.grid={fast: [5, 10], slow: [50]}",
      ] + overrides, catalogue: .standard)
  }

  /// The caveats of the page: the items of its first box.
  private static func reported(_ outcome: StudyOutcome) throws -> [String] {
    let page = String(decoding: outcome.report().bytes(), as: UTF8.self)
    return try items(of: page, in: "notice warning")
  }

  /// The caveats of the Markdown form, as it escapes them.
  private static func marked(_ outcome: StudyOutcome) throws -> [String] {
    let text = String(decoding: outcome.report().markdown(), as: UTF8.self)
    let start = try #require(text.firstRange(of: "**Caveats: read these first**\n\n")).upperBound
    return text[start...].prefix { $0 != "|" }.split(separator: "\n").map {
      String($0.dropFirst(2))
    }
  }

  /// Holds page, Markdown, terminal and `result.json` to the list of the outcome.
  private static func expectOneList(_ outcome: StudyOutcome) throws {
    let messages = outcome.caveats.map(\.message)
    #expect(try reported(outcome) == messages)
    #expect(try marked(outcome) == messages.map(MarkdownText.escaped))
    #expect(try printed(outcome) == messages)
    let record = try ResultRecord(outcome, folder: ".")
    #expect(record.caveats.map(\.message) == messages)
    #expect(record.caveats.map(\.code) == outcome.caveats.map(\.code.rawValue))
    #expect(Set(messages).count == messages.count)
  }

  /// The items of the report's first box of a kind.
  private static func items(of page: String, in kind: String) throws -> [String] {
    let start = try #require(page.firstRange(of: "<aside class=\"\(kind)\"")).upperBound
    let end = try #require(page[start...].firstRange(of: "</aside>")).lowerBound
    return page[start..<end].split(separator: "<li>").dropFirst().map { item in
      String(item.prefix { $0 != "<" }).replacing("&#39;", with: "'").replacing(
        "&quot;", with: "\""
      )
      .replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&amp;", with: "&")
    }
  }

  /// The items on the terminal.
  private static func printed(_ outcome: StudyOutcome) throws -> [String] {
    let text = ResultSummary(outcome).text
    let start = try #require(text.firstRange(of: "\nCaveats:\n")).upperBound
    return text[start...].split(separator: "\n").prefix { $0.hasPrefix("- ") }.map {
      String($0.dropFirst(2))
    }
  }

  @Test(arguments: ["liquidate", "mark", "carry"])
  func aWalkForwardHasOneList(boundary: String) throws {
    let outcome = try StudyRunner.quick(Self.study(["walk-forward.boundary=\(boundary)"]))
      .walkForward()
    try Self.expectOneList(outcome)
    let codes = outcome.caveats.map(\.code)
    #expect(codes.prefix(2) == [.rawPrices, .splitJumps])
    #expect(codes.contains(.untestedBars) && codes.contains(.unlimitedLiquidity))
    #expect(codes.contains(.markedTrades) == (boundary == "mark"))
  }

  @Test func aRunHasOneList() throws {
    let outcome = try StudyRunner.quick(
      Self.study([
        "execution={fill: next-open}", "strategy={name: buy-and-hold}",
        "walk-forward={train: 1y, test: 1y}",
      ])
    ).run()
    let messages = outcome.caveats.map(\.message)
    try Self.expectOneList(outcome)
    let codes = outcome.caveats.map(\.code)
    #expect(
      codes == [.rawPrices, .splitJumps, .noCosts, .unlimitedLiquidity, .fewTrades])
    #expect(
      messages[0].hasPrefix(
        "Prices are raw, but the data has adjusted closes whose returns differ: AAPL ("))
    // Two shares for one in February 2005.
    #expect(messages[0].contains("On 2005-02-28 the price moved by"))
    #expect(messages[1].contains("AAPL on 2005-02-28 (−49.6%)"))
  }

  @Test func usedAdjustmentsAreNoCaveat() throws {
    let outcome = try StudyRunner.quick(Self.study(["data.price=adjusted"])).run()
    #expect(!outcome.caveats.contains { [.rawPrices, .splitJumps].contains($0.code) })
  }

  /// The jump of 2005 lies before the study, that of 2014 in it.
  @Test(arguments: [("2006-01-03", false), ("2004-01-02", true)])
  func faultsOutsideOfTheStudyAreNoCaveats(from: String, hasJump: Bool) throws {
    let outcome = try StudyRunner.quick(
      Self.study(["data.from=\(from)", "data.to=2012-12-31", "data.price=raw"])
    ).run()
    let codes = outcome.caveats.map(\.code)
    #expect(codes.contains(.splitJumps) == hasJump)
    #expect(!codes.contains(.priceJumps))
    try Self.expectOneList(outcome)
  }

  /// Two files of the same days: in one the price falls by 45 % and a session is missing.
  @Test func jumpsAndGapsAreOnEveryList() throws {
    let folder = try ScratchFolder()
    var rows = ["Date,Open,High,Low,Close,Volume"]
    var price = 100.0
    for day in 0..<60 {
      let date = CivilDate(daysSinceEpoch: 19_723 + day)
      guard day % 7 < 5, day != 30 else { continue }
      if day == 16 || day == 44 { price *= 0.58 }
      price *= day.isMultiple(of: 2) ? 1.01 : 0.99
      rows.append("\(date),\(price),\(price),\(price),\(price),1000")
    }
    let path = folder.path + "/a.csv"
    try FileBytes.write(Array((rows.joined(separator: "\n") + "\n").utf8), to: path)
    func codes(_ overrides: [String]) throws -> [ResultCaveat.Code: String] {
      let outcome = try StudyRunner.quick(
        Self.study(
          [
            "data.files=[{path: \(path), symbol: A}]", "data.calendar=weekdays",
            "strategy={name: buy-and-hold}", "walk-forward={train: 20, test: 10}",
            "regimes=[]",
          ] + overrides)
      ).run()
      try Self.expectOneList(outcome)
      return Dictionary(outcome.caveats.map { ($0.code, $0.message) }) { first, _ in first }
    }
    let whole = try codes([])
    #expect(whole[.priceJumps]?.contains("one before: A (2). ") == true)
    #expect(whole[.missingBars]?.contains("A (1 session)") == true)
    let first = try codes(["data.to=2024-01-26"])
    #expect(first[.priceJumps]?.contains("one before: A (1). ") == true)
    #expect(first[.missingBars] == nil)
    let last = try codes(["data.from=2024-02-19"])
    #expect(last[.priceJumps] == nil && last[.missingBars] == nil)
  }

  @Test func whatTheReportSaysOfWeights() throws {
    let outcome = try StudyRunner.quick(
      Self.study(["execution={}", "account={accounting: {rule: weights, fee: 0.001}}"])
    ).run()
    let page = String(decoding: outcome.report().bytes(), as: UTF8.self)
    #expect(!page.contains("account.funding") && !page.contains("account.leverage"))
    #expect(!page.contains(">Slippage<") && !page.contains("commission and slippage"))
    #expect(page.contains(">Fees<") && page.contains("fees for changes of weights"))
  }

  /// A file is listed once, under the digest that `result.json` has.
  @Test func dataFilesAreListedOnce() throws {
    let folder = try ScratchFolder()
    let outcome = try StudyRunner.quick(Self.study(["data.price=adjusted"])).run()
    let record = try outcome.write(to: folder.path)
    let page = String(decoding: try FileBytes.read(folder.path + "/report.html"), as: UTF8.self)
    let digest = try #require(record.data.first?.sha256)
    #expect(page.contains(">SHA-256</th>") && page.contains(digest))
    #expect(!page.contains("128 bits"))
    #expect(page.ranges(of: "../prices/AAPL.csv").count == 1)
  }
}
