package import BacktestCore

// The keys of a walk-forward: their names in studies and result files, what they mean, and what a
// report says of them.

/// The keys of the table `walk-forward` that fill a plan.
package enum WalkForwardKeys {
  package typealias Key = ConfigurationKey<WalkForwardPlan>

  /// The keys, in order.
  package static var all: [Key] {
    [train, test, anchored, gap, gapFrom, tail, skip, objective, search, carry, boundary]
  }

  package static var train: Key {
    text(
      "train", "The length of a train window, in bars, days, months or years.",
      \.windows.train.description
    ).example("60").required().assumption("Train windows") { plan in
      plan.windows.isAnchored
        ? "\(plan.windows.train) at first; each begins with the first bar."
        : "\(plan.windows.train) each."
    }
  }

  package static var test: Key {
    text("test", "The length of a test window.", \.windows.test.description)
      .example("2mo").required().assumption("Test windows") { "\($0.windows.test) each." }
  }

  package static var anchored: Key {
    .flag(
      "anchored", \.windows.isAnchored, "Whether every train window begins with the first bar."
    ).example("true")
  }

  package static var gap: Key {
    ConfigurationKey(
      "gap", .integer(.notNegative), "Bars left out between train and test.",
      value: { .integer($0.windows.gap) },
      assign: { plan, value in
        if case .integer(let bars) = value { plan.windows.gap = bars }
      }
    ).example("5").assumption("Gap") { plan in
      let bars = plan.windows.gap
      guard bars > 0 else { return nil }
      return "\(NumberText.count(bars, "bar")) between train and test, taken from the "
        + "\(plan.windows.gapFrom.rawValue) window."
    }
  }

  package static var gapFrom: Key {
    .word(
      "gap-from", \.windows.gapFrom,
      "Whether the gap shortens the train window or shifts the test window."
    ).example("test")
  }

  package static var tail: Key {
    .word("tail", \.windows.tail, "Whether an incomplete last test window is tested.")
      .example("keep").assumption("Last test window") { plan in
        switch plan.windows.tail {
        case .drop: "Left out where it is incomplete."
        case .keep: "Tested even where it is incomplete."
        }
      }
  }

  package static var skip: Key {
    .integer("skip", \.skip, .atLeast(1), "Bars before the first window.")
      .absent("the longest warm-up").example("30").assumption("First window") { plan in
        plan.skip.map { "Begins after \(NumberText.count($0, "bar"))." }
          ?? "Begins after the longest warm-up of all candidates."
      }
  }

  package static var objective: Key {
    text("objective", "The metric by which the train window chooses.", \.objective)
      .example("sortino").assumption("Objective") { plan in
        Metrics.find(plan.objective).map { "\($0.title): \($0.definition)." }
      }
  }

  package static var search: Key {
    text("search", "Whether all candidates are tried, or that many at random.", \.search.text)
      .example("3").assumption("Search") { plan in
        let candidates =
          switch plan.search {
          case .grid: "Every combination of the grid."
          case .random(let count):
            "\(NumberText.count(count, "combination")) drawn a fold without replacement, seed "
              + "\(plan.seed)."
          }
        return candidates + " Ties go to the first in grid order."
      }
  }

  package static var carry: Key {
    .word(
      "carry", \.carry,
      "Whether a fold begins with the equity before it or with the initial capital."
    ).example("returns").assumption("Start of a fold") { plan in
      switch plan.carry {
      case .equity: "With the final equity of the fold before it."
      case .returns: "With the initial capital; the returns of folds are chained."
      }
    }
  }

  package static var boundary: Key {
    .word("boundary", \.boundary, "What happens to open positions at the end of a fold.")
      .example("mark").assumption("End of a fold") { plan in
        switch plan.boundary {
        case .liquidate: "Positions are closed at the fold's last close, with costs."
        case .mark:
          "Positions are valued at the mark, without costs, and their round trips count as closed; "
            + "the next fold starts flat."
        case .carry: "Positions go over into the next fold."
        }
      }
  }

  /// A key whose form in documents is up to those who read them.
  private static func text(
    _ name: String, _ help: String, _ value: @escaping (WalkForwardPlan) -> String
  ) -> Key {
    ConfigurationKey(name, .text, help, value: { .text(value($0)) }, assign: { _, _ in })
  }
}

extension WalkForwardPlan.Search {
  fileprivate var text: String {
    switch self {
    case .grid: "grid"
    case .random(let count): "\(count)"
    }
  }
}

extension WalkForwardPlan {
  /// The rules in effect as a report states them, in order.
  package var assumptions: [ConfigurationAssumption] {
    WalkForwardKeys.all.compactMap { $0.assumption(self) }
  }
}
