@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Strategies
import Synchronization
import Testing

struct WalkForwardSearchTests {
  /// Crossovers of three hundred sessions of the S&P 500, with costs.
  private static func study(_ grid: ParameterGrid) throws -> WalkForward {
    let bars = try MarketBuilder.standardAndPoors500(lot: .fractional).rows(1_000..<1_300)
    var configuration = BacktestConfiguration()
    configuration.execution.commission = BasisPointCommission(basisPoints: 2)
    var plan = WalkForwardPlan(train: .bars(80), test: .bars(40))
    plan.windows.gap = 2
    plan.boundary = .mark
    return WalkForward(
      SMACrossover.definition, grid: grid, on: Feed(try Universe([bars])),
      configuration: configuration, plan: plan)
  }

  private static let grid = ParameterGrid(["fast": [3, 5, 8, 12], "slow": [8, 12, 20]])

  @Test func theFirstParameterIsOutermost() throws {
    let (accepted, infeasible) = try Self.grid.candidates(of: SMACrossover.definition)
    #expect(
      accepted.map { [$0.integer("fast"), $0.integer("slow")] } == [
        [3, 8], [3, 12], [3, 20], [5, 8], [5, 12], [5, 20], [8, 12], [8, 20], [12, 20],
      ])
    #expect(infeasible == 3)
  }

  @Test func gridsThatAreNoneAreAnError() throws {
    func error(_ grid: ParameterGrid) -> EvidenceError? {
      do throws(EvidenceError) {
        _ = try grid.candidates(of: SMACrossover.definition)
        return nil
      } catch {
        return error
      }
    }
    #expect(error(ParameterGrid(["fast": []])) == .noValues("fast"))
    #expect(error(ParameterGrid(["fast": [1], "fast": [2]])) == .repeatedParameter("fast"))
    #expect(error(ParameterGrid(["fast": [1, 2, 1]])) == .repeatedValue("fast", "1"))
    #expect(error(ParameterGrid(["fast": [1]], fixed: ["fast": 2])) == .repeatedParameter("fast"))
    #expect(
      error(ParameterGrid(["fast": [70], "slow": [60, 50]])) == .noCandidates(combinations: 2))
    let many = ParameterGrid.Dimension(name: "fast", values: (1...1_001).map { .integer($0) })
    let more = ParameterGrid.Dimension(name: "slow", values: (1...1_001).map { .integer($0) })
    #expect(error(ParameterGrid([many, more])) == .gridTooLarge(largest: 1_000_000))
    guard case .parameters(.unknownParameter("quick", _, _)) = error(ParameterGrid(["quick": [1]]))
    else {
      Issue.record("an unknown parameter is not an error of the catalogue")
      return
    }
  }

  @Test func fixedValuesHoldForAll() throws {
    let grid = ParameterGrid(["fast": [3, 5]], fixed: ["slow": 30, "short": true])
    let (accepted, _) = try grid.candidates(of: SMACrossover.definition)
    #expect(accepted.allSatisfy { $0.integer("slow") == 30 && $0.boolean("short") })
  }

  @Test func randomSearchFollowsTheStreamOfItsFold() throws {
    var study = try Self.study(Self.grid)
    study.plan.search = .random(count: 3)
    study.plan.seed = 11
    let draws = try PreparedWalkForward(study).draws
    for (fold, draw) in draws.enumerated() {
      var random = Randomness(seed: 11, stream: "search/\(fold)")
      #expect(draw == random.sample(3, from: 9).sorted())
    }
    #expect(Set(draws).count > 1)
    let result = try study.run()
    #expect(result.folds.allSatisfy { draws[$0.index].contains($0.choice) })
    #expect(result.folds.allSatisfy { $0.candidateCount == 3 })
    #expect(!result.caveats.contains { $0.code == .arbitraryChoice })
    study.plan.search = .random(count: 1)
    #expect(try study.run().folds.allSatisfy { $0.candidateCount == 1 })
  }

  @Test func aRandomSearchOfAllIsTheGrid() throws {
    var study = try Self.study(Self.grid)
    let all = try study.run()
    study.plan.search = .random(count: 9)
    let random = try study.run()
    #expect(random.folds.map(\.choice) == all.folds.map(\.choice))
    #expect(random.stitched.curve == all.stitched.curve)
    study.plan.search = .random(count: 0)
    #expect(throws: EvidenceError.emptySearch(count: 0)) { try study.run() }
  }

  @Test(arguments: WalkForwardPlan.Carry.allCases)
  func resultsDoNotDependOnThreads(carry: WalkForwardPlan.Carry) throws {
    var study = try Self.study(Self.grid)
    study.plan.carry = carry
    let one = try study.run(threads: 1)
    for threads in [2, 4] {
      let other = try study.run(threads: threads)
      #expect(other.stitched.curve == one.stitched.curve)
      #expect(other.stitched.fills == one.stitched.fills)
      #expect(other.stitched.ledger == one.stitched.ledger)
      #expect(other.folds.map(\.choice) == one.folds.map(\.choice))
      #expect(other.folds.map(\.inSample) == one.folds.map(\.inSample))
      #expect(other.folds.map(\.outOfSample) == one.folds.map(\.outOfSample))
      #expect(other.efficiency == one.efficiency && other.stability == one.stability)
    }
  }

  @Test func everyRunEqualsABacktestOnItsWindow() throws {
    let study = try Self.study(Self.grid)
    let result = try study.run()
    #expect(result.folds.count == 5)
    var cash = 1_000_000.0
    for fold in result.folds {
      func run(_ bars: Range<Int>, cash: Double) -> BacktestResult {
        var configuration = study.configuration
        configuration.account.initialCash = cash
        configuration.window = result.instants(of: bars)
        let (fast, slow) = (fold.parameters.integer("fast"), fold.parameters.integer("slow"))
        return Backtest(
          SMACrossover(fast: fast, slow: slow), on: study.feed, configuration: configuration
        ).run()
      }
      #expect(run(fold.train, cash: 1_000_000).metrics.sharpe == fold.inSample)
      let test = run(fold.test, cash: cash)
      #expect(test.metrics.sharpe == fold.outOfSample && test.curve == fold.result?.curve)
      #expect(fold.metrics?.sharpe == fold.outOfSample && fold.metrics?.sample.count == 40)
      cash = try #require(test.equity.last)
    }
    #expect(result.stitched.equity.last == cash)
    #expect(result.metrics.sharpe == result.stitchedObjective)
  }

  @Test func tradesCanBeTheObjective() throws {
    var study = try Self.study(Self.grid)
    study.plan.objective = "trade-win-rate"
    let result = try study.run()
    for fold in result.folds {
      #expect(fold.outOfSample == (try fold.metrics?.value(of: "trade-win-rate")))
    }
  }

  @Test func objectivesThatCannotBeAreAnError() throws {
    var study = try Self.study(Self.grid)
    study.plan.objective = "sharp"
    let unknown = #expect(throws: EvidenceError.self, performing: { try study.run() })
    if case .unknownMetric("sharp", _) = unknown {
    } else {
      Issue.record("\(String(describing: unknown))")
    }
    study.plan.objective = "exposure"
    #expect(throws: EvidenceError.needsMoreThanReturns(metric: "exposure")) {
      try study.run()
    }
  }

  @Test func progressCountsEveryRun() throws {
    let study = try Self.study(Self.grid)
    let seen = Mutex<[[Int]]>([])
    _ = try study.run(threads: 2) { done, total in seen.withLock { $0.append([done, total]) } }
    #expect(seen.withLock { $0 } == (1...50).map { [$0, 50] })
  }

  @Test func stabilityCountsValuesAndSteps() {
    let dimension = ParameterGrid.Dimension(name: "fast", values: [5, 10, 25])
    let chosen = [10, 5, 10, 25, 25, 5].map { value in
      StrategyParameters(values: [.init(name: "fast", value: .integer(value))])
    }
    let stability = ParameterStability(of: dimension, chosen: chosen)
    // Each value twice, so the first of the grid; steps 5, 5, 15, 0, 20 over a range of 20.
    #expect(stability.distinctCount == 3 && stability.mostFrequent == 5)
    #expect(stability.mostFrequentShare == 2 / 6.0 && stability.meanRelativeStep == 0.45)
    let once = ParameterStability(of: dimension, chosen: Array(chosen.prefix(1)))
    #expect(once.meanRelativeStep == nil && once.mostFrequentShare == 1)
  }
}
