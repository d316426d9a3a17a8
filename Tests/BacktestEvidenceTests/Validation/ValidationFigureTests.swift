import BacktestKit
import Strategies
import TestSupport
import Testing

@testable import BacktestEvidence

/// What pages show of walk-forwards and cross-validations beside their main figures.
struct ValidationFigureTests {
  /// Values of `numpy.quantile` over three paths made by hand.
  @Test func growthOfPathsAndItsQuantiles() {
    let returns = [[0.1, 0.1, -0.1], [-0.1, 0.1, 0.2], [0, 0.05, 0]]
    let dates = (0..<4).map { CivilDate(daysSinceEpoch: 18_000 + $0) }
    let growth = PathGrowth(dates: dates, pathCount: 3, threads: 1) { returns[$0] }
    #expect(growth.dates == dates && growth.pathCount == 3)
    func isNear(_ found: [Double], _ wanted: [Double]) -> Bool {
      zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-12 } && found.count == wanted.count
    }
    #expect(isNear(growth.paths[0], [1, 1.1, 1.21, 1.089]))
    #expect(isNear(growth.quantile(0.05), [1, 0.91, 0.996, 1.0539]))
    #expect(isNear(growth.quantile(0.25), [1, 0.95, 1.02, 1.0695]))
    #expect(isNear(growth.quantile(0.5), [1, 1, 1.05, 1.089]))
    #expect(isNear(growth.quantile(1), [1, 1.1, 1.21, 1.188]))
  }

  @Test func longHistoriesAndManyPathsAreThinnedEvenly() throws {
    let dates = (0...3_000).map { CivilDate(daysSinceEpoch: 10_000 + $0) }
    let growth = PathGrowth(dates: dates, pathCount: 5_000, threads: 2) { path in
      Array(repeating: path == 0 ? 0.001 : 0, count: 3_000)
    }
    #expect(growth.dates.count == 301 && growth.dates.first == dates[0])
    #expect(growth.dates.last == dates[3_000] && growth.dates[1] == dates[10])
    #expect(growth.paths.count == 2_000 && growth.pathCount == 5_000)
    let end = try #require(growth.paths[0].last)
    #expect(abs(end / 20.055467 - 1) < 1e-6)  // 1.001^3000
    #expect(growth.paths[1].last == 1)
  }

  /// The slope, intercept and squared correlation of `numpy.polyfit` and `numpy.corrcoef`.
  @Test func degradationIsTheLineOfLeastSquares() throws {
    let pairs: [(Double?, Double?)] = [
      (1.2, 0.5), (nil, 3), (0.8, -0.2), (-0.3, 0.9), (2.1, 0.1), (4, nil), (0.4, 0.3),
    ]
    let line = try #require(OverfittingProbability.Degradation(pairs))
    #expect(abs(line.slope + 0.2627646326276464) < 1e-14)
    #expect(abs(line.intercept - 0.540722291407223) < 1e-14)
    #expect(abs(try #require(line.determination) - 0.3223449853746128) < 1e-14)
    #expect(OverfittingProbability.Degradation(Array(pairs.prefix(3))) == nil)
  }

  @Test func surfacesHoldTheMeansOfCandidates() throws {
    let grid = ParameterGrid(["fast": [20, 5], "slow": [100, 200]])
    let sets = try grid.candidates(of: SMACrossover.definition).accepted
    let values: [Double?] = sets.map { set in
      let (fast, slow) = (set["fast"]?.number ?? 0, set["slow"]?.number ?? 0)
      return fast == 20 && slow == 200 ? nil : fast + slow / 1_000
    }
    let maps = ParameterHeatMap.maps(of: values, sets: sets, in: grid, prefersHigh: true)
    #expect(maps.count == 1)
    let map = try #require(maps.first)
    #expect(map.across == "slow" && map.down == "fast" && map.largestCellCount == 1)
    #expect(map.rows.map(\.number) == [5, 20] && map.columns.map(\.number) == [100, 200])
    #expect(map.values == [[5.1, 5.2], [20.1, nil]])
  }

  /// Real prices: what is kept agrees with what is computed another way.
  @Test func crossValidationKeepsWhatItsPageShows() throws {
    let series = try BarSeries(csv: Fixture.path("prices/IBM.csv"), calendar: .xnys)
    var plan = CrossValidationPlan(.combinatorial)
    plan.foldCount = 5
    plan.boundary = .carry
    let grid = ParameterGrid(["fast": [3, 5, 8], "slow": [13, 20]])
    let result = try CrossValidation(
      SMACrossover.definition, grid: grid, on: Feed(try Universe([series])), plan: plan
    ).run()

    let growth = try #require(result.growth)
    #expect(growth.paths.count == 4 && growth.dates.last == result.markets[0].dates.upperBound)
    for (path, values) in zip(result.paths, growth.paths) {
      let total = try #require(path.test.ratios.totalReturn)
      #expect(abs(try #require(values.last) - 1 - total) < 1e-12)
    }
    for split in result.splits {
      let scores = result.trainScores[split.index]
      let chosen = try #require(scores[split.choice])
      #expect(abs(chosen - (split.inSample ?? 0)) < 1e-9)
      #expect(scores.compactMap(\.self).max() == chosen)
    }
    // The candidates' returns from plain runs over the same bars.
    let market = result.markets[0]
    let columns = try result.candidates.map { candidate in
      var configuration = BacktestConfiguration()
      configuration.window = market.skip..<(market.skip + market.barCount)
      let (fast, slow) = (candidate["fast"]?.number ?? 0, candidate["slow"]?.number ?? 0)
      let stake = SMACrossover.Stake.weight(candidate["weight"]?.number ?? 1)
      let strategy = SMACrossover(fast: Int(fast), slow: Int(slow), stake: stake)
      return try Backtest(strategy, on: series, configuration: configuration).run().sample.returns
    }
    let overfitting = try #require(result.overfitting).get()
    let other = try OverfittingProbability.estimate(trials: columns, blocks: 16).get()
    #expect(overfitting.trials == 6 && overfitting.outcomes.count == 12_870)
    #expect(overfitting.probability == other.probability)
  }
}
