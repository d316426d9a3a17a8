@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Strategies
import Synchronization
import Testing

struct ParameterSweepTests {
  /// Crossovers of three hundred sessions of the S&P 500, with costs.
  private static func sweep(
    fast: [ParameterValue] = [3, 5, 8, 12], slow: [ParameterValue] = [8, 12, 20],
    bars count: Int = 300, _ change: (inout ParameterSweep) -> Void = { _ in }
  ) throws -> ParameterSweep {
    let bars = try MarketBuilder.standardAndPoors500(lot: .fractional).rows(1_000..<1_000 + count)
    var configuration = BacktestConfiguration()
    configuration.execution.commission = BasisPointCommission(basisPoints: 2)
    var sweep = ParameterSweep(
      SMACrossover.definition,
      grid: ParameterGrid([
        ParameterGrid.Dimension(name: "fast", values: fast),
        ParameterGrid.Dimension(name: "slow", values: slow),
      ]), on: Feed(try Universe([bars])), configuration: configuration)
    change(&sweep)
    return sweep
  }

  /// A set's row is what a run alone gives, metric by metric and to the bit.
  @Test func rowsAreTheMetricsOfRuns() throws {
    let sweep = try Self.sweep()
    let result = try sweep.run()
    #expect(result.sets.count == 9 && result.infeasibleCount == 3 && result.returnCount == 280)
    for set in result.sets.indices {
      let parameters = result.sets[set]
      let strategy = SMACrossover(
        fast: parameters.integer("fast"), slow: parameters.integer("slow"))
      // Bar 19 is the first with an average of 20; its close is the base point.
      var configuration = sweep.configuration
      configuration.window = 20..<300
      let metrics = Backtest(strategy, on: sweep.feed, configuration: configuration).run().metrics
      for metric in ParameterSweepResult.metrics {
        #expect(
          try result.value(of: metric.name, set: set) == metrics.value(of: metric.name),
          "\(metric.name) of \(parameters)")
      }
    }
  }

  @Test func threadsChangeNothing() throws {
    let slow = (20..<32).map { ParameterValue.integer($0) }
    let sweep = try Self.sweep(fast: (3..<13).map { .integer($0) }, slow: slow, bars: 100)
    let one = try sweep.run(threads: 1)
    for threads in [2, 5] {
      let other = try sweep.run(threads: threads)
      #expect(other.measured.metrics.map(\.bitPattern) == one.measured.metrics.map(\.bitPattern))
      #expect(other.measured.summary.words == one.measured.summary.words)
      #expect(other.ranking == one.ranking)
    }
  }

  /// Sets are run two at a time here, and the last alone.
  @Test func progressEndsWithAllSets() throws {
    let sweep = try Self.sweep(
      fast: (3..<12).map { .integer($0) }, slow: (20..<49).map { .integer($0) }, bars: 60)
    let seen = Mutex<[[Int]]>([])
    _ = try sweep.run(threads: 1) { done, total in seen.withLock { $0.append([done, total]) } }
    #expect(seen.withLock { $0 } == (1...131).map { [min(2 * $0, 261), 261] })
  }

  /// Daily returns of 64 crossovers as another program computed them (06_pbo.json of the oracles).
  @Test func agreesWithTheReferenceOfSixtyFourCrossovers() throws {
    let fast = [5, 10, 15, 20, 25, 30, 40, 50].map { ParameterValue.integer($0) }
    let slow = [60, 80, 100, 120, 150, 180, 200, 250].map { ParameterValue.integer($0) }
    let bars = try MarketBuilder.standardAndPoors500(lot: .fractional)
    var configuration = BacktestConfiguration()
    configuration.accounting = .weights(fee: 0, initialWeights: .zero)
    let result = try ParameterSweep(
      SMACrossover.definition,
      grid: ParameterGrid([
        ParameterGrid.Dimension(name: "fast", values: fast),
        ParameterGrid.Dimension(name: "slow", values: slow),
      ]), on: Feed(try Universe([bars])), configuration: configuration
    ).run()
    #expect(result.sets.count == 64 && result.returnCount == 4_781)
    let best = try #require(result.best)
    #expect(result.sets[best].integer("fast") == 25 && result.sets[best].integer("slow") == 250)
    #expect(
      agrees(
        try #require(result.objectiveValue(of: best)),
        0.537_335_274_527_151_1, within: 1e-9))
    let evidence = try #require(result.evidence)
    #expect(
      agrees(try evidence.effectiveTrials.get().value, 12.131_704_379_813_781, within: 1e-9))
    #expect(agrees(try evidence.ratioVariance.get(), 4.623_744_250_172_742e-05, within: 1e-9))
    #expect(
      agrees(try evidence.deflatedSharpe.get().probability, 0.938_163_481_649_9, within: 1e-9))
    // 5,921 of 12,870 choices of half of 16 blocks.
    #expect(try evidence.overfitting.get().probability == 5_921.0 / 12_870)
  }

  @Test func eachSetIsATrial() throws {
    let trials = Mutex<[Trial]>([])
    let sweep = try Self.sweep { $0.onTrial = { one in trials.withLock { $0.append(one) } } }
    let result = try sweep.run(threads: 3)
    let told = trials.withLock { $0 }
    #expect(Set(told.map(\.parameters)) == Set(result.sets) && told.count == 9)
    for trial in told {
      let set = try #require(result.sets.firstIndex(of: trial.parameters))
      #expect(trial.origin == .sweep && trial.returns.count == 280 && trial.dates.count == 280)
      let sharpe = try #require(trial.metricNames.firstIndex(of: "sharpe"))
      #expect(trial.metricValues[sharpe] == result.objectiveValue(of: set))
    }
  }

  /// Units that were finished, in memory; some of them forgotten.
  private final class Kept: FinishedUnits {
    private let units = Mutex<[Int: [UInt8]]>([:])
    private let forgets: @Sendable (Int) -> Bool

    init(forgetting forgets: @escaping @Sendable (Int) -> Bool = { _ in false }) {
      self.forgets = forgets
    }

    var count: Int { units.withLock { $0.count } }

    func bytes(of unit: Int) -> [UInt8]? { units.withLock { $0[unit] } }

    func add(_ bytes: [UInt8], of unit: Int) {
      guard !forgets(unit) else { return }
      units.withLock { $0[unit] = bytes }
    }
  }

  @Test func aSweepGoesOnWhereItStopped() throws {
    let slow = (20..<50).map { ParameterValue.integer($0) }
    let kept = Kept { $0 % 3 == 1 }
    let trials = Mutex(0)
    let sweep = try Self.sweep(fast: (3..<13).map { .integer($0) }, slow: slow, bars: 100) {
      $0.finishedUnits = kept
      $0.onTrial = { _ in trials.withLock { $0 += 1 } }
    }
    let first = try sweep.run(threads: 2)
    #expect(first.sets.count == 300 && trials.withLock { $0 } == 300 && kept.count == 100)
    let second = try sweep.run(threads: 3)
    #expect(trials.withLock { $0 } == 300 + 50 * 2)
    #expect(second.measured.metrics.map(\.bitPattern) == first.measured.metrics.map(\.bitPattern))
    #expect(second.measured.summary.words == first.measured.summary.words)
  }

  @Test func aRandomSearchTriesSome() throws {
    func sweep(_ seed: UInt64) throws -> ParameterSweepResult {
      try Self.sweep {
        $0.plan.search = .random(count: 4)
        $0.plan.seed = seed
      }.run()
    }
    let results = try (0..<6).map { try sweep($0) }
    #expect(results.allSatisfy { $0.sets.count == 4 })
    #expect(try sweep(0).sets == results[0].sets)
    #expect(Set(results.map(\.sets)).count > 1)
  }

  @Test func whatCannotBeSweptIsAnError() throws {
    func error(_ sweep: ParameterSweep) -> EvidenceError? {
      do throws(EvidenceError) {
        _ = try sweep.run()
        return nil
      } catch {
        return error
      }
    }
    #expect(
      error(try Self.sweep(slow: [299, 20])) == .tooShortToSweep(bars: 300, warmup: 298))
    #expect(error(try Self.sweep { $0.plan.search = .random(count: 0) }) == .emptySearch(count: 0))
    #expect(
      error(try Self.sweep { $0.plan.objective = "beta" }) == .needsMoreThanReturns(metric: "beta"))
    #expect(
      error(try Self.sweep { $0.plan.objective = "sharp" })?.description.contains("sharpe") == true)
  }
}

/// The surface of a sweep, on a grid whose objective is known.
struct SweepSurfaceTests {
  /// A result with a made-up objective over a grid of a by b.
  private static func result(
    _ values: [[Double?]], a: [ParameterValue]? = nil, b: [ParameterValue]? = nil,
    objective: String = "sharpe", tolerance: Double = 0.1
  ) throws -> ParameterSweepResult {
    let rows = a ?? values.indices.map { .integer($0) }
    let columns = b ?? values[0].indices.map { .integer($0) }
    let grid = ParameterGrid([
      ParameterGrid.Dimension(name: "a", values: rows),
      ParameterGrid.Dimension(name: "b", values: columns),
    ])
    let metric = try Metrics.named(objective)
    let column = try #require(RunMeasure.metrics.firstIndex { $0.name == objective })
    var measured = MeasuredSets(sessionCount: 0, blocks: 16)
    var sets: [StrategyParameters] = []
    for (row, line) in values.enumerated() {
      for (place, value) in line.enumerated() {
        var metrics = [Double](repeating: .nan, count: RunMeasure.metrics.count)
        metrics[column] = value ?? .nan
        measured.append(metrics, sessions: [])
        sets.append(
          StrategyParameters(values: [
            .init(name: "a", value: rows[row]), .init(name: "b", value: columns[place]),
          ]))
      }
    }
    var plan = ParameterSweepPlan()
    plan.objective = objective
    plan.tolerance = tolerance
    let day = CivilDate(daysSinceEpoch: 0)
    return ParameterSweepResult(
      strategy: "made-up", grid: grid, configuration: BacktestConfiguration(), plan: plan,
      objective: metric, sets: sets, numbers: Array(sets.indices), combinationCount: sets.count,
      infeasibleCount: 0, dates: day...day, returnCount: 0, measured: measured)
  }

  private static let surface: [[Double?]] = [
    [0.1, 0.2, 0.1, 0.1, 3.0],
    [0.2, 0.9, 1.0, 0.9, 0.1],
    [0.1, 1.0, 1.1, 1.0, 0.1],
    [0.1, 0.8, 0.9, 0.9, 0.1],
    [0.1, 0.1, 0.1, 0.1, 0.1],
  ]

  @Test func aPeakIsBestAndAPlateauIsChosen() throws {
    let result = try Self.result(Self.surface)
    #expect(result.best == 4)
    let peak = try #require(result.neighbourhood(of: 4))
    #expect(peak.value == 3 && peak.count == 2 && peak.worst == 0.1 && peak.isAtEdge)
    #expect(peak.mean == 0.1 && peak.median == 0.1 && peak.nearShare == 0)
    let middle = try #require(result.plateau)
    #expect(middle == 12)
    let around = try #require(result.neighbourhood(of: middle))
    #expect(result.neighbours(of: middle) == [7, 11, 13, 17])
    #expect(around.value == 1.1 && around.count == 4 && !around.isAtEdge)
    #expect(agrees(around.mean, 0.975, within: 1e-15) && around.median == 1.0)
    #expect(around.worst == 0.9 && around.medianWithSet == 1.0)
    // 1.1 less a tenth of it is 0.99.
    #expect(around.nearShare == 0.75)
    // A quarter less than 1 is 0.75, and 0.75 is near.
    let exact = try Self.result([[0, 0.75, 0], [0.7, 1, 0.8], [0, 0.7, 0]], tolerance: 0.25)
    #expect(exact.neighbourhood(of: 4)?.nearShare == 0.5)
  }

  @Test func lessIsBetterWhereTheMetricSaysSo() throws {
    let result = try Self.result(
      Self.surface.map { $0.map { $0.map { 4 - $0 } } }, objective: "volatility")
    #expect(result.best == 4 && result.plateau == 12)
    let around = try #require(result.neighbourhood(of: 12))
    #expect(agrees(around.worst, 3.1, within: 1e-15))
  }

  @Test func valuesInAnyOrderHaveTheSameNeighbours() throws {
    let mixed = [2, 0, 4, 1, 3]
    let result = try Self.result(
      mixed.map { row in mixed.map { Self.surface[row][$0] } },
      a: mixed.map { .integer($0) }, b: mixed.map { .number(Double($0)) })
    let set = try #require(result.plateau)
    #expect(result.sets[set].integer("a") == 2 && result.sets[set].number("b") == 2)
    #expect(
      result.neighbourhood(of: set)?.mean
        == (try Self.result(Self.surface)).neighbourhood(of: 12)?.mean)
    let map = result.heatMap(across: "b", down: "a")
    #expect(map.values == Self.surface && map.rows == [0, 1, 2, 3, 4])
  }

  @Test func wordsHaveNoSteps() throws {
    let result = try Self.result(
      [[1, 2, 4], [5, 7, 6]], a: ["low", "high"], b: [1, 2, 3])
    #expect(result.neighbours(of: 4) == [3, 5])
    #expect(result.plateau == 4)
    #expect(result.heatMap(across: "b", down: "a").rows == ["low", "high"])
  }

  @Test func whatHasNoObjectiveIsLast() throws {
    let result = try Self.result([[nil, 1, nil], [2, nil, 3]])
    #expect(result.ranking == [5, 3, 1, 0, 2, 4] && result.best == 5)
    #expect(result.neighbourhood(of: 5) == nil && result.neighbourhood(of: 0) == nil)
    #expect(result.neighbours(of: 5) == [2, 4])
    let nothing = try Self.result([[nil, nil]])
    #expect(nothing.best == nil && nothing.plateau == nil)
  }

  @Test func aHeatMapReducesTheOthers() throws {
    let grid = ParameterGrid(["a": [1, 2], "b": [1, 2], "c": [1, 2, 3]])
    let column = try #require(RunMeasure.metrics.firstIndex { $0.name == "sharpe" })
    var measured = MeasuredSets(sessionCount: 0, blocks: 16)
    for set in 0..<12 {
      var metrics = [Double](repeating: .nan, count: RunMeasure.metrics.count)
      metrics[column] = Double(set * set)
      measured.append(metrics, sessions: [])
    }
    let day = CivilDate(daysSinceEpoch: 0)
    let result = ParameterSweepResult(
      strategy: "made-up", grid: grid, configuration: BacktestConfiguration(),
      plan: ParameterSweepPlan(), objective: try Metrics.named("sharpe"),
      sets: Array(repeating: StrategyParameters(values: []), count: 12), numbers: Array(0..<12),
      combinationCount: 12, infeasibleCount: 0, dates: day...day, returnCount: 0,
      measured: measured)
    let best = result.heatMap(across: "b", down: "a", reducing: .best)
    #expect(best.values == [[4, 25], [64, 121]] && best.largestCellCount == 3)
    let median = result.heatMap(across: "b", down: "a", reducing: .median)
    #expect(median.values == [[1, 16], [49, 100]])
    #expect(
      result.heatMaps().map { [$0.down, $0.across] } == [["a", "b"], ["a", "c"], ["b", "c"]])
    let profile = result.profile(of: "a")
    #expect(profile.map(\.best) == [25, 121] && profile.map(\.median) == [6.5, 72.5])
  }
}
