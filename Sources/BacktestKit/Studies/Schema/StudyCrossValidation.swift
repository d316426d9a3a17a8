import BacktestCore
package import BacktestEvidence
import BacktestFiles

/// The cross-validation part of a study: how history is cut, and the values that are tried.
package struct StudyCrossValidation: Sendable {
  /// Method, folds, purging and objective.
  package var plan = CrossValidationPlan(.combinatorial)
  /// The values to try, with the study's other parameters fixed.
  package var grid = ParameterGrid([ParameterGrid.Dimension]())
  /// The regimes that `by-regime` leaves out, one at a time; `nil` for other methods.
  package var regimes: Study.RegimeChoice?

  /// Whether the grid has values for parameters that there are.
  fileprivate var isGridReadable = true

  init() {}

  /// The keys of `cross-validation`.
  static func table(of strategy: StudyStrategy) -> StudyTable<StudyCrossValidation> {
    StudyTable(
      initial: StudyCrossValidation(),
      keys: CrossValidationPlan.table.keys.map { $0.of(\.plan) } + [
        .optional("regimes", \.regimes, .choice(), "The regimes that `by-regime` leaves out.")
          .absent("`bull-bear`").example("bull-bear"),
        .grid(of: strategy, \.grid, isReadable: \.isGridReadable),
      ],
      after: { table, part in
        if part.plan.method == .byTimeframe, table.node("timeframes") == nil {
          part.plan.timeframes = ["1d", "1w"].compactMap { Timeframe($0) }
        }
        part.check(&table)
        if part.plan.method == .byRegime, part.regimes == nil { part.regimes = .bullBear }
        part.grid.complete(for: strategy, isReadable: part.isGridReadable, &table)
      })
  }

  /// Reports keys that belong to another method, and what the method lacks.
  private func check(_ table: inout DocumentTable) {
    let method = plan.method
    // Nothing belongs to a method that there is not.
    if case .text(let name)? = table.node("method")?.content,
      CrossValidationPlan.Method(rawValue: name) == nil
    {
      return
    }
    func belongs(_ key: String, to methods: [CrossValidationPlan.Method]) -> String? {
      guard table.node(key) != nil, !methods.contains(method) else { return nil }
      let names = methods.map { "'\($0.rawValue)'" }
      return "'\(key)' goes with the method \(NumberText.list(names)), not with "
        + "'\(method.rawValue)'; remove it"
    }
    let cuts: [CrossValidationPlan.Method] = [.purgedKFold, .combinatorial]
    let owners: [(String, [CrossValidationPlan.Method])] = [
      ("folds", cuts), ("test-folds", [.combinatorial]), ("fold-sizes", cuts),
      ("purge", cuts + [.byRegime, .byYear]), ("embargo", cuts + [.byRegime, .byYear]),
      ("timeframes", [.byTimeframe]), ("regimes", [.byRegime]),
    ]
    for (key, methods) in owners {
      if let message = belongs(key, to: methods) { table.report(message, at: key) }
    }
    if method == .combinatorial, plan.testFoldCount >= plan.foldCount {
      table.report(
        "\(plan.testFoldCount) of \(plan.foldCount) folds cannot be tested while the others train; "
          + "give 1 to \(plan.foldCount - 1) 'test-folds'",
        at: table.node("test-folds") == nil ? "folds" : "test-folds")
    }
    if method == .byTimeframe, Set(plan.timeframes).count < 2 {
      table.report(
        "'by-timeframe' leaves one of several timeframes out; give at least two different ones, "
          + "such as 'timeframes: [1d, 1w]'",
        at: "timeframes")
    }
  }
}

extension CrossValidationPlan {
  /// The keys of `cross-validation` that the plan has.
  static var table: StudyTable<CrossValidationPlan> {
    StudyTable(
      initial: CrossValidationPlan(.combinatorial),
      keys: CrossValidationKeys.all.map { key in
        switch key.name {
        case "timeframes":
          .list("timeframes", \.timeframes, of: .timeframe, key.help).example(key.example)
            .absent(key.absence)
        case "objective":
          .value(key, \.objective, .objectiveOfReturns).values("the name of a metric of returns")
        default: StudyKey(key)
        }
      })
  }
}

extension DocumentRule where Value == String {
  /// The name of a metric of returns.
  fileprivate static var objectiveOfReturns: DocumentRule {
    var rule = objective
    let convert = rule.convert
    rule.expected = "the name of a metric of returns"
    rule.convert = { node in
      convert(node).flatMap { name in
        Metrics.find(name).flatMap { $0.needs.contains(.roundTrips) ? nil : name }
      }
    }
    rule.advice = { node in
      guard case .text(let name) = node.content else { return nil }
      if Metrics.find(name) != nil { return "'\(name)' is a metric of trades" }
      let names = Metrics.all.lazy.filter { !$0.needs.contains(.roundTrips) }.map(\.name)
      return NearestName.find(name, among: Array(names)).map { "did you mean '\($0)'?" }
    }
    return rule
  }
}
