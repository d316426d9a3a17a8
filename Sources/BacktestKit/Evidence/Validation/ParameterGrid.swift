public import BacktestCore

/// The values to try for some parameters of a strategy; the others keep their defaults or the
/// values of `fixed`.
///
///     let grid = ParameterGrid(["fast": [5, 10, 20], "slow": [50, 100, 200]])
///
/// Combinations are numbered with the first parameter outermost: its value changes last.
public struct ParameterGrid: Hashable, Sendable {
  /// The parameters that vary, outermost first.
  public var dimensions: [Dimension]
  /// Values of parameters that do not vary.
  public var fixed: [StrategyParameters.Named]

  /// A parameter that varies.
  public struct Dimension: Hashable, Sendable {
    /// The name of the parameter.
    public var name: String
    /// Its values, in the order in which they are tried.
    public var values: [ParameterValue]

    /// A parameter and its values.
    public init(name: String, values: [ParameterValue]) {
      self.name = name
      self.values = values
    }
  }

  /// A grid of dimensions, outermost first.
  public init(_ dimensions: [Dimension], fixed: [StrategyParameters.Named] = []) {
    self.dimensions = dimensions
    self.fixed = fixed
  }

  /// A grid as a literal, outermost first.
  public init(
    _ dimensions: KeyValuePairs<String, [ParameterValue]>,
    fixed: KeyValuePairs<String, ParameterValue> = [:]
  ) {
    self.init(
      dimensions.map { Dimension(name: $0.key, values: $0.value) },
      fixed: fixed.map { StrategyParameters.Named(name: $0.key, value: $0.value) })
  }

  /// The most combinations that a grid may have.
  public static let largestSize = 1_000_000
}

extension ParameterGrid {
  /// The combinations that a strategy accepts, in grid order, and the number of those that it does
  /// not.
  ///
  /// - Throws: `EvidenceError` for a parameter without values or named twice, a value that the
  ///   strategy cannot take or that is there twice, too many combinations, or none that it accepts.
  public func candidates(
    of definition: StrategyDefinition
  ) throws(EvidenceError) -> (accepted: [StrategyParameters], infeasibleCount: Int) {
    let (accepted, size) = try numberedCandidates(of: definition)
    return (accepted.map(\.parameters), size - accepted.count)
  }

  /// The combinations that a strategy accepts, each with its number in grid order, and the number
  /// of all combinations.
  ///
  /// - Throws: as `candidates(of:)`.
  func numberedCandidates(
    of definition: StrategyDefinition
  ) throws(EvidenceError) -> (accepted: [(number: Int, parameters: StrategyParameters)], size: Int)
  {
    let size = try checkedSize()
    var accepted: [(number: Int, parameters: StrategyParameters)] = []
    for number in 0..<size {
      do throws(ParameterError) {
        accepted.append((number, try definition.parameters(fixed + combination(number))))
      } catch {
        guard case .inconsistent = error else { throw .parameters(error) }
      }
    }
    guard !accepted.isEmpty else { throw .noCandidates(combinations: size) }
    return (accepted, size)
  }

  /// How far apart in numbers two combinations are that differ by one step of a dimension.
  func stride(of dimension: Int) -> Int {
    dimensions[(dimension + 1)...].reduce(1) { $0 * $1.values.count }
  }

  private func checkedSize() throws(EvidenceError) -> Int {
    var size = 1
    var names = fixed.map(\.name)
    for dimension in dimensions {
      guard !dimension.values.isEmpty else { throw .noValues(dimension.name) }
      guard !names.contains(dimension.name) else { throw .repeatedParameter(dimension.name) }
      names.append(dimension.name)
      var seen: Set<ParameterValue> = []
      for value in dimension.values where !seen.insert(value).inserted {
        throw .repeatedValue(dimension.name, "\(value)")
      }
      let (product, overflows) = size.multipliedReportingOverflow(by: dimension.values.count)
      guard !overflows, product <= ParameterGrid.largestSize else {
        throw .gridTooLarge(largest: ParameterGrid.largestSize)
      }
      size = product
    }
    return size
  }

  private func combination(_ number: Int) -> [StrategyParameters.Named] {
    var rest = number
    var values: [StrategyParameters.Named] = []
    for dimension in dimensions.reversed() {
      let (outer, place) = rest.quotientAndRemainder(dividingBy: dimension.values.count)
      values.append(
        StrategyParameters.Named(name: dimension.name, value: dimension.values[place]))
      rest = outer
    }
    return values.reversed()
  }
}

/// How much a searched parameter moved from fold to fold: one that jumps was fitted to noise.
package struct ParameterStability: Hashable, Sendable {
  /// The name of the parameter.
  package var name: String
  /// The number of different values that folds chose.
  package var distinctCount: Int
  /// The value chosen most often; of equally frequent ones the first in the grid.
  package var mostFrequent: ParameterValue
  /// The share of folds that chose it, from 0 to 1.
  package var mostFrequentShare: Double
  /// The mean of |step| between neighbouring folds over the range of the grid's values: 0 never
  /// moves, 1 jumps from end to end each time. `nil` for one fold, or values that are no numbers or
  /// all the same.
  package var meanRelativeStep: Double?
}

extension ParameterStability {
  /// The stability of one dimension of a grid over the parameters that folds chose, in order of
  /// time.
  ///
  /// - Precondition: at least one fold, and each chose a value of the dimension.
  init(of dimension: ParameterGrid.Dimension, chosen: [StrategyParameters]) {
    let values = chosen.map { $0[dimension.name]?.number }
    let places = chosen.map { parameters in
      parameters[dimension.name].flatMap { own in
        dimension.values.firstIndex { $0.means(own) }
      } ?? 0
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
  package var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .boolean, .choice: nil
    }
  }

  /// Whether another value is the same, whole numbers being numbers too.
  package func means(_ other: ParameterValue) -> Bool {
    if let a = number, let b = other.number { return a == b }
    return self == other
  }
}
