import BacktestCore
public import BacktestEvidence
import BacktestFiles

/// The walk-forward part of a study: the plan and the values that it tries.
public struct StudyWalkForward: Sendable {
  /// Windows, objective, search and how folds are joined.
  public var plan: WalkForwardPlan
  /// The values to try, with the study's other parameters fixed.
  public var grid: ParameterGrid
  /// Where the checkpoint of each fold comes from; `nil` where folds have none of their own.
  public var training: StudyTraining?

  init(_ table: inout DocumentTable, strategy: StudyStrategy, seed: UInt64) {
    plan = WalkForwardPlan(
      train: table.value("train", .windowLength), test: table.value("test", .windowLength))
    plan.windows.isAnchored = table.value("anchored", .flag, default: false)
    plan.windows.gap = table.value("gap", .integer(.notNegative), default: 0)
    plan.windows.gapFrom = table.value("gap-from", .choice(), default: .train)
    plan.windows.tail = table.value("tail", .choice(), default: .drop)
    plan.skip = table.optional("skip", .integer(.atLeast(1)))
    plan.carry = table.value("carry", .choice(), default: .equity)
    plan.boundary = table.value("boundary", .choice(), default: .mark)
    plan.objective = table.value("objective", .objective, default: "sharpe")
    plan.search = table.value("search", .search, default: .grid)
    plan.seed = seed
    training = StudyTraining.read(&table, for: strategy)
    let dimensions = table.section("grid") { table in
      table.keys.map { key in
        ParameterGrid.Dimension(name: key, values: table.list(key, of: .parameter))
      }
    }
    let varying = Set(dimensions.map(\.name))
    let fixed = strategy.given.filter { !varying.contains($0.name) }
    grid = ParameterGrid(dimensions, fixed: fixed)
    do throws(WalkForwardError) {
      _ = try grid.candidates(of: strategy.definition)
    } catch {
      table.report("\(error)", at: "grid")
    }
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
      })
  }
}
