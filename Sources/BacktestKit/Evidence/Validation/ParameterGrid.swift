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
  /// - Throws: `WalkForwardError` for a parameter without values or named twice, a value that the
  ///   strategy cannot take, too many combinations, or none that it accepts.
  public func candidates(
    of definition: StrategyDefinition
  ) throws(WalkForwardError) -> (accepted: [StrategyParameters], infeasibleCount: Int) {
    let size = try checkedSize()
    var accepted: [StrategyParameters] = []
    for number in 0..<size {
      do throws(ParameterError) {
        accepted.append(try definition.parameters(fixed + combination(number)))
      } catch {
        guard case .inconsistent = error else { throw .parameters(error) }
      }
    }
    guard !accepted.isEmpty else { throw .noCandidates(combinations: size) }
    return (accepted, size - accepted.count)
  }

  private func checkedSize() throws(WalkForwardError) -> Int {
    var size = 1
    var names = fixed.map(\.name)
    for dimension in dimensions {
      guard !dimension.values.isEmpty else { throw .noValues(dimension.name) }
      guard !names.contains(dimension.name) else { throw .repeatedParameter(dimension.name) }
      names.append(dimension.name)
      let (product, overflows) = size.multipliedReportingOverflow(by: dimension.values.count)
      guard !overflows, product <= ParameterGrid.largestSize else { throw .gridTooLarge }
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
