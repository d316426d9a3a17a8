/// How the weights that several policies want become one.
public enum EnsembleRule: Sendable, Hashable {
  /// Their mean.
  case mean
  /// What most of them want: the nearest of some targets or, where none are given, a direction (-1,
  /// 0 or 1). Where no choice has the most votes the last weight stays.
  case vote(targets: [Double])
  /// Their mean, each counting as much as it is sure; the plain mean where none is.
  case confidence(Confidence)
  /// The weight of the policy whose own account grew most over the last bars; of equals the first.
  case bestRecent(bars: Int)

  /// How sure a policy is.
  public enum Confidence: String, Sendable, CaseIterable {
    /// One over the square of the predicted deviation; 0 without one.
    case inverseVariance = "inverse-variance"
    /// The size of the signal or, for a policy that acts, of its weight.
    case signal
  }

  /// One policy's part in an ensemble's decision.
  public struct Ballot: Sendable, Hashable, BitwiseCopyable {
    /// The weight that it wants.
    public var weight: Double
    /// How sure it is, 0 or more; or under `bestRecent` by what factor its account grew.
    public var figure: Double

    /// A ballot from its parts.
    public init(weight: Double, figure: Double = 0) {
      self.weight = weight
      self.figure = figure
    }
  }

  /// The weight on which ballots agree.
  ///
  /// - Parameters:
  ///   - ballots: one of each policy that has decided; without any the last weight stays.
  ///   - last: the weight that was agreed on last.
  public func combined(_ ballots: ContiguousArray<Ballot>, last: Double) -> Double {
    guard !ballots.isEmpty else { return last }
    switch self {
    case .mean: return mean(ballots)
    case .vote(let targets): return vote(ballots, targets) ?? last
    case .confidence:
      var (sum, total) = (0.0, 0.0)
      for ballot in ballots {
        sum += ballot.figure * ballot.weight
        total += ballot.figure
      }
      return total > 0 && total.isFinite ? sum / total : mean(ballots)
    case .bestRecent:
      var best = ballots[0]
      for ballot in ballots where ballot.figure > best.figure { best = ballot }
      return best.weight
    }
  }

  private func mean(_ ballots: ContiguousArray<Ballot>) -> Double {
    var sum = 0.0
    for ballot in ballots { sum += ballot.weight }
    return sum / Double(ballots.count)
  }

  private func vote(_ ballots: ContiguousArray<Ballot>, _ targets: [Double]) -> Double? {
    var winner: (choice: Double, votes: Int)?
    var isTied = false
    for ballot in ballots {
      let choice = choice(ballot.weight, targets)
      if choice == winner?.choice { continue }
      var votes = 0
      for other in ballots where self.choice(other.weight, targets) == choice { votes += 1 }
      if votes > winner?.votes ?? 0 {
        winner = (choice, votes)
        isTied = false
      } else if votes == winner?.votes {
        isTied = true
      }
    }
    return isTied ? nil : winner?.choice
  }

  /// The nearest target, the first of two equally near, or the direction.
  private func choice(_ weight: Double, _ targets: [Double]) -> Double {
    guard var nearest = targets.first else { return weight > 0 ? 1 : weight < 0 ? -1 : 0 }
    for target in targets where abs(target - weight) < abs(nearest - weight) { nearest = target }
    return nearest
  }

  /// What is wrong with the rule, or does not go with its policies; `nil` when all is well.
  func problem(for members: [PolicyMember]) -> String? {
    switch self {
    case .mean: return nil
    case .vote(let targets):
      if !targets.allSatisfy(\.isFinite) { return "the targets of a vote must be finite" }
      let portfolios = members.count { !($0.manifest.action?.assets ?? []).isEmpty }
      return portfolios == 0 || portfolios == members.count
        ? nil : "policies of one instrument and of a portfolio cannot vote together"
    case .confidence(.inverseVariance):
      guard let mute = members.first(where: { !$0.manifest.tellsDeviation }) else { return nil }
      return "\(mute.manifest.name) tells no deviation by which it could be weighted"
    case .confidence(.signal): return nil
    case .bestRecent(let bars):
      return bars >= 1 ? nil : "the best of the last \(bars) bars: 1 or more are needed"
    }
  }
}

/// How an ensemble's weights become positions.
public struct EnsembleOptions: Sendable, Hashable {
  /// A new weight that differs from the last stated one by less than this is not stated.
  public var rebalanceThreshold = 0.0
  /// The largest share of equity in one instrument; `nil` is no limit.
  public var maximumWeight: Double?
  /// Whether short positions are left out.
  public var isLongOnly = false
  /// Whether drift is traded.
  public var drift = PolicyOptions.DriftRule.target
  /// Whose position a policy sees.
  public var memberState = MemberState.own
  /// What a policy's own account pays for each unit of weight that it changes, a fraction.
  public var fee = 0.0

  /// The default options.
  public init() {}

  /// Whose position the policies of an ensemble see.
  public enum MemberState: String, Sendable, CaseIterable {
    /// That which each would have, had it decided alone.
    case own
    /// That of the ensemble.
    case shared
  }

  var limits: WeightLimits {
    let highest = maximumWeight ?? .infinity
    return WeightLimits(lowest: isLongOnly ? 0 : -highest, highest: highest)
  }

  var problem: String? {
    if !(rebalanceThreshold >= 0 && rebalanceThreshold.isFinite) {
      return "the rebalance threshold must be 0 or more, not \(rebalanceThreshold)"
    }
    if let maximumWeight, !(maximumWeight > 0) {
      return "the maximum weight must be above 0, not \(maximumWeight)"
    }
    return fee >= 0 && fee.isFinite ? nil : "the fee must be 0 or more, not \(fee)"
  }
}
