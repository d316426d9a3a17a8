import BacktestCore
import BacktestEvidence
import BacktestFiles

/// A table of values to try, as several sections of a study have one.
struct StudyGrid: Sendable {
  /// The values, in the order of the strategy's parameters.
  var grid = ParameterGrid([ParameterGrid.Dimension]())
  /// Whether it has values for parameters that there are.
  var isReadable = true
}

extension StudyKey {
  /// The key `grid`: the values to try for each parameter of a strategy.
  static func grid(
    of strategy: StudyStrategy, _ property: WritableKeyPath<Root, StudyGrid>, help: String,
    absence: String
  ) -> StudyKey {
    var row = StudyRow("grid", help)
    row.values = "table of lists"
    row.absence = absence
    row.example = "{fast: [3, 5]}"
    return StudyKey(
      row,
      read: { table, root in
        var isReadable = true
        let dimensions = table.section("grid") { table in
          isReadable = strategy.checkNames(in: &table)
          return table.keys.map { key in
            ParameterGrid.Dimension(
              name: key, values: table.list(key, of: .parameter, takesSingle: false))
          }
        }
        root[keyPath: property].isReadable =
          isReadable && dimensions.allSatisfy { !$0.values.isEmpty }
        // In the order of the strategy, since keys of a study have none: of equal candidates the
        // first is chosen.
        root[keyPath: property].grid.dimensions = strategy.definition.parameters.compactMap {
          parameter in dimensions.first { $0.name == parameter.name }
        }
      }, json: { _ in nil })
  }
}

extension StudyGrid {
  /// Fixes the study's other parameters, and reports what the strategy cannot take.
  mutating func check(_ table: inout DocumentTable, for strategy: StudyStrategy) {
    let varying = Set(grid.dimensions.map(\.name))
    grid.fixed = strategy.given.filter { !varying.contains($0.name) }
    // What is wrong with the strategy or with a list of values has been reported already.
    guard strategy.isComplete, isReadable else { return }
    do throws(EvidenceError) {
      _ = try grid.candidates(of: strategy.definition)
    } catch {
      table.report("\(error)", within: "grid")
    }
  }
}
