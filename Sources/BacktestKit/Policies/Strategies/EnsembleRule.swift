/// How the weights that several policies ask for become one.
public enum EnsembleRule: Sendable, Hashable {
  /// Their mean.
  case mean
  /// The choice of most of them: the nearest of some targets or, where none are given, a direction
  /// (-1, 0 or 1). In a tie the last weight stays.
  case vote(targets: [Double])
  /// Their mean, weighted by confidence; the plain mean where none has any.
  case confidence(Confidence)
  /// The weight of the policy whose own account grew most over the last bars; in a tie, of the
  /// first.
  case bestRecent(bars: Int)

  /// What measures the confidence of a policy.
  public enum Confidence: String, Sendable, CaseIterable {
    /// One over the square of the predicted deviation; 0 without one.
    case inverseVariance = "inverse-variance"
    /// The size of the signal or, for a policy that acts, of its weight.
    case signal
  }

  /// One policy's vote in an ensemble's decision.
  struct MemberVote: Sendable, Hashable, BitwiseCopyable {
    /// The weight that it asks for.
    var weight: Double
    /// How much it counts: its confidence, 0 or more, or for `bestRecent` the factor by which its
    /// account grew.
    var strength = 0.0
  }

  /// The combined weight.
  ///
  /// - Parameters:
  ///   - votes: one of each policy that has decided; without any the last weight stays.
  ///   - last: the last combined weight.
  func combined(_ votes: ContiguousArray<MemberVote>, last: Double) -> Double {
    guard !votes.isEmpty else { return last }
    switch self {
    case .mean: return mean(votes)
    case .vote(let targets): return majority(votes, targets) ?? last
    case .confidence:
      var (sum, total) = (0.0, 0.0)
      for vote in votes {
        sum += vote.strength * vote.weight
        total += vote.strength
      }
      return total > 0 && total.isFinite ? sum / total : mean(votes)
    case .bestRecent:
      var best = votes[0]
      for vote in votes where vote.strength > best.strength { best = vote }
      return best.weight
    }
  }

  /// The standard deviation of the weights, divisor n.
  static func disagreement(of votes: ContiguousArray<MemberVote>) -> Double {
    guard votes.count > 1 else { return 0 }
    var mean = 0.0
    for vote in votes { mean += vote.weight / Double(votes.count) }
    var squares = 0.0
    for vote in votes { squares += (vote.weight - mean) * (vote.weight - mean) }
    return (squares / Double(votes.count)).squareRoot()
  }

  private func mean(_ votes: ContiguousArray<MemberVote>) -> Double {
    var sum = 0.0
    for vote in votes { sum += vote.weight }
    return sum / Double(votes.count)
  }

  /// The choice with the most votes; `nil` in a tie.
  private func majority(_ votes: ContiguousArray<MemberVote>, _ targets: [Double]) -> Double? {
    var winner: (choice: Double, count: Int)?
    var isTied = false
    for vote in votes {
      let choice = choice(vote.weight, targets)
      if choice == winner?.choice { continue }
      var count = 0
      for other in votes where self.choice(other.weight, targets) == choice { count += 1 }
      if count > winner?.count ?? 0 {
        winner = (choice, count)
        isTied = false
      } else if count == winner?.count {
        isTied = true
      }
    }
    return isTied ? nil : winner?.choice
  }

  /// The nearest target (the first of two equally near), or the direction.
  private func choice(_ weight: Double, _ targets: [Double]) -> Double {
    guard var nearest = targets.first else { return weight > 0 ? 1 : weight < 0 ? -1 : 0 }
    for target in targets where abs(target - weight) < abs(nearest - weight) { nearest = target }
    return nearest
  }

  /// What is wrong with the rule, or does not fit its policies; `nil` when all is well.
  func problem(for members: [PolicyMember]) -> String? {
    switch self {
    case .mean: return nil
    case .vote(let targets):
      if !targets.allSatisfy(\.isFinite) { return "the targets of a vote must be finite" }
      let portfolios = members.count { !($0.manifest.action?.assets ?? []).isEmpty }
      return portfolios == 0 || portfolios == members.count
        ? nil : "policies of one instrument and of a portfolio cannot vote together"
    case .confidence(.inverseVariance):
      guard let member = members.first(where: { !$0.manifest.hasDeviation }) else { return nil }
      return "\(member.manifest.name) predicts no deviation, which its weight in the ensemble needs"
    case .confidence(.signal): return nil
    case .bestRecent(let bars):
      return bars >= 1 ? nil : "the best of the last bars needs 1 bar or more, not \(bars)"
    }
  }
}

/// How an ensemble decides and how its weights become positions.
public struct EnsembleOptions: Sendable, Hashable {
  /// How the combined weights become positions.
  public var weights = WeightOptions()
  /// The largest standard deviation (divisor n) of the policies' weights at which a position is
  /// held; `nil` is no limit.
  public var maximumDisagreement: Double?
  /// Whose position a policy sees.
  public var memberState = MemberState.own
  /// The fee that a policy's own account pays for each unit of weight that changes, a fraction.
  public var fee = 0.0

  /// The default options.
  public init() {}

  /// Whose position the policies of an ensemble see.
  public enum MemberState: String, Sendable, CaseIterable {
    /// The one that each would have if it decided alone.
    case own
    /// The ensemble's.
    case shared
  }

  /// What is wrong with the options; `nil` when all is well.
  var problem: String? {
    if let problem = weights.problem { return problem }
    if let maximumDisagreement, !(maximumDisagreement >= 0) {
      return "the largest disagreement must be 0 or more, not \(maximumDisagreement)"
    }
    return fee >= 0 && fee.isFinite ? nil : "the fee must be 0 or more, not \(fee)"
  }
}

/// Several predictions of one instrument, combined.
///
/// Each number is the mean of the members' numbers, and is missing where a member has none. A
/// signal also needs one unit: where some members predict a probability and others a return, there
/// is none. The deviation is that of the mixture of the members' distributions, by the law of total
/// variance: the mean of their variances plus the variance of their means.
struct PredictionBlend: Sendable, BitwiseCopyable {
  /// The number of predictions.
  private(set) var count = 0
  private var signal = Sum()
  private var probabilityUp = Sum()
  private var expectedReturn = Sum()
  // The sums of squares of the deviations that come with a return, and of the returns.
  private var variance = Sum()
  private var square = 0.0

  private struct Sum: BitwiseCopyable {
    var count = 0
    var total = 0.0

    mutating func add(_ value: Double?) {
      guard let value, value.isFinite else { return }
      count += 1
      total += value
    }

    func mean(of all: Int) -> Double? { count == all ? total / Double(all) : nil }
  }

  /// Takes in one more prediction.
  mutating func add(_ prediction: PolicyPrediction) {
    count += 1
    signal.add(prediction.signal)
    probabilityUp.add(prediction.probabilityUp)
    expectedReturn.add(prediction.expectedReturn)
    guard let mean = prediction.expectedReturn else { return }
    variance.add(prediction.deviation.map { $0 * $0 })
    square += mean * mean
  }

  /// The combined prediction; empty before the first.
  var prediction: PolicyPrediction {
    var blend = PolicyPrediction()
    guard count > 0 else { return blend }
    blend.probabilityUp = probabilityUp.mean(of: count)
    blend.expectedReturn = expectedReturn.mean(of: count)
    if probabilityUp.count == 0 || probabilityUp.count == count {
      blend.signal = signal.mean(of: count)
    }
    if let mean = blend.expectedReturn, let within = variance.mean(of: count) {
      let between = max(square / Double(count) - mean * mean, 0)
      blend.deviation = (within + between).squareRoot()
    }
    return blend
  }
}
