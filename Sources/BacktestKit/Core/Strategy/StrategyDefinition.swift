/// A strategy that can be asked for by name.
///
///     let definition = StrategyDefinition(
///       name: "crossover", summary: "Long while the fast average is above the slow one.",
///       parameters: [
///         .integer("fast", default: 10, in: 1...500, "Bars of the fast average."),
///         .integer("slow", default: 50, in: 2...1_000, "Bars of the slow average."),
///       ],
///       constraint: { $0.integer("fast") < $0.integer("slow") ? nil : "fast must be below slow" },
///       make: { Crossover(fast: $0.integer("fast"), slow: $0.integer("slow")) })
public struct StrategyDefinition: Sendable {
  /// The name in a study file, in lower case with hyphens.
  public let name: String
  /// One line for a reader.
  public let summary: String
  /// Its parameters, in the order in which they are shown.
  public let parameters: [ParameterDefinition]
  private let constraint: @Sendable (StrategyParameters) -> String?
  private let factory: @Sendable (StrategyParameters, Universe) throws -> any Strategy

  /// A definition of a strategy that runs on any universe.
  ///
  /// - Parameters:
  ///   - name: the name in a study file, in lower case with hyphens.
  ///   - summary: one line for a reader.
  ///   - parameters: its parameters, in the order in which they are shown.
  ///   - constraint: what must hold between parameters: `nil` when all is well, else the reason in
  ///     one phrase.
  ///   - make: makes the strategy anew for each run.
  public init(
    name: String, summary: String, parameters: [ParameterDefinition] = [],
    constraint: @escaping @Sendable (StrategyParameters) -> String? = { _ in nil },
    make: @escaping @Sendable (StrategyParameters) -> any Strategy
  ) {
    self.init(
      name: name, summary: summary, parameters: parameters, constraint: constraint,
      make: { parameters, _ in make(parameters) })
  }

  /// A definition of a strategy that depends on the universe, or runs on some only.
  ///
  /// - Parameters:
  ///   - name: the name in a study file, in lower case with hyphens.
  ///   - summary: one line for a reader.
  ///   - parameters: its parameters, in the order in which they are shown.
  ///   - constraint: what must hold between parameters: `nil` when all is well, else the reason in
  ///     one phrase.
  ///   - make: makes the strategy anew for each run; throws where it cannot run on the universe,
  ///     best a ``StrategyError``.
  public init(
    name: String, summary: String, parameters: [ParameterDefinition] = [],
    constraint: @escaping @Sendable (StrategyParameters) -> String? = { _ in nil },
    make: @escaping @Sendable (StrategyParameters, Universe) throws -> any Strategy
  ) {
    self.name = name
    self.summary = summary
    self.parameters = parameters
    self.constraint = constraint
    factory = make
  }

  /// Values completed by defaults and checked.
  ///
  /// - Throws: `ParameterError` for a name that is not defined, a value outside its domain, or
  ///   values that do not go together.
  public func parameters(
    _ given: KeyValuePairs<String, ParameterValue>
  ) throws(ParameterError) -> StrategyParameters {
    try parameters(given.map { StrategyParameters.Named(name: $0.key, value: $0.value) })
  }

  /// Values completed by defaults and checked.
  ///
  /// - Throws: as for literals.
  public func parameters(
    _ given: [StrategyParameters.Named]
  ) throws(ParameterError) -> StrategyParameters {
    for one in given where !parameters.contains(where: { $0.name == one.name }) {
      throw .unknownParameter(one.name, strategy: name, known: parameters.map(\.name))
    }
    var values: [StrategyParameters.Named] = []
    for definition in parameters {
      let wanted =
        given.last { $0.name == definition.name }?.value ?? definition.defaultValue
      guard let value = definition.accepting(wanted) else {
        throw .unsuitable(
          definition.name, strategy: name, value: wanted, expected: "\(definition.domain)")
      }
      values.append(StrategyParameters.Named(name: definition.name, value: value))
    }
    let complete = StrategyParameters(values: values)
    if let reason = constraint(complete) { throw .inconsistent(strategy: name, reason: reason) }
    return complete
  }

  /// A strategy ready for one run on a universe.
  ///
  /// - Throws: `StrategyError` where the strategy cannot run on it.
  public func make(
    _ parameters: StrategyParameters, for universe: Universe
  ) throws(StrategyError) -> any Strategy {
    do {
      return try factory(parameters, universe)
    } catch {
      var problem = error as? StrategyError ?? StrategyError("\(error)")
      problem.strategy = name
      throw problem
    }
  }
}

/// The strategies that studies and commands know by name.
public struct StrategyCatalogue: Sendable {
  /// The definitions in ascending order of names.
  public let definitions: [StrategyDefinition]

  /// A catalogue of some definitions.
  ///
  /// - Precondition: no two have the same name.
  public init(_ definitions: [StrategyDefinition]) {
    let sorted = definitions.sorted {
      $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    for (a, b) in zip(sorted, sorted.dropFirst()) {
      precondition(a.name != b.name, "the name '\(a.name)' is used twice in the catalogue")
    }
    self.definitions = sorted
  }

  /// This catalogue and more definitions.
  public func adding(_ more: [StrategyDefinition]) -> StrategyCatalogue {
    StrategyCatalogue(definitions + more)
  }

  /// The definition with a name.
  ///
  /// - Throws: `ParameterError.unknownStrategy` with the nearest name.
  public func definition(named name: String) throws(ParameterError) -> StrategyDefinition {
    guard let found = definitions.first(where: { $0.name == name }) else {
      let nearest = NearestName.find(name, among: definitions.map(\.name))
      throw .unknownStrategy(name, nearest: nearest)
    }
    return found
  }
}

/// Why a strategy cannot run on a universe, such as a missing instrument.
///
///     make: { parameters, universe in
///       guard universe.count == 2 else {
///         throw StrategyError("it trades a pair, but the universe has \(universe.count)")
///       }
///       return PairTrade(entry: parameters.number("entry"))
///     }
public struct StrategyError: Error, Hashable, CustomStringConvertible {
  /// The name of the strategy in the catalogue; filled in by ``StrategyDefinition/make(_:for:)``.
  public var strategy: String
  /// What the strategy needs and what it found instead.
  public var reason: String

  /// An error of a strategy, whose name is added by the definition that makes it.
  public init(_ reason: String) {
    strategy = ""
    self.reason = reason
  }

  /// `pair-trade cannot run on this universe: it trades a pair, but the universe has 3`
  public var description: String {
    "\(strategy.isEmpty ? "the strategy" : strategy) cannot run on this universe: \(reason)"
  }
}
