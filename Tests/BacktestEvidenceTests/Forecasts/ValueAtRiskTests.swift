import TestSupport
import Testing

@testable import BacktestCore
@testable import BacktestEvidence

struct ValueAtRiskTests {
  private static func agrees(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
    abs(a - b) <= tolerance
  }

  private static func agreesRelatively(_ a: Double, _ b: Double) -> Bool {
    abs(a - b) <= 1e-8 * abs(b)
  }

  /// Twenty years of the S&P 500, by three methods at two levels.
  @Test(arguments: [
    ("hs", "0.01"), ("hs", "0.05"), ("normal", "0.01"), ("normal", "0.05"), ("ewma", "0.01"),
    ("ewma", "0.05"),
  ])
  func backtestsOfTheReference(kind: String, share: String) throws {
    let oracle = try OracleValue("16_var_backtests.json")["series"]["sp500_\(kind)_\(share)"]
    let prices = try AdjustedCloses("sp500", from: "1999-01-04", to: "2018-12-31")
    let method: ValueAtRisk.Method =
      kind == "hs" ? .historical : kind == "normal" ? .normal : .exponentiallyWeighted
    let rule = ValueAtRisk(method, confidence: 1 - Double(share)!)
    let forecasts = rule.forecasts(for: prices.returns)
    let values = forecasts.map(\.value)
    #expect(forecasts.count == oracle["n"].integer)
    #expect(Self.agrees(try #require(values.first), oracle["var_first"].number, 1e-14))
    #expect(Self.agrees(try #require(values.last), oracle["var_last"].number, 1e-14))
    #expect(Self.agrees(try #require(values.min()), oracle["var_min"].number, 1e-14))
    #expect(Self.agrees(values.reduce(0, +) / Double(values.count), oracle["var_mean"].number))

    let test = try #require(ValueAtRiskBacktest(rule, returns: prices.returns))
    #expect(test.count == oracle["n"].integer && test.violations == oracle["violations"].integer)
    #expect(Self.agrees(test.coverage.statistic, oracle["lr_pof"].number))
    #expect(Self.agreesRelatively(test.coverage.pValue, oracle["p_pof"].number))
    #expect(Self.agrees(test.independence.statistic, oracle["lr_ind"].number))
    #expect(Self.agreesRelatively(test.independence.pValue, oracle["p_ind"].number))
    #expect(Self.agrees(test.conditionalCoverage.statistic, oracle["lr_cc"].number))
    #expect(Self.agreesRelatively(test.conditionalCoverage.pValue, oracle["p_cc"].number))
    let quantile = try #require(test.dynamicQuantile)
    #expect(Self.agrees(quantile.statistic, oracle["dq4"]["dq"].number))
    #expect(Self.agreesRelatively(quantile.pValue, oracle["dq4"]["p"].number))
    #expect(Self.agrees(test.shortfallStatistic, oracle["acerbi_szekely_Z2"].number))
    #expect(Self.agrees(test.quantileLoss, oracle["quantile_loss_mean"].number, 1e-14))
    let dates = prices.dates.dropFirst(251)
    let days = zip(zip(dates, prices.returns.dropFirst(250)), values)
      .filter { $0.0.1 < $0.1 }.map(\.0.0)
    #expect(days.prefix(5) == oracle["first_violations"].list.map(\.text)[...])
  }

  @Test func coverageOfTheReference() throws {
    let oracle = try OracleValue("16_var_backtests.json")
    for key in oracle["formula_cases"].keys {
      let parts = key.split(separator: "_").map { $0.drop { $0.isLetter } }
      let test = ValueAtRiskBacktest.coverage(
        violations: Int(parts[0])!, of: Int(parts[1])!, probability: Double(parts[2])!)
      let expected = oracle["formula_cases"][key]
      #expect(Self.agrees(test.statistic, expected["lr"].number), "\(key)")
      if expected["lr"].number > 1e-9 {
        #expect(Self.agreesRelatively(test.pValue, expected["p_value"].number), "\(key)")
      }
    }
    // The counts that are not rejected at 95 %, both ends included.
    let ranges = oracle["kupiec_nonrejection_95_inclusive"]
    for key in ranges.keys {
      let parts = key.split(separator: "_").map { $0.drop { $0.isLetter } }
      let range = ranges[key].list.map(\.integer)
      let accepted = (0...Int(parts[1])!).filter {
        ValueAtRiskBacktest.coverage(
          violations: $0, of: Int(parts[1])!, probability: Double(parts[0])!
        ).pValue >= 0.05
      }
      #expect(accepted == Array(range[0]...range[1]), "\(key)")
    }
    let zones = oracle["basel_traffic_light_T250_99"]
    for key in zones.keys {
      #expect(ValueAtRiskBacktest.zone(violations: Int(key)!).rawValue == zones[key]["zone"].text)
    }
  }

  @Test func withoutViolationsThereIsNoPattern() throws {
    let returns = (0..<300).map { 0.01 + 1e-4 * Double($0 % 7) }
    let test = try #require(ValueAtRiskBacktest(ValueAtRisk(.normal), returns: returns))
    #expect(test.violations == 0 && test.independence.statistic == 0)
    #expect(test.dynamicQuantile?.statistic.isFinite ?? true && test.shortfallStatistic == 1)
    #expect(ValueAtRiskBacktest(ValueAtRisk(.normal), returns: Array(returns.prefix(250))) == nil)
  }
}
