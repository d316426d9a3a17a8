@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Strategies
import Synchronization
import Testing

/// Folds with strategies of their own.
struct FoldStrategyTests {
  private static func walk(_ carry: WalkForwardPlan.Carry = .equity) throws -> WalkForward {
    let bars = try MarketBuilder.standardAndPoors500(lot: .fractional).rows(1_000..<1_300)
    var plan = WalkForwardPlan(train: .bars(80), test: .bars(40))
    plan.windows.gap = 2
    plan.carry = carry
    return WalkForward(
      holding(0), grid: ParameterGrid([]), on: Feed(try Universe([bars])), plan: plan)
  }

  /// A strategy that holds a weight.
  private static func holding(_ weight: Double) -> StrategyDefinition {
    StrategyDefinition(name: "holding", summary: "Holds.") { _ in
      ScriptedStrategy(always: { bars, trading in
        if let bar = bars[0] { trading.target(bar.instrument, weight: weight) }
      })
    }
  }

  /// Without a grid there is one candidate, and each fold is decided by its own strategy.
  @Test(arguments: WalkForwardPlan.Carry.allCases)
  func eachFoldDecidesForItself(_ carry: WalkForwardPlan.Carry) throws {
    var walk = try Self.walk(carry)
    let seen = Mutex<[FoldPeriod]>([])
    let weights = [0.0, 1, 0.5, 0, 1]
    walk.strategyOfFold = { (fold) throws(EvidenceError) in
      seen.withLock { $0.append(fold) }
      return FoldStrategy(
        Self.holding(weights[fold.index]),
        source: FoldSource(path: "fold \(fold.index)", digest: "d\(fold.index)"))
    }
    let result = try walk.run(threads: 3)
    #expect(result.candidates.count == 1 && result.folds.count == 5)
    #expect(seen.withLock { $0.map(\.index) } == [0, 1, 2, 3, 4])
    for (fold, period) in zip(result.folds, seen.withLock { $0 }) {
      #expect(fold.trainDates == period.trainDates && fold.testDates == period.testDates)
      #expect(fold.source?.path == "fold \(fold.index)" && fold.source?.digest == "d\(fold.index)")
      let hasTraded = fold.result?.fills.isEmpty == false
      #expect(hasTraded == (weights[fold.index] > 0))
      // The gap belongs to neither window.
      #expect(period.trainDates.upperBound < period.testDates.lowerBound)
    }
    let alone = try walk.run(threads: 1)
    #expect(alone.stitched.curve == result.stitched.curve)
    #expect(alone.stitched.fingerprint == result.stitched.fingerprint)
  }

  @Test func progressCountsTheMakingOfStrategies() throws {
    var walk = try Self.walk()
    walk.strategyOfFold = { (_) throws(EvidenceError) in FoldStrategy(Self.holding(1)) }
    let calls = Mutex<[[Int]]>([])
    _ = try walk.run(threads: 2) { done, total in calls.withLock { $0.append([done, total]) } }
    // Five strategies, five train windows, five test windows.
    #expect(calls.withLock { $0 } == (1...15).map { [$0, 15] })
  }

  @Test func aStrategyThatCannotBeMadeEndsItBeforeTheFirstRun() throws {
    var walk = try Self.walk()
    walk.strategyOfFold = { (fold) throws(EvidenceError) in
      guard fold.index < 3 else {
        throw .strategy(
          fold: fold.index, testDates: fold.testDates, reason: "the checkpoint is not there")
      }
      return FoldStrategy(Self.holding(1))
    }
    do {
      _ = try walk.run()
      Issue.record("a fold without a strategy was run")
    } catch {
      #expect("\(error)".hasPrefix("fold 3, tested from "))
      #expect("\(error)".hasSuffix(": the checkpoint is not there"))
    }
  }
}
