import BacktestKit
import Foundation
import Strategies
import Synchronization
import TestSupport
import Testing

@testable import BacktestEvidence

/// Choices and paths over 64 moving-average crossovers of the S&P 500 against a reference computed
/// from a matrix of returns, without any backtesting engine.
struct CrossValidationReferenceTests {
  static func study(_ plan: CrossValidationPlan) throws -> CrossValidation {
    var study = CrossValidation(
      SMACrossover.definition, grid: WalkForwardReferenceTests.grid,
      on: Feed(try Universe([try MarketBuilder.standardAndPoors500(lot: .fractional)])), plan: plan)
    study.configuration.execution.marketFill = .sameClose
    study.plan.skip = 250
    study.plan.boundary = .carry
    return study
  }

  private func plan(_ oracle: JSONObject) throws -> CrossValidationPlan {
    var plan = CrossValidationPlan(.combinatorial)
    plan.foldCount = try #require(oracle["N"] as? Int)
    plan.testFoldCount = try #require(oracle["k"] as? Int)
    plan.purging = Purging(
      purge: try #require(oracle["purge"] as? Int), embargo: try #require(oracle["embargo"] as? Int)
    )
    return plan
  }

  /// Both studies have the same runs, so the second takes those of the first.
  @Test func choicesAndPathsEqualReference() throws {
    let oracles = try Fixture.json("oracles/33_cpcv_paths.json")
    let units = KeptUnits()
    for name in ["N6k2", "N10k3"] {
      let oracle = try #require(oracles[name] as? JSONObject)
      var study = try Self.study(try plan(oracle))
      study.finished = units
      let result = try study.run()
      #expect(units.count == 64 && result.markets[0].barCount == oracle["n"] as? Int)
      #expect(result.splits.count == oracle["n_splits"] as? Int)
      try compareSplits(result, with: oracle)
      try comparePaths(result, with: oracle)
    }
  }

  private func compareSplits(_ result: CrossValidationResult, with oracle: JSONObject) throws {
    // The larger study's splits are left out of the reference.
    for (split, expected) in zip(result.splits, oracle["splits"] as? [JSONObject] ?? []) {
      #expect(split.rows?.testFolds == expected["test_folds"] as? [Int])
      #expect(split.trainCount == expected["n_train"] as? Int)
      #expect(split.choice == expected["chosen"] as? Int)
      #expect(
        agrees(split.inSample, try #require(expected["train_sharpe"] as? Double), relative: 1e-9))
    }
  }

  private func comparePaths(_ result: CrossValidationResult, with oracle: JSONObject) throws {
    let paths = try #require(oracle["paths"] as? [JSONObject])
    #expect(result.paths.count == paths.count && paths.count == oracle["n_paths"] as? Int)
    for (path, expected) in zip(result.paths, paths) {
      #expect(path.splits == expected["splits"] as? [Int])
      #expect(path.choices == expected["chosen"] as? [Int])
      for (found, key) in [
        (path.test.objective, "sharpe"), (path.test.ratios.totalReturn, "total_return"),
        (path.test.ratios.maxDrawdown, "max_drawdown"),
      ] {
        #expect(agrees(found, try #require(expected[key] as? Double), relative: 1e-9), "\(key)")
      }
    }
    let values = result.values(of: "sharpe")
    let mean = values.reduce(0, +) / Double(values.count)
    #expect(
      agrees(mean, try #require(oracle["path_sharpe_mean"] as? Double), relative: 1e-9))
    let lowest = result.distribution(of: "sharpe")?.minimum
    #expect(
      agrees(lowest, try #require(oracle["path_sharpe_min"] as? Double), relative: 1e-9))
    #expect(result.unit == "path" && result.losingShare == 0)
  }
}

/// Finished units in memory.
final class KeptUnits: FinishedUnits {
  private let units = Mutex<[Int: [UInt8]]>([:])

  var count: Int { units.withLock { $0.count } }

  func bytes(of unit: Int) -> [UInt8]? { units.withLock { $0[unit] } }

  func add(_ bytes: [UInt8], of unit: Int) {
    units.withLock { units in
      #expect(units[unit] == nil, "a unit is finished once")
      units[unit] = bytes
    }
  }
}
