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
      precondition(a.name != b.name, "the name '\(a.name)' stands twice in the catalogue")
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
