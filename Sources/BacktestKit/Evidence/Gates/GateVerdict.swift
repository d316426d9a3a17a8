internal import BacktestCore

/// What a gate says of a study: each rule with what was found.
///
///     let verdict = gate.verdict(on: inputs)
///     for finding in verdict.findings where finding.state == .failed { print(finding.change) }
public struct GateVerdict: Hashable, Sendable {
  /// One finding for each rule, in the order of the gate.
  public let findings: [GateFinding]

  /// Whether every rule that applies holds, and at least one does.
  public var passes: Bool {
    findings.contains { $0.state == .passed } && findings.allSatisfy { $0.state != .failed }
  }

  /// The rules that fail.
  public var failures: [GateFinding] { findings.filter { $0.state == .failed } }

  /// Whether the run was made again and gave another fingerprint.
  public var isIrreproducible: Bool {
    findings.contains { $0.rule.check == .reproducible && $0.isRefuted }
  }
}

/// What was found about one rule.
public struct GateFinding: Hashable, Sendable {
  /// The rule.
  public let rule: GateRule
  /// Whether it holds.
  public let state: State
  /// The number that was judged; `nil` where there is none.
  public let value: Double?
  /// The bound that it is held to, the nearer one of two; `nil` where there is none.
  public let bound: Double?
  /// How far the value is on the right side of the bound; below zero where it is on the wrong one.
  public let margin: Double?
  /// The number as a reader sees it; `yes` or `no` where there is none to see, "–" where nothing is
  /// known.
  public let valueText: String
  /// The bound as a reader sees it.
  public let boundText: String
  /// The margin as a reader sees it; empty where there is none.
  public let marginText: String
  /// What would have to change for the rule to hold, or to fail; where nothing was measured, why.
  public let change: String
  /// Whether the opposite was shown, rather than nothing at all.
  let isRefuted: Bool

  /// Whether a rule holds.
  public enum State: String, Hashable, Sendable, CaseIterable {
    /// It holds.
    case passed
    /// It does not hold, or nothing shows that it does.
    case failed
    /// It does not apply to this study.
    case skipped
  }
}

extension Gate {
  /// What the gate says of a study.
  package func verdict(on inputs: GateInputs) -> GateVerdict {
    GateVerdict(findings: rules.map { $0.finding(on: inputs) })
  }
}

extension GateRule {
  fileprivate func finding(on inputs: GateInputs) -> GateFinding {
    if condition == .searched, !inputs.hasSearched {
      return words(.skipped, NumberFormat.missing, "", "it applies where parameters were searched")
    }
    switch check {
    case .noLookAhead: return finding(about: inputs.noLookAhead)
    case .reproducible: return finding(about: inputs.reproduction)
    case .noLimit(let code):
      guard let limit = inputs.limits.first(where: { $0.code == code.rawValue }) else {
        return words(.passed, "no", "no", "the result does not have this limit")
      }
      return words(.failed, "yes", "no", limit.message, isRefuted: true)
    case .bound(let name, let part, let minimum, let maximum):
      guard let quantity = GateQuantity.find(name) else { return missing("no such quantity") }
      let range = GateRange(quantity, minimum: minimum, maximum: maximum)
      return finding(quantity.figure(inputs), part, range)
    case .baseline(let name, let tolerance):
      guard let quantity = GateQuantity.find(name) else { return missing("no such quantity") }
      guard let baseline = inputs.baseline else { return missing("there is no baseline") }
      let earlier = baseline.figure(quantity)
      guard let value = earlier.value else {
        return missing("the baseline has none: \(earlier.absence ?? "not measured")")
      }
      guard let isBetter = quantity.higherIsBetter else { return missing("nothing is worse") }
      let amount = tolerance.amount(of: value)
      let range = GateRange(
        quantity, minimum: isBetter ? value - amount : nil,
        maximum: isBetter ? nil : value + amount)
      return finding(quantity.figure(inputs), .value, range)
    }
  }

  private func finding(about proof: GateProof) -> GateFinding {
    switch proof {
    case .holds(let detail): words(.passed, "yes", "yes", detail)
    case .fails(let detail): words(.failed, "no", "yes", detail, isRefuted: true)
    case .missing(let reason): missing(reason, bound: "yes")
    }
  }

  private func finding(_ figure: GateFigure, _ part: Part, _ range: GateRange) -> GateFinding {
    guard let value = figure.value else {
      return missing(figure.absence ?? "not measured", bound: range.text(telling: nil))
    }
    let judged: Double
    switch part {
    case .value: judged = value
    case .lower95, .upper95:
      guard let interval = figure.interval95 else {
        return missing("it has no 95 % interval", bound: range.text(telling: nil))
      }
      judged = part == .lower95 ? interval.lowerBound : interval.upperBound
    }
    guard let near = range.nearest(to: judged) else { return missing("there is no bound") }
    let holds = range.contains(judged)
    let text = GateNumberText(
      range.quantity.unit, isProbability: range.quantity.isProbability, telling: judged,
      from: near.bound)
    let move = holds ? "could" : "has to"
    let direction = near.isMinimum == holds ? "fall" : "rise"
    let remarks = [figure.detail, holds ? nil : range.quantity.advice].compactMap(\.self)
    return GateFinding(
      rule: self, state: holds ? .passed : .failed, value: judged, bound: near.bound,
      margin: near.margin, valueText: text.text(judged), boundText: range.text(telling: judged),
      marginText: text.signed(near.margin),
      change: (["\(move) \(direction) by \(text.distance(near.margin))"] + remarks)
        .joined(separator: "; "),
      isRefuted: !holds)
  }

  private func missing(_ reason: String, bound: String = "") -> GateFinding {
    words(.failed, NumberFormat.missing, bound, "no value: \(reason)")
  }

  private func words(
    _ state: GateFinding.State, _ found: String, _ wanted: String, _ change: String,
    isRefuted: Bool = false
  ) -> GateFinding {
    GateFinding(
      rule: self, state: state, value: nil, bound: nil, margin: nil, valueText: found,
      boundText: wanted, marginText: "", change: change, isRefuted: isRefuted)
  }
}

/// The values of a quantity that pass.
private struct GateRange {
  let quantity: GateQuantity
  let minimum: Double?
  let maximum: Double?

  init(_ quantity: GateQuantity, minimum: Double?, maximum: Double?) {
    self.quantity = quantity
    self.minimum = minimum
    self.maximum = maximum
  }

  /// Whether a value passes. A range without bounds passes nothing, and neither does what is not a
  /// number.
  func contains(_ value: Double) -> Bool {
    guard minimum != nil || maximum != nil else { return false }
    return (minimum.map { value >= $0 } ?? true) && (maximum.map { value <= $0 } ?? true)
  }

  /// The bound with the smaller margin, and the margin: below zero outside.
  func nearest(to value: Double) -> (bound: Double, margin: Double, isMinimum: Bool)? {
    let low = minimum.map { (bound: $0, margin: value - $0, isMinimum: true) }
    let high = maximum.map { (bound: $0, margin: $0 - value, isMinimum: false) }
    return [low, high].compactMap(\.self).min { $0.margin < $1.margin }
  }

  /// The range as a reader sees it, beside a value where there is one.
  func text(telling value: Double?) -> String {
    func shown(_ bound: Double) -> String {
      GateNumberText(
        quantity.unit, isProbability: quantity.isProbability, telling: value ?? bound, from: bound
      ).text(bound)
    }
    switch (minimum, maximum) {
    case (let low?, let high?): return "\(shown(low)) to \(shown(high))"
    case (let low?, nil): return "≥ \(shown(low))"
    case (nil, let high?): return "≤ \(shown(high))"
    case (nil, nil): return ""
    }
  }
}
