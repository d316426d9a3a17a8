@testable import BacktestCore
@testable import BacktestPolicies
import TestSupport
import Testing

/// What policies wanted is written down, decision by decision, computed by hand.
struct DecisionRecordTests {
  private typealias Row = (
    time: Int, instrument: InstrumentID, action: Double?, wanted: DecisionRecord.Wanted,
    weight: Double
  )

  private static func expect(
    _ result: BacktestResult, _ rows: [Row], _ location: SourceLocation = #_sourceLocation
  ) {
    let expected = rows.map {
      DecisionRecord(
        time: result.curve.times[$0.time], instrument: $0.instrument, weight: $0.weight,
        wanted: $0.wanted, action: $0.action)
    }
    #expect(result.decisions == expected, sourceLocation: location)
  }

  @Test func anUnchangedWeightIsADecisionToo() throws {
    let policy = ScriptedPolicy(choices: [1, 1, 0])
    let result = try PolicyStrategyTests.run(
      policy, try .choosing([0, 0.5]), [try PolicyStrategyTests.market([100, 200, 200])])
    // 5 units for 500; at 200 they are 1,000 of 1,500.
    Self.expect(
      result,
      [
        (0, .first, 1, .weight(0.5), 0), (1, .first, 1, .weight(0.5), 1_000.0 / 1_500),
        (2, .first, 0, .weight(0), 1_000.0 / 1_500),
      ])
    #expect(result.fills.count == 2 && result.orders.count == 2)
  }

  @Test func copiesHaveSharesOfTheWholeAndRefusalsCloseWhatIsHeld() throws {
    let policy = ScriptedPolicy([.act([1]), .refuse("no data"), .act([0.5])])
    func run(_ rule: PolicyOptions.RefusalRule) throws -> BacktestResult {
      var options = PolicyOptions()
      options.onRefusal = rule
      return try PolicyStrategyTests.run(
        policy, try .weighing(),
        [
          try PolicyStrategyTests.market([100, 100, 100], "A"),
          try PolicyStrategyTests.market([50, 50, 50], "B"),
        ], options)
    }
    let first: [Row] = [(0, .first, 1, .weight(0.5), 0), (0, .second, 1, .weight(0.5), 0)]
    Self.expect(
      try run(.flat),
      first + [
        (1, .first, nil, .weight(0), 0.5), (1, .second, nil, .weight(0), 0.5),
        (2, .first, 0.5, .weight(0.25), 0), (2, .second, 0.5, .weight(0.25), 0),
      ])
    Self.expect(
      try run(.hold),
      first + [
        (2, .first, 0.5, .weight(0.25), 0.5), (2, .second, 0.5, .weight(0.25), 0.5),
      ])
  }

  @Test func unitsAreWrittenDownAsUnits() throws {
    let manifest = try PolicyManifest.scripted(
      action: "{\"kind\": \"discrete\", \"size\": 3, \"rule\": \"argmax\", \"meaning\": \"orders\","
        + " \"steps\": 1}")
    let result = try PolicyStrategyTests.run(
      ScriptedPolicy(choices: [1, 0, 2]), manifest,
      [try PolicyStrategyTests.market([100, 100, 100])])
    Self.expect(
      result,
      [
        (0, .first, 1, .units(10), 0), (1, .first, 0, .units(0), 1), (2, .first, 2, .units(-10), 1),
      ])
    #expect(result.decisions.allSatisfy { $0.targetWeight == nil })
    #expect(MemoryLayout<DecisionRecord>.stride == 40)
  }

  @Test func anEnsembleWritesDownWhatItAgreesOn() throws {
    let universe = try Universe([try PolicyStrategyTests.market([100, 100, 100])])
    let members = try [[0.9, 0.4], [0.6, 0.3], [-1, 0.1]].map { weights in
      var policy = ScriptedPolicy(weights.map { .act([$0]) })
      policy.observationCount = 1
      return PolicyMember(policy, manifest: try .weighing())
    }
    let strategy = try EnsembleStrategy(
      members, rule: .vote(targets: [0, 0.5, 1]), universe: universe)
    var configuration = BacktestConfiguration()
    configuration.execution.marketFill = .sameClose
    let result = Backtest(strategy, on: universe, configuration: configuration).run()
    // One vote for each at first, which is no majority; then two for 0.5 and one for 0.
    Self.expect(
      result,
      [
        (0, .first, nil, .weight(0), 0), (1, .first, nil, .weight(0.5), 0),
        (2, .first, nil, .weight(0.5), 0.5),
      ])
  }

  /// Predictions of the members of an ensemble are forecast once an instrument.
  @Test func anEnsembleForecastsWhatItsMembersExpectTogether() throws {
    let universe = try Universe([try PolicyStrategyTests.market([100, 100])])
    let predictions = [
      PolicyPrediction(signal: 0.03, expectedReturn: 0.03, deviation: 0.01),
      PolicyPrediction(signal: -0.01, expectedReturn: -0.01, deviation: 0.03),
    ]
    var members = try predictions.map {
      PolicyMember(
        ScriptedPolicy([.predict($0), .refuse("the end")]),
        manifest: try .scripted(
          output: "{\"kind\": \"gaussian\", \"unit\": \"log_return\", "
            + "\"fields\": [\"mean\", \"log_variance\"]}"))
    }
    // One that acts expects nothing.
    members.append(PolicyMember(ScriptedPolicy([.act([1])]), manifest: try .weighing()))
    let strategy = try EnsembleStrategy(members, rule: .mean, universe: universe)
    let forecasts = Backtest(strategy, on: universe).run().forecasts
    let forecast = try #require(forecasts.first)
    #expect(forecasts.count == 1 && forecast.probabilityUp == nil)
    #expect(try abs(#require(forecast.score) - 0.01) < 1e-15)
    #expect(try abs(#require(forecast.expectedReturn) - 0.01) < 1e-15)
    // Variances of 0.0001 and 0.0009, and means 0.02 from theirs.
    #expect(try abs(#require(forecast.deviation) - 0.0009.squareRoot()) < 1e-15)
  }

  @Test func figuresThatNotAllTellAreLeftOut() {
    var blend = PredictionBlend()
    #expect(blend.prediction == PolicyPrediction())
    var classes = PolicyPrediction(signal: 0.5)
    classes.probabilityUp = 0.75
    blend.add(classes)
    #expect(blend.prediction == classes)
    blend.add(PolicyPrediction(signal: 0.001, expectedReturn: 0.001))
    #expect(blend.prediction == PolicyPrediction())
  }

  @Test func aShortThatGrowsBeyondItsWeightIsNotedOnce() throws {
    func run(_ closes: [Double], _ adjust: (inout PolicyOptions) -> Void = { _ in }) throws
      -> [String]
    {
      var options = PolicyOptions()
      adjust(&options)
      return try PolicyStrategyTests.run(
        ScriptedPolicy([.act([-0.5])]), try .weighing(),
        [try PolicyStrategyTests.market(closes)], options
      ).notes.map(\.text)
    }
    // 5 short for 500: at 140 they are 700 of 800, at 150 they are 750 of 750.
    let notes = try run([100, 120, 140, 150])
    #expect(
      notes == [
        "the position in A drifted to -0.88 of equity while its target was -0.5; drift: rebalance "
          + "trades it back (noted once)"
      ])
    // At 120 they are 600 of 900.
    #expect(try run([100, 120, 120]).isEmpty)
    // Half as much again is the limit: 642.5 of 857.5 are 0.7493, 643 of 857 are 0.7503.
    #expect(try run([100, 128.5, 128.5]).isEmpty)
    #expect(try run([100, 128.6, 128.6]).count == 1)
    #expect(try run([100, 140, 150], { $0.weights.drift = .rebalance }).isEmpty)
  }

  /// Going back forgets decisions, and a copy goes on with its own.
  @Test func decisionsGoWithTheEngine() throws {
    let universe = try Universe([try PolicyStrategyTests.market([100, 100, 100, 100])])
    var engine = Engine(feed: Feed(universe), configuration: BacktestConfiguration())
    _ = engine.advance()
    func decide(_ engine: inout Engine, _ weight: Double) {
      engine.trading.recordDecision(.first, weight: 0, wanted: .weight(weight))
      _ = engine.advance()
    }
    decide(&engine, 1)
    let checkpoint = engine.checkpoint()
    decide(&engine, 2)
    var copy = engine
    engine.restore(checkpoint)
    decide(&engine, 3)
    decide(&copy, 4)
    #expect(engine.result(strategy: "").decisions.map(\.targetWeight) == [1, 3])
    #expect(copy.result(strategy: "").decisions.map(\.targetWeight) == [1, 2, 4])
  }
}
