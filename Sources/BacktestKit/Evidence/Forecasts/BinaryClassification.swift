import BacktestCore
internal import Glibc

/// How often yes-or-no answers were right, as four counts from which every figure follows.
///
/// Figures whose denominator is zero do not exist and are `nil`.
///
///     let matrix = BinaryClassification(predictions: isUpExpected, outcomes: wasUp)
///     print(matrix.precision ?? .nan, matrix.baseRate ?? .nan)
///     print(matrix.inverted.precision ?? .nan)   // of the answer "no"
public struct BinaryClassification: Hashable, Sendable {
  /// Said yes, was yes.
  public var truePositives: Int
  /// Said yes, was no.
  public var falsePositives: Int
  /// Said no, was no.
  public var trueNegatives: Int
  /// Said no, was yes.
  public var falseNegatives: Int

  /// The counts themselves.
  public init(
    truePositives: Int = 0, falsePositives: Int = 0, trueNegatives: Int = 0,
    falseNegatives: Int = 0
  ) {
    self.truePositives = truePositives
    self.falsePositives = falsePositives
    self.trueNegatives = trueNegatives
    self.falseNegatives = falseNegatives
  }

  /// The counts of answers and of what was so, one for one.
  public init(predictions: some Sequence<Bool>, outcomes: some Sequence<Bool>) {
    self.init()
    for (prediction, outcome) in zip(predictions, outcomes) {
      add(prediction: prediction, outcome: outcome)
    }
  }

  /// Counts one more answer.
  public mutating func add(prediction: Bool, outcome: Bool) {
    switch (prediction, outcome) {
    case (true, true): truePositives += 1
    case (true, false): falsePositives += 1
    case (false, false): trueNegatives += 1
    case (false, true): falseNegatives += 1
    }
  }

  /// The same answers with yes and no exchanged: its precision is that of the answer no.
  public var inverted: BinaryClassification {
    BinaryClassification(
      truePositives: trueNegatives, falsePositives: falseNegatives, trueNegatives: truePositives,
      falseNegatives: falsePositives)
  }

  /// How many answers there are.
  public var count: Int { truePositives + falsePositives + trueNegatives + falseNegatives }
  /// How many were yes in truth.
  public var positives: Int { truePositives + falseNegatives }
  /// How many were no in truth.
  public var negatives: Int { trueNegatives + falsePositives }
  /// How often yes was said.
  public var predictedPositives: Int { truePositives + falsePositives }
  /// How often no was said.
  public var predictedNegatives: Int { trueNegatives + falseNegatives }
}

extension BinaryClassification {
  /// The share of yes in truth: the precision of always saying yes.
  public var baseRate: Double? { share(positives, of: count) }
  /// How often the commoner of the two would have been right, had it always been said.
  public var majorityAccuracy: Double? { share(max(positives, negatives), of: count) }
  /// Right answers over all answers.
  public var accuracy: Double? { share(truePositives + trueNegatives, of: count) }
  /// tp / (tp + fp): how often yes was right.
  public var precision: Double? { share(truePositives, of: predictedPositives) }
  /// tp / (tp + fn): how much of what was yes was found.
  public var recall: Double? { share(truePositives, of: positives) }
  /// The harmonic mean of precision and recall, 2 tp / (2 tp + fp + fn).
  public var f1: Double? { fScore(beta: 1) }

  /// The weighted harmonic mean of precision and recall, which counts recall `beta` times as much:
  /// (1 + b^2) tp / ((1 + b^2) tp + b^2 fn + fp).
  ///
  /// > C. J. van Rijsbergen, *Information Retrieval*, 1979.
  public func fScore(beta: Double) -> Double? {
    let weighted = (1 + beta * beta) * Double(truePositives)
    let rest = beta * beta * Double(falseNegatives) + Double(falsePositives)
    return RatioFormulas.quotient(weighted, weighted + rest)
  }

  /// The mean of the recalls of yes and of no.
  public var balancedAccuracy: Double? { mean(recall, inverted.recall) }
  /// The mean of the F1 of yes and of no.
  public var macroF1: Double? { mean(f1, inverted.f1) }

  /// The mean of the F1 of yes and of no, each weighted by how often it was so.
  public var weightedF1: Double? {
    let sum = Double(positives) * (f1 ?? 0) + Double(negatives) * (inverted.f1 ?? 0)
    return RatioFormulas.quotient(sum, Double(count))
  }

  /// The correlation of answers and truth, (tp tn - fp fn) over the root of the product of the four
  /// margins: 0 for guessing, 1 for always right, -1 for always wrong.
  ///
  /// > B. W. Matthews, "Comparison of the predicted and observed secondary structure of T4 phage
  /// > lysozyme", Biochimica et Biophysica Acta 405(2), 1975.
  public var matthewsCorrelation: Double? {
    // Two roots, because the product of four margins would not fit in a double for long samples.
    let margins =
      (Double(predictedPositives) * Double(positives)).squareRoot()
      * (Double(negatives) * Double(predictedNegatives)).squareRoot()
    return RatioFormulas.quotient(determinant, margins)
  }

  /// How far the accuracy exceeds what chance gives with the same margins, over the most by which
  /// it could: 2 (tp tn - fn fp) / ((tp + fp)(fp + tn) + (tp + fn)(fn + tn)).
  ///
  /// > J. Cohen, "A Coefficient of Agreement for Nominal Scales", Educational and Psychological
  /// > Measurement 20(1), 1960.
  public var kappa: Double? {
    RatioFormulas.quotient(
      2 * determinant,
      Double(predictedPositives) * Double(negatives)
        + Double(positives) * Double(predictedNegatives))
  }

  /// A test whether the answers foretell the truth better than independent ones with the same
  /// margins; `nil` where the answers or the truth never change.
  ///
  /// The p-value takes the answers as serially independent, which overlapping ones are not.
  /// > M. H. Pesaran, A. Timmermann, "A Simple Nonparametric Test of Predictive Performance",
  /// > Journal of Business & Economic Statistics 10(4), 1992.
  public var pesaranTimmermann: HypothesisTest? {
    guard let up = baseRate, let said = share(predictedPositives, of: count), let accuracy,
      up > 0, up < 1, said > 0, said < 1
    else { return nil }
    let n = Double(count)
    let expected = up * said + (1 - up) * (1 - said)
    let (upVariance, saidVariance) = (up * (1 - up), said * (1 - said))
    let (upTilt, saidTilt) = (2 * up - 1, 2 * said - 1)
    let variance = expected * (1 - expected) / n
    let expectedVariance =
      (upTilt * upTilt * saidVariance + saidTilt * saidTilt * upVariance
        + 4 * upVariance * saidVariance / n) / n
    guard variance > expectedVariance else { return nil }
    let statistic = (accuracy - expected) / (variance - expectedVariance).squareRoot()
    return HypothesisTest(
      statistic: statistic, pValue: NormalDistribution.cumulative(-statistic))
  }

  /// A test whether the answers are right more often than always saying the commoner of the two:
  /// the exact sign test on the cases in which the two differ; `nil` where they never do.
  ///
  /// The statistic is the number of those that the answers have right less that of those that they
  /// have wrong, over the root of their sum.
  /// > Q. McNemar, "Note on the Sampling Error of the Difference Between Correlated Proportions or
  /// > Percentages", Psychometrika 12(2), 1947.
  public var againstMajority: HypothesisTest? {
    let rarer = positives >= negatives ? inverted : self
    let (count, right) = (rarer.predictedPositives, rarer.truePositives)
    guard count > 0 else { return nil }
    return HypothesisTest(
      statistic: Double(2 * right - count) / Double(count).squareRoot(),
      pValue: upperTailOfFairCoin(right, of: count))
  }

  private var determinant: Double {
    Double(truePositives) * Double(trueNegatives) - Double(falsePositives) * Double(falseNegatives)
  }

  private func share(_ part: Int, of whole: Int) -> Double? {
    RatioFormulas.quotient(Double(part), Double(whole))
  }

  private func mean(_ a: Double?, _ b: Double?) -> Double? {
    guard let a, let b else { return nil }
    return (a + b) / 2
  }
}

/// The probability of at least so many heads in `count` throws of a fair coin.
private func upperTailOfFairCoin(_ heads: Int, of count: Int) -> Double {
  guard heads > 0 else { return 1 }
  let n = Double(count)
  let whole = lgamma(n + 1).0 - n * log(2)
  let sum = (heads...count).compensatedSum { k in
    exp(whole - lgamma(Double(k) + 1).0 - lgamma(n - Double(k) + 1).0)
  }
  return min(1, sum)
}

/// The statistic of a test and the probability of one as large by chance.
public struct HypothesisTest: Hashable, Sendable {
  /// The statistic.
  public var statistic: Double
  /// The probability of a statistic at least as large where there is no effect.
  public var pValue: Double

  /// A test from its parts.
  public init(statistic: Double, pValue: Double) {
    self.statistic = statistic
    self.pValue = pValue
  }
}

/// How often each of several classes was predicted where each of them came, for policies that
/// choose between more than two: down, flat and up.
///
///     let matrix = ConfusionMatrix(
///       classes: ["down", "flat", "up"], actual: came, predicted: said)
///     print(matrix[actual: 2, predicted: 0], matrix.recall(of: 2) ?? .nan)
package struct ConfusionMatrix: Hashable, Sendable {
  /// The names of the classes, at least one.
  package let classes: [String]
  private var counts: [Int]

  /// A matrix without counts.
  package init(classes: [String]) {
    precondition(!classes.isEmpty, "a confusion matrix has at least one class")
    self.classes = classes
    counts = [Int](repeating: 0, count: classes.count * classes.count)
  }

  /// The counts of what came and what was predicted, one for one, each by its class from 0.
  package init(classes: [String], actual: [Int], predicted: [Int]) {
    precondition(actual.count == predicted.count, "a prediction for each outcome")
    self.init(classes: classes)
    for (actual, predicted) in zip(actual, predicted) {
      self[actual: actual, predicted: predicted] += 1
    }
  }

  /// How often `actual` came where `predicted` was said.
  package subscript(actual actual: Int, predicted predicted: Int) -> Int {
    get { counts[place(actual, predicted)] }
    set { counts[place(actual, predicted)] = newValue }
  }

  private func place(_ actual: Int, _ predicted: Int) -> Int {
    precondition(
      classes.indices.contains(actual) && classes.indices.contains(predicted),
      "a class lies between 0 and \(classes.count - 1)")
    return actual * classes.count + predicted
  }

  /// How many predictions there are.
  package var count: Int { counts.reduce(0, +) }

  /// How often a class came.
  package func support(of index: Int) -> Int {
    classes.indices.reduce(0) { $0 + self[actual: index, predicted: $1] }
  }

  /// How often a class was predicted.
  package func predictions(of index: Int) -> Int {
    classes.indices.reduce(0) { $0 + self[actual: $1, predicted: index] }
  }

  /// A class against all others.
  package func binary(_ index: Int) -> BinaryClassification {
    let right = self[actual: index, predicted: index]
    let (support, predictions) = (support(of: index), predictions(of: index))
    return BinaryClassification(
      truePositives: right, falsePositives: predictions - right,
      trueNegatives: count - support - predictions + right, falseNegatives: support - right)
  }

  /// How often a class was right where it was predicted.
  package func precision(of index: Int) -> Double? { binary(index).precision }
  /// How much of a class was found.
  package func recall(of index: Int) -> Double? { binary(index).recall }
  /// The harmonic mean of precision and recall of a class.
  package func f1(of index: Int) -> Double? { binary(index).f1 }

  /// Right predictions over all predictions.
  package var accuracy: Double? {
    let right = classes.indices.reduce(0) { $0 + self[actual: $1, predicted: $1] }
    return RatioFormulas.quotient(Double(right), Double(count))
  }

  /// How often the commonest class would have been right, had it always been predicted.
  package var majorityAccuracy: Double? {
    let most = classes.indices.map { support(of: $0) }.max() ?? 0
    return RatioFormulas.quotient(Double(most), Double(count))
  }

  /// The mean F1 of the classes that came or were predicted.
  package var macroF1: Double? {
    let scores = classes.indices.compactMap { f1(of: $0) }
    return RatioFormulas.quotient(scores.reduce(0, +), Double(scores.count))
  }

  /// The mean F1 of the classes, each weighted by how often it came.
  package var weightedF1: Double? {
    let sum = classes.indices.reduce(0.0) { $0 + Double(support(of: $1)) * (f1(of: $1) ?? 0) }
    return RatioFormulas.quotient(sum, Double(count))
  }
}
