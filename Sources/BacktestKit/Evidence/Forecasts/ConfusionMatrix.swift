/// How often each of several classes was predicted where each of them came, for policies that
/// choose between more than two: down, flat and up.
///
///     let matrix = ConfusionMatrix(
///       classes: ["down", "flat", "up"], actual: came, predicted: said)
///     print(matrix[actual: 2, predicted: 0], matrix.recall(of: 2) ?? .nan)
public struct ConfusionMatrix: Hashable, Sendable {
  /// The names of the classes, at least one.
  public let classes: [String]
  private var counts: [Int]

  /// A matrix without counts.
  public init(classes: [String]) {
    precondition(!classes.isEmpty, "a confusion matrix has at least one class")
    self.classes = classes
    counts = [Int](repeating: 0, count: classes.count * classes.count)
  }

  /// The counts of what came and what was predicted, one for one, each by its class from 0.
  public init(classes: [String], actual: [Int], predicted: [Int]) {
    precondition(actual.count == predicted.count, "a prediction for each outcome")
    self.init(classes: classes)
    for (actual, predicted) in zip(actual, predicted) {
      self[actual: actual, predicted: predicted] += 1
    }
  }

  /// How often `actual` came where `predicted` was said.
  public subscript(actual actual: Int, predicted predicted: Int) -> Int {
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
  public var count: Int { counts.reduce(0, +) }

  /// How often a class came.
  public func support(of index: Int) -> Int {
    classes.indices.reduce(0) { $0 + self[actual: index, predicted: $1] }
  }

  /// How often a class was predicted.
  public func predictions(of index: Int) -> Int {
    classes.indices.reduce(0) { $0 + self[actual: $1, predicted: index] }
  }

  /// A class against all others.
  public func binary(_ index: Int) -> BinaryClassification {
    let right = self[actual: index, predicted: index]
    let (support, predictions) = (support(of: index), predictions(of: index))
    return BinaryClassification(
      truePositives: right, falsePositives: predictions - right,
      trueNegatives: count - support - predictions + right, falseNegatives: support - right)
  }

  /// How often a class was right where it was predicted.
  public func precision(of index: Int) -> Double? { binary(index).precision }
  /// How much of a class was found.
  public func recall(of index: Int) -> Double? { binary(index).recall }
  /// The harmonic mean of precision and recall of a class.
  public func f1(of index: Int) -> Double? { binary(index).f1 }

  /// Right predictions over all predictions.
  public var accuracy: Double? {
    let right = classes.indices.reduce(0) { $0 + self[actual: $1, predicted: $1] }
    return RatioFormulas.quotient(Double(right), Double(count))
  }

  /// How often the commonest class would have been right, had it always been predicted.
  public var majorityAccuracy: Double? {
    let most = classes.indices.map { support(of: $0) }.max() ?? 0
    return RatioFormulas.quotient(Double(most), Double(count))
  }

  /// The mean F1 of the classes that came or were predicted.
  public var macroF1: Double? {
    let scores = classes.indices.compactMap { f1(of: $0) }
    return RatioFormulas.quotient(scores.reduce(0, +), Double(scores.count))
  }

  /// The mean F1 of the classes, each weighted by how often it came.
  public var weightedF1: Double? {
    let sum = classes.indices.reduce(0.0) { $0 + Double(support(of: $1)) * (f1(of: $1) ?? 0) }
    return RatioFormulas.quotient(sum, Double(count))
  }
}
