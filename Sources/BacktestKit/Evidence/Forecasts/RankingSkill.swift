/// How well the order of scores agrees with what came.
public enum RankingSkill {
  /// The probability that a score of a yes lies above one of a no, ties counting half: the area
  /// under the receiver operating characteristic. `nil` without a yes or without a no.
  ///
  /// > H. B. Mann, D. R. Whitney, "On a Test of Whether one of Two Random Variables is
  /// > Stochastically Larger than the Other", Annals of Mathematical Statistics 18(1), 1947.
  ///
  /// - Precondition: there is an outcome for each score, and scores are numbers.
  public static func areaUnderROC(scores: [Double], outcomes: [Bool]) -> Double? {
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
  public static func averagePrecision(scores: [Double], outcomes: [Bool]) -> Double? {
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
  public static func rankCorrelation(_ a: [Double], _ b: [Double]) -> Double? {
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
