/// How often a policy was asked in a run and did not decide.
public struct DecisionTally: Hashable, Sendable {
  /// The name of the policy.
  public var policy: String
  /// How often it was asked.
  public var asked = 0
  /// How often it did not decide.
  public var refused = 0
  /// When it first did not decide; `nil` where it always did.
  public var firstTime: Timestamp?
  /// Why it first did not decide.
  public var firstReason = ""
  /// What became of positions then, in words.
  public var effect = ""

  /// Nothing was asked yet.
  public init(policy: String) { self.policy = policy }
}

extension TradingContext {
  /// Counts a decision of a policy.
  package mutating func countDecision(of policy: String) {
    tallies[placeOfTally(of: policy)].asked += 1
  }

  /// Counts a decision that a policy refused.
  package mutating func countRefusal(of policy: String, _ reason: String, effect: String) {
    let place = placeOfTally(of: policy)
    tallies[place].asked += 1
    tallies[place].refused += 1
    guard tallies[place].firstTime == nil else { return }
    tallies[place].firstTime = now
    tallies[place].firstReason = reason
    tallies[place].effect = effect
  }

  private mutating func placeOfTally(of policy: String) -> Int {
    // By index, because a closure over whole tallies would count the references of their texts.
    for place in tallies.indices where tallies[place].policy == policy { return place }
    tallies.append(DecisionTally(policy: policy))
    return tallies.count - 1
  }
}
