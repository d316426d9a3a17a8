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

  @Test(arguments: ["rolling_756_126", "anchored_756_126", "rolling_1008_252_purge21"])
  func equalsReference(name: String) throws {
    let oracle = try #require(
      try Fixture.json("oracles/34_walkforward_optimisation.json")[name] as? JSONObject)
    func integer(_ key: String) throws -> Int { try #require(oracle[key] as? Int) }
    func number(_ key: String) throws -> Double { try #require(oracle[key] as? Double) }

    var study = try Self.study(train: integer("train"), test: integer("test"))
    study.plan.windows.isAnchored = try #require(oracle["anchored"] as? Bool)
    study.plan.windows.gap = try integer("purge")
    study.plan.windows.gapFrom = .test
    let result = try study.run()

    let windows = try #require(oracle["windows"] as? [JSONObject])
    #expect(result.folds.count == windows.count)
    for (fold, window) in zip(result.folds, windows) {
      let train = try #require(window["train"] as? [Int])
      let test = try #require(window["test"] as? [Int])
      #expect(fold.train == train[0]..<train[1])
      #expect(fold.test == test[0]..<test[1])
      #expect(fold.testDates.lowerBound.description == window["test_first"] as? String)
      #expect(fold.testDates.upperBound.description == window["test_last"] as? String)
      #expect(fold.choice == window["chosen"] as? Int)
      let inSample = try #require(window["is_sharpe"] as? Double)
      let outOfSample = try #require(window["oos_sharpe"] as? Double)
      #expect(agrees(fold.inSample, inSample, relative: 1e-9))
      #expect(agrees(fold.outOfSample ?? 0, outOfSample, relative: 1e-9))
    }
    let expected = [
      (result.stitchedObjective, "oos_sharpe_concatenated"),
      (result.meanInSample, "mean_is_sharpe"), (result.meanOutOfSample, "mean_oos_sharpe"),
      (result.efficiency, "wf_efficiency_concat"),
      (result.metrics.totalReturn, "oos_total_return"),
      (result.metrics.maxDrawdown, "oos_max_drawdown"), (result.metrics.sharpe, "oos_sharpe_concatenated"),
    ]
    for (found, key) in expected {
      #expect(agrees(found, try number(key), relative: 1e-9), "\(key)")
    }
    #expect(result.distinctChoices == (try integer("distinct_choices")))
  }
}
