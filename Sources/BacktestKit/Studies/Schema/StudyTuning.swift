import BacktestCore
package import BacktestEvidence
import BacktestFiles

/// What a study says of the tuning of its parameters.
package struct StudyTuning: Sendable {
  /// The objective, the number of trials and the pruning.
  package var plan = TuningPlan()
  /// What proposes values, unless a program does.
  package var sampler = Sampler.tpe
  /// The program that proposes values; empty where none does.
  package var program: [String] = []
  /// By which bars a trial is judged.
  package var evaluation = Evaluation.inSample
  /// The values that may be tried; without dimensions those of the sweep, or all that the strategy
  /// declares.
  package var space = SearchSpace([])

  init() {}

  /// What proposes values.
  package enum Sampler: String, Sendable, CaseIterable {
    case grid, random, tpe
  }

  /// By which bars a trial is judged.
  package enum Evaluation: String, Sendable, CaseIterable {
    /// One run over all bars.
    case inSample = "in-sample"
    /// The test windows of the study's walk-forward.
    case walkForward = "walk-forward"
  }

  /// The keys of `tune`.
  static func table(of strategy: StudyStrategy) -> StudyTable<StudyTuning> {
    StudyTable(
      initial: StudyTuning(),
      keys: [
        spaceKey(of: strategy),
        .value("trials", \.plan.trialCount, .integer(.atLeast(1)), "The most trials.")
          .example("500"),
        .value("sampler", \.sampler, .choice(), "What proposes values."),
        .list(
          "program", \.program, of: .text,
          "A program that proposes values instead, by lines of JSON."
        ).values("list of words").absent("none")
          .example("[python3, -m, backtestkit.optuna_sampler]"),
        .value(
          "objective", \.plan.objective, .runMetric, "The metric that is looked for."
        ).values("the name of a metric").example("calmar"),
        .value(
          "evaluate", \.evaluation, .choice(),
          "Whether a trial is judged by one run over all bars, or by the mean over the test "
            + "windows of `walk-forward`."),
        .value(
          "pruning", \.plan.pruner, .choice(),
          "What ends trials that do worse than others after the same folds."),
        .value(
          "batch", \.plan.batchCount, .integer(.within(1...256)),
          "How many trials are proposed before any of them is known."
        ).example("16"),
      ])
  }

  private static func spaceKey(of strategy: StudyStrategy) -> StudyKey<StudyTuning> {
    var row = StudyRow(
      "space",
      "The values that may be tried for each parameter: a list, or a range with `from`, `to`, and "
        + "for whole numbers `step`; `log: true` tries small ones as often as large ones.")
    row.values = "table of lists and ranges"
    row.absence = "the grid of `sweep` or `walk-forward`, else all that the strategy declares"
    row.example = "{fast: {from: 2, to: 50}, slow: [50, 100, 200]}"
    return StudyKey(row) { table, tuning in
      guard table.node("space") != nil else { return }
      let found = table.section("space") { table in
        _ = strategy.checkNames(in: &table)
        return table.keys.compactMap { key in
          dimension(key, &table).map { SearchSpace.Dimension(name: key, $0) }
        }
      }
      // In the order of the strategy, since keys of a study have none.
      tuning.space.dimensions = strategy.definition.parameters.compactMap { parameter in
        found.first { $0.name == parameter.name }
      }
    }
  }

  private static func dimension(
    _ key: String, _ table: inout DocumentTable
  ) -> SearchSpace.Range? {
    if table.node(key)?.kind == .list {
      let values = table.list(key, of: .parameter, takesSingle: false)
      return values.isEmpty ? nil : .choice(values)
    }
    return table.section(key) { table in
      let from = table.value("from", .parameter)
      let to = table.value("to", .parameter)
      let step = table.optional("step", .integer(.atLeast(1)))
      let isLogarithmic = table.value("log", .flag, default: false)
      let (low, high) = (from.number, to.number)
      guard let low, let high else {
        table.report("a range goes from a number to a number; list other values as [a, b]")
        return nil
      }
      guard low <= high else {
        table.report("'from' is above 'to': \(from) and \(to)")
        return nil
      }
      guard !isLogarithmic || low > 0 else {
        table.report("'log' needs a 'from' above 0, not \(from)")
        return nil
      }
      if case .integer(let first) = from, case .integer(let last) = to {
        return .integer(from: first, to: last, step: step ?? 1, isLogarithmic: isLogarithmic)
      }
      guard step == nil else {
        table.report("'step' is for whole numbers; list other values as [a, b]")
        return nil
      }
      return .number(from: low, to: high, isLogarithmic: isLogarithmic)
    }
  }
}

extension Study {
  /// The tuning that the study asks for, with the values that it may try.
  package var plannedTuning: StudyTuning {
    var own = tuning ?? StudyTuning()
    if own.space.dimensions.isEmpty {
      let grid = plannedSweep?.grid.dimensions ?? []
      own.space.dimensions =
        grid.isEmpty
        ? strategy.definition.parameters.map {
          SearchSpace.Dimension(name: $0.name, SearchSpace.Range($0.domain))
        } : grid.map { SearchSpace.Dimension(name: $0.name, .choice($0.values)) }
    }
    let varying = Set(own.space.dimensions.map(\.name))
    own.space.fixed = strategy.given.filter { !varying.contains($0.name) }
    if own.evaluation == .walkForward { own.plan.walkForward = walkForward?.plan }
    return own
  }
}

extension SearchSpace.Range {
  /// All values that a parameter may have; wide ranges of positive numbers are logarithmic.
  fileprivate init(_ domain: ParameterDefinition.Domain) {
    switch domain {
    case .integer(let range):
      let isWide = range.lowerBound > 0 && range.upperBound / 100 >= range.lowerBound
      self = .integer(
        from: range.lowerBound, to: range.upperBound, step: 1, isLogarithmic: isWide)
    case .number(let range):
      let isWide = range.lowerBound > 0 && range.upperBound / 100 >= range.lowerBound
      self = .number(from: range.lowerBound, to: range.upperBound, isLogarithmic: isWide)
    case .boolean: self = .choice([.boolean(false), .boolean(true)])
    case .choice(let words): self = .choice(words.map { .choice($0) })
    }
  }
}
