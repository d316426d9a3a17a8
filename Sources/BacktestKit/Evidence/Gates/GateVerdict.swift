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
  /// The number, or what was found instead, as a reader sees it.
  public let valueText: String
  /// The bound as a reader sees it.
  public let boundText: String
  /// The margin as a reader sees it.
  public let marginText: String
  /// What would have to change for the rule to hold, or to fail.
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
      return words(.skipped, "no search was made", "it applies where parameters were searched")
    }
    switch check {
    case .noLookAhead: return finding(about: inputs.noLookAhead)
    case .reproducible: return finding(about: inputs.reproduction)
    case .noLimit(let code):
      guard let limit = inputs.limits.first(where: { $0.code == code.rawValue }) else {
        return words(.passed, "no such limit", "it would fail with the limit '\(code.rawValue)'")
      }
      return words(.failed, limit.message, "the limit '\(code.rawValue)' has to go")
    case .bound(let name, let part, let minimum, let maximum):
      guard let quantity = GateQuantity.find(name) else { return missing("no such quantity") }
      return finding(
        quantity.figure(inputs), part, quantity, minimum: minimum, maximum: maximum)
    case .baseline(let name, let tolerance):
      guard let quantity = GateQuantity.find(name) else { return missing("no such quantity") }
      guard let baseline = inputs.baseline else { return missing("there is no baseline") }
      let earlier = baseline.figure(quantity)
      guard let value = earlier.value else {
        return missing("the baseline has no value: \(earlier.absence ?? "unknown")")
      }
      guard let isBetter = quantity.higherIsBetter else { return missing("nothing is worse") }
      let amount = tolerance.amount(of: value)
      return finding(
        quantity.figure(inputs), .value, quantity, minimum: isBetter ? value - amount : nil,
        maximum: isBetter ? nil : value + amount)
    }
  }

  private func finding(about proof: GateProof) -> GateFinding {
    switch proof {
    case .holds(let detail): words(.passed, detail, "nothing has to change")
    case .fails(let detail): words(.failed, detail, "the cause has to go", isRefuted: true)
    case .missing(let reason): missing(reason)
    }
  }

  private func finding(
    _ figure: GateFigure, _ part: Part, _ quantity: GateQuantity, minimum: Double?,
    maximum: Double?
  ) -> GateFinding {
    guard let value = figure.value else { return missing(figure.absence ?? "no value") }
    let judged: Double
    switch part {
    case .value: judged = value
    case .lower95, .upper95:
      guard let interval = figure.interval95 else { return missing("no 95 % interval") }
      judged = part == .lower95 ? interval.lowerBound : interval.upperBound
    }
    let low = minimum.map { (bound: $0, margin: judged - $0) }
    let high = maximum.map { (bound: $0, margin: $0 - judged) }
    let sides = [low, high].compactMap(\.self)
    // The comparisons are written so that a number which is none satisfies neither.
    let holds =
      !sides.isEmpty && (minimum.map { judged >= $0 } ?? true)
      && (maximum.map { judged <= $0 } ?? true)
    guard let near = sides.min(by: { $0.margin < $1.margin }) else { return missing("no bound") }
    let isMinimum = near.bound == minimum && near.margin == low?.margin
    let text = GateNumberText(quantity.unit, telling: judged, from: near.bound)
    let distance = text.distance(near.margin)
    let verb =
      isMinimum ? (holds ? "could fall" : "has to rise") : (holds ? "could rise" : "has to fall")
    let advice = holds ? "" : quantity.advice.map { "; \($0)" } ?? ""
    return GateFinding(
      rule: self, state: holds ? .passed : .failed, value: judged, bound: near.bound,
      margin: near.margin, valueText: text.text(judged),
      boundText: sides.count == 2
        ? "\(text.text(minimum ?? 0)) to \(text.text(maximum ?? 0))"
        : "\(isMinimum ? "≥" : "≤") \(text.text(near.bound))",
      marginText: text.signed(near.margin), change: "\(verb) by \(distance)\(advice)",
      isRefuted: !holds)
  }

  private func missing(_ reason: String) -> GateFinding {
    words(.failed, "no value: \(reason)", "it needs a value: \(reason)")
  }

  private func words(
    _ state: GateFinding.State, _ found: String, _ change: String, isRefuted: Bool = false
  ) -> GateFinding {
    GateFinding(
      rule: self, state: state, value: nil, bound: nil, margin: nil, valueText: found,
      boundText: "", marginText: "", change: change, isRefuted: isRefuted)
  }
}
