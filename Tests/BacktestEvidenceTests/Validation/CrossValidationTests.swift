import BacktestKit
import Strategies
import Synchronization
import TestSupport
import Testing

@testable import BacktestEvidence

struct CrossValidationTests {
  private static let grid = ParameterGrid(["fast": [3, 5, 8], "slow": [13, 20]])

  private static func study(
    _ plan: CrossValidationPlan, symbols: [String] = ["AAPL"]
  ) throws -> CrossValidation {
    var options = CSVReadOptions()
    options.priceBasis = .adjusted
    let series = try symbols.map {
      try BarSeries(csv: Fixture.path("prices/\($0).csv"), calendar: .xnys, options: options)
    }
    var study = CrossValidation(
      SMACrossover.definition, grid: grid, on: Feed(try Universe(series)), plan: plan)
    study.configuration.execution.commission = BasisPointCommission(basisPoints: 5)
    return study
  }

  private static func plan(_ method: CrossValidationPlan.Method) -> CrossValidationPlan {
    var plan = CrossValidationPlan(method)
    plan.foldCount = 4
    plan.purging = Purging(purge: 3, embargo: 2)
    if method == .byTimeframe { plan.timeframes = [.session, .week] }
    if method == .byAsset || method == .byTimeframe { plan.purging = Purging() }
    return plan
  }

  private static func prepared(_ method: CrossValidationPlan.Method) throws -> CrossValidation {
    var study = try study(
      plan(method), symbols: method == .byAsset ? ["AAPL", "IBM", "MSFT"] : ["AAPL"])
    if method == .byRegime {
      study.regimes = try CrossValidationRegimes(
        BullBear(), of: RegimeSeries(study.feed.universe.series[0]))
    }
    return study
  }

  @Test(arguments: CrossValidationPlan.Method.allCases)
  func resultsDoNotDependOnThreadsOrOnWhatIsKept(method: CrossValidationPlan.Method) throws {
    var study = try Self.prepared(method)
    let alone = try study.run(threads: 1)
    let units = KeptUnits()
    study.finished = units
    let together = try study.run(threads: 3)
    let count = units.count
    let again = try study.run(threads: 2)
    #expect(units.count == count && count > 6)
    #expect(alone.fingerprint == together.fingerprint && alone.fingerprint == again.fingerprint)
    #expect(alone.splits.count >= 2)
  }

  /// Paths of one candidate differ by their periods alone.
  @Test func oneCandidateIsNoChoice() throws {
    var study = try Self.prepared(.combinatorial)
    let several = try study.run(threads: 1)
    #expect(!several.caveats.contains { $0.code == .singleCandidate })
    study.grid = ParameterGrid(["fast": [3], "slow": [13]])
    let result = try study.run(threads: 1)
    let caveat = try #require(result.caveats.first { $0.code == .singleCandidate })
    #expect(result.paths.count > 1 && Set(result.paths.map(\.test.objective)).count == 1)
    #expect(caveat.message.contains("All \(result.paths.count) paths are the same"))
  }

  /// A test run on its own is the run of the same parameters on the same window.
  @Test func eachTestIsARunOfItsOwn() throws {
    let study = try Self.prepared(.purgedKFold)
    let result = try study.run()
    #expect(result.unit == "fold" && result.paths.count == 1 && result.splits.count == 4)
    for split in result.splits {
      let rows = try #require(split.rows)
      var configuration = study.configuration
      let skip = result.markets[0].skip
      configuration.window = (rows.test[0].lowerBound + skip)..<(rows.test[0].upperBound + skip)
      configuration.onWindowEnd = .close
      var strategy = SMACrossover(
        fast: try #require(integer(split.parameters, "fast")),
        slow: try #require(integer(split.parameters, "slow")))
      var engine = Engine(feed: study.feed, configuration: configuration)
      engine.run(&strategy)
      let run = engine.result(strategy: "sma-crossover")
      #expect(agrees(split.test.objective, try #require(run.metrics.sharpe), relative: 1e-12))
      #expect(
        agrees(split.test.ratios.totalReturn, try #require(run.metrics.totalReturn), relative: 1e-9)
      )
      #expect(run.trades.allSatisfy { !$0.isOpen })
    }
    let growth = result.splits.reduce(1) { $0 * (1 + ($1.test.ratios.totalReturn ?? 0)) }
    #expect(agrees(result.paths[0].test.ratios.totalReturn, growth - 1, relative: 1e-9))
  }

  private func integer(_ parameters: StrategyParameters, _ name: String) -> Int? {
    guard case .integer(let value)? = parameters[name] else { return nil }
    return value
  }

  /// The choice of a split is the best mean over the other markets, found here the long way.
  @Test func assetsAreChosenOnTheOthers() throws {
    let study = try Self.prepared(.byAsset)
    let result = try study.run()
    #expect(result.splits.map(\.name) == ["AAPL", "IBM", "MSFT"] && result.paths.isEmpty)
    #expect(result.unit == "asset" && result.markets.map(\.name) == ["AAPL", "IBM", "MSFT"])
    var scores: [[Double]] = []
    for series in study.feed.universe.series {
      let feed = Feed(try Universe([series]))
      scores.append(
        try result.candidates.map { candidate in
          var configuration = study.configuration
          configuration.window = result.markets[0].skip..<feed.instants.count
          var strategy = SMACrossover(
            fast: try #require(integer(candidate, "fast")),
            slow: try #require(integer(candidate, "slow")))
          var engine = Engine(feed: feed, configuration: configuration)
          engine.run(&strategy)
          return try #require(engine.result(strategy: "").metrics.sharpe)
        })
    }
    for split in result.splits {
      let means = result.candidates.indices.map { candidate in
        let others = scores.indices.filter { $0 != split.index }
        return others.reduce(0) { $0 + scores[$1][candidate] } / Double(others.count)
      }
      let best = try #require(means.max())
      #expect(split.choice == means.firstIndex(of: best))
      #expect(agrees(split.inSample, best, relative: 1e-9))
    }
  }

  @Test func timeframesAreResampled() throws {
    let result = try Self.prepared(.byTimeframe).run()
    #expect(result.splits.map(\.name) == ["1d", "1w"])
    #expect(result.markets[0].barCount > 4 * result.markets[1].barCount)
    #expect(result.markets.map { $0.barsPerYear ?? 0 }.map { $0.rounded() } == [252, 52])
  }

  @Test func yearsAndRegimesCoverAllLabelledBars() throws {
    let years = try Self.prepared(.byYear).run()
    #expect(years.splits.first?.name == "2000" && years.unit == "year")
    #expect(years.splits.reduce(0) { $0 + $1.testCount } == years.markets[0].barCount)
    #expect(years.paths[0].test.ratios.count == years.markets[0].barCount)
    let regimes = try Self.prepared(.byRegime).run()
    #expect(regimes.splits.map(\.name) == ["bear", "bull"] && regimes.regimes == "bull/bear 20 %")
  }

  @Test func everyEvaluationIsTold() throws {
    let told = Mutex<[Trial.Origin]>([])
    var study = try Self.prepared(.combinatorial)
    study.onTrial = { trial in
      #expect(trial.dates.count == trial.returns.count && trial.metricNames == ["sharpe"])
      told.withLock { $0.append(trial.origin) }
    }
    let result = try study.run()
    #expect(result.splits.count == 6 && result.paths.count == 3)
    told.withLock { origins in
      #expect(origins.count == result.candidates.count + 6)
      #expect(origins.contains(.crossValidation(split: 5, isTest: true)))
    }
  }

  @Test func sumsBeforeRowsGiveTheRatioOfTheReturns() throws {
    var random = TestRandom(seed: 5)
    let columns = (0..<4).map { column in
      (0..<400).map { row in
        column == 0 && row < 200 ? 0.001 : Double(random.below(41_001) - 20_000) * 1e-6
      }
    }
    let evaluator = try ObjectiveEvaluator("sharpe", barsPerYear: 252, riskFree: 0.01)
    let objective = RangeObjective(evaluator, columns: columns, ruinedRows: [nil, nil, nil, 50])
    for ranges in [[0..<400], [10..<11], [3..<90, 200..<201, 350..<400], [0..<200]] {
      for column in 0..<3 {
        let whole = evaluator.value(returns: columns[column].joined(ranges))
        let found = objective.value(of: column, on: ranges)
        #expect((found == nil) == (whole == nil))
        if let whole { #expect(agrees(found, whole, relative: 1e-10)) }
      }
    }
    #expect(objective.value(of: 0, on: [0..<200]) == nil, "equal returns have no ratio")
    #expect(
      objective.value(of: 3, on: [0..<50]) != nil && objective.value(of: 3, on: [0..<51]) == nil)
  }

  @Test func plansThatCannotBeRunSayWhy() throws {
    func message(_ change: (inout CrossValidation) -> Void) throws -> String {
      var study = try Self.prepared(.combinatorial)
      change(&study)
      do { _ = try study.run() } catch { return "\(error)" }
      return "no error"
    }
    #expect(
      try message { $0.plan.purging.purge = 5_000 }
        == "the split that tests folds 1, 2 has no bars to train on: a purge of 5000 bars on both "
        + "sides and an embargo of 2 leave nothing; shorten them, or test fewer folds")
    #expect(
      try message { $0.plan.objective = "trade-profit-factor" }.contains("is a metric of trades"))
    #expect(try message { $0.plan.objective = "sharp" }.contains("sharpe"))
    #expect(try message { $0.plan.method = .byRegime }.contains("needs labels of regimes"))
    #expect(try message { $0.plan.method = .byAsset }.contains("all bars belong to one asset"))
    #expect(try message { $0.plan.method = .byTimeframe }.contains("at least two different ones"))
    #expect(
      try message {
        $0.plan.method = .byTimeframe
        $0.plan.timeframes = [.session, .intraday(seconds: 3_600)]
      }.contains("cannot be combined"))
    #expect(try message { $0.plan.foldCount = 9_999 }.contains("9999 folds need as many bars"))
    #expect(try message { $0.plan.skip = 90_000 }.contains("the data has"))
    #expect(try message { $0.plan.skip = 0 }.hasPrefix("skip is 0"))
  }
}
