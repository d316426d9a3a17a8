@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestStudies
import BacktestFiles
import BacktestKit
import TestSupport
import Strategies
import Testing

/// The limits of a study: how they are read, what they refuse, and what a result says of them.
struct StudyRiskTests {
  private func demo(_ overrides: [String]) throws -> Study {
    try Study(
      path: Fixture.path("studies/demo.yaml"), overrides: overrides, catalogue: .standard)
  }

  private func problems(_ overrides: [String]) throws -> String {
    "\(try #require(throws: DocumentError.self) { try demo(overrides) })"
  }

  @Test func everyKeyIsRead() throws {
    let rules = try demo([
      "risk={on-limit: reject, restricted: [IBM], long-only: true, order-quantity: 10, "
        + "order-notional: 20, orders-per-session: 3, position: 0.4, gross-exposure: 50, "
        + "net-exposure: 60, leverage: 1.5, net-leverage: 0.5, turnover-per-session: 0.25, "
        + "kill-switch: 0.6, value-at-risk: {limit: 0.02, method: ewma, confidence: 0.95, "
        + "window: 100, decay: 0.9}, circuit-breaker: {move: 0.1, bars: 5, halt: 7, "
        + "scope: universe}, drawdown: {reduce: 0.1, scale: 0.25, halt: 0.3, cool-down: 9}}"
    ]).configuration.risk
    var expected = RiskRules()
    expected.onLimit = .reject
    expected.restrictedSymbols = ["IBM"]
    expected.isLongOnly = true
    expected.orderQuantity = 10
    expected.orderNotional = 20
    expected.ordersPerSession = 3
    expected.position = 0.4
    expected.grossExposure = 50
    expected.netExposure = 60
    expected.leverage = 1.5
    expected.netLeverage = 0.5
    expected.turnoverPerSession = 0.25
    expected.killSwitch = 0.6
    expected.valueAtRisk = ValueAtRiskLimit(
      0.02,
      ValueAtRisk(.exponentiallyWeighted, confidence: 0.95, window: 100, decay: 0.9))
    expected.circuitBreaker = CircuitBreaker(move: 0.1, bars: 5, haltBars: 7, scope: .universe)
    expected.drawdown = DrawdownGuard(
      reduceAt: 0.1, scale: 0.25, haltAt: 0.3, coolDownSessions: 9)
    #expect(rules == expected)
    #expect(try demo([]).configuration.risk == RiskRules())
    let defaults = try demo(["risk={drawdown: {halt: 0.2}, value-at-risk: {limit: 0.01}}"])
      .configuration.risk
    #expect(defaults.drawdown == DrawdownGuard(haltAt: 0.2))
    #expect(defaults.valueAtRisk == ValueAtRiskLimit(0.01))
  }

  @Test func mistakesAreNamed() throws {
    #expect(try problems(["risk={levrage: 2}"]).contains("leverage"))
    #expect(try problems(["risk={leverage: 0}"]).contains("a number above 0"))
    #expect(try problems(["risk={kill-switch: 1.5}"]).contains("at most 1"))
    #expect(try problems(["risk={drawdown: {}}"]).contains("needs 'reduce', 'halt' or both"))
    #expect(
      try problems(["risk={drawdown: {halt: 0.1, scale: 0.5}}"]).contains(
        "'scale' goes with 'reduce'"))
    #expect(
      try problems(["risk={drawdown: {reduce: 0.3, halt: 0.2}}"]).contains(
        "has to reduce before it halts"))
    #expect(try problems(["risk={value-at-risk: {method: normal}}"]).contains("limit"))
    #expect(try problems(["risk={circuit-breaker: {move: 0.1, scope: sector}}"]).contains("scope"))
    #expect(
      try problems([
        "execution={}", "account={accounting: {rule: weights}}", "risk={leverage: 1}",
      ]).contains("'risk' limits orders"))
    let unknown = #expect(throws: StudyError.self) {
      try StudyRunner.quick(demo(["data.from=2009-01-01", "risk={restricted: [NONE]}"])).run()
    }
    #expect(
      "\(try #require(unknown))".contains(
        "'risk.restricted': 'NONE' is restricted, and is not in the data"))
  }

  @Test(arguments: [false, true]) func resultsHaveEveryBreach(_ walksForward: Bool) throws {
    let limits = "risk={position: 0.2, drawdown: {reduce: 0.05, halt: 0.15, cool-down: 10}}"
    let folds = walksForward ? [] : ["walk-forward=null"]
    let outcome = try StudyRunner.quick(demo(["data.from=2006-01-01", limits] + folds)).run()
    let breaches = outcome.result.riskBreaches
    #expect(Set(breaches.map(\.limit)).isSuperset(of: [.position, .drawdownReduce]))
    #expect(breaches.map(\.time) == breaches.map(\.time).sorted())
    let known = Set(outcome.result.orders.map(\.id))
    #expect(breaches.compactMap(\.order).allSatisfy(known.contains))
    for breach in breaches where breach.limit == .position && breach.action == .rejected {
      let order = try #require(breach.order)
      #expect(
        outcome.result.outcomes.contains {
          $0.order == order && $0.kind == .rejected(.position)
        })
    }

    let scratch = try ScratchFolder()
    _ = try outcome.write(to: scratch.path)
    let rows = try String(decoding: FileBytes.read("\(scratch.path)/risk.csv"), as: UTF8.self)
      .split(separator: "\n")
    #expect(rows[0] == "time,limit,symbol,order,value,bound,action")
    #expect(rows.count == breaches.count + 1)
    func text(_ name: String) throws -> String {
      String(decoding: try FileBytes.read("\(scratch.path)/\(name)"), as: UTF8.self)
    }
    let page = try text("report.html")
    #expect(page.contains("Limits that were met") && page.contains("Value at risk of the next bar"))
    #expect(try text("result.json").contains("\"breaches\": \(breaches.count)"))
    let read = try ResultRecord(path: scratch.path + "/result.json")
    #expect(read.setting("risk.position") == .number(0.2))
    #expect(read.setting("risk.drawdown.cool-down") == .integer(10))

    // A later run without limits leaves no table behind.
    let plain = try StudyRunner.quick(demo(["data.from=2009-01-01", "walk-forward=null"])).run()
    _ = try plain.write(to: scratch.path)
    #expect(scratch.text("risk.csv") == nil)
    #expect(try !text("result.json").contains("\"risk\""))
  }

  /// Who holds the index has its returns, so that the tests of value at risk are those of the
  /// reference.
  @Test func aResultHasTheTestsOfValueAtRiskOfTheReference() throws {
    let text = """
      strategy: {name: buy-and-hold}
      execution: {fill: same-close}
      data:
        calendar: XNYS
        price: adjusted
        from: 1999-01-04
        to: 2018-12-31
        files: [{path: \(Fixture.path("prices/sp500.csv")), symbol: SPX, lot: fractional}]
      """
    let document = try DocumentReader.read(Array(text.utf8), name: "s.yaml", format: .yaml)
    let study = try Study(document: document, folder: ".", overrides: [], catalogue: .standard)
    let outcome = try StudyRunner.quick(study).run()
    let json = try ResultRecord(outcome, folder: ".").json(outcome)
    let tests = try OracleValue(text: json.text)["value-at-risk"].list
    #expect(tests.count == 6)
    let oracle = try OracleValue("16_var_backtests.json")["series"]
    let kinds = ["historical": "hs", "normal": "normal", "ewma": "ewma"]
    for written in tests {
      let share = written["confidence"].number == 0.95 ? "0.05" : "0.01"
      let expected = oracle["sp500_\(try #require(kinds[written["method"].text]))_\(share)"]
      #expect(written["forecasts"].integer == expected["n"].integer)
      #expect(written["violations"].integer == expected["violations"].integer)
      for (key, name) in [
        ("coverage", "pof"), ("independence", "ind"), ("conditional-coverage", "cc"),
      ] {
        let (found, place) = (written[key], "\(key) \(share)")
        #expect(
          abs(found["statistic"].number - expected["lr_\(name)"].number) < 1e-8, "\(place)")
        #expect(abs(found["p-value"].number - expected["p_\(name)"].number) < 1e-8, "\(place)")
      }
    }
    #expect(TestedValueAtRisk.all(on: Array(repeating: 0.01, count: 499)).isEmpty)
  }
}
