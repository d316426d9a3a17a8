import BacktestCore

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
  package let classes: ConfusionMatrix
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

extension BinaryClassification {
  /// Whether the forecasts of direction show skill, in one sentence with the figures.
  package var skillSentence: String {
    guard let accuracy, let majorityAccuracy else { return "No direction was forecast." }
    let constant = positives >= negatives ? "up" : "down"
    let figures =
      "Direction forecasts were right on \(NumberFormat.percent(decimals: 1).text(accuracy)) of "
      + "\(NumberText.count(count, "bar")); always forecasting \(constant) would have been right "
      + "on \(NumberFormat.percent(decimals: 1).text(majorityAccuracy))"
    guard let test = pesaranTimmermann else {
      return
        "\(figures): no skill shown, because the forecasts or the market never changed direction."
    }
    let chance = "Pesaran-Timmermann test, p \(NumberText.probability(test.pValue))"
    let bet = "McNemar test, p \(NumberText.probability(againstMajority?.pValue ?? 1))"
    if showsSkill {
      return
        "\(figures): better than chance (\(chance)) and better than the constant forecast (\(bet))."
    }
    if beatsChance {
      return "\(figures): better than chance for this mix of up and down (\(chance)), but no "
        + "skill shown beyond the constant forecast (\(bet))."
    }
    return "\(figures): no skill shown (\(chance))."
  }
}

/// How well the order of scores agrees with what came.
enum RankingSkill {
  /// The probability that a score of a yes lies above one of a no, ties counting half: the area
  /// under the receiver operating characteristic. `nil` without a yes or without a no.
  ///
  /// > H. B. Mann, D. R. Whitney, "On a Test of Whether one of Two Random Variables is
  /// > Stochastically Larger than the Other", Annals of Mathematical Statistics 18(1), 1947.
  ///
  /// - Precondition: there is an outcome for each score, and scores are numbers.
  static func areaUnderROC(scores: [Double], outcomes: [Bool]) -> Double? {
    precondition(scores.count == outcomes.count, "an outcome for each score")
    let yes = outcomes.count { $0 }
    let rankSum = zip(averageRanks(scores), outcomes).reduce(0.0) { $0 + ($1.1 ? $1.0 : 0) }
    let above = rankSum - Double(yes) * Double(yes + 1) / 2
    return RatioFormulas.quotient(above, Double(yes) * Double(outcomes.count - yes))
  }

  /// The precision at each threshold, weighted by the recall gained there, from the highest score
  /// down; equal scores are one threshold. `nil` without a yes.
  ///
  /// - Precondition: there is an outcome for each score, and scores are numbers.
  static func averagePrecision(scores: [Double], outcomes: [Bool]) -> Double? {
    precondition(scores.count == outcomes.count, "an outcome for each score")
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    var (hits, sum, start) = (0, CompensatedSum(), 0)
    while start < order.count {
      var end = start
      var gained = 0
      while end < order.count, scores[order[end]] == scores[order[start]] {
        gained += outcomes[order[end]] ? 1 : 0
        end += 1
      }
      hits += gained
      sum.add(Double(gained) * Double(hits) / Double(end))
      start = end
    }
    return RatioFormulas.quotient(sum.value, Double(hits))
  }

  /// The correlation of the ranks of two columns, ties by their average rank: of scores and returns
  /// the information coefficient. `nil` where a column does not vary.
  ///
  /// > C. Spearman, "The Proof and Measurement of Association between Two Things", American Journal
  /// > of Psychology 15(1), 1904.
  ///
  /// - Precondition: both columns have the same length and hold numbers.
  static func rankCorrelation(_ a: [Double], _ b: [Double]) -> Double? {
    precondition(a.count == b.count, "columns of one length")
    guard a.count > 1 else { return nil }
    let (ranksA, ranksB) = (averageRanks(a), averageRanks(b))
    let middle = Double(a.count + 1) / 2
    var (product, squaresA, squaresB) = (CompensatedSum(), CompensatedSum(), CompensatedSum())
    for (rankA, rankB) in zip(ranksA, ranksB) {
      product.add((rankA - middle) * (rankB - middle))
      squaresA.add((rankA - middle) * (rankA - middle))
      squaresB.add((rankB - middle) * (rankB - middle))
    }
    return RatioFormulas.quotient(
      product.value, squaresA.value.squareRoot() * squaresB.value.squareRoot())
  }

  /// The rank of each value from 1, equal values sharing the mean of theirs.
  static func averageRanks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for place in start..<end { ranks[order[place]] = Double(start + 1 + end) / 2 }
      start = end
    }
    return ranks
  }
}
