@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestPolicies
import TestSupport
import Testing

/// Runs of scripted policies on small markets, computed by hand.
struct PolicyStrategyTests {
  /// A market that opens each bar at the close before it.
  static func market(
    _ closes: [Double], _ symbol: String = "A", lot: Instrument.LotSize = .fractional
  ) throws -> BarSeries {
    var last = closes[0]
    return try MarketBuilder.series(
      closes.map { close in
        defer { last = close }
        return (last, max(last, close), min(last, close), close)
      }, symbol: symbol, lot: lot)
  }

  /// A run that trades at the closes on which the policy decides.
  static func run(
    _ policy: ScriptedPolicy, _ manifest: PolicyManifest, _ series: [BarSeries],
    _ options: PolicyOptions = PolicyOptions(),
    adjust: (inout BacktestConfiguration) -> Void = { _ in }
  ) throws -> BacktestResult {
    let universe = try Universe(series)
    var policy = policy
    policy.observationCount = manifest.observation.count
    let strategy = try PolicyStrategy(
      policy, manifest: manifest, universe: universe, options: options)
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = 1_000
    configuration.account.funding = .margin(leverage: 2)
    configuration.execution.marketFill = .sameClose
    adjust(&configuration)
    return Backtest(strategy, on: universe, configuration: configuration).run()
  }

  @Test func aWeightIsStatedAndDriftLeftAlone() throws {
    let policy = ScriptedPolicy(choices: [1, 1, 0, 2, 2])
    let result = try Self.run(
      policy, try .choosing([0, 1, -0.5]), [try Self.market([100, 110, 121, 100, 50])])
    // 10 for 1,000; then 1,210 in cash; then short 605 at 100, which gains 302.50.
    #expect(result.fillQuantities == [10, -10, -6.05])
    #expect(abs(result.account.equity - 1_512.5) < 1e-9)
    // It sees what it stated, not what that has become.
    #expect(policy.log.seen == [[0], [1], [1], [0], [-0.5]])
  }

  @Test func driftIsTradedWhereThatIsTheRule() throws {
    var options = PolicyOptions()
    options.weights.drift = .rebalance
    let policy = ScriptedPolicy(choices: [0])
    let market = [try Self.market([100, 200, 200])]
    let result = try Self.run(policy, try .choosing([0.5]), market, options)
    // 5 at 100; of 1,500 half is 3.75 at 200.
    #expect(result.fillQuantities == [5, -1.25])
    let still = try Self.run(policy, try .choosing([0.5]), market)
    #expect(still.fillQuantities == [5])
    let changing = try Self.run(
      policy, try .choosing([0.5], meaning: "on_change_targets"), market, options)
    #expect(changing.fillQuantities == [5])
  }

  @Test func aChangeBelowTheThresholdIsNotStated() throws {
    var options = PolicyOptions()
    options.weights.rebalanceThreshold = 0.2
    let policy = ScriptedPolicy([0.5, 0.625, 0.375, 0.75, 0.6, 0].map { .act([$0]) })
    let result = try Self.run(
      policy, try .weighing(), [try Self.market(Array(repeating: 100, count: 6))], options)
    // 0.75 is away from 0.5 by more, and 0.6 from 0.75 by less.
    #expect(result.fillQuantities == [5, 2.5, -7.5])
    #expect(policy.log.seen == [[0], [0.5], [0.5], [0.5], [0.75], [0.75]])
  }

  @Test func aPolicyOfOneInstrumentHasACopyForEach() throws {
    let policy = ScriptedPolicy(choices: [0, 1, 1])
    let result = try Self.run(
      policy, try .choosing([0, 1]),
      [try Self.market([100, 100, 200], "A"), try Self.market([10, 10, 10], "B")])
    // Each copy counts for itself, with half of the equity; both see the weight 1.
    #expect(result.fills.map(\.instrument) == [.first, .second])
    #expect(result.fillQuantities == [5, 50])
    #expect(policy.log.seen == [[0], [0], [0], [0], [1], [1]])
    #expect(policy.log.resetCount == 2)
  }

  @Test func aPortfolioFindsItsAssetsByName() throws {
    let manifest = try PolicyManifest.weighing(["C", "A"])
    let policy = ScriptedPolicy([.act([0.25, 0.5])])
    let markets = try ["A", "B", "C"].map { try Self.market([100, 100], $0) }
    let result = try Self.run(policy, manifest, markets)
    #expect(result.fills.map(\.instrument) == [.first, .third])
    #expect(result.fillQuantities == [5, 2.5])
    #expect(policy.log.seen == [[0, 0], [0.25, 0.5]])
    let without = try Universe([markets[0]])
    do throws(PolicyError) {
      var policy = policy
      policy.observationCount = 2
      _ = try PolicyStrategy(policy, manifest: manifest, universe: without)
      Issue.record("an asset was missing")
    } catch {
      #expect("\(error)".contains("trades 'C', which is not in the universe"))
      #expect("\(error)".hasPrefix("manifest.json: "))
    }
  }

  @Test func aPortfolioDecidesWhereAllClosedOrAny() throws {
    let manifest = try PolicyManifest.weighing(["A", "B"])
    let start = MarketBuilder.start
    let markets = [
      try MarketBuilder.series(MarketBuilder.flat(100, count: 4), symbol: "A"),
      // It begins a day later and closes every other day.
      try MarketBuilder.series(
        MarketBuilder.flat(100, count: 2), symbol: "B", every: .days(2),
        from: Timestamp(nanoseconds: start.nanoseconds)),
    ]
    let policy = ScriptedPolicy([.act([0, 0])])
    _ = try Self.run(policy, manifest, markets)
    #expect(policy.log.seen.count == 2)
    var options = PolicyOptions()
    options.decide = .anyClosed
    let eager = ScriptedPolicy([.act([0, 0])])
    _ = try Self.run(eager, manifest, markets, options)
    // Days 2, 3 and 4: on day 1 one of them has no close yet.
    #expect(eager.log.seen.count == 3)
  }

  @Test func aPolicyIsNotAskedDuringWarmup() throws {
    let policy = ScriptedPolicy(choices: [1])
    let manifest = try PolicyManifest.choosing(
      [0, 1], features: "{\"name\": \"simple_return\"}")
    let result = try Self.run(policy, manifest, [try Self.market([100, 110, 110, 99])]) {
      $0.warmup = 2
    }
    #expect(policy.log.seen.map { $0[0] }.map { ($0 * 1e9).rounded() } == [0, -1e8])
    #expect(result.fills.count == 1 && result.fills[0].row == 2)
    // Without a number of the run's own, the first bar that has a return is the first decision.
    let own = ScriptedPolicy(choices: [1])
    _ = try Self.run(own, manifest, [try Self.market([100, 110, 110, 99])])
    #expect(own.log.seen.count == 3)
  }

  @Test func recurrentMemoryBeginsAnewWithEachEpisode() throws {
    var options = PolicyOptions()
    options.episodeLength = 2
    let policy = ScriptedPolicy(choices: [0])
    _ = try Self.run(
      policy, try .choosing([0]), [try Self.market(Array(repeating: 1, count: 5))], options)
    // At the start of the run, and before the third and the fifth decision.
    #expect(policy.log.resetCount == 3)
  }

  @Test(arguments: PolicyOptions.RefusalRule.allCases)
  func whatARefusalLeads(to rule: PolicyOptions.RefusalRule) throws {
    var options = PolicyOptions()
    options.onRefusal = rule
    let policy = ScriptedPolicy([.act([1]), .refuse("no data"), .act([1])])
    let result = try Self.run(
      policy, try .choosing([0, 1]), [try Self.market([100, 100, 100, 100])], options)
    switch rule {
    case .flat: #expect(result.fillQuantities == [10, -10, 10])
    case .hold: #expect(result.fillQuantities == [10])
    case .stop: #expect(result.fillQuantities == [10, -10] && policy.log.seen.count == 2)
    }
    #expect(result.notes.count == 1)
    #expect(result.notes[0].text.contains("scripted did not decide on A: no data"))
    #expect(result.notes[0].time == result.curve.times[1])
  }

  @Test func whoCannotDecideAnyMoreIsAskedNoMore() throws {
    var options = PolicyOptions()
    options.onRefusal = .hold
    let policy = ScriptedPolicy([.act([1]), .refuse("gone", isFinal: true)])
    let result = try Self.run(
      policy, try .choosing([0, 1]), [try Self.market([100, 100, 100, 100])], options)
    #expect(result.fillQuantities == [10] && policy.log.seen.count == 2)
  }

  @Test func twentyRefusalsAreNotedAndAllCounted() throws {
    let policy = ScriptedPolicy([.refuse("no")])
    let universe = try Universe([try Self.market(Array(repeating: 1, count: 30))])
    var strategy = try PolicyStrategy(
      policy, manifest: try .choosing([0, 1]), universe: universe)
    var engine = Engine(feed: Feed(universe), configuration: BacktestConfiguration())
    engine.run(&strategy)
    #expect(strategy.refusalCount == 30)
    let result = engine.result(strategy: "")
    #expect(result.notes.count == 20)
    let limit = try #require(result.caveats.first)
    #expect(limit.code == .refusedDecisions)
    #expect(limit.message.hasPrefix("scripted refused 30 of 30 decisions (first: "))
    #expect(limit.message.hasSuffix(": no); positions were closed."))
  }

  @Test func anActionThatIsNoneIsARefusal() throws {
    let policy = ScriptedPolicy([.act([1]), .act([7])])
    let result = try Self.run(
      policy, try .choosing([0, 1]), [try Self.market([100, 100])])
    #expect(result.fillQuantities == [10, -10])
    #expect(result.notes[0].text.contains("7.0 is not in 0...1"))
  }

  @Test func copiesThatTradeUnitsHaveTheirOwnCash() throws {
    let manifest = try PolicyManifest.scripted(
      action: "{\"kind\": \"discrete\", \"size\": 3, \"rule\": \"argmax\", \"meaning\": \"orders\","
        + " \"steps\": 1}",
      features: "{\"state\": \"cash\"}")
    let policy = ScriptedPolicy([1, 1, 2, 0].map { .act([$0]) })
    let result = try Self.run(
      policy, manifest,
      [
        try Self.market([100, 100, 200, 200], "A"),
        try Self.market([50, 50, 50, 50], "B"),
      ])
    // 5 of A and 10 of B for 500 each; there is nothing left to buy more with; then both are sold.
    #expect(result.fillQuantities == [5, 10, -5, -10])
    #expect(policy.log.seen == [[500], [500], [0], [0], [0], [0], [1_000], [500]])
    #expect(result.notes.isEmpty)
  }

  @Test func cooldownKeepsFromTrading() throws {
    let manifest = try PolicyManifest.scripted(
      action: "{\"kind\": \"discrete\", \"size\": 2, \"rule\": \"argmax\", "
        + "\"meaning\": \"target_weights\", \"targets\": [0, 1]}",
      features: "{\"state\": \"cooldown\"}", more: ", \"cooldown\": 3")
    let policy = ScriptedPolicy(choices: [1, 0])
    let result = try Self.run(
      policy, manifest, [try Self.market([100, 100, 100, 100, 100])])
    // Bought on bar 0; one and two bars later it may not sell, three later it does.
    #expect(result.fills.map(\.row) == [0, 3])
    #expect(policy.log.seen == [[0], [2], [1], [0], [2]])
  }

  @Test func unsuitableOptionsAreErrors() throws {
    let universe = try Universe([try Self.market([1, 1])])
    let units = try PolicyManifest.scripted(
      action: "{\"kind\": \"discrete\", \"size\": 3, \"rule\": \"argmax\", \"meaning\": \"orders\","
        + " \"steps\": 1}")
    let cases: [(PolicyManifest, (inout PolicyOptions) -> Void, String)] = [
      (units, { $0.weights.rebalanceThreshold = 0.1 }, "trades units"),
      (units, { $0.sizing = .confidence(scale: 1) }, "that set target weights"),
      (try .choosing([0]), { $0.weights.rebalanceThreshold = -1 }, "0 or more"),
      (try .choosing([0]), { $0.weights.maximumWeight = 0 }, "above 0"),
      (try .choosing([0]), { $0.sizing = .sign(threshold: 0) }, "for predictions"),
      (try .choosing([0]), { $0.episodeLength = 0 }, "1 decision or more"),
    ]
    for (manifest, change, message) in cases {
      var options = PolicyOptions()
      change(&options)
      do throws(PolicyError) {
        _ = try PolicyStrategy(
          ScriptedPolicy(choices: [0]), manifest: manifest, universe: universe, options: options)
        Issue.record("\(message) was accepted")
      } catch {
        #expect("\(error)".contains(message), "\(error)")
      }
    }
    #expect(throws: PolicyError.self) {
      try PolicyStrategy(
        ScriptedPolicy([.act([0])], observationCount: 2), manifest: try .choosing([0]),
        universe: universe)
    }
  }
}
