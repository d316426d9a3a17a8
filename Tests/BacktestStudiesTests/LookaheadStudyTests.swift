import BacktestCore
import BacktestEvidence
@testable import BacktestFiles
@testable import BacktestStudies
import Strategies
import TestSupport
import Testing

/// Look-ahead analyses of studies and of the ready strategies.
@Suite struct LookaheadStudyTests {
  /// Ready strategies and parameters; all of them are honest.
  static let honest: [(String, KeyValuePairs<String, ParameterValue>)] = [
    ("buy-and-hold", [:]),
    ("equal-weight", ["weight": 0.9]),
    ("sma-crossover", ["fast": 3, "slow": 12]),
    ("sma-crossover", ["fast": 10, "slow": 60, "short": true]),
    ("sma-crossover", ["fast": 1, "slow": 2, "weight": 0.5]),
    ("donchian-breakout", ["entry": 20, "exit": 5]),
    ("donchian-breakout", ["entry": 3, "exit": 2, "weight": 0.5]),
    ("rsi-mean-reversion", ["period": 5, "entry": 40.0]),
    ("rsi-mean-reversion", ["period": 14, "exit": 60.0]),
    ("momentum", ["lookback": 60, "skip": 5]),
    ("momentum", ["lookback": 20, "skip": 0, "holdings": 1]),
    ("momentum", ["lookback": 40, "skip": 10, "holdings": 3, "weight": 0.5]),
    ("portfolio-allocation", ["lookback": 40]),
    ("portfolio-allocation", ["method": "maximum-sharpe", "covariance": "ewma", "lookback": 60]),
    ("volatility-target", ["band": 0.0]),
  ]

  private static func markets() throws -> [Universe] {
    var random = TestRandom(seed: 21)
    let daily = try ["A", "B", "C"].map {
      try RandomMarket.series($0, bars: 260, every: .days(1), &random)
    }
    let late = daily[1].rows(60..<260)
    let short = daily[2].rows(0..<200)
    let half = try RandomMarket.series("D", bars: 300, every: .hours(12), &random)
    return [try Universe(daily), try Universe([daily[0], late, short, half])]
  }

  @Test(arguments: honest.indices) func readyStrategyIsHonest(_ index: Int) throws {
    let (name, given) = Self.honest[index]
    let definition = try StrategyCatalogue.standard.definition(named: name)
    let parameters = try definition.parameters(given)
    for (market, universe) in try Self.markets().enumerated() {
      for cadence in BacktestConfiguration.DecisionCadence.allCases {
        var configuration = BacktestConfiguration()
        configuration.decisions = cadence
        configuration.onSeriesEnd = market == 0 ? .hold : .close
        var proof = LookaheadProof(
          definition, parameters, on: universe, configuration: configuration)
        proof.cutCount = Torture.size(of: 2, full: 16)
        let verdict = try proof.run(threads: 1)
        #expect(verdict.violations.isEmpty, "\(name) in market \(market)")
      }
    }
  }

  private static func study(_ catalogue: StrategyCatalogue, _ strategy: String) throws -> Study {
    let text = """
      name: Cheat
      data:
        calendar: XNYS
        from: 2015-01-01
        to: 2016-12-31
        files: [{path: prices/sp500.csv, symbol: SPX, asset-class: index, lot: fractional}]
      strategy: {\(strategy)}
      regimes: [bull-bear]

      """
    let document = try DocumentReader.read(Array(text.utf8), name: "study.yaml", format: .yaml)
    return try Study(document: document, folder: Fixture.path(""), catalogue: catalogue)
  }

  @Test func studyOfAnHonestStrategyPasses() throws {
    let study = try Self.study(
      .standard, "name: sma-crossover, parameters: {fast: 5, slow: 20}")
    let outcome = try StudyRunner.quick(study, threads: 1).lookahead(cuts: 10)
    #expect(!outcome.hasLookahead)
    #expect(outcome.strategy.cuts.count == 10 && outcome.regimes.count == 1)
    #expect(outcome.strategy.seed == study.seed)
    // A simple average has forgotten what lies before its window.
    let warmup = try #require(outcome.warmup)
    #expect(warmup.warmup == 19)
    #expect(warmup.runs.map(\.historyBars) == [20, 40, 80, 160])
    #expect(warmup.runs.allSatisfy { $0.differingCount == 0 && $0.lastDifference == nil })
    let json = LookaheadRecord(outcome).json
    #expect(json["lookahead"] == .bool(false))
    #expect(json["schema"] == .text("backtestkit.lookahead/1"))
  }

  @Test func edgeOfALeakIsGoneOneCloseLater() throws {
    let cheat = StrategyDefinition(name: "cheat", summary: "") { _, universe in
      ScriptedStrategy(
        always: { bars, trading in
          let closes = trading.universe.series[0].close
          let row = trading.lastRow(0)
          // An order fills at the next open, which is near the close that decides.
          guard row + 1 < closes.count else { return }
          trading.target(.first, weight: closes[row + 1] > closes[row] ? 1 : 0)
        })
    }
    let study = try Self.study(StrategyCatalogue([cheat]), "name: cheat")
    let outcome = try StudyRunner.quick(study, threads: 1).lookahead(cuts: 12, seed: 3)
    #expect(outcome.hasLookahead)
    #expect(outcome.strategy.seed == 3)
    let (asIs, later) = (outcome.delay.asIs.sharpe ?? 0, outcome.delay.oneCloseLater.sharpe ?? 0)
    #expect(asIs > 5 && later < 2)
    let cuts = LookaheadRecord(outcome).json["verdict"]?["cuts"]
    guard case .list(let list)? = cuts else {
      Issue.record("there are no cuts")
      return
    }
    #expect(list.count == 12)
    #expect(list.contains { $0["violations"] != .list([]) })
  }
}
