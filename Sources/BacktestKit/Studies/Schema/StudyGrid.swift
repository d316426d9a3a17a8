import BacktestCore
import BacktestEvidence
import BacktestFiles

extension StudyKey {
  /// The key `grid`: the values to try for each parameter.
  ///
  /// - Parameters:
  ///   - strategy: whose parameters they are.
  ///   - property: what takes the grid.
  ///   - isReadable: what learns whether the grid has values for parameters that there are.
  static func grid(
    of strategy: StudyStrategy, _ property: WritableKeyPath<Root, ParameterGrid>,
    isReadable: WritableKeyPath<Root, Bool>
  ) -> StudyKey {
    var row = StudyRow("grid", "The values to try for each parameter.")
    row.values = "table of lists"
    row.absence = "none: one candidate"
    row.example = "{fast: [3, 5]}"
    return StudyKey(
      row,
      read: { table, root in
        var namesAreKnown = true
        let dimensions = table.section("grid") { table in
          namesAreKnown = strategy.checkNames(in: &table)
          return table.keys.map { key in
            ParameterGrid.Dimension(
              name: key, values: table.list(key, of: .parameter, takesSingle: false))
          }
        }
        root[keyPath: isReadable] = namesAreKnown && dimensions.allSatisfy { !$0.values.isEmpty }
        // In the order of the strategy, since keys of a study have none: of equal candidates the
        // first is chosen.
        root[keyPath: property].dimensions = strategy.definition.parameters.compactMap {
          parameter in
          dimensions.first { $0.name == parameter.name }
        }
      }, json: { _ in nil })
  }
}

extension ParameterGrid {
  /// Fixes the study's other parameters, and reports what the strategy cannot take.
  ///
  /// - Parameter isReadable: whether the grid has values for parameters that there are.
  mutating func complete(
    for strategy: StudyStrategy, isReadable: Bool, _ table: inout DocumentTable
  ) {
    let varying = Set(dimensions.map(\.name))
    fixed = strategy.given.filter { !varying.contains($0.name) }
    // What is wrong with the strategy or with a list of values has been reported already.
    guard strategy.isComplete, isReadable else { return }
    do throws(EvidenceError) {
      _ = try candidates(of: strategy.definition)
    } catch {
      table.report("\(error)", within: "grid")
    }
  }
}
