/// Which strategy a study runs.
public struct StudyStrategy: Sendable {
  /// Its definition in the catalogue.
  public var definition: StrategyDefinition
  /// Its parameters, complete and checked.
  public var parameters: StrategyParameters
  /// The parameters that the study gives, without defaults.
  let given: [StrategyParameters.Named]

  init(_ table: inout DocumentTable, catalogue: StrategyCatalogue) {
    let found = table.value("name", .strategy(in: catalogue))
    let given = table.section("parameters") { table in
      table.keys.compactMap { key in
        table.optional(key, .parameter).map { StrategyParameters.Named(name: key, value: $0) }
      }
    }
    definition = found
    self.given = given
    do throws(ParameterError) {
      parameters = try found.parameters(given)
    } catch {
      parameters = StrategyParameters(values: [])
      table.report("\(error)", at: "parameters")
    }
  }
}

extension DocumentRule where Value == StrategyDefinition {
  static func strategy(in catalogue: StrategyCatalogue) -> DocumentRule {
    let names = catalogue.definitions.map(\.name)
    guard let first = catalogue.definitions.first else {
      preconditionFailure("a catalogue without strategies cannot be chosen from")
    }
    return DocumentRule(
      expected: "a strategy of the catalogue", placeholder: first,
      convert: { node in
        guard case .text(let name) = node.content else { return nil }
        return try? catalogue.definition(named: name)
      },
      advice: { node in
        guard case .text(let text) = node.content,
          let nearest = NearestName.find(text, among: names)
        else { return "known are \(listed(names, "and"))" }
        return "did you mean '\(nearest)'?"
      })
  }
}
