@testable import BacktestEvidence
import TestSupport
import Testing

/// Rules that nothing can satisfy are refused, and rules about a baseline know what is worse.
struct GateRuleTests {
  @Test func namesTellQuantitiesApart() {
    #expect(Set(GateQuantity.names).count == GateQuantity.names.count)
    for name in GateQuantity.names {
      #expect(GateQuantity.find(name)?.name == name)
    }
    #expect(GateQuantity.find("sharp") == nil)
  }

  @Test(
    arguments: [
      (GateRule.Check.bound("sharp", minimum: 1), "there is no quantity \"sharp\"; did you mean "),
      (.bound("qqqqqqqqqqqqq", minimum: 1), "there is no quantity \"qqqqqqqqqqqqq\"; see the list"),
      (.bound("sharpe"), "the rule about sharpe has no bound; "),
      (
        .bound("sharpe", minimum: 2, maximum: 1), "the minimum 2.0 of sharpe is above its maximum 1"
      ),
      (.bound("sharpe", minimum: .nan), "nan cannot be a bound of sharpe; "),
      (.bound("sharpe", maximum: .infinity), "inf cannot be a bound of sharpe; "),
      (.baseline("sharpe", worseBy: .absolute(-1)), "-1.0 cannot be a bound of sharpe; "),
      (.baseline("sharpe", worseBy: .relative(.nan)), "nan cannot be a bound of sharpe; "),
      (.baseline("beta", worseBy: .absolute(1)), "neither direction of beta is better, "),
    ] as [(GateRule.Check, String)])
  func rulesThatMakeNoSense(_ check: GateRule.Check, _ message: String) {
    do throws(GateError) {
      _ = try Gate(rules: [GateRule(check)])
      Issue.record("accepted: \(check)")
    } catch {
      #expect(error.description.hasPrefix(message), "\(error)")
    }
  }

  @Test func aGateNeedsRules() {
    #expect(throws: GateError.noRules) { try Gate(rules: []) }
    #expect(Gate.standardBaselineRules.allSatisfy { (try? $0.validate()) != nil })
    #expect(Gate.standard.rules.allSatisfy { (try? $0.validate()) != nil })
  }

  /// A quantity, its baseline, the tolerance, and the worst value that passes.
  @Test(
    arguments: [
      ("sharpe", 0.5, GateRule.Tolerance.absolute(0.125), 0.375),
      ("sharpe", 0.5, .relative(0.25), 0.375), ("sharpe", -0.5, .relative(0.25), -0.625),
      ("sharpe", 0, .relative(0.25), 0), ("volatility", 0.25, .absolute(0.125), 0.375),
      ("volatility", 0.5, .relative(0.5), 0.75), ("max-drawdown", -0.25, .relative(0.5), -0.375),
      ("drawdown", 0.25, .relative(0.5), 0.375), ("pbo", 0.25, .absolute(0.25), 0.5),
    ] as [(String, Double, GateRule.Tolerance, Double)])
  func worseIsDirected(
    _ name: String, _ baseline: Double, _ tolerance: GateRule.Tolerance, _ worst: Double
  ) throws {
    let quantity = try #require(GateQuantity.find(name))
    let isBetter = quantity.higherIsBetter == true
    let gate = try Gate(rules: [GateRule(.baseline(name, worseBy: tolerance))])
    func passes(_ value: Double) -> Bool {
      // The depth of a drawdown comes from the metric below zero.
      var inputs = GateVerdictTests.inputs(name == "drawdown" ? -value : value)
      inputs.baseline = GateInputs.Baseline(name: "old") { _ in GateFigure(baseline, absence: "") }
      return gate.verdict(on: inputs).passes
    }
    #expect(passes(worst) && passes(baseline))
    #expect(passes(isBetter ? worst + 1 : worst - 1))
    #expect(!passes(isBetter ? worst.nextDown : worst.nextUp))
    #expect(!passes(.nan))
  }

  @Test func aBaselineWithoutAValueFails() throws {
    let gate = try Gate(rules: [GateRule(.baseline("sharpe", worseBy: .absolute(9)))])
    var inputs = GateVerdictTests.inputs(1)
    #expect(gate.verdict(on: inputs).findings[0].change == "no value: there is no baseline")
    inputs.baseline = GateInputs.Baseline(name: "old") { _ in GateFigure(.nan, absence: "") }
    #expect(
      gate.verdict(on: inputs).findings[0].change
        == "no value: the baseline has none: it is not a finite number")
    inputs.baseline = GateInputs.Baseline(name: "old") { _ in .missing("ruined") }
    #expect(!gate.verdict(on: inputs).passes)
    #expect(
      gate.verdict(on: inputs).findings[0].change == "no value: the baseline has none: ruined")
  }

  /// Random rules over random figures, of which many have no value: a rule passes exactly where a
  /// slow and obvious check does, and never without a value.
  @Test func randomRulesPassOnlyByValues() throws {
    var random = TestRandom(seed: 9)
    let names = GateQuantity.names
    func number() -> Double? {
      switch random.below(6) {
      case 0: nil
      case 1: [Double.nan, .infinity, -.infinity][random.below(3)]
      default: Double(random.below(9) - 4)
      }
    }
    for _ in 0..<4_000 {
      let (value, low, high) = (number(), number(), number())
      let ends = [number(), number()].compactMap(\.self).filter { !$0.isNaN }.sorted()
      let interval = ends.count == 2 ? ends[0]...ends[1] : nil
      let name = names[random.below(names.count)]
      let part = GateRule.Part.allCases[random.below(3)]
      let rule = GateRule(.bound(name, of: part, minimum: low, maximum: high))
      let inputs = GateVerdictTests.inputs(value, interval: interval)
      guard let gate = try? Gate(rules: [rule, GateRule(.reproducible)]) else {
        let isWrong = (low == nil && high == nil) || [low, high].contains { $0?.isFinite == false }
        let quantity = try #require(GateQuantity.find(name))
        let range = quantity.range ?? -.infinity...(.infinity)
        let isIdle =
          low.map { $0 <= range.lowerBound || $0 > range.upperBound } ?? false
          || high.map { $0 < range.lowerBound || $0 >= range.upperBound } ?? false
        let isBackwards =
          range.upperBound.isFinite
          && (quantity.higherIsBetter == true && low == nil
            || quantity.higherIsBetter == false && high == nil)
        let hasNoEnd = part != .value && !quantity.hasInterval
        #expect(
          isWrong || isIdle || isBackwards || hasNoEnd || (low ?? 0) > (high ?? 0), "\(rule.text)")
        continue
      }
      let isKnown = value?.isFinite == true
      let isBounded = interval.map { $0.lowerBound.isFinite && $0.upperBound.isFinite } == true
      var judged = isKnown ? value : nil
      var range = isBounded ? interval : nil
      if name == "drawdown" {
        judged = judged.map { 0 - $0 }
        range = range.map { (0 - $0.upperBound)...(0 - $0.lowerBound) }
      }
      if part != .value {
        judged = isKnown ? (part == .lower95 ? range?.lowerBound : range?.upperBound) : nil
      }
      var expected = judged != nil
      if let judged, let low, judged < low { expected = false }
      if let judged, let high, judged > high { expected = false }
      let verdict = gate.verdict(on: inputs)
      #expect(verdict.passes == expected, "\(rule.text): \(inputs.metric("sharpe"))")
      #expect(verdict.findings[0].value == judged)
    }
  }
}
