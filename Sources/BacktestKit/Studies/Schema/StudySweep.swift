import BacktestCore
package import BacktestEvidence
import BacktestFiles

/// The sweep of a study: which values are tried, and how sets are ranked.
package struct StudySweep: Sendable {
  /// The objective, the search, and what counts as near the best.
  package var plan = ParameterSweepPlan()
  /// How the sets of a heat map's cell become one value.
  package var reduction = ParameterHeatMap.Reduction.median
  /// The values to try, with the study's other parameters fixed.
  package var grid = ParameterGrid([ParameterGrid.Dimension]())
  /// Whether the grid has values for parameters that there are.
  fileprivate var isGridReadable = true

  fileprivate init() {}

  /// The sweep of a study without the section: the grid, the objective and the search of its
  /// walk-forward.
  init(_ walkForward: StudyWalkForward) {
    plan.objective = walkForward.plan.objective
    plan.search = walkForward.plan.search
    plan.seed = walkForward.plan.seed
    grid = walkForward.grid
  }

  /// The keys of `sweep`.
  static func table(of strategy: StudyStrategy, seed: UInt64) -> StudyTable<StudySweep> {
    StudyTable(
      initial: StudySweep(),
      keys: [
        .grid(of: strategy, \.grid, isReadable: \.isGridReadable)
          .absent("that of `walk-forward`"),
        .value(
          "objective", \.plan.objective, .runMetric, "The metric by which sets are ranked."
        ).values("the name of a metric").example("calmar"),
        .value(
          "search", \.plan.search, .search,
          "Which sets are tried: all, or so many drawn at random by the study's seed."
        ).values("`grid`, or a whole number").example("500"),
        .value(
          "tolerance", \.plan.tolerance, .number(.share),
          "The share of the best objective by which a neighbour may be worse and still counts as "
            + "near it."
        ).example("0.05"),
        .value(
          "heat-map", \.reduction, .choice(),
          "How sets that agree in both parameters of a heat map become one value."
        ).example("best"),
      ],
      after: { table, sweep in
        sweep.plan.seed = seed
        sweep.grid.complete(for: strategy, isReadable: sweep.isGridReadable, &table)
      })
  }
}

extension Study {
  /// The sweep that the study asks for: a section without a grid takes that of the walk-forward,
  /// and so does a study without the section.
  package var plannedSweep: StudySweep? {
    guard var own = sweep else { return walkForward.map { StudySweep($0) } }
    if own.grid.dimensions.isEmpty, let walkForward { own.grid = walkForward.grid }
    return own
  }
}

extension DocumentRule where Value == String {
  /// The name of a metric that a run has by itself.
  static var runMetric: DocumentRule {
    let names = ParameterSweepResult.metrics.map(\.name)
    return DocumentRule(
      expected: "the name of a metric that needs no benchmark", placeholder: "sharpe",
      convert: { node in
        guard case .text(let name) = node.content, names.contains(name) else { return nil }
        return name
      },
      advice: { node in
        guard case .text(let name) = node.content else { return nil }
        return NearestName.find(name, among: names).map { "did you mean '\($0)'?" }
      })
  }
}
