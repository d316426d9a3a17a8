@testable import BacktestCore
@testable import BacktestStudies
import BacktestFiles
import BacktestKit
import TestSupport
import Strategies
import Testing

/// The exits of a study: how they are read, what they refuse, and what a result says of them.
struct StudyExitsTests {
  private func demo(_ overrides: [String]) throws -> Study {
    try Study(
      path: Fixture.path("studies/demo.yaml"), overrides: overrides, catalogue: .standard)
  }

  private func problems(_ overrides: [String]) throws -> String {
    "\(try #require(throws: DocumentError.self) { try demo(overrides) })"
  }

  @Test func everyKeyIsRead() throws {
    let rules = try demo([
      "exits={stop-loss: 5 %, take-profit: 2.5, trailing-stop: 3 atr, break-even: 4%, "
        + "time-exit: 5 sessions, atr-bars: 20, re-entry: at-once, "
        + "scale-out: [{at: 4%, share: 0.25}, {at: 2 atr, share: 0.5}]}"
    ]).configuration.exits
    var expected = ExitRules()
    expected.stopLoss = .percent(5)
    expected.takeProfit = .amount(2.5)
    expected.trailingStop = .averageTrueRanges(3)
    expected.breakEven = .percent(4)
    expected.timeExit = .sessions(5)
    expected.rangeBars = 20
    expected.reentry = .atOnce
    expected.scaleOut = [
      PartialExit(at: .percent(4), share: 0.25), PartialExit(at: .averageTrueRanges(2), share: 0.5),
    ]
    #expect(rules == expected)
    #expect(try demo([]).configuration.exits == ExitRules())
  }

  @Test func mistakesAreNamed() throws {
    #expect(try problems(["exits={stop-los: 5%}"]).contains("stop-loss"))
    for text in ["0", "-5%", "5 pct", "true", "[5]", "nan%", "1e999"] {
      #expect(
        try problems(["exits={stop-loss: \(text)}"]).contains(
          "a distance above 0 such as 5%, 2.5 or 3 atr"), "\(text)")
    }
    #expect(try problems(["exits={stop-loss: 100%}"]).contains("below 100 %"))
    for text in ["20", "0 bars", "2 weeks", "-1 sessions", "1.5 bars"] {
      #expect(try problems(["exits={time-exit: \(text)}"]).contains("such as 20 bars"), "\(text)")
    }
    #expect(try problems(["exits={scale-out: [{at: 5%}]}"]).contains("share"))
    #expect(try problems(["exits={scale-out: [{at: 5%, share: 1.5}]}"]).contains("at most 1"))
    #expect(
      try problems(["exits={scale-out: [{at: 5%, share: 0.6}, {at: 6%, share: 0.6}]}"])
        .contains("above 1"))
    #expect(
      try problems(["exits={take-profit: 9%, scale-out: [{at: 5%, share: 1}]}"])
        .contains("leave one of the two out"))
    #expect(
      try problems([
        "execution={}", "account={accounting: {rule: weights}}", "exits={stop-loss: 5%}",
      ]).contains("'exits' are orders"))
  }

  @Test func theExampleClosesPositionsByAllItsRules() throws {
    let study = try Study(path: Fixture.path("studies/exits.yaml"), catalogue: .standard)
    let result = try StudyRunner.quick(study).run().result
    let orders = Dictionary(uniqueKeysWithValues: result.orders.map { ($0.id, $0) })
    var used: Set<Order.ExitRule> = []
    for fill in result.fills {
      guard let order = orders[fill.order], let rule = order.exitRule else { continue }
      used.insert(rule)
      // Inside a bar a limit trades at its price.
      if rule == .scaleOut, fill.isIntrabar { #expect(fill.reference == order.kind.price) }
      #expect(fill.quantity < 0, "every position is long")
    }
    #expect(used.isSuperset(of: [.stopLoss, .scaleOut, .trailingStop]))
    #expect(result.trades.allSatisfy { $0.barCount <= 126 })
    // Half of a position, down to the share, is for the limit.
    #expect(result.trades.count > 20 && result.account.cash > 0)
  }

  @Test(arguments: [false, true]) func resultsSayWhichOrdersAreExits(_ walksForward: Bool) throws {
    let exits = "exits={stop-loss: 4%, take-profit: 8%, time-exit: 30 bars}"
    let folds = walksForward ? [] : ["walk-forward=null"]
    let outcome = try StudyRunner.quick(demo(["data.from=2006-01-01", exits] + folds)).run()
    let rules = outcome.result.orders.compactMap(\.exitRule)
    #expect(Set(rules).isSuperset(of: [.stopLoss, .takeProfit]))
    let scratch = try ScratchFolder()
    _ = try outcome.write(to: scratch.path)
    func text(_ name: String) throws -> String {
      String(decoding: try FileBytes.read("\(scratch.path)/\(name)"), as: UTF8.self)
    }
    let rows = try text("orders.csv").split(separator: "\n")
    #expect(rows[0].hasSuffix(",liquidation,exit_rule"))
    #expect(rows.count { $0.hasSuffix(",stop-loss") } == rules.count { $0 == .stopLoss })
    let page = try text("report.html")
    #expect(page.contains("A stop 4 % behind the average entry price closes a position."))
    let read = try ResultRecord(path: scratch.path + "/result.json")
    #expect(read.setting("exits.stop-loss") == .choice("4%"))
    #expect(read.setting("exits.re-entry") == .choice("new-target"))
    let plain = try StudyRunner.quick(demo(["data.from=2009-01-01", "walk-forward=null"])).run()
    _ = try plain.write(to: scratch.path)
    #expect(try !text("result.json").contains("\"exits\""))
  }
}
