package import BacktestCore
internal import Glibc

/// The values that a tuning may try, one dimension for each parameter that varies.
package struct SearchSpace: Sendable, Equatable {
  /// The parameters that vary, in the order of the strategy.
  package var dimensions: [Dimension]
  /// Values of parameters that do not vary.
  package var fixed: [StrategyParameters.Named]

  /// A space of some dimensions.
  package init(_ dimensions: [Dimension], fixed: [StrategyParameters.Named] = []) {
    self.dimensions = dimensions
    self.fixed = fixed
  }

  /// A parameter that varies.
  package struct Dimension: Sendable, Equatable {
    /// The name of the parameter.
    package var name: String
    /// Its values.
    package var range: Range

    /// A parameter and its values.
    package init(name: String, _ range: Range) {
      self.name = name
      self.range = range
    }
  }

  /// What a parameter may be.
  package enum Range: Sendable, Equatable {
    /// One of some values without an order.
    case choice([ParameterValue])
    /// Whole numbers from a first to a last in steps; a logarithmic scale tries small ones as often
    /// as large ones.
    case integer(from: Int, to: Int, step: Int, isLogarithmic: Bool)
    /// Numbers between two bounds.
    case number(from: Double, to: Double, isLogarithmic: Bool)
  }
}

extension SearchSpace.Range {
  /// The number of values; `nil` where there is no end of them.
  package var count: Int? {
    switch self {
    case .choice(let values): values.count
    case .integer(let from, let to, let step, _): (to - from) / step + 1
    case .number(let from, let to, _): from == to ? 1 : nil
    }
  }

  /// Whether its values have no order.
  var isCategorical: Bool { if case .choice = self { true } else { false } }

  /// The value at a position from 0 to 1; equal parts of it belong to equally likely values.
  func value(at position: Double) -> ParameterValue {
    switch self {
    case .choice(let values):
      return values[min(Int(position * Double(values.count)), values.count - 1)]
    case .integer(let from, let to, let step, let isLogarithmic):
      let count = (to - from) / step + 1
      let place =
        isLogarithmic
        ? Int(((scaled(position) - Double(from)) / Double(step)).rounded())
        : Int(position * Double(count))
      return .integer(from + min(max(place, 0), count - 1) * step)
    case .number(let from, let to, _): return .number(min(max(scaled(position), from), to))
    }
  }

  /// The position of a value, from 0 to 1; of one among several the middle of its part.
  func position(of value: ParameterValue) -> Double {
    switch (self, value) {
    case (.choice(let values), _):
      return (Double(values.firstIndex(of: value) ?? 0) + 0.5) / Double(values.count)
    case (.integer(let from, let to, let step, let isLogarithmic), .integer(let number)):
      guard !isLogarithmic else { return unscaled(Double(number)) }
      return (Double((number - from) / step) + 0.5) / Double((to - from) / step + 1)
    case (.number, .number(let number)): return unscaled(number)
    case (.number, .integer(let number)): return unscaled(Double(number))
    default: return 0.5
    }
  }

  /// The bounds of the scale on which positions are laid out.
  private var bounds: (low: Double, high: Double, isLogarithmic: Bool) {
    switch self {
    case .choice: (0, 1, false)
    case .integer(let from, let to, let step, let isLogarithmic):
      // Half a step on both sides, so that the ends are as likely as the others.
      (
        max(Double(from) - Double(step) / 2, isLogarithmic ? Double(from) / 2 : -.infinity),
        Double(to) + Double(step) / 2, isLogarithmic
      )
    case .number(let from, let to, let isLogarithmic): (from, to, isLogarithmic)
    }
  }

  private func scaled(_ position: Double) -> Double {
    let (low, high, isLogarithmic) = bounds
    guard isLogarithmic else { return low + position * (high - low) }
    return exp(log(low) + position * (log(high) - log(low)))
  }

  private func unscaled(_ value: Double) -> Double {
    let (low, high, isLogarithmic) = bounds
    guard high > low else { return 0.5 }
    return isLogarithmic
      ? (log(value) - log(low)) / (log(high) - log(low)) : (value - low) / (high - low)
  }
}

extension SearchSpace {
  /// The number of combinations; `nil` where there is no end of them.
  package var count: Int? {
    var product = 1
    for dimension in dimensions {
      guard let own = dimension.range.count else { return nil }
      let (next, isTooLarge) = product.multipliedReportingOverflow(by: own)
      if isTooLarge { return nil }
      product = next
    }
    return product
  }

  /// A combination by its number, the first parameter outermost.
  func combination(_ number: Int) -> [ParameterValue] {
    var rest = number
    var values: [ParameterValue] = []
    for dimension in dimensions.reversed() {
      let count = dimension.range.count ?? 1
      let (outer, place) = rest.quotientAndRemainder(dividingBy: count)
      values.append(dimension.range.value(at: (Double(place) + 0.5) / Double(count)))
      if case .integer(let from, _, let step, _) = dimension.range {
        values[values.count - 1] = .integer(from + place * step)
      }
      rest = outer
    }
    return values.reversed()
  }

  /// The complete parameters of a strategy for values of the dimensions.
  ///
  /// - Throws: where the strategy does not accept them.
  func parameters(
    _ values: [ParameterValue], of definition: StrategyDefinition
  ) throws(ParameterError) -> StrategyParameters {
    let own = zip(dimensions, values).map {
      StrategyParameters.Named(name: $0.name, value: $1)
    }
    return try definition.parameters(fixed + own)
  }

  /// The ends of all dimensions in all combinations, at most so many of them.
  func corners(limit: Int) -> [[ParameterValue]] {
    var corners: [[ParameterValue]] = [[]]
    for dimension in dimensions {
      let ends: [ParameterValue]
      if case .choice(let values) = dimension.range {
        ends = values
      } else {
        ends = [dimension.range.value(at: 0), dimension.range.value(at: 1)]
      }
      corners = corners.flatMap { corner in ends.map { corner + [$0] } }
      if corners.count > limit { corners = Array(corners.prefix(limit)) }
    }
    return corners
  }
}
