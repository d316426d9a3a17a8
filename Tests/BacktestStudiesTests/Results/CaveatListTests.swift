@testable import BacktestCommands
@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestFiles
@testable import BacktestReports
@testable import BacktestStudies
import TestSupport
import Strategies
import Testing

/// Terminal, `result.json` and report show the same caveats in the same order. The report has those
/// that limit what figures mean in its first box, and those that only record what happened below.
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

  /// The caveats of the report: the items of its first box, then those recorded below the equity.
  private static func reported(_ outcome: StudyOutcome) throws -> [String] {
    let records = Set(outcome.caveats.filter(\.code.isRecord).map(\.message))
    let page = String(decoding: outcome.report().bytes(), as: UTF8.self)
    let first = try items(of: page, in: "notice warning")
    #expect(records.isDisjoint(with: first))
    return try first + items(of: page, in: "notice").filter(records.contains)
  }

  /// The caveats in the order of the report.
  private static func sorted(_ outcome: StudyOutcome) -> [String] {
    (outcome.caveats.filter { !$0.code.isRecord } + outcome.caveats.filter(\.code.isRecord))
      .map(\.message)
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
    let messages = outcome.caveats.map(\.message)
    #expect(try Self.reported(outcome) == Self.sorted(outcome))
    #expect(try Self.printed(outcome) == messages)
    let record = try ResultRecord(outcome, folder: ".")
    #expect(record.caveats.map(\.message) == messages)
    #expect(record.caveats.map(\.code) == outcome.caveats.map(\.code.rawValue))
    let codes = outcome.caveats.map(\.code)
    #expect(codes.prefix(2) == [.rawPrices, .splitJumps])
    #expect(codes.contains(.untestedBars) && codes.contains(.unlimitedLiquidity))
    #expect(codes.contains(.markedTrades) == (boundary == "mark"))
    #expect(Set(messages).count == messages.count)
  }

  @Test func aRunHasOneList() throws {
    let outcome = try StudyRunner.quick(
      Self.study([
        "execution={fill: next-open}", "strategy={name: buy-and-hold}",
        "walk-forward={train: 1y, test: 1y}",
      ])
    ).run()
    let messages = outcome.caveats.map(\.message)
    #expect(try Self.reported(outcome) == Self.sorted(outcome))
    #expect(try Self.printed(outcome) == messages)
    #expect(try ResultRecord(outcome, folder: ".").caveats.map(\.message) == messages)
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
