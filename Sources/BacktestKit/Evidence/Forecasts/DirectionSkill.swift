/// Whether signals foretold the sign of returns, and whether larger ones meant more.
///
///     let skill = DirectionSkill(scores: scores, returns: nextReturns)
///     print(skill.matrix.precision ?? .nan, "of", skill.matrix.baseRate ?? .nan)
///
/// Up is the positive class. Returns of zero have no sign and are left out; scores of zero are no
/// signal: they are missing in the matrix of right and wrong, and keep their place in rankings.
public struct DirectionSkill: Hashable, Sendable {
  /// What the signals said and what came, up being yes.
  public let matrix: BinaryClassification
  /// What was said and what came in three classes, down, flat and up; nothing is left out of it.
  public let classes: ConfusionMatrix
  /// How many returns other than zero had no signal.
  public let noSignalCount: Int
  /// How many returns were zero.
  public let zeroReturnCount: Int
  /// The probability that the score of an up lies above that of a down.
  public let areaUnderROC: Double?
  /// The average precision of the scores for ups.
  public let averagePrecision: Double?
  /// The rank correlation of scores and returns, by Spearman.
  public let informationCoefficient: Double?

  /// The judgement of scores by the returns that followed, one for one.
  ///
  /// - Precondition: there is a return for each score, and both are numbers.
  public init(scores: [Double], returns: [Double]) {
    precondition(scores.count == returns.count, "a return for each score")
    var matrix = BinaryClassification()
    var classes = ConfusionMatrix(classes: ["down", "flat", "up"])
    var (moved, moves): ([Double], [Double]) = ([], [])
    var noSignal = 0
    for (score, value) in zip(scores, returns) {
      classes[actual: Self.place(value), predicted: Self.place(score)] += 1
      guard value != 0 else { continue }
      moved.append(score)
      moves.append(value)
      if score == 0 { noSignal += 1 } else { matrix.add(prediction: score > 0, outcome: value > 0) }
    }
    self.matrix = matrix
    self.classes = classes
    noSignalCount = noSignal
    zeroReturnCount = scores.count - moved.count
    let ups = moves.map { $0 > 0 }
    areaUnderROC = RankingSkill.areaUnderROC(scores: moved, outcomes: ups)
    averagePrecision = RankingSkill.averagePrecision(scores: moved, outcomes: ups)
    informationCoefficient = RankingSkill.rankCorrelation(moved, moves)
  }

  private static func place(_ value: Double) -> Int { value > 0 ? 2 : value < 0 ? 0 : 1 }
}

extension BinaryClassification {
  /// The probability of an error of the first kind that a claim of skill may have here.
  package static let skillLevel = 0.05

  /// Whether the answers foretold the truth better than chance.
  package var beatsChance: Bool {
    pesaranTimmermann.map { $0.pValue < BinaryClassification.skillLevel } ?? false
  }

  /// Whether they also were right more often than always saying the same, beyond luck.
  package var showsSkill: Bool {
    beatsChance && againstMajority.map { $0.pValue < BinaryClassification.skillLevel } ?? false
  }
}
