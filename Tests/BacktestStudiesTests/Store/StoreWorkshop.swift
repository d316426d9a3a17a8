@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestFiles
@testable import BacktestStudies
import BacktestFiles
import TestSupport

/// Stores, jobs and trials for tests.
struct StoreWorkshop {
  let folder: ScratchFolder
  var path: String { folder.path + "/runs.sqlite" }

  init() throws { folder = try ScratchFolder() }

  /// A job of a strategy.
  static func scope(
    _ strategy: String = "sma-crossover", rules: Int = 1, data: String = "one"
  ) -> TrialScope {
    TrialScope(
      family: TrialFamily(strategy: strategy, symbols: ["AAA", "BBB"], timeframe: "1d"),
      rules: ["cash": .integer(rules)], data: ["digest": .text(data)])
  }

  /// A trial of parameters on some days; its returns follow from both.
  static func trial(
    fast: Int, from day: Int = 0, count: Int = 40, origin: Trial.Origin = .sweep
  ) -> Trial {
    Trial(
      origin,
      parameters: StrategyParameters(values: [
        .init(name: "fast", value: .integer(fast)), .init(name: "weight", value: .number(0.5)),
      ]),
      dates: (day..<day + count).map { CivilDate(daysSinceEpoch: 15_000 + $0) },
      returns: (day..<day + count).map { Float(($0 * 7_919 + fast * 104_729) % 1_009) / 40_000 },
      metrics: ["sharpe": Double(fast) / 10, "cagr": 0.1])
  }

  /// A result.
  static func run(_ name: String, sharpe: Double, _ scope: TrialScope = scope()) -> StoredRun {
    StoredRun(
      number: 0, kind: "run", name: name, family: scope.family,
      fingerprint: ContentDigest.of(name.utf8).hexadecimal,
      firstDate: CivilDate(daysSinceEpoch: 15_000), lastDate: CivilDate(daysSinceEpoch: 15_040),
      returnCount: 40, settings: ["parameters.fast": "5", "execution.fill": "next-open"],
      metrics: ["sharpe": sharpe, "max-drawdown": -sharpe / 10], version: "1")
  }

  /// Stores trials.
  static func append(
    _ trials: [Trial], _ scope: TrialScope = scope(), to store: RunStore
  ) throws {
    try store.append(trials.map { ScopedTrial(scope, $0) })
  }
}
