public import BacktestCore

/// How much a searched parameter moved from fold to fold: one that jumps was fitted to noise.
public struct ParameterStability: Hashable, Sendable {
  /// The name of the parameter.
  public var name: String
  /// The number of different values that folds chose.
  public var distinctCount: Int
  /// The value chosen most often; of equally frequent ones the first in the grid.
  public var mostFrequent: ParameterValue
  /// The share of folds that chose it, from 0 to 1.
  public var mostFrequentShare: Double
  /// The mean of |step| between neighbouring folds over the range of the grid's values: 0 never
  /// moves, 1 jumps from end to end each time. `nil` for one fold, or values that are no numbers or
  /// all the same.
  public var meanRelativeStep: Double?
}

extension ParameterStability {
  /// The stability of one dimension of a grid over the parameters that folds chose, in order of
  /// time.
  ///
  /// - Precondition: at least one fold, and each chose a value of the dimension.
  init(of dimension: ParameterGrid.Dimension, chosen: [StrategyParameters]) {
    let values = chosen.map { $0[dimension.name]?.number }
    let places = chosen.map { parameters in
      dimension.values.firstIndex { $0.means(parameters[dimension.name]) } ?? 0
    }
    var counts = Array(repeating: 0, count: dimension.values.count)
    for place in places { counts[place] += 1 }
    let most = counts.indices.reduce(0) { counts[$1] > counts[$0] ? $1 : $0 }
    name = dimension.name
    distinctCount = counts.count { $0 > 0 }
    mostFrequent = dimension.values[most]
    mostFrequentShare = Double(counts[most]) / Double(chosen.count)

    let range = dimension.values.compactMap(\.number)
    let width = (range.max() ?? 0) - (range.min() ?? 0)
    let steps = zip(values, values.dropFirst()).compactMap { a, b -> Double? in
      guard let a, let b else { return nil }
      return abs(b - a)
    }
    meanRelativeStep =
      width > 0 && !steps.isEmpty
      ? steps.reduce(0, +) / Double(steps.count) / width : nil
  }
}

extension ParameterValue {
  /// The value as a number; `nil` for words and truth.
  fileprivate var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .boolean, .choice: nil
    }
  }

  /// Whether another value is the same, whole numbers being numbers too.
  fileprivate func means(_ other: ParameterValue?) -> Bool {
    guard let other else { return false }
    if let a = number, let b = other.number { return a == b }
    return self == other
  }
}
