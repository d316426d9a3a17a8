import BacktestFiles
public import BacktestPolicies

/// How a study combines policies.
public struct StudyEnsemble: Sendable {
  /// The policies, as the study gives them.
  public var members: [String]
  /// How the weights that they want become one.
  public var rule: EnsembleRule
  /// How weights become positions.
  public var options = EnsembleOptions()
  private let combination: Combination

  private enum Combination: String, CaseIterable {
    case mean, vote, confidence
    case bestRecent = "best-recent"
  }

  init(_ table: inout DocumentTable) {
    members = table.list("members", of: .text)
    let combination = table.value("combine", .choice(of: Combination.self), default: .mean)
    self.combination = combination
    let window = table.optional("window", .integer(.atLeast(1)))
    let targets = table.optionalList("targets", of: .number())
    let confidence = table.optional("confidence", .choice(of: EnsembleRule.Confidence.self))
    options.memberState = table.value("member-state", .choice(), default: .own)
    options.fee = table.value("fee", .number(.notNegative), default: 0)
    if members.count == 1 { table.report("an ensemble needs two members or more", at: "members") }
    func unused(_ key: String, _ isGiven: Bool, _ owner: Combination) {
      if isGiven, combination != owner {
        table.report("'\(key)' goes with 'combine: \(owner.rawValue)'", at: key)
      }
    }
    unused("window", window != nil, .bestRecent)
    unused("targets", targets != nil, .vote)
    unused("confidence", confidence != nil, .confidence)
    rule =
      switch combination {
      case .mean: .mean
      case .vote: .vote(targets: targets ?? [])
      case .confidence: .confidence(confidence ?? .inverseVariance)
      case .bestRecent: .bestRecent(bars: window ?? 63)
      }
  }

  /// The options of a member: what the ensemble does with weights is not for its members.
  func memberOptions(_ options: PolicyOptions) -> PolicyOptions {
    var options = options
    options.rebalanceThreshold = 0
    options.drift = .target
    return options
  }

  /// Takes over what the strategy's keys say about weights.
  mutating func takeOptions(_ policy: PolicyOptions) {
    options.rebalanceThreshold = policy.rebalanceThreshold
    options.maximumWeight = policy.maximumWeight
    options.isLongOnly = policy.isLongOnly
    options.drift = policy.drift
  }

  /// A name for reports.
  func name(of policies: [StudyPolicy]) -> String {
    "\(combination.rawValue) of \(listed(policies.map(\.manifest.name), "and"))"
  }

  /// The rule as `result.json` has it.
  var json: JSONValue {
    var parts: [JSONMember] = [
      JSONMember(key: "members", value: .list(members.map { .text($0) })),
      JSONMember(key: "combine", value: .text(combination.rawValue)),
    ]
    switch rule {
    case .mean: break
    case .vote(let targets):
      parts.append(JSONMember(key: "targets", value: .list(targets.map { .number($0) })))
    case .confidence(let confidence):
      parts.append(JSONMember(key: "confidence", value: .text(confidence.rawValue)))
    case .bestRecent(let bars): parts.append(JSONMember(key: "window", value: .integer(bars)))
    }
    parts.append(JSONMember(key: "member-state", value: .text(options.memberState.rawValue)))
    parts.append(JSONMember(key: "fee", value: .number(options.fee)))
    return .table(parts)
  }
}
