import BacktestCore
package import BacktestEvidence
import BacktestFiles

/// The walk-forward part of a study: the plan and the values that it tries.
package struct StudyWalkForward: Sendable {
  /// Windows, objective, search and how folds are joined.
  package var plan = WalkForwardPlan(train: .bars(1), test: .bars(1))
  /// The values to try, with the study's other parameters fixed.
  package var grid = ParameterGrid([ParameterGrid.Dimension]())
  /// Where the checkpoint of each fold comes from; `nil` where folds have none.
  package var training: StudyTraining?

  /// What the keys about checkpoints say, until they are checked together.
  fileprivate var checkpoints = TrainingKeys()
  /// Whether the grid has values for parameters that there are.
  fileprivate var isGridReadable = true

  fileprivate init() {}

  /// The keys of `walk-forward`.
  ///
  /// - Parameters:
  ///   - strategy: what walks forward.
  ///   - seed: the study's.
  static func table(of strategy: StudyStrategy, seed: UInt64) -> StudyTable<StudyWalkForward> {
    StudyTable(
      initial: StudyWalkForward(),
      keys: WalkForwardPlan.table.keys.map { $0.of(\.plan) }
        + [.grid(of: strategy, \.grid, isReadable: \.isGridReadable)]
        + TrainingKeys.table.keys.map { $0.of(\.checkpoints) },
      after: { table, part in
        part.plan.seed = seed
        part.training = part.checkpoints.training(&table, for: strategy)
        part.grid.complete(for: strategy, isReadable: part.isGridReadable, &table)
      })
  }
}

extension WalkForwardPlan {
  /// The keys of `walk-forward` that the plan has.
  static var table: StudyTable<WalkForwardPlan> {
    StudyTable(
      initial: WalkForwardPlan(train: .bars(1), test: .bars(1)),
      keys: WalkForwardKeys.all.map { key in
        switch key.name {
        case "train":
          .required(key, \.windows.train, .windowLength).values("`756`, `90d`, `6mo`, `3y`")
        case "test": .required(key, \.windows.test, .windowLength).values("as for train")
        case "objective": .value(key, \.objective, .objective).values("the name of a metric")
        case "search": .value(key, \.search, .search).values("`grid`, or a whole number")
        default: StudyKey(key)
        }
      })
  }
}

extension DocumentRule where Value == WalkForwardLength {
  /// A number of bars, or days, months or years: `756`, `90d`, `6mo`, `3y`.
  static var windowLength: DocumentRule {
    DocumentRule(
      expected: "a length such as 756 (bars), 90d, 6mo or 3y", placeholder: .bars(1),
      convert: { node in
        switch node.content {
        case .integer(let bars) where bars >= 1: return .bars(bars)
        case .text(let text):
          let digits = text.prefix { $0.isASCII && $0.isNumber }
          guard let count = Int(digits), (1...1_000_000).contains(count) else { return nil }
          switch text.dropFirst(digits.count) {
          case "d": return .days(count)
          case "mo": return .months(count)
          case "y": return .years(count)
          default: return nil
          }
        default: return nil
        }
      },
      write: { length in
        switch length {
        case .bars(let count): .integer(count)
        case .days(let count): .text("\(count)d")
        case .months(let count): .text("\(count)mo")
        case .years(let count): .text("\(count)y")
        }
      })
  }
}

extension DocumentRule where Value == String {
  /// The name of a metric that can be an objective.
  static var objective: DocumentRule {
    DocumentRule(
      expected: "the name of a metric of returns or trades", placeholder: "sharpe",
      convert: { node in
        guard case .text(let name) = node.content,
          (try? ObjectiveEvaluator(name, barsPerYear: 252)) != nil
        else { return nil }
        return name
      },
      advice: { node in
        guard case .text(let name) = node.content else { return nil }
        return NearestName.find(name, among: Metrics.all.map(\.name)).map {
          "did you mean '\($0)'?"
        }
      })
  }
}

extension DocumentRule where Value == WalkForwardPlan.Search {
  /// `grid`, or the number of candidates of a random search.
  static var search: DocumentRule {
    DocumentRule(
      expected: "grid, or a number of candidates to draw at random", placeholder: .grid,
      convert: { node in
        switch node.content {
        case .text("grid"): .grid
        case .integer(let count) where count >= 1: .random(count: count)
        default: nil
        }
      },
      write: { search in
        switch search {
        case .grid: "grid"
        case .random(let count): .integer(count)
        }
      })
  }
}
