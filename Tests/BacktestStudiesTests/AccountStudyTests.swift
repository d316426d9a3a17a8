@testable import BacktestCore
@testable import BacktestStudies
import BacktestKit
import Strategies
import TestSupport
import Testing

/// Margin, financing and corporate actions as a study gives them.
struct AccountStudyTests {
  private static func study(_ overrides: [String]) throws -> Study {
    try Study(
      path: Fixture.path("studies/demo.yaml"), overrides: ["data.from=2009-01-01"] + overrides,
      catalogue: .standard)
  }

  private static func problems(_ overrides: [String]) throws -> String {
    "\(try #require(throws: DocumentError.self) { try study(overrides) })"
  }

  @Test func marginRatesArrive() throws {
    let preset = try Self.study(["account.margin={preset: reg-t}"]).configuration.account
    #expect(preset.funding == .requirements(MarginRules(.regulationT)))
    let rules = try Self.study([
      "account.margin={initial: 0.5, initial-short: 0.6, maintenance: 0.2, check: bar, "
        + "exceptions: [{symbol: IBM, initial: 1, maintenance: 0.4}, "
        + "{asset-class: future, initial: 0.1, maintenance: 0.08}, "
        + "{symbol: ES, initial: 13200, maintenance: 12000, per: contract}]}"
    ]).configuration.account.funding.margin
    var expected = MarginRules(
      MarginRates(
        initialLong: 0.5, initialShort: 0.6, maintenanceLong: 0.2, maintenanceShort: 0.2))
    expected.check = .bar
    expected.bySymbol["IBM"] = MarginRates(initial: 1, maintenance: 0.4)
    expected.bySymbol["ES"] = MarginRates(perContract: 13_200, maintenance: 12_000)
    expected.byAssetClass[.future] = MarginRates(initial: 0.1, maintenance: 0.08)
    #expect(rules == expected)
  }

  @Test func financingArrives() throws {
    let rules = try Self.study([
      "account.leverage=2",
      "account.financing={interest: 0.06, credit: 0.01, borrow: 0.005, day-count: 360, "
        + "borrow-rates: [{symbol: IBM, rate: 0.1}, {symbol: IBM, from: 2010-01-04, rate: none}]}",
    ]).configuration.account.financing
    var expected = FinancingRules()
    expected.debitRate = 0.06
    expected.creditRate = 0.01
    expected.borrowing.rate = 0.005
    expected.dayCount = .actual360
    expected.borrowing.bySymbol["IBM"] = BorrowSchedule([
      .init(date: .distantPast, rate: 0.1), .init(date: CivilDate("2010-01-04")!, rate: nil),
    ])
    #expect(rules == expected)
  }

  @Test(arguments: [
    ("account.margin={}", "'margin' needs rates"),
    ("account.margin={initial: 0.5}", "needs 'maintenance' beside it"),
    ("account.margin={initial: 0.2, maintenance: 0.3}", "must be from 0 to the initial one"),
    ("account={leverage: 2, margin: {preset: reg-t}}", "'leverage' and 'margin' both say"),
    (
      "account.margin={preset: reg-t, exceptions: [{initial: 1, maintenance: 1}]}",
      "either a 'symbol' or an 'asset-class'"
    ),
    (
      "account.margin={preset: reg-t, exceptions: [{asset-class: equity, initial: 9, "
        + "maintenance: 8, per: contract}]}", "and equity is neither"
    ),
    ("account.financing={}", "'financing' needs a rate"),
    ("account.financing={interest: 0.1, day-count: 364}", "360 or 365 days"),
    ("account.financing={borrow-rates: [{symbol: A, rate: -1}]}", "at least 0, or none"),
    (
      "account.financing={borrow-rates: [{symbol: A, rate: 1}, {symbol: A, rate: 2}]}",
      "begin on one date"
    ),
    (
      "data={calendar: XNYS, price: adjusted, actions: a.csv, files: [{path: a.csv}]}",
      "'actions' goes with raw prices"
    ),
  ])
  func mistakesAreNamed(override: String, message: String) throws {
    #expect(try Self.problems([override]).contains(message))
  }

  @Test func unknownSymbolsAreRefused() throws {
    let study = try Self.study(["account.financing={borrow-rates: [{symbol: IBN, rate: 1}]}"])
    let error = try #require(throws: StudyError.self) { try StudyRunner.quick(study).run() }
    #expect("\(error)".contains("rates of 'IBN'") && "\(error)".contains("IBM"))
  }

  @Test func marginPerContractIsRefusedForShares() throws {
    let study = try Self.study([
      "account.margin={preset: reg-t, exceptions: [{symbol: IBM, initial: 9, maintenance: 8, "
        + "per: contract}]}"
    ])
    let error = try #require(throws: StudyError.self) { try StudyRunner.quick(study).run() }
    #expect("\(error)".contains("but IBM is of the class equity"))
  }

  @Test func actionsOfOtherSymbolsAloneAreRefused() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/actions.csv"
    try PlainFile.write(
      Array("symbol,ex-date,kind,value\nibm,2010-03-01,split,2:1\n".utf8), to: path)
    let study = try Self.study(["data.price=raw", "data.actions=\(path)"])
    let error = try #require(throws: StudyError.self) { try StudyRunner.quick(study).run() }
    #expect("\(error)".contains("no symbol of the study is in this file of actions; it has ibm"))
  }

  @Test func actionsOfAFileMeetThePositions() throws {
    let overrides = [
      "data.from=2001-01-01", "data.price=raw", "data.actions=../prices/actions.csv",
      "strategy={name: buy-and-hold}", "walk-forward.grid={}",
    ]
    let outcome = try StudyRunner.quick(Self.study(overrides)).run()
    #expect(outcome.result.account.income.dividendsReceived > 0)
    #expect(outcome.result.actions.contains { $0.action.kind == .split(ratio: 2) })
    let codes = outcome.caveats.map(\.code)
    #expect(!codes.contains(.rawPrices) && !codes.contains(.splitJumps))
    let missing = try Self.study(["data.price=raw", "data.actions=none.csv"])
    #expect(throws: StudyError.self) { try StudyRunner.quick(missing).run() }
  }
}
