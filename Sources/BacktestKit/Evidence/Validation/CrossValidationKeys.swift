package import BacktestCore

/// The keys of the table `cross-validation` that fill a plan.
package enum CrossValidationKeys {
  package typealias Key = ConfigurationKey<CrossValidationPlan>

  /// The keys, in order.
  package static var all: [Key] {
    [
      method, folds, testFolds, foldSizes, purge, embargo, timeframes, skip, objective, boundary,
    ]
  }

  package static var method: Key {
    var key = Key.word(
      "method", \.method, "How history is cut, and what each split tests while the rest trains."
    ).example("combinatorial").assumption("Method") { plan in
      switch plan.method {
      case .purgedKFold: "Purged k-fold: each of \(plan.foldCount) folds is tested once."
      case .combinatorial:
        "Combinatorial: every choice of \(plan.testFoldCount) of \(plan.foldCount) folds is tested."
      case .byRegime:
        "Each market regime is tested by itself; its bars are known in hindsight only."
      case .byAsset:
        "Each instrument is tested by itself; the choice is made on runs of each other one."
      case .byTimeframe:
        "Bars of each length are tested; the choice is made on bars of the other lengths."
      case .byYear: "Each calendar year is tested by itself."
      }
    }
    key.isRequired = true
    return key
  }

  package static var folds: Key {
    whole("folds", \.foldCount, .atLeast(2), "The number of folds.").example("6")
  }

  package static var testFolds: Key {
    whole(
      "test-folds", \.testFoldCount, .atLeast(1),
      "The number of folds that each split of `combinatorial` tests."
    ).example("2")
  }

  package static var foldSizes: Key {
    .word(
      "fold-sizes", \.foldSizes,
      "Whether the last fold takes the remainder of the bars, or the first folds have one more."
    ).example("first-larger")
  }

  package static var purge: Key {
    whole(
      "purge", \.purging.purge, .notNegative,
      "Bars left out of training on both sides of test bars: how far ahead a label reaches."
    ).example("5").assumption("Purge and embargo") { plan in
      switch plan.method {
      case .byAsset, .byTimeframe: nil
      default:
        "\(NumberText.count(plan.purging.purge, "bar")) left out on both sides of each test block, "
          + "and \(NumberText.count(plan.purging.embargo, "more bar")) after it."
      }
    }
  }

  package static var embargo: Key {
    whole(
      "embargo", \.purging.embargo, .notNegative,
      "Further bars left out of training after test bars."
    ).example("10")
  }

  package static var timeframes: Key {
    Key(
      "timeframes", .text, "The lengths of bars that `by-timeframe` compares.",
      value: { plan in
        plan.timeframes.isEmpty
          ? nil : .text("[\(plan.timeframes.map(\.description).joined(separator: ", "))]")
      }, assign: { _, _ in }
    ).example("[1d, 1mo]").absent("`[1d, 1w]`")
  }

  package static var skip: Key {
    .integer("skip", \.skip, .atLeast(1), "Bars before the first fold.")
      .absent("the longest warm-up").example("30").assumption("First bar") { plan in
        plan.skip.map { "After \(NumberText.count($0, "bar"))." }
          ?? "After the longest warm-up of all candidates."
      }
  }

  package static var objective: Key {
    .text("objective", \.objective, "The metric of returns by which train bars choose.")
      .example("sortino").assumption("Objective") { plan in
        Metrics.find(plan.objective).map {
          "\($0.title): \($0.definition). Ties go to the first in grid order."
        }
      }
  }

  package static var boundary: Key {
    .word(
      "boundary", \.boundary,
      "Whether each test is a separate run, closed at its end, or cut out of one long run."
    ).example("carry").assumption("Test returns") { plan in
      switch plan.boundary {
      case .liquidate:
        "Each test starts flat, with indicators that have seen all bars before it, and is closed "
          + "at its last close, with costs."
      case .carry: "Cut out of the run of the same parameters over all bars, positions included."
      }
    }
  }

  private static func whole(
    _ name: String, _ property: WritableKeyPath<CrossValidationPlan, Int>, _ bounds: NumberBounds,
    _ help: String
  ) -> Key {
    Key(name, .integer(bounds), help, value: { .integer($0[keyPath: property]) }) { plan, value in
      if case .integer(let number) = value { plan[keyPath: property] = number }
    }
  }
}

extension CrossValidationPlan {
  /// The rules in effect as a report states them, in order.
  package var assumptions: [ConfigurationAssumption] {
    CrossValidationKeys.all.compactMap { $0.assumption(self) }
  }
}
