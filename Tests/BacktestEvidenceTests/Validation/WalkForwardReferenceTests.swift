import TestSupport
import BacktestKit
import Foundation
import Strategies
import Testing

/// Long/flat crossovers of the S&P 500, chosen by Sharpe ratio, against a reference computed apart.
struct WalkForwardReferenceTests {
  static let grid = ParameterGrid([
    "fast": [5, 10, 15, 20, 25, 30, 40, 50],
    "slow": [60, 80, 100, 120, 150, 180, 200, 250],
  ])

  static func study(train: Int, test: Int) throws -> WalkForward {
    var configuration = BacktestConfiguration()
    configuration.execution.marketFill = .sameClose
    var plan = WalkForwardPlan(train: .bars(train), test: .bars(test))
    plan.skip = 250
    let series = try MarketBuilder.standardAndPoors500(lot: .fractional)
    return WalkForward(
      SMACrossover.definition, grid: grid, on: Feed(try Universe([series])),
      configuration: configuration, plan: plan)
  }

  static let names = ["rolling_756_126", "anchored_756_126", "rolling_1008_252_purge21"]

  private static func oracle(_ name: String) throws -> JSONObject {
    try #require(
      try Fixture.json("oracles/34_walkforward_optimisation.json")[name] as? JSONObject)
  }

  private static func study(_ oracle: JSONObject) throws -> WalkForward {
    var study = try study(
      train: #require(oracle["train"] as? Int), test: #require(oracle["test"] as? Int))
    study.plan.windows.isAnchored = try #require(oracle["anchored"] as? Bool)
    study.plan.windows.gap = try #require(oracle["purge"] as? Int)
    study.plan.windows.gapFrom = .test
    return study
  }

  @Test(arguments: names)
  func windowsEqualReference(name: String) throws {
    let oracle = try Self.oracle(name)
    let (schedule, skip) = try Self.study(oracle).schedule()
    let windows = try #require(oracle["windows"] as? [JSONObject])
    #expect(skip == 250 && schedule.folds.count == windows.count)
    for (fold, window) in zip(schedule.folds, windows) {
      #expect([fold.train.lowerBound, fold.train.upperBound] == window["train"] as? [Int])
      #expect([fold.test.lowerBound, fold.test.upperBound] == window["test"] as? [Int])
    }
  }

  @Test(
    .enabled(
      if: TestBuild.isOptimised,
      "takes long without the optimiser; firstFoldsEqualReference runs six folds of each"),
    arguments: names[..<2])
  func longStudyEqualsReference(name: String) throws { try compare(name) }

  @Test func shortStudyEqualsReference() throws { try compare(Self.names[2]) }

  @Test(.enabled(if: !TestBuild.isOptimised, "all folds run"), arguments: names[..<2])
  func firstFoldsEqualReference(name: String) throws { try compare(name, folds: 6) }

  /// Compares all folds of a study, or the first ones.
  private func compare(_ name: String, folds: Int = .max) throws {
    let oracle = try Self.oracle(name)
    let all = try #require(oracle["windows"] as? [JSONObject])
    let windows = all.prefix(folds)
    var study = try Self.study(oracle)
    let end = try #require(windows.last?["test"] as? [Int])[1]
    study.configuration.window = 0..<(250 + end)
    let result = try study.run()

    #expect(result.folds.count == windows.count)
    for (fold, window) in zip(result.folds, windows) {
      #expect(fold.testDates.lowerBound.description == window["test_first"] as? String)
      #expect(fold.testDates.upperBound.description == window["test_last"] as? String)
      #expect(fold.choice == window["chosen"] as? Int)
      let inSample = try #require(window["is_sharpe"] as? Double)
      let outOfSample = try #require(window["oos_sharpe"] as? Double)
      #expect(agrees(fold.inSample, inSample, relative: 1e-9))
      // The reference counts a fold that stays in cash as 0.
      #expect(agrees(fold.outOfSample ?? 0, outOfSample, relative: 1e-9))
      #expect((fold.outOfSample == nil) == fold.isFlatOutOfSample)
    }
    guard windows.count == all.count else {
      try checkMeans(of: windows, in: result)
      return
    }
    let expected = [
      (result.stitchedObjective, "oos_sharpe_concatenated"),
      (result.metrics.sharpe, "oos_sharpe_concatenated"),
      (result.meanInSample, "mean_is_sharpe"), (result.meanOutOfSample, "mean_oos_sharpe"),
      (result.efficiency, "wf_efficiency_concat"),
      (result.metrics.totalReturn, "oos_total_return"),
      (result.metrics.maxDrawdown, "oos_max_drawdown"),
    ]
    for (found, key) in expected {
      let value = try #require(oracle[key] as? Double)
      #expect(agrees(found, value, relative: 1e-9), "\(key)")
    }
    #expect(result.distinctChoices == oracle["distinct_choices"] as? Int)
  }

  /// What a result says of all its folds, from the reference's figures of the folds that were run.
  private func checkMeans(
    of windows: ArraySlice<JSONObject>, in result: WalkForwardResult
  ) throws {
    func figures(_ key: String) throws -> [Double] {
      try windows.map { try #require($0[key] as? Double) }
    }
    let (inSample, outOfSample) = (try figures("is_sharpe"), try figures("oos_sharpe"))
    let count = Double(windows.count)
    #expect(agrees(result.meanInSample, inSample.reduce(0, +) / count, relative: 1e-9))
    #expect(agrees(result.meanOutOfSample, outOfSample.reduce(0, +) / count, relative: 1e-9))
    #expect(result.distinctChoices == Set(windows.compactMap { $0["chosen"] as? Int }).count)
  }
}
