@testable import BacktestEvidence
import TestSupport
import Testing

/// A gate passes only by what is known.
struct GateVerdictTests {
  /// Inputs in which every figure has the same value and every proof holds.
  static func inputs(
    _ value: Double? = 1, interval: ClosedRange<Double>? = nil, absence: String = "not there"
  ) -> GateInputs {
    let figure = GateFigure(value, interval95: interval, absence: absence)
    var inputs = GateInputs { _ in figure }
    for path in figures { inputs[keyPath: path] = figure }
    inputs.hasSearched = true
    inputs.noLookAhead = .holds("50 cuts")
    inputs.reproduction = .holds("the same fingerprint")
    return inputs
  }

  /// Every figure that somebody has to measure.
  static var figures: [WritableKeyPath<GateInputs, GateFigure>] {
    [
      \.closedTrades, \.deflatedSharpe, \.overfitProbability,
      \.superiorAbilityPValue, \.trials, \.effectiveTrials, \.breakEvenBasisPoints,
      \.worstRegimeSharpe, \.profitableFolds, \.efficiency,
    ]
  }

  static func verdict(_ check: GateRule.Check, on inputs: GateInputs) throws -> GateVerdict {
    try Gate(rules: [GateRule(check)]).verdict(on: inputs)
  }

  /// The value, a bound, whether it passes, and the texts of value, bound, margin and change.
  @Test(
    arguments: [
      (0.5, 0.5, nil, true, "0.50", "≥ 0.50", "+0.00", "could fall by 0.00"),
      (0.5, 0.75, nil, false, "0.50", "≥ 0.75", "−0.25", "has to rise by 0.25"),
      (-0.5, nil, -0.75, false, "−0.50", "≤ −0.75", "−0.25", "has to fall by 0.25"),
      (0.5, nil, 0.75, true, "0.50", "≤ 0.75", "+0.25", "could rise by 0.25"),
      (0.5, 0.25, 1, true, "0.50", "0.25 to 1.00", "+0.25", "could fall by 0.25"),
      (0.9, 0.25, 1, true, "0.90", "0.25 to 1.00", "+0.10", "could rise by 0.10"),
      (2, 0.25, 1, false, "2.00", "0.25 to 1.00", "−1.00", "has to fall by 1.00"),
      (0, 0.25, 1, false, "0.00", "0.25 to 1.00", "−0.25", "has to rise by 0.25"),
      // As many digits as tell the two apart.
      (0.94999, 0.95, nil, false, "0.94999", "≥ 0.95000", "−0.00001", "has to rise by 0.00001"),
    ] as [(Double, Double?, Double?, Bool, String, String, String, String)])
  func bounds(
    _ value: Double, _ low: Double?, _ high: Double?, _ passes: Bool, _ shown: String,
    _ bound: String, _ margin: String, _ change: String
  ) throws {
    let verdict = try Self.verdict(
      .bound("sharpe", minimum: low, maximum: high), on: Self.inputs(value))
    let finding = try #require(verdict.findings.first)
    #expect(verdict.passes == passes && finding.state == (passes ? .passed : .failed))
    #expect(finding.value == value)
    #expect(finding.valueText == shown && finding.boundText == bound)
    #expect(finding.marginText == margin && finding.change == change)
    let distances = [low.map { value - $0 }, high.map { $0 - value }].compactMap(\.self)
    #expect(finding.margin == distances.min())
  }

  @Test func unitsAreShown() throws {
    func texts(_ name: String, _ value: Double, _ bound: Double) throws -> [String] {
      let finding = try Self.verdict(.bound(name, minimum: bound), on: Self.inputs(value))
        .findings[0]
      return [finding.valueText, finding.boundText, finding.marginText, finding.change]
    }
    #expect(
      try texts("cagr", 0.081, 0.05) == ["8.10%", "≥ 5.00%", "+3.10%", "could fall by 3.10%"])
    #expect(
      try texts("trades", 25, 30) == [
        "25", "≥ 30", "−5",
        "has to rise by 5; a longer period or more instruments give more trades",
      ])
    #expect(
      try texts("cagr", 0.05000001, 0.05)
        == ["5.000001%", "≥ 5.000000%", "+0.000001%", "could fall by 0.000001%"])
  }

  @Test func intervalsAreJudgedByTheirEnds() throws {
    let inputs = Self.inputs(0.5, interval: 0.1...0.9)
    for (part, bound, passes) in [
      (GateRule.Part.value, 0.5, true), (.lower95, 0.1, true), (.lower95, 0.11, false),
      (.upper95, 0.9, true), (.upper95, 0.91, false),
    ] {
      let verdict = try Self.verdict(.bound("sharpe", of: part, minimum: bound), on: inputs)
      #expect(verdict.passes == passes, "\(part) \(bound)")
    }
    // The depth of a drawdown is the metric with the other sign, so its ends change places.
    let drawdown = Self.inputs(-0.2, interval: (-0.3)...(-0.1))
    let judged = try GateRule.Part.allCases.map {
      try Self.verdict(.bound("drawdown", of: $0, maximum: 0.9), on: drawdown).findings[0].value
    }
    #expect(judged == [0.2, 0.1, 0.3])
  }

  @Test(arguments: [nil, Double.nan, .infinity, -.infinity, .signalingNaN] as [Double?])
  func whatHasNoValueFails(_ value: Double?) throws {
    for name in GateQuantity.names {
      let verdict = try Self.verdict(.lenient(name), on: Self.inputs(value))
      #expect(!verdict.passes && verdict.findings[0].state == .failed, "\(name)")
      #expect(verdict.findings[0].value == nil && verdict.findings[0].margin == nil)
      let reason = value == nil ? "not there" : "it is not a finite number"
      #expect(verdict.findings[0].change == "no value: \(reason)", "\(name)")
      #expect(verdict.findings[0].valueText == "–")
    }
  }

  @Test func whatNobodyMeasuredFails() throws {
    let inputs = GateInputs { _ in .notMeasured }
    for name in GateQuantity.names {
      let finding = try Self.verdict(.lenient(name), on: inputs).findings[0]
      #expect(finding.state == .failed && finding.change == "no value: not measured", "\(name)")
    }
    for check in [GateRule.Check.noLookAhead, .reproducible] {
      let verdict = try Self.verdict(check, on: inputs)
      #expect(!verdict.passes && verdict.findings[0].change == "no value: not measured")
      #expect(!verdict.isIrreproducible)
    }
  }

  @Test(arguments: [nil, -Double.infinity...1, 0...Double.infinity] as [ClosedRange<Double>?])
  func anIntervalThatIsNoneFails(_ interval: ClosedRange<Double>?) throws {
    for part in [GateRule.Part.lower95, .upper95] {
      let verdict = try Self.verdict(
        .lenient("sharpe", of: part), on: Self.inputs(0.5, interval: interval))
      #expect(!verdict.passes)
      #expect(verdict.findings[0].change == "no value: it has no 95 % interval")
    }
  }

  @Test func proofsThatFailAreTold() throws {
    var inputs = Self.inputs()
    inputs.noLookAhead = .fails("cut 3: the order of 2011-03-04 differs")
    inputs.reproduction = .fails("another fingerprint")
    let verdict = try Gate(rules: [GateRule(.noLookAhead), GateRule(.reproducible)])
      .verdict(on: inputs)
    #expect(verdict.failures.count == 2 && verdict.isIrreproducible)
    #expect(verdict.findings.map(\.valueText) == ["no", "no"])
    #expect(verdict.findings[0].change == "cut 3: the order of 2011-03-04 differs")
    let before = try Self.verdict(.noLookAhead, on: inputs)
    #expect(!before.passes && !before.isIrreproducible)
  }

  @Test func limitsFailByTheirCodes() throws {
    var inputs = Self.inputs()
    inputs.limits = [("no-costs", "Trading was free.")]
    #expect(try Self.verdict(.noLimit(.ruined), on: inputs).passes)
    let verdict = try Self.verdict(.noLimit(.noCosts), on: inputs)
    #expect(!verdict.passes && verdict.findings[0].change == "Trading was free.")
  }

  @Test func aRuleThatDoesNotApplyIsNoSuccess() throws {
    var inputs = Self.inputs()
    inputs.hasSearched = false
    let rule = GateRule(.bound("pbo", maximum: 0.2), when: .searched)
    let alone = try Gate(rules: [rule]).verdict(on: inputs)
    #expect(!alone.passes && alone.failures.isEmpty && alone.findings[0].state == .skipped)
    let both = try Gate(rules: [rule, GateRule(.reproducible)]).verdict(on: inputs)
    #expect(both.passes)
    inputs.hasSearched = true
    #expect(try Gate(rules: [rule]).verdict(on: inputs).failures.count == 1)
  }

  @Test func theDefaultGateNeedsAllOfItsInputs() {
    var good = Self.inputs(1)
    good.closedTrades = GateFigure(30, absence: "")
    good.overfitProbability = GateFigure(0.2, absence: "")
    good.deflatedSharpe = GateFigure(0.95, absence: "")
    #expect(Gate.standard.verdict(on: good).passes)
    let changes: [(inout GateInputs) -> Void] = [
      { $0.closedTrades = .notMeasured }, { $0.closedTrades = GateFigure(29, absence: "") },
      { $0.deflatedSharpe = .notMeasured }, { $0.deflatedSharpe = GateFigure(0.949, absence: "") },
      { $0.overfitProbability = .notMeasured },
      { $0.overfitProbability = GateFigure(0.201, absence: "") },
      { $0.reproduction = .notMeasured }, { $0.noLookAhead = .notMeasured },
      { $0.limits = [("ruined", "The account lost everything.")] },
    ]
    for (index, change) in changes.enumerated() {
      var inputs = good
      change(&inputs)
      #expect(Gate.standard.verdict(on: inputs).failures.count == 1, "\(index)")
    }
  }
}
