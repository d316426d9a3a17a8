package import BacktestCore

/// A rule for value at risk, and whether it forecast the losses of a run.
package struct TestedValueAtRisk: Hashable, Sendable {
  /// The rule.
  package let rule: ValueAtRisk
  /// Its test on the returns that it forecast.
  package let test: ValueAtRiskBacktest

  /// How many returns lie below their forecast if the rule is right.
  package var expected: Double { Double(test.count) * (1 - rule.confidence) }

  /// All methods at 95 % and 99 % confidence, each forecasting from the 250 returns before; none
  /// where there are less than twice as many.
  package static func all(on returns: [Double]) -> [TestedValueAtRisk] {
    let window = 250
    guard returns.count >= 2 * window else { return [] }
    let rules = [0.95, 0.99].flatMap { confidence in
      ValueAtRisk.Method.allCases.map {
        ValueAtRisk($0, confidence: confidence, window: window)
      }
    }
    let tests = parallelMap(count: rules.count) { (index) throws(Never) in
      // The regression takes longer than all other tests, and is not reported.
      ValueAtRiskBacktest(rules[index], returns: returns, testsDynamicQuantile: false)
    }
    return zip(rules, tests).compactMap { rule, test in
      test.map { TestedValueAtRisk(rule: rule, test: $0) }
    }
  }
}
